"""Logs, locks, exceptions, settings, commands, middleware, headers, browser state, fixtures by the shipped rules."""

from __future__ import annotations

import pytest

from tests.join.signals import derive, keys_of, python, script, show

# ------------------------------------------------------------------------------------------- logs


def test_log_messages_with_level_and_text() -> None:
    source = """
        import logging

        logger = logging.getLogger(__name__)

        def run(x):
            logger.warning(f"lost {x}")
            logger.info("kept %s", x)
            catalog.info("no")
    """
    assert python(source, "log", "level") == [("lost {x}", "warning"), ("kept %s", "info")]
    source = "class A { run() { this.logger.error('bad', e) } }\nconsole.warn('w')\n"
    assert script(source, "log", "level") == [("bad", "error"), ("w", "warn")]


def test_a_message_keeps_the_names_of_what_changes() -> None:
    source = """
        import logging
        from fastapi import HTTPException

        logger = logging.getLogger(__name__)
        LIMIT = 5
        pause = 2

        class Door:
            CODE = "d-1"

            def __init__(self):
                self._count = 0

            def open(self, reply, wait=30, key="none"):
                self._count += 1
                code = reply.get("code", -1)
                name = reply.get("name") or "unknown"
                state = "shut"
                if wait:
                    state = "open"
                logger.error(f"door {name}: [{code}] {reply['text']} {len(key)}")
                logger.error(f"waited {wait}s, {self._count} times, now {state}")
                logger.error(f"limit {LIMIT}, pause {pause}, {self.CODE} {str(key)}")
                logger.error("lost " + key + " of " + reply.owner.name)
                raise HTTPException(404, detail=f"no door {key or 'x'} in {state}")

            def close(self, why="no reason", told=""):
                line = f"shut: {why}"
                logger.info(line)
                word = "a"
                word += "b"
                logger.info(word)
                logger.info(why)
                raise ValueError(told)
    """
    assert [name for (name,) in python(source, "log")] == [
        "door {name}: [{code}] {text} {}",
        "waited {wait}s, {_count} times, now {state}",
        "limit 5, pause {pause}, d-1 {key}",
        "lost {key} of {name}",
        "shut: {why}",
        "{word}",
        "{why}",
    ]
    assert python(source, "exception", "message") == [
        ("HTTPException", "no door {key} in {state}"),
        ("ValueError", '="{told}"'),
    ]


def test_a_message_of_a_script_keeps_the_names_of_what_changes() -> None:
    source = """
        const MAX_TRIES = 3
        enum Kind { Red = 'red', BLUE = 'blue' }
        export function run(wait = 100) {
          let last = 'none'
          for (const each of list) last = each
          const said = error instanceof Error ? error.message : 'Unknown error'
          console.error(`gave up after ${MAX_TRIES} tries: ${last}, ${said}, ${wait}ms, ${process.env.PORT || 80}`)
          console.warn(`kind ${Kind.BLUE}`)
          throw new Error('bad: ' + said)
        }
    """
    assert [name for (name,) in script(source, "log")] == [
        "gave up after 3 tries: {last}, {said}, {wait}ms, {env:PORT|80}",
        "kind blue",
    ]
    assert script(source, "exception", "message") == [("Error", "bad: {said}")]


# ------------------------------------------------------------------------------------------- concurrency


def test_locks_are_made_and_held_at_one_place() -> None:
    source = """
        import asyncio

        class Pool:
            def __init__(self):
                self._lock = asyncio.Lock()
                self._other = asyncio.Lock()

            async def take(self):
                async with self._lock:
                    async with self._other:
                        pass
    """
    assert python(source, "sync", "what", "place", "within") == [
        ("self._lock", "lock", "svc/code.py::Pool._lock", ""),
        ("self._other", "lock", "svc/code.py::Pool._other", ""),
        ("self._lock", "held", "svc/code.py::Pool._lock", ""),
        ("self._other", "held", "svc/code.py::Pool._other", "self._lock"),
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("asyncio.create_task(run())", "task"),
        ("await asyncio.gather(a(), b())", "gather"),
        ("await asyncio.wait_for(a(), timeout=5)", "timeout"),
        ("loop.create_future()", "future"),
        ("future.set_result(1)", "future"),
        ("task.cancel()", "cancel"),
        ("await asyncio.to_thread(a)", "thread"),
        ("threading.Event()", "event"),
    ],
)
def test_concurrency_in_python(line: str, what: str) -> None:
    source = f"import asyncio\nimport threading\nasync def f(loop, future, task):\n    {line}\n"
    assert [found for _, found in python(source, "sync", "what")] == [what]


