# ruleid: secret-written-in-code
API_KEY = "k7Qm2Zp9Lw4Vb8Nc3Rt6"
# ruleid: secret-written-in-code
settings = {"password": "Qx81-ulm-Kessel-93!x", "host": "db"}
# ruleid: secret-written-in-code
client = connect(host="db", access_token="a91f0c77be52d6e83340")
