def login(response, token, options):
    # ok: session-cookie-readable
    response.set_cookie("session", token, httponly=True, secure=True, samesite="lax")
    # ok: session-cookie-readable
    response.set_cookie("session", token, **options)
    # ok: session-cookie-readable
    response.set_cookie("theme", "dark")
    # ok: session-cookie-readable
    response.set_cookie("csrf_token", "read by the page's own script", secure=True)
