export function protect(app: App, origins: string[]) {
  // ok: cors-any-origin-with-credentials-ts
  app.enableCors({ origin: origins, credentials: true });
  // ok: cors-any-origin-with-credentials-ts
  app.use(cors({ origin: '*' }));
}
