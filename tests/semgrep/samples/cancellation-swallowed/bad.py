async def keep_going(queue, log):
    while True:
        # ruleid: cancellation-swallowed
        try:
            await queue.get()
        except:
            log.warning("ignored")


async def once(queue, log):
    # ruleid: cancellation-swallowed
    try:
        item = await queue.get()
    except BaseException as error:
        log.warning("ignored %s", error)
        item = None
    return item
