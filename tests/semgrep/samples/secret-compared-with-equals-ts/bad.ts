export function allowed(request: Request, config: Config) {
  const given = request.headers['x-api-key'];
  // ruleid: secret-compared-with-equals-ts
  if (given === config.apiKey) return true;
  // ruleid: secret-compared-with-equals-ts
  if (given !== process.env.INTERNAL_API_KEY) return false;
  // ruleid: secret-compared-with-equals-ts
  return signature == sign(request.body);
}
