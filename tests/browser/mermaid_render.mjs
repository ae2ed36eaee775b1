// Does mermaid.js draw each block in a real browser, and how large? "Parses" is less: a subgraph may hold itself.
// node mermaid_render.mjs FOLDER CHROMIUM [PICTURES] < [{"name", "text"}] > [{"name", "width", "height", "texts", "error"}]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, withPage, writePicture } from './chromium.mjs';
import { answer, readRequest } from './request.mjs';

const [folder, chromium, pictures] = process.argv.slice(2);
const blocks = await readRequest();
const files = {
  '/index.html': '<!doctype html><meta charset="utf-8"><body><script src="/mermaid/dist/mermaid.min.js"></script></body>',
};

answer(
  await withPage(folder, chromium, files, async (page, errors) => {
    await page.evaluate(() => globalThis.mermaid.initialize({ startOnLoad: false }));
    const answers = [];
    for (const [place, { name, text }] of blocks.entries()) {
      errors.length = 0;
      const drawn = await attempt(() => page.evaluate(draw, `drawing${place}`, text));
      const { svg, ...said } = drawn;
      answers.push({ name, ...said, error: said.error ?? (errors.length ? errors.join('\n') : null) });
      if (pictures && svg) {
        writeFileSync(join(pictures, `${name}.svg`), svg);
        await writePicture(page, svg, join(pictures, `${name}.png`));
      }
    }
    return answers;
  }),
);

async function draw(id, text) {
  const { svg } = await globalThis.mermaid.render(id, text);
  const place = document.createElement('div');
  place.innerHTML = svg;
  document.body.append(place);
  const { width, height } = place.querySelector('svg').getBBox();
  const texts = [...place.querySelectorAll('text, foreignObject')].map((part) => part.textContent.trim()).filter(Boolean);
  place.remove();
  return { svg, width, height, texts };
}
