import asyncio


def start():
    # ruleid: missing-await-on-async
    flush("early")


async def flush(name):
    # ruleid: missing-await-on-async
    asyncio.sleep(1)
    print(name)


async def close():
    # ruleid: missing-await-on-async
    flush("late")
    if True:
        # ruleid: missing-await-on-async
        flush("nested")


class Pump:
    def stop(self):
        # ruleid: missing-await-on-async
        self.drain()

    async def drain(self):
        # ruleid: missing-await-on-async
        asyncio.wait_for(flush("x"), 2)

    async def restart(self):
        # ruleid: missing-await-on-async
        self.drain()
        await self.drain()
