async function save(name: string): Promise<void> {
  await store.write(name);
}

function note(name: string) {
  console.log(name);
}

export async function handle(names: string[]) {
  // ok: missing-await-on-async-ts
  await save(names[0]);
  // ok: missing-await-on-async-ts
  void save('later').catch(report);
  // ok: missing-await-on-async-ts
  const pending = save('kept');
  // ok: missing-await-on-async-ts
  note('saved');
  // ok: missing-await-on-async-ts
  await Promise.all(names.map((name) => save(name)));
  // ok: missing-await-on-async-ts
  const onClick = () => { save('clicked'); };
  // ok: missing-await-on-async-ts
  save('watched').catch(report);
  await pending;
  // ok: missing-await-on-async-ts
  return save('last');
}

export class Ledger {
  async close() {
    // ok: missing-await-on-async-ts
    await this.flush();
    // ok: missing-await-on-async-ts
    this.count();
    // ok: missing-await-on-async-ts
    const done = await this.flush();
    // ok: missing-await-on-async-ts
    this.pending = this.flush();
    return done;
  }

  private async flush() {
    await store.flush();
  }

  private count() {
    return 1;
  }
}
