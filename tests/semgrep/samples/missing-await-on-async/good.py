import asyncio

from elsewhere import drain


def report(name):
    print(name)


async def flush(name):
    # ok: missing-await-on-async
    await asyncio.sleep(1)
    # ok: missing-await-on-async
    report(name)
    # ok: missing-await-on-async
    return asyncio.sleep(1)


async def main(group):
    # ok: missing-await-on-async
    await flush("a")
    # ok: missing-await-on-async
    pending = flush("b")
    # ok: missing-await-on-async
    task = asyncio.create_task(flush("c"))
    # ok: missing-await-on-async
    await asyncio.gather(
        flush("d"),
        flush("e"),
    )
    # ok: missing-await-on-async
    group.create_task(flush("f"))
    # ok: missing-await-on-async
    asyncio.run_coroutine_threadsafe(flush("g"), task.get_loop())
    # ok: missing-await-on-async
    return flush("h"), pending


class Pump:
    async def drain(self):
        # ok: missing-await-on-async
        drain()
        # ok: missing-await-on-async
        self.note()

    def note(self):
        # ok: missing-await-on-async
        return self.drain()
