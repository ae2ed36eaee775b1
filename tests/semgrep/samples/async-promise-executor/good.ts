export function pause(milliseconds: number) {
  // ok: async-promise-executor
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export async function load(address: string) {
  // ok: async-promise-executor
  return await fetch(address);
}
