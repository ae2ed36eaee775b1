export async function load(address: string) {
  try {
    // ok: unawaited-return-in-try
    return await fetch(address);
  } catch (error) {
    // ok: unawaited-return-in-try
    return fetch(fallback);
  }
}

export function plain(address: string) {
  // ok: unawaited-return-in-try
  return fetch(address);
}
