import random
import secrets

# ok: weak-random-for-secret
reset_code = secrets.token_hex(3)
# ok: weak-random-for-secret
delay = random.random() * 3
# ok: weak-random-for-secret
tokens = random.sample(["red", "blue"], 1)
