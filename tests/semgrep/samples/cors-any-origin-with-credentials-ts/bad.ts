export function protect(app: App) {
  // ruleid: cors-any-origin-with-credentials-ts
  app.enableCors({ origin: true, credentials: true });
  // ruleid: cors-any-origin-with-credentials-ts
  app.use(cors({ credentials: true, methods: ['GET'], origin: '*' }));
}
