import asyncio
import time

import httpx
import requests


def poll_in_thread(address):
    # ok: blocking-call-in-coroutine
    time.sleep(1)
    # ok: blocking-call-in-coroutine
    return requests.get(address, timeout=3)


async def poll(address):
    # ok: blocking-call-in-coroutine
    await asyncio.sleep(1)
    # ok: blocking-call-in-coroutine
    await asyncio.to_thread(requests.get, address)

    def later():
        # ok: blocking-call-in-coroutine
        time.sleep(1)

    # ok: blocking-call-in-coroutine
    await asyncio.get_running_loop().run_in_executor(None, lambda: requests.get(address, timeout=3))
    async with httpx.AsyncClient() as client:
        # ok: blocking-call-in-coroutine
        return await client.get(address), later
