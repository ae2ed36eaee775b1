// ruleid: secret-written-in-code-ts
const apiKey = 'k7Qm2Zp9Lw4Vb8Nc3Rt6';
export const config = {
  host: 'db',
  // ruleid: secret-written-in-code-ts
  password: 'Qx81-ulm-Kessel-93!x',
};
use(apiKey);
