import { randomUUID } from 'node:crypto';

// ok: weak-random-for-secret-ts
const resetToken = randomUUID();
// ok: weak-random-for-secret-ts
const delay = 100 + Math.random() * 50;
export const message = {
  // ok: weak-random-for-secret-ts
  id: `m-${Math.random()}`,
  token: resetToken,
  delay,
};
