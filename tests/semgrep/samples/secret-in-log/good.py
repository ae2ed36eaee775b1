def login(logger, user, password, settings, tokens):
    # ok: secret-in-log
    logger.info("login %s, %d tokens", user, tokens)
    # ok: secret-in-log
    logger.debug(f"key set: {bool(settings.api_key)}, ends with {settings.api_key[-4:]}")
    # ok: secret-in-log
    logger.info("the password was changed")
    # ok: secret-in-log
    check(user, password)
