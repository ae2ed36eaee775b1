export async function find(prisma: Client, pool: Pool, name: string) {
  // ruleid: sql-from-values-ts
  await prisma.$queryRawUnsafe(`SELECT * FROM orders WHERE name = '${name}'`);
  // ruleid: sql-from-values-ts
  return pool.query('SELECT * FROM orders WHERE name = ' + name);
}

export async function setTenant(prisma: Client, tenant: string, other: string) {
  if (!/^[0-9a-f-]{36}$/.test(other)) {
    throw new Error('no tenant');
  }
  // ruleid: sql-from-values-ts
  await prisma.$executeRawUnsafe(`SET LOCAL app.tenant = '${tenant}'`);
}
