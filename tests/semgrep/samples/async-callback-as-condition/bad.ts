export async function choose(items: string[]) {
  // ruleid: async-callback-as-condition
  const allowed = items.filter(async (item) => await mayRead(item));
  // ruleid: async-callback-as-condition
  const first = items.find(async (item) => {
    return await mayRead(item);
  });
  // ruleid: async-callback-as-condition
  return items.some(async function (item) { return mayRead(item); }) ? allowed : first;
}
