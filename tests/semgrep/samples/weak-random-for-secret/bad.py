import random
import string

# ruleid: weak-random-for-secret
reset_code = "".join(random.choice(string.digits) for _ in range(6))
# ruleid: weak-random-for-secret
token = str(random.getrandbits(128))
# ruleid: weak-random-for-secret
invite(user, password=str(random.randint(0, 10**9)))
