import asyncio


async def handle(loop, work):
    # ruleid: run-loop-inside-coroutine
    asyncio.run(work())
    # ruleid: run-loop-inside-coroutine
    return loop.run_until_complete(work())
