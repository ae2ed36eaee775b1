async def keep_going(queue, log):
    while True:
        # ok: cancellation-swallowed
        try:
            await queue.get()
        except Exception:
            log.warning("ignored")


async def cleaned_up(queue, log):
    # ok: cancellation-swallowed
    try:
        await queue.get()
    except BaseException:
        log.warning("ended")
        raise


def plain(queue):
    # ok: cancellation-swallowed
    try:
        queue.get()
    except:
        return None
