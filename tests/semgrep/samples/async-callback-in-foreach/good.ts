export async function sendAll(items: string[]) {
  // ok: async-callback-in-foreach
  items.forEach((item) => {
    console.log(item);
  });
  for (const item of items) {
    await send(item);
  }
  // ok: async-callback-in-foreach
  await Promise.all(items.map(async (item) => send(item)));
}
