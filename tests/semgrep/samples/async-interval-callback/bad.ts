export function watch() {
  // ruleid: async-interval-callback
  return setInterval(async () => {
    await poll();
  }, 1000);
}
