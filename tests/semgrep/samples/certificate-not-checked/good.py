import httpx
import requests


def load(address, check):
    # ok: certificate-not-checked
    requests.get(address, verify="/etc/ssl/own.pem", timeout=3)
    # ok: certificate-not-checked
    check(address, verify=False)
    # ok: certificate-not-checked
    return httpx.AsyncClient()
