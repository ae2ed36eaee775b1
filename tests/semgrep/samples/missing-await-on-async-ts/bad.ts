async function save(name: string): Promise<void> {
  await store.write(name);
}

export async function handle(name: string) {
  // ruleid: missing-await-on-async-ts
  save(name);
  if (name) {
    // ruleid: missing-await-on-async-ts
    save('again');
  }
  return 'saved';
}

export class Ledger {
  async close() {
    // ruleid: missing-await-on-async-ts
    this.flush();
    return 'closed';
  }

  private async flush() {
    await store.flush();
  }
}
