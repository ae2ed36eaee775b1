import subprocess
import time

import requests


async def poll(address):
    # ruleid: blocking-call-in-coroutine
    time.sleep(1)
    # ruleid: blocking-call-in-coroutine
    answer = requests.get(address, timeout=3)
    # ruleid: blocking-call-in-coroutine
    subprocess.run(["ls"], check=True)
    return answer
