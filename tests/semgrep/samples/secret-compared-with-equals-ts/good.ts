import { timingSafeEqual } from 'node:crypto';

export function allowed(given: string, config: Config) {
  // ok: secret-compared-with-equals-ts
  if (config.apiKey === undefined || config.apiKey === '') return false;
  // ok: secret-compared-with-equals-ts
  if (given.length !== config.apiKey.length) return false;
  // ok: secret-compared-with-equals-ts
  if (config.tokenType === given) return false;
  // ok: secret-compared-with-equals-ts
  return timingSafeEqual(Buffer.from(given), Buffer.from(config.apiKey));
}
