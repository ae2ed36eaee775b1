import hmac


def allowed(request, settings, token_type):
    given = request.headers.get("x-api-key", "")
    # ok: secret-compared-with-equals
    if settings.api_key == "" or settings.api_key == None:
        return False
    # ok: secret-compared-with-equals
    if token_type == given:
        return False
    # ok: secret-compared-with-equals
    if len(given) != len(settings.api_key):
        return False
    # ok: secret-compared-with-equals
    return hmac.compare_digest(given, settings.api_key)
