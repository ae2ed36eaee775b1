// Somebody opens a file in Excalidraw and drags one element with the mouse: what do the elements look like then?
// node excalidraw_move.mjs FOLDER CHROMIUM < {"text", "id", "dx", "dy"} > {"before", "after", "error"}
import { attempt } from './chromium.mjs';
import { withExcalidraw } from './excalidraw_page.mjs';
import { answer, readRequest } from './request.mjs';

const [folder, chromium] = process.argv.slice(2);
const { text, id, dx, dy } = await readRequest();

const app = `
  import { Excalidraw } from '@excalidraw/excalidraw';
  import React from 'react';
  import { createRoot } from 'react-dom/client';

  export const open = (scene) => {
    const props = { initialData: scene, excalidrawAPI: (api) => (globalThis.api = api) };
    createRoot(document.getElementById('app')).render(React.createElement(Excalidraw, props));
  };
`;

answer(
  await withExcalidraw(folder, chromium, app, async (page, errors) => {
    const said = await attempt(async () => {
      await page.evaluate((text) => globalThis.Excalidraw.open(JSON.parse(text)), text);
      await page.waitForFunction(() => globalThis.api?.getSceneElements().length > 0, { timeout: 60000 });
      await page.evaluate(async (id) => {
        const { api } = globalThis;
        const element = api.getSceneElements().find((each) => each.id === id);
        api.scrollToContent([element], { fitToContent: false, animate: false });
        await new Promise((resolve) => setTimeout(resolve, 500));
      }, id);
      const list = () => page.evaluate(() => globalThis.api.getSceneElements());
      const before = await list();
      const start = await page.evaluate((id) => {
        const { scrollX, scrollY, zoom, offsetLeft, offsetTop } = globalThis.api.getAppState();
        const element = globalThis.api.getSceneElements().find((each) => each.id === id);
        // Near the left edge: in the middle there is the text.
        const [x, y] = [element.x + 4, element.y + element.height / 2];
        return { x: (x + scrollX) * zoom.value + offsetLeft, y: (y + scrollY) * zoom.value + offsetTop, zoom: zoom.value };
      }, id);
      await page.mouse.move(start.x, start.y);
      await page.mouse.down();
      for (const part of [0.25, 0.5, 0.75, 1]) {
        await page.mouse.move(start.x + dx * part * start.zoom, start.y + dy * part * start.zoom);
      }
      await page.mouse.up();
      return { before, after: await list() };
    });
    return { ...said, error: said.error ?? (errors.length ? errors.join('\n') : null) };
  }),
);