def test_an_event_of_the_project_is_no_lock() -> None:
    assert python("class Event: ...\nEvent()\norder.cancel()\n", "sync") == []


def test_distributed_locks() -> None:
    source = """
        import Redis from 'ioredis'
        export class Locks {
          private readonly redis = new Redis()
          take(key: string) { return this.redis.set(`lock:${key}`, '1', 'PX', 500, 'NX') }
          keep(key: string) { return this.redis.set(key, '1') }
        }
    """
    assert script(source, "sync", "what", "ttl") == [("lock:{key}", "distributed-lock", "500")]


# ------------------------------------------------------------------------------------------- exceptions


def test_exceptions_with_their_status() -> None:
    source = """
        from fastapi import HTTPException, status

        class LostError(Exception): ...

        def run():
            raise HTTPException(status_code=404, detail="no part")
            raise HTTPException(status.HTTP_409_CONFLICT, detail="twice")
            raise LostError("gone")
    """
    facts = derive({"svc/code.py": source}, "exception")
    assert [show(fact, "status", "message") for fact in facts] == [
        ("HTTPException", "404", "no part"),
        ("HTTPException", "409", "twice"),
        ("LostError", "", "gone"),
    ]
    assert keys_of(facts[2]) == ["exception:LostError"]
    assert [keys_of(fact) for fact in derive({"svc/code.py": source}, "exception_def")] == [["exception:LostError"]]


def test_exceptions_and_error_responses_in_typescript() -> None:
    source = """
        import { NotFoundException } from '@nestjs/common'
        export function run(res) {
          if (a) throw new NotFoundException('no part')
          if (b) throw new Error('bad')
          return NextResponse.json({ error: 'denied' }, { status: 403 })
        }
    """
    assert script(source, "exception", "status", "message") == [
        ("NotFoundException", "404", "no part"),
        ("Error", "", "bad"),
    ]
    assert script(source, "error_response", "message") == [("403", "denied")]


# ------------------------------------------------------------------------------------------- settings and commands


def test_fields_of_settings() -> None:
    source = """
        from dataclasses import dataclass
        from pydantic import BaseModel, Field
        from pydantic_settings import BaseSettings

        class App(BaseSettings):
            port: int = 7777
            host: str = Field(default="h", description="Where to listen")

        @dataclass(frozen=True)
        class PoolConfig:
            size: int = 5

        class Part(BaseModel):
            weight: int = 1
    """
    assert python(source, "setting_field", "class", "type", "default") == [
        ("port", "App", "int", "7777"),
        ("host", "App", "str", "h"),
        ("size", "PoolConfig", "int", "5"),
    ]


def test_commands_and_options() -> None:
    source = """
        import argparse
        import click
        import typer

        app = typer.Typer()

        @app.command()
        def build(out: str = typer.Option("x", "--out", help="Where to")): ...

        @click.command(name="sweep")
        @click.option("--deep", help="All of it")
        def sweep(deep): ...

        parser = argparse.ArgumentParser()
        parser.add_argument("--force", default=False)
    """
    assert [name for name, *_ in python(source, "cli_command")] == ["build", "sweep"]
    assert sorted(python(source, "cli_option", "help")) == [
        ("--deep", "All of it"),
        ("--force", ""),
        ("--out", "Where to"),
    ]


# ------------------------------------------------------------------------------------------- middleware and headers


def test_middleware_of_python_and_nest() -> None:
    source = "app.add_middleware(CORSMiddleware, allow_origins=['*'])\n"
    assert python(source, "middleware", "options") == [("CORSMiddleware", '=["dict",["allow_origins",["list","*"]]]')]
    source = """
        import { Controller, UseGuards } from '@nestjs/common'
        @Controller('parts')
        @UseGuards(AuthGuard, RoleGuard)
        export class Parts {}
        export const providers = [{ provide: APP_GUARD, useClass: RateGuard }]
    """
    assert script(source, "middleware", "what") == [
        ("AuthGuard", "decorator"),
        ("RoleGuard", "decorator"),
        ("RateGuard", "APP_GUARD"),
    ]
    assert script("export function middleware(request) {}\n", "middleware", path="web/middleware.ts") == [
        ("middleware",)
    ]


