// Excalidraw, bundled into one script, on a page that has its fonts.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ORIGIN, withPage } from './chromium.mjs';

// What the module text `contents` exports, the page has in globalThis.Excalidraw.
export async function withExcalidraw(folder, chromium, contents, work) {
  const esbuild = createRequire(join(folder, 'package.json'))('esbuild');
  const bundle = await esbuild.build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'Excalidraw',
    define: { 'process.env.NODE_ENV': '"production"', 'import.meta.url': `"${ORIGIN}/bundle.js"` },
    logLevel: 'error',
  });
  const files = {
    '/index.html':
      '<!doctype html><meta charset="utf-8">' +
      '<link rel="stylesheet" href="/@excalidraw/excalidraw/dist/prod/index.css">' +
      '<body style="margin:0"><div id="app" style="width:100vw;height:100vh"></div>' +
      '<script>globalThis.EXCALIDRAW_ASSET_PATH = "/@excalidraw/excalidraw/dist/prod/";</script>' +
      '<script src="/bundle.js"></script></body>',
    '/bundle.js': bundle.outputFiles[0].contents,
  };
  return withPage(folder, chromium, files, work);
}
