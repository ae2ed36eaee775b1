export function login(user: string, tokens: number, session: Session) {
  // ok: secret-in-log-ts
  console.log('login', user, tokens);
  // ok: secret-in-log-ts
  logger.debug(`connected, key ends with ${session.apiKey.slice(-4)}`);
  // ok: secret-in-log-ts
  logger.info({ user, hasKey: Boolean(session.apiKey) });
}
