"""The guide to HTTP/2 in front of the services."""

from __future__ import annotations

import re

import pytest

from kbgen.pages.criteria import PageState, judge
from tests.pages.mesh_project import CLIENT, PLAIN, PROJECT
from tests.pages.pages import get_pack, render_page

NAME = "http2_deployment"
GATEWAY = """
    import { WebSocketGateway } from '@nestjs/websockets';

    @WebSocketGateway({ namespace: '/live', transports: ['websocket', 'polling'], pingInterval: 20000 })
    export class LiveGateway {}
"""
MAIN_TS = """
    import { NestFactory } from '@nestjs/core';
    import { AppModule } from './app.module';

    async function bootstrap() {
      const app = await NestFactory.create(AppModule);
      await app.listen(process.env.PORT || 3001, '0.0.0.0');
    }
    bootstrap();
"""
STREAM = """
    from fastapi.responses import StreamingResponse

    from app import app


    @app.post("/agents/{name}/stream")
    async def stream(name: str):
        return StreamingResponse(make(name), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
"""
WITH_SOCKETS = PROJECT | {
    "api/package.json": """
        {"name": "api", "scripts": {"start": "node dist/main"}, "dependencies": {"@nestjs/core": "10"}}
    """,
    "api/src/main.ts": MAIN_TS,
    "api/src/live.gateway.ts": GATEWAY,
    "mesh/stream.py": STREAM,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(NAME, WITH_SOCKETS)


def fence(page: str, language: str) -> str:
    found = re.search(rf"(?ms)^```{language}\n(.*?)^```", page)
    return found[1] if found else ""


def test_servers_say_what_they_speak(page: str) -> None:
    assert re.search(r"\| `mesh` .*`uvicorn app:app --host 0\.0\.0\.0 --port 8080`.*\| HTTP/1\.1 \|", page)
    assert "`uvicorn.run` on `0.0.0.0`, port `8080`" in page
    assert re.search(r"\| `api` .*\| HTTP/1\.1 \|", page)


def test_a_client_that_may_speak_http2_and_what_it_lacks(page: str) -> None:
    assert "| `httpx.AsyncClient` | `HTTP2` | connect 4.0, read 120 |" in page
    assert "`http2=HTTP2` is true only where `h2` can be imported" in page
    assert "No manifest asks for `h2`" in page
    assert "`httpx>=0.27`" in page
    asked = render_page(NAME, PROJECT | {"mesh/requirements.txt": "httpx[http2]>=0.27\n"})
    assert "No manifest asks for `h2`" not in asked


def test_limits_kept_in_a_constant_and_limits_that_are_worked_out() -> None:
    kept = CLIENT.replace("http2=HTTP2,", "http2=HTTP2, limits=POOL,").replace(
        "class ", "POOL = httpx.Limits(max_connections=len(NAMES) * 2, keepalive_expiry=9.0)\n\n\n    class ", 1
    )
    page = render_page(NAME, PROJECT | {"mesh/client.py": kept})
    assert "| max_connections …, keepalive_expiry 9.0 |" in page
    assert "POOL" not in page.partition("```")[0]


def test_nginx_has_the_projects_ports_paths_and_waits(page: str) -> None:
    nginx = fence(page, "nginx")
    assert "server 127.0.0.1:8080;" in nginx
    assert "server 127.0.0.1:3001;" in nginx
    assert "http2 on;" in nginx
    assert "listen 443 ssl http2" not in nginx
    assert "proxy_read_timeout 150s;" in nginx  # the longest wait, 120 s, and 30 s more
    assert "location ~ ^(?:/agents/[^/]+/stream)(?:/|$)" in nginx
    assert "proxy_buffering off;" in nginx
    assert "location /socket.io/" in nginx
    assert "$http_upgrade" in nginx
    assert "grpc_pass" not in nginx
    assert nginx.count("{") == nginx.count("}")


def test_caddy_streams_at_once_and_speaks_plain_http_inside(page: str) -> None:
    caddy = fence(page, "caddyfile")
    assert "@streams path /agents/*/stream" in caddy
    assert "flush_interval -1" in caddy
    assert "versions" not in caddy
    assert caddy.count("{") == caddy.count("}")


def test_balancing_tells_of_polling_and_of_counting_by_address(page: str) -> None:
    assert "`/live` (socket.io, websocket, polling)" in page
    assert "sticky sessions" in page
    assert "No adapter package is asked for" in page
    assert "No code or command trusts a proxy" in page
    assert "`GET /health` answers `status: ok` always" in page


def test_tls_ends_at_the_proxy_unless_a_server_has_a_certificate(page: str) -> None:
    assert "No server is given a certificate or key" in page
    own = PROJECT["mesh/app.py"].replace("port=8080)", "port=8080, ssl_certfile='cert.pem')")
    assert "Servers that are given a certificate" in render_page(NAME, PROJECT | {"mesh/app.py": own})


def test_an_image_that_lacks_what_it_starts_is_said_to(page: str) -> None:
    assert "copies `plugins/`, which the build context does not have" in page
    assert "does not copy `client.py`, `limits.py`, `remote.py`, which `mesh/app.py` imports" in page
    whole = PROJECT["mesh/Dockerfile"].replace("COPY plugins/ ./plugins/", "").replace("COPY app.py .", "COPY . .")
    assert "build context" not in render_page(NAME, PROJECT | {"mesh/Dockerfile": whole})


def test_a_proxy_configuration_of_the_repository_is_named() -> None:
    text = render_page(NAME, PROJECT | {"deploy/nginx.conf": "events {}\n"})
    assert "Proxy configurations in the repository: `deploy/nginx.conf`." in text


def test_criteria_and_topics(page: str) -> None:
    pack = get_pack(NAME)
    for criterion in pack.criteria:
        assert judge(pack.story, criterion, PageState(page, "", {}, ())).state == "met", criterion.label
    bare = page.replace("```nginx", "```text")
    assert judge(pack.story, pack.criteria[0], PageState(bare, "", {}, ())).state == "unmet"
    for _, heading in pack.topics:
        assert re.search(rf"(?m)^#+ .*{re.escape(heading)}", page), heading


def test_general_advice_is_right_and_marked(page: str) -> None:
    assert re.search(r"(?m)^## Why HTTP/2 \(guidance\)", page)
    assert "Not server push" in page
    assert "`grpc_pass` speaks gRPC, and JSON-RPC is plain HTTP" in page
    assert "Do not write `versions h2c`" in page


def test_no_agents_no_page() -> None:
    assert render_page(NAME, PLAIN) == ""
