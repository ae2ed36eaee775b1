// ok: secret-written-in-code-ts
const apiKey = process.env.API_KEY;
export const config = {
  // ok: secret-written-in-code-ts
  password: 'your-password-here-123',
  // ok: secret-written-in-code-ts
  secret: `${apiKey}`,
  // ok: secret-written-in-code-ts
  apiKeyHeader: 'x-internal-api-key-2',
};
