def allowed(request, settings):
    given = request.headers.get("x-api-key")
    # ruleid: secret-compared-with-equals
    if given == settings.api_key:
        return True
    # ruleid: secret-compared-with-equals
    if request.headers["x-signature"] != expected_token:
        return False
    # ruleid: secret-compared-with-equals
    return signature == compute(request.body)
