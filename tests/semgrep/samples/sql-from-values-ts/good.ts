export async function find(prisma: Client, pool: Pool, search: Search, name: string) {
  // ok: sql-from-values-ts
  await prisma.$queryRaw`SELECT * FROM orders WHERE name = ${name}`;
  // ok: sql-from-values-ts
  await pool.query('SELECT * FROM orders WHERE name = $1', [name]);
  // ok: sql-from-values-ts
  await pool.query(`SELECT * FROM ${TABLE} WHERE name = $1`, [name]);
  // ok: sql-from-values-ts
  return search.query(`name:${name}`);
}

export async function setTenant(prisma: Client, tenant: string) {
  const form = /^[0-9a-f-]{36}$/;
  if (!form.test(tenant)) {
    throw new Error('no tenant');
  }
  // ok: sql-from-values-ts
  await prisma.$executeRawUnsafe(`SET LOCAL app.tenant = '${tenant}'`);
}
