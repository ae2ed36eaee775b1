export function watch() {
  // ok: async-interval-callback
  const ticker = setInterval(() => count(), 1000);
  // ok: async-interval-callback
  const poller = setInterval(async () => {
    try {
      await poll();
    } catch (error) {
      report(error);
    }
  }, 1000);
  return [ticker, poller];
}
