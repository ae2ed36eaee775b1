export function answer(text: string) {
  // ruleid: eval-of-value-ts
  const value = eval(text);
  // ruleid: eval-of-value-ts
  return new Function('value', text)(value);
}
