import fs from 'node:fs';
import path from 'node:path';

export function download(req: Request, folder: string) {
  // ok: path-from-request-ts
  const file = path.join('reports', path.basename(req.params.name));
  // ok: path-from-request-ts
  fs.readFileSync('reports/index.txt');
  // ok: path-from-request-ts
  return path.join(folder, file);
}
