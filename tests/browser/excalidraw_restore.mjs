// What does Excalidraw itself make of our files? Nothing may be repaired, wrapped anew or wider than its element says.
// node excalidraw_restore.mjs FOLDER CHROMIUM [PICTURES] < [{"name", "text"}]
//   > [{"name", "given", "restored", "changes", "rewrapped", "cut", "width", "height", "error"}]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, writePicture } from './chromium.mjs';
import { withExcalidraw } from './excalidraw_page.mjs';
import { answer, readRequest } from './request.mjs';

const [folder, chromium, pictures] = process.argv.slice(2);
const drawings = await readRequest();
const exports = "export { exportToSvg, restore } from '@excalidraw/excalidraw';";

answer(
  await withExcalidraw(folder, chromium, exports, async (page, errors) => {
    const answers = [];
    for (const { name, text } of drawings) {
      errors.length = 0;
      const { svg, ...said } = await attempt(() => page.evaluate(check, text));
      answers.push({ name, ...said, error: said.error ?? (errors.length ? errors.join('\n') : null) });
      if (pictures && svg) {
        writeFileSync(join(pictures, `${name}.svg`), svg);
        await writePicture(page, svg, join(pictures, `${name}.png`));
      }
    }
    return answers;
  }),
);

async function check(text) {
  const { exportToSvg, restore } = globalThis.Excalidraw;
  const restored = (options) => restore(JSON.parse(text), null, null, { repairBindings: true, ...options }).elements;
  const given = JSON.parse(text).elements;
  const elements = restored({});

  const changes = [];
  const compare = (path, before, after) => {
    if (before !== null && after !== null && typeof before === 'object' && typeof after === 'object') {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        compare(`${path}.${key}`, before[key], after[key]);
      }
    } else if (!Object.is(before, after)) {
      changes.push(`${path}: ${JSON.stringify(before)} became ${JSON.stringify(after)}`);
    }
  };
  compare('elements', given, elements);

  const drawing = await exportToSvg({
    elements,
    appState: { exportBackground: true, viewBackgroundColor: '#ffffff' },
    files: {},
    exportPadding: 20,
  });
  const texts = (list) => list.filter((element) => element.type === 'text');
  // exportToSvg has fetched the fonts as text of the drawing; measuring needs them as fonts of the page.
  const style = document.createElement('style');
  style.textContent = [...drawing.querySelectorAll('style')].map((part) => part.textContent).join('\n');
  document.head.append(style);
  const context = document.createElement('canvas').getContext('2d');
  const measure = (element, line) => {
    context.font = `${element.fontSize}px Nunito`;
    return context.measureText(line).width;
  };
  await Promise.all(texts(given).map((element) => document.fonts.load(`${element.fontSize}px Nunito`, element.text)));
  const cut = texts(given)
    .filter((element) => element.text.split('\n').some((line) => measure(element, line) > element.width))
    .map((element) => element.text);
  const fresh = new Map(restored({ refreshDimensions: true }).map((element) => [element.id, element]));
  const rewrapped = texts(given)
    .filter((element) => fresh.get(element.id).text !== element.text)
    .map((element) => `${element.text} became ${fresh.get(element.id).text}`);
  style.remove();
  return {
    svg: drawing.outerHTML,
    given: given.length,
    restored: elements.length,
    changes,
    rewrapped,
    cut,
    width: Number(drawing.getAttribute('width')),
    height: Number(drawing.getAttribute('height')),
  };
}
