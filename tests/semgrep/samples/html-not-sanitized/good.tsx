import DOMPurify from 'dompurify';

export function Answer({ text, node }: { text: string; node: HTMLElement }) {
  // ok: html-not-sanitized
  node.innerHTML = '';
  // ok: html-not-sanitized
  node.innerHTML = '<b>done</b>';
  // ok: html-not-sanitized
  node.textContent = text;
  // ok: html-not-sanitized
  return <div dangerouslySetInnerHTML={{ __html: DOMPurify.sanitize(text) }} />;
}
