export async function sendAll(items: string[]) {
  // ruleid: async-callback-in-foreach
  items.forEach(async (item) => {
    await send(item);
  });
  // ruleid: async-callback-in-foreach
  items.forEach(async function (item) {
    await send(item);
  });
  // ruleid: async-callback-in-foreach
  items.forEach(async item => send(item));
}
