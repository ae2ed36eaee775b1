def login(response, token):
    # ruleid: session-cookie-readable
    response.set_cookie("session", token)
    # ruleid: session-cookie-readable
    response.set_cookie(key="access_token", value=token, httponly=True)
