export function login(response: Response, token: string, options: CookieOptions) {
  // ok: session-cookie-readable-ts
  response.cookie('session', token, { httpOnly: true, secure: true, sameSite: 'lax' });
  // ok: session-cookie-readable-ts
  response.cookie('session', token, options);
  // ok: session-cookie-readable-ts
  response.cookie('theme', 'dark');
  // ok: session-cookie-readable-ts
  document.cookie = `theme=${token}; path=/`;
}
