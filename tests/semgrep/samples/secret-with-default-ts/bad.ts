// ruleid: secret-with-default-ts
export const secret = process.env.SESSION_SECRET || 'dev-secret';
// ruleid: secret-with-default-ts
export const password = process.env.DB_PASSWORD ?? "postgres";
// ruleid: secret-with-default-ts
export const key = process.env['STORE_API_KEY'] || 'local';
