"""Calls without credentials to routes that want some."""

from __future__ import annotations

import pytest

from tests.findings.systems import NEST, find, show, worker

GUARDED = {
    "api/package.json": NEST,
    "api/src/main.ts": """
        import { NestFactory } from '@nestjs/core';
        import { AppModule } from './app.module';
        async function bootstrap() { const app = await NestFactory.create(AppModule); await app.listen(3001); }
        bootstrap();
    """,
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common';
        import { TasksController } from './tasks.controller';
        @Module({ controllers: [TasksController] })
        export class AppModule {}
    """,
    "api/src/gate.ts": """
        import { CanActivate, UnauthorizedException } from '@nestjs/common';
        export class Gate implements CanActivate {
          canActivate(context) {
            const header = context.getRequest().headers.authorization;
            if (!header) throw new UnauthorizedException('no token');
            return true;
          }
        }
    """,
    "api/src/tasks.controller.ts": """
        import { Controller, Post, UseGuards } from '@nestjs/common';
        import { Gate } from './gate';
        @Controller('tasks')
        @UseGuards(Gate)
        export class TasksController {
          @Post('clean')
          clean() { return []; }
        }
    """,
}


def caller(headers: str) -> dict[str, str]:
    return worker(
        jobs=f"""
        import httpx

        async def work():
            async with httpx.AsyncClient() as client:
                await client.post("http://localhost:3001/tasks/clean", headers={headers})
        """
    )


def test_a_guard_that_reads_the_header() -> None:
    found = find(GUARDED | caller('{"Content-Type": "application/json"}'), "missing-header")
    assert show(found) == [("broken", "`work` calls `POST /tasks/clean` of `api` without an `Authorization` header")]
    assert found[0].detail == ("It sends `Content-Type` only. `Gate` reads the header and refuses calls without it.")


@pytest.mark.parametrize(
    "headers", ['{"Authorization": "Bearer x"}', '{"X-Api-Key": "x"}', "make_headers()", '{**extra, "A": "b"}']
)
def test_credentials_or_headers_out_of_sight_are_no_finding(headers: str) -> None:
    assert find(GUARDED | caller(headers), "missing-header") == []


def test_a_public_handler_is_no_finding() -> None:
    open_route = GUARDED["api/src/tasks.controller.ts"].replace("@Post('clean')", "@Public()\n          @Post('clean')")
    files = GUARDED | {"api/src/tasks.controller.ts": open_route} | caller('{"Content-Type": "x"}')
    assert find(files, "missing-header") == []


SERVER = """
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse
    from starlette.middleware.base import BaseHTTPMiddleware
    import uvicorn

    class Sessions(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            token = request.headers.get("Authorization", "")
            request.state.user_id = read_user(token)
            return await call_next(request)

    app = FastAPI()
    app.add_middleware(Sessions)

    @app.post("/rpc/run")
    async def rpc(request: Request):
        user_id = getattr(request.state, "user_id", None)
        if not user_id:
            return JSONResponse({"error": "Authentication required"}, status_code=401)
        return {}

    if __name__ == "__main__":
        uvicorn.run(app, port=8600)
"""


def rpc_caller(headers: str) -> dict[str, str]:
    return worker(
        jobs=f"""
        import httpx

        async def work():
            async with httpx.AsyncClient() as client:
                await client.post("http://localhost:8600/rpc/run", headers={headers})
        """
    ) | {"hub/requirements.txt": "fastapi\n", "hub/server.py": SERVER}


def test_state_that_a_middleware_takes_from_the_header() -> None:
    found = find(rpc_caller('{"Content-Type": "x"}'), "missing-header")
    assert show(found) == [("broken", "`work` calls `POST /rpc/run` of `hub` without an `Authorization` header")]
    assert "`Sessions` takes `user_id` from that header, and `rpc` refuses calls without it." in found[0].detail


def test_state_and_a_token_are_no_finding() -> None:
    assert find(rpc_caller('{"Authorization": token}'), "missing-header") == []


TENANTS = """
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse
    from starlette.middleware.base import BaseHTTPMiddleware
    import uvicorn
    from settings import settings

    class Tenants(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            {check}
                return JSONResponse({{"detail": "no"}}, status_code=401)
            request.state.tenant = request.headers.get("X-Tenant")
            return await call_next(request)

    app = FastAPI()
    app.add_middleware(Tenants)

    @app.post("/rpc/run")
    async def rpc(request: Request):
        return find({read})

    if __name__ == "__main__":
        uvicorn.run(app, port=8600)
"""
TOKEN_CHECK = 'if request.headers.get("Authorization") != settings.token:'


def tenants(check: str = TOKEN_CHECK, read: str = "request.state.tenant") -> dict[str, str]:
    return rpc_caller('{"X-Tenant": "x"}') | {"hub/server.py": TENANTS.format(check=check, read=read)}


def test_state_that_a_middleware_sets_behind_its_refusal() -> None:
    found = find(tenants(), "missing-header")
    assert show(found) == [("broken", "`work` calls `POST /rpc/run` of `hub` without a token")]
    assert found[0].detail == (
        "It sends `X-Tenant` only. `Tenants` answers 401 to calls without a token before it sets `tenant`, "
        "which `rpc` reads."
    )


@pytest.mark.parametrize(
    ("check", "read"),
    [
        ('if request.headers.get("X-Tenant") not in settings.names:', "request.state.tenant"),
        ('if (request.headers.get("A") or request.cookies.get("a")) != settings.token:', "request.state.tenant"),
        (TOKEN_CHECK, 'getattr(request.state, "tenant", None)'),
        (TOKEN_CHECK, "request.url"),
    ],
    ids=["no secret", "cookies do too", "may be missing", "not behind it"],
)
def test_a_refusal_that_may_not_meet_the_call_is_no_finding(check: str, read: str) -> None:
    assert find(tenants(check, read), "missing-header") == []
