import asyncio


def main(work):
    # ok: run-loop-inside-coroutine
    asyncio.run(work())


async def handle(work):
    # ok: run-loop-inside-coroutine
    await work()

    def in_thread():
        # ok: run-loop-inside-coroutine
        asyncio.run(work())

    await asyncio.to_thread(in_thread)
