import jwt from 'jsonwebtoken';

export function who(token: string, key: string, decoder: TextDecoder) {
  // ok: jwt-not-verified-ts
  const claims = jwt.verify(token, key, { algorithms: ['RS256'] });
  // ok: jwt-not-verified-ts
  return [claims, decoder.decode(new Uint8Array())];
}
