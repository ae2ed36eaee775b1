// Does mermaid.js accept each block? No browser: jsdom stands in for the few things that its parsers touch.
// node mermaid_parse.mjs FOLDER < [{"name", "text"}] > [{"name", "kind", "error"}]
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer, readRequest } from './request.mjs';

const folder = process.argv[2];
const { JSDOM } = createRequire(join(folder, 'package.json'))('jsdom');

const { window } = new JSDOM('<!doctype html><body></body>');
globalThis.window = window;
globalThis.document = window.document;
// DOMPurify and the parsers look these up as globals when they are loaded, so mermaid is imported only afterwards.
for (const name of [
  'CSSStyleSheet', 'DOMParser', 'DocumentFragment', 'Element', 'HTMLElement', 'HTMLTemplateElement', 'NamedNodeMap',
  'Node', 'NodeFilter', 'Option',
]) {
  globalThis[name] = window[name];
}
const mermaid = (await import(pathToFileURL(join(folder, 'node_modules/mermaid/dist/mermaid.esm.min.mjs')))).default;

const answers = [];
for (const { name, text } of await readRequest()) {
  try {
    answers.push({ name, kind: (await mermaid.parse(text)).diagramType, error: null });
  } catch (error) {
    answers.push({ name, kind: null, error: String(error.message ?? error) });
  }
}
answer(answers);