def test_headers_of_requests() -> None:
    source = """
        def call(token):
            headers = {"Authorization": f"Bearer {token}"}
            headers["X-Api-Key"] = KEY
            headers["Accept"] = "x"
    """
    assert python(source, "auth_header", "value") == [
        ("Authorization", "Bearer {token}"),
        ("X-Api-Key", '=["name","KEY"]'),
    ]


def test_comparing_in_constant_time_and_schemes() -> None:
    source = """
        import hmac
        from fastapi.security import HTTPBearer

        bearer = HTTPBearer(auto_error=False)

        def check(a, b):
            return hmac.compare_digest(a, b)
    """
    assert python(source, "auth_compare") == [("compare_digest",)]
    assert python(source, "auth_scheme", "auto_error") == [("bearer", "false")]


# ------------------------------------------------------------------------------------------- state of the browser


def test_stores_of_state_and_what_they_persist() -> None:
    source = """
        import { create } from 'zustand'
        import { persist } from 'zustand/middleware'
        const KEY = 'part-store'
        export const useParts = create<State>()(persist((set) => ({ open: '' }), { name: KEY, version: 2 }))
    """
    (store,) = derive({"web/src/store.ts": source}, "state_store")
    assert (store.name, keys_of(store), store.attr("library")) == ("useParts", ["state:useParts"], "zustand")
    assert script(source, "storage_key", "version") == [("part-store", "2")]


def test_storage_channels_and_cookies() -> None:
    source = """
        const CHANNEL = 'parts-sync'
        export function share() {
          const channel = new BroadcastChannel(CHANNEL)
          channel.postMessage({ type: 'sold' })
          localStorage.setItem('parts', '1')
          worker.postMessage({ type: 'no' })
        }
    """
    assert script(source, "broadcast", "role", "type") == [
        ("parts-sync", "provides", ""),
        ("parts-sync", "uses", "sold"),
    ]
    assert script(source, "storage_key", "call", "storage") == [("parts", "setItem", "localStorage")]


# ------------------------------------------------------------------------------------------- tests and decorators


def test_fixtures_page_objects_and_helpers_of_tests() -> None:
    files = {
        "svc/tests/conftest.py": "import pytest\n@pytest.fixture(scope='session')\ndef db(tmp_path): ...\n",
        "web/e2e/fixtures/parts.ts": (
            "import { test as base } from '@playwright/test'\n"
            "export const test = base.extend<{ parts: Parts }>({ parts: async ({ page }, use) => { await use(1) } })\n"
        ),
        "web/e2e/pages/parts.page.ts": "export class PartsPage { constructor(private readonly page: Page) {} }\n",
        "web/src/parts-page.tsx": "export class PartsPage { render() {} }\n",
    }
    assert [show(fact, "library") for fact in derive(files, "fixture")] == [("db", "pytest"), ("parts", "playwright")]
    assert [(fact.name, fact.path) for fact in derive(files, "page_object")] == [
        ("PartsPage", "web/e2e/pages/parts.page.ts")
    ]


def test_snapshots_of_visual_services() -> None:
    files = {
        "web/e2e/cards.spec.ts": (
            "import percySnapshot from '@percy/playwright'\n"
            "import { argosScreenshot as shoot } from '@argos-ci/playwright'\n"
            "import { test, expect } from '@playwright/test'\n"
            "test('a', async ({ page }) => {\n"
            "  await percySnapshot(page, 'Card', { widths: [1280] })\n"
            "  await shoot(page, 'List')\n"
            "  await expect(page).toHaveScreenshot('own.png')\n"
            "})\n"
        ),
        "web/e2e/home.spec.js": "cy.percySnapshot('Home')\n",
        "web/e2e/plain.spec.ts": "function percySnapshot() {}\npercySnapshot(1, 'no')\n",
    }
    assert [show(fact, "service") for fact in derive(files, "visual_test")] == [
        ("Card", "percy"),
        ("List", "argos"),
        ("own.png", ""),
        ("Home", ""),
    ]


def test_decorators_of_the_project() -> None:
    source = """
        import functools

        def traced(name=None, level="info"):
            def decorate(f):
                @functools.wraps(f)
                def wrapper(*args): ...
                return wrapper
            return decorate

        @traced(name="run")
        def run(): ...
    """
    assert python(source, "decorator_def", "params") == [("traced", "name, level=info")]
    assert [name for name, *_ in python(source, "decorator_use")] == ["traced"]
    source = "import { SetMetadata } from '@nestjs/common'\nexport const Public = () => SetMetadata('public', true)\n"
    assert script(source, "decorator_def", "metadata") == [("Public", "public")]
