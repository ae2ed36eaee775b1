// A page in headless Chromium that can load files of our own node_modules and nothing from any network.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname, join, normalize } from 'node:path';

export const ORIGIN = 'http://localhost';
const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.woff2': 'font/woff2' };

// Calls work(page, errors) with the page at ORIGIN; `files` are further answers, by path. What the page throws or asks for
// in vain is in `errors`.
export async function withPage(folder, chromium, files, work) {
  const puppeteer = createRequire(join(folder, 'package.json'))('puppeteer-core');
  const browser = await puppeteer.launch({
    executablePath: chromium,
    headless: basename(chromium).includes('headless-shell') ? 'shell' : true,
    // No sandbox: containers run this as root, and the page is our own. /dev/shm is tiny there.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.setViewport({ width: 1600, height: 1200 });
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      const path = normalize(decodeURIComponent(new URL(request.url()).pathname));
      const file = join(folder, 'node_modules', path);
      if (request.url().startsWith('data:') || request.url().startsWith('blob:')) {
        request.continue();
      } else if (!request.url().startsWith(ORIGIN + '/') || !(path in files || existsSync(file))) {
        if (path !== '/favicon.ico') {
          errors.push(`asked for ${request.url()}`);
        }
        request.abort();
      } else {
        const body = files[path] ?? readFileSync(file);
        const type = TYPES[extname(path)] ?? 'application/octet-stream';
        request.respond({ status: 200, contentType: `${type}; charset=utf-8`, body });
      }
    });
    await page.goto(`${ORIGIN}/index.html`, { waitUntil: 'load' });
    return await work(page, errors);
  } finally {
    await browser.close();
  }
}

// What `run` of page.evaluate gives, or the error as text.
export async function attempt(run) {
  try {
    return { ...(await run()), error: null };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

// A picture of an SVG in its own size, however it would adapt to a page.
export async function writePicture(page, svg, path) {
  await page.evaluate((text) => {
    document.body.innerHTML = `<div id="picture" style="display:inline-block;background:white">${text}</div>`;
    const drawing = document.querySelector('#picture svg');
    const { width, height } = drawing.viewBox.baseVal;
    drawing.style.maxWidth = 'none';
    drawing.setAttribute('width', width);
    drawing.setAttribute('height', height);
  }, svg);
  await page.evaluate(() => document.fonts.ready.then(() => null));
  await (await page.$('#picture')).screenshot({ path });
}
