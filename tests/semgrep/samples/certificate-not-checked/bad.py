import httpx
import requests


def load(address):
    # ruleid: certificate-not-checked
    requests.get(address, verify=False, timeout=3)
    # ruleid: certificate-not-checked
    return httpx.AsyncClient(verify=False)
