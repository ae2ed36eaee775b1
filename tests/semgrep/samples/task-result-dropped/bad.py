import asyncio


async def start(loop, work):
    # ruleid: task-result-dropped
    asyncio.create_task(work())
    # ruleid: task-result-dropped
    asyncio.ensure_future(work())
    # ruleid: task-result-dropped
    loop.create_task(work())
    # ruleid: task-result-dropped
    asyncio.get_running_loop().create_task(work())
