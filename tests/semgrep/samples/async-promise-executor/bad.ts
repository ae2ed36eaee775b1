export function load(address: string) {
  // ruleid: async-promise-executor
  return new Promise(async (resolve) => {
    const answer = await fetch(address);
    resolve(answer);
  });
}
