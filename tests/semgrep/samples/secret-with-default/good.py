import os

# ok: secret-with-default
SECRET = os.environ["SESSION_SECRET"]
# ok: secret-with-default
OPTIONAL = os.getenv("STORE_API_KEY", "")
# ok: secret-with-default
HOST = os.getenv("DB_HOST", "localhost")
# ok: secret-with-default
LIMIT = os.getenv("MAX_TOKENS", "4096")
