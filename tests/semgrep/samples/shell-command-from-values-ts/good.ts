import { execFile, execSync } from 'node:child_process';

export function pack(name: string, pattern: RegExp) {
  // ok: shell-command-from-values-ts
  execFile('tar', ['czf', 'out.tgz', '--', name]);
  // ok: shell-command-from-values-ts
  execSync('clear');
  // ok: shell-command-from-values-ts
  return pattern.exec(`name ${name}`);
}
