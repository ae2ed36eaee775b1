export function Answer({ text, node }: { text: string; node: HTMLElement }) {
  // ruleid: html-not-sanitized
  node.innerHTML = `<b>${text}</b>`;
  // ruleid: html-not-sanitized
  return <div className="answer" dangerouslySetInnerHTML={{ __html: text }} />;
}
