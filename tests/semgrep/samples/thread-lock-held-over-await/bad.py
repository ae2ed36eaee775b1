import threading

gate = threading.Lock()


async def update(store):
    # ruleid: thread-lock-held-over-await
    with gate:
        await store.save()


class Ledger:
    def __init__(self, store):
        self.store = store
        self.guard = threading.RLock()

    async def post(self):
        # ruleid: thread-lock-held-over-await
        with self.guard:
            answer = await self.store.save()
        return answer
