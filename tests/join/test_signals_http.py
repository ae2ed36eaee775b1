"""Errors of remote calls, limits, and how servers and clients speak HTTP."""

from __future__ import annotations

from tests.join.signals import python, script


def test_rpc_errors_are_known_by_their_code() -> None:
    source = (
        "def handle(request):\n"
        "    if request.version != 2:\n"
        "        return RpcError(code=-32600, message='Invalid Request', data={'details': 'version'})\n"
        "    return make_error(-32601, 'Method not found')\n"
        "    return RpcError(code=404, message='no')\n"
    )
    assert python(source, "rpc_error", "message") == [("-32600", "Invalid Request"), ("-32601", "Method not found")]
    assert script("export const e = { code: -32603, message: 'Internal error' };\n", "rpc_error", "message") == [
        ("-32603", "Internal error")
    ]


def test_rate_limits_of_handlers_and_their_default() -> None:
    source = (
        "from slowapi import Limiter\n"
        "limiter = Limiter(key_func=by_user, default_limits=['10/minute'], storage_uri='memory://')\n"
        "@limiter.limit('20/minute')\n"
        "async def run(request): ...\n"
        "@cache.limit(20)\n"
        "async def other(request): ...\n"
    )
    assert python(source, "rate_limit", "by") == [("20/minute", "limiter")]
    assert python(source, "rate_limiter", "default", "storage") == [("limiter", '=["list","10/minute"]', "memory://")]


def test_http_clients_with_what_they_are_given() -> None:
    source = (
        "import aiohttp\n"
        "import httpx\n"
        "client = httpx.AsyncClient(base_url='http://a:1', timeout=5.0, http2=True)\n"
        "session = aiohttp.ClientSession(base_url='http://b:2')\n"
        "other = Client()\n"
    )
    assert python(source, "http_client", "library", "base", "timeout", "http2") == [
        ("AsyncClient", "httpx", "http://a:1", "5.0", "true"),
        ("ClientSession", "aiohttp", "http://b:2", "", ""),
    ]
    assert script(
        "import https from 'node:https';\nconst a = new https.Agent({ maxSockets: 4 });\n", "http_client"
    ) == [("https.Agent",)]


def test_servers_that_code_starts() -> None:
    source = "import uvicorn\nuvicorn.run(app, host='0.0.0.0', port=8080, ssl_certfile='c.pem')\n"
    assert python(source, "server_run", "server", "port", "certificate") == [
        ("uvicorn.run", "uvicorn", "8080", "c.pem")
    ]
    assert script("await app.listen(3001, '0.0.0.0');\nlist.listen(4);\n", "server_run", "port", "host") == [
        ("app.listen", "3001", "0.0.0.0")
    ]


def test_streams_and_trusted_proxies() -> None:
    source = (
        "from fastapi.responses import StreamingResponse\n"
        "def stream():\n"
        "    return StreamingResponse(make(), media_type='text/event-stream', headers={'X-Accel-Buffering': 'no'})\n"
    )
    assert python(source, "stream_response") == [("text/event-stream",)]
    script_source = (
        "new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });\napp.set('trust proxy', 1);\n"
    )
    assert script(script_source, "stream_response") == [("text/event-stream",)]
    assert script(script_source, "proxy_trust", "value") == [("trust proxy", "1")]
