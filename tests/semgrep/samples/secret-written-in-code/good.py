import os

# ok: secret-written-in-code
API_KEY = os.environ["API_KEY"]
# ok: secret-written-in-code
API_KEY_NAME = "x-internal-api-key-2"
# ok: secret-written-in-code
PASSWORD = "your-password-here-123"
# ok: secret-written-in-code
settings = {"password": "", "secret": "changeme1234567890"}
