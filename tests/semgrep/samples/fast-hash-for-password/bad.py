import hashlib


def store(user, password):
    # ruleid: fast-hash-for-password
    user.digest = hashlib.sha256(password.encode()).hexdigest()
    # ruleid: fast-hash-for-password
    return hashlib.md5(user.password)
