import fs from 'node:fs';
import path from 'node:path';

export function download(req: Request, res: Response) {
  // ruleid: path-from-request-ts
  const file = path.join('reports', req.params.name);
  // ruleid: path-from-request-ts
  fs.readFileSync(`reports/${req.query.name}`);
  return file;
}
