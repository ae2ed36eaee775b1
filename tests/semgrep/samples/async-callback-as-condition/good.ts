export async function choose(items: string[]) {
  // ok: async-callback-as-condition
  const answers = await Promise.all(items.map(async (item) => mayRead(item)));
  // ok: async-callback-as-condition
  const allowed = items.filter((_, index) => answers[index]);
  // ok: async-callback-as-condition
  return allowed.find((item) => item.startsWith('async'));
}
