export function login(response: Response, token: string) {
  // ruleid: session-cookie-readable-ts
  response.cookie('session', token);
  // ruleid: session-cookie-readable-ts
  response.cookie('access_token', token, { secure: true });
  // ruleid: session-cookie-readable-ts
  document.cookie = `auth_token=${token}; path=/`;
}
