import https from 'node:https';

// ok: certificate-not-checked-ts
export const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: true });
// ok: certificate-not-checked-ts
export const port = process.env.PORT;
