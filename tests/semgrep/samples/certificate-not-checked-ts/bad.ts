import https from 'node:https';

// ruleid: certificate-not-checked-ts
export const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
// ruleid: certificate-not-checked-ts
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
