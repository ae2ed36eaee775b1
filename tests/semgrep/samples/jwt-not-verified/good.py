import jwt


def who(token, key):
    # ok: jwt-not-verified
    return jwt.decode(token, key, algorithms=["RS256"], options={"require": ["exp"]})
