export function answer(text: string, redis: Client) {
  // ok: eval-of-value-ts
  redis.eval(text);
  // ok: eval-of-value-ts
  const always = new Function('return 1');
  // ok: eval-of-value-ts
  return [JSON.parse(text), always];
}
