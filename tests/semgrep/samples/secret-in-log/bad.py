def login(logger, user, password, settings):
    # ruleid: secret-in-log
    logger.info("login %s %s", user, password)
    # ruleid: secret-in-log
    logger.debug(f"connecting with {settings.api_key}")
    # ruleid: secret-in-log
    logger.warning("refreshed", access_token=settings.access_token)
