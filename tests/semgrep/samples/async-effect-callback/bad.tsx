import React, { useEffect } from 'react';

export function Panel({ id }: { id: string }) {
  // ruleid: async-effect-callback
  useEffect(async () => {
    await load(id);
  }, [id]);
  // ruleid: async-effect-callback
  React.useLayoutEffect(async () => {
    await measure(id);
  }, [id]);
  return <p>{id}</p>;
}
