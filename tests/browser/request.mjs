// One JSON value in, one out; whatever a library prints goes to stderr.
for (const method of ['debug', 'info', 'log', 'warn']) {
  console[method] = console.error;
}

export async function readRequest() {
  const chunks = [];
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

export function answer(value) {
  process.stdout.write(JSON.stringify(value) + '\n');
}
