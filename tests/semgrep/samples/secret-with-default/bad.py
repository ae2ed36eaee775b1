import os

# ruleid: secret-with-default
SECRET = os.getenv("SESSION_SECRET", "dev-secret")
# ruleid: secret-with-default
PASSWORD = os.environ.get("DB_PASSWORD", "postgres")
# ruleid: secret-with-default
KEY = os.getenv("STORE_API_KEY") or "local"
