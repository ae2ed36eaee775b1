import jwt


def who(token):
    # ruleid: jwt-not-verified
    claims = jwt.decode(token, options={"verify_signature": False})
    # ruleid: jwt-not-verified
    other = jwt.decode(token, "key", algorithms=["HS256", "none"])
    return claims, other
