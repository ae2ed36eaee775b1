// ok: secret-with-default-ts
export const secret = process.env.SESSION_SECRET;
if (!secret) throw new Error('SESSION_SECRET is not set');
// ok: secret-with-default-ts
export const optional = process.env.STORE_API_KEY || '';
// ok: secret-with-default-ts
export const host = process.env.DB_HOST || 'localhost';
// ok: secret-with-default-ts
export const limit = process.env.MAX_TOKENS ?? '4096';
