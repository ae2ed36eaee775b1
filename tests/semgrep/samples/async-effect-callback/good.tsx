import { useEffect } from 'react';

export function Panel({ id }: { id: string }) {
  // ok: async-effect-callback
  useEffect(() => {
    let current = true;
    const run = async () => {
      const answer = await load(id);
      if (current) show(answer);
    };
    void run();
    return () => { current = false; };
  }, [id]);
  return <p>{id}</p>;
}
