import asyncio


async def wait_for_answer():
    # ruleid: get-event-loop-in-coroutine
    future = asyncio.get_event_loop().create_future()
    return await future
