import asyncio

tasks = set()


async def start(loop, work):
    # ok: task-result-dropped
    task = asyncio.create_task(work())
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    # ok: task-result-dropped
    await asyncio.gather(work(), work())
    async with asyncio.TaskGroup() as group:
        # ok: task-result-dropped
        group.create_task(work())
    # ok: task-result-dropped
    return asyncio.ensure_future(work())
