import { exec, execSync } from 'node:child_process';

export function pack(name: string) {
  // ruleid: shell-command-from-values-ts
  exec(`tar czf out.tgz ${name}`);
  // ruleid: shell-command-from-values-ts
  return execSync('rm ' + name);
}
