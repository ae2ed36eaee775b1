import asyncio


def main():
    # ok: get-event-loop-in-coroutine
    return asyncio.get_event_loop()


async def wait_for_answer():
    # ok: get-event-loop-in-coroutine
    future = asyncio.get_running_loop().create_future()

    def in_thread():
        # ok: get-event-loop-in-coroutine
        return asyncio.get_event_loop()

    return await future, in_thread
