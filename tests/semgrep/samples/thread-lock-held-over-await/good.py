import asyncio
import threading

gate = threading.Lock()
turn = asyncio.Lock()
counts = {}


async def update(store, name):
    # ok: thread-lock-held-over-await
    with gate:
        counts[name] = counts.get(name, 0) + 1
    # ok: thread-lock-held-over-await
    async with turn:
        await store.save()
