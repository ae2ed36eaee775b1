// ruleid: weak-random-for-secret-ts
const resetToken = Math.random().toString(36).slice(2);
export const session = {
  // ruleid: weak-random-for-secret-ts
  csrf: `c-${Math.random()}`,
};
// ruleid: weak-random-for-secret-ts
export function makeInviteCode() {
  return Math.random().toString(36);
}
use(resetToken);
