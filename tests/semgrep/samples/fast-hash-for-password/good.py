import hashlib


def store(user, password, body, salt):
    # ok: fast-hash-for-password
    user.digest = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    # ok: fast-hash-for-password
    return hashlib.sha256(body).hexdigest()
