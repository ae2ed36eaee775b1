export function login(user: string, password: string, session: Session) {
  // ruleid: secret-in-log-ts
  console.log('login', user, password);
  // ruleid: secret-in-log-ts
  logger.debug(`connecting with ${session.accessToken}`);
  // ruleid: secret-in-log-ts
  logger.info({ user, key: session.apiKey });
}
