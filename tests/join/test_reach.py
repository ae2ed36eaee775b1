"""What runs: start files, what they load, and what execution leads to."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.join.reach import Reach
from tests.join.programs import make_program


def make_reach(files: Mapping[str, str]) -> Reach:
    return Reach(make_program(files))


def find_starts(files: Mapping[str, str]) -> list[str]:
    return list(make_reach(files).starts)


def is_live(files: Mapping[str, str], *symbols: str) -> list[bool]:
    """For each ``path::symbol`` whether something that runs leads to it."""
    live = make_reach(files).live
    return [tuple(text.split("::")) in live for text in symbols]


def find_live(files: Mapping[str, str], path: str) -> list[str]:
    return sorted(symbol for there, symbol in make_reach(files).live if there == path and symbol)


# ------------------------------------------------------------------------------------------------- starts


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("svc/main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
        ("svc/main.py", "import fastapi\napp = fastapi.FastAPI()\n"),
        ("svc/app.py", "from flask import Flask\ndef create():\n    return Flask(__name__)\n"),
        ("svc/__init__.py", "from a2a.server.apps import A2AStarletteApplication as A\n"
                            "app = A2AStarletteApplication(agent_card=c)\n"),
        ("svc/run.py", "def go(): ...\nif __name__ == '__main__':\n    go()\n"),
        ("svc/agent.py", "from google.adk.agents import Agent\nroot_agent = Agent(name='a')\n"),
        ("web/app/page.tsx", "export default function Page() { return null }\n"),
        ("web/src/app/api/hook/route.ts", "export async function POST() {}\n"),
        ("web/src/app/(yard)/[id]/layout.tsx", "export default function Layout() { return null }\n"),
        ("web/pages/index.tsx", "export default function Home() { return null }\n"),
        ("web/src/middleware.ts", "export function middleware() {}\n"),
        ("web/next.config.mjs", "export default {}\n"),
        ("api/src/start.ts", "import { NestFactory } from '@nestjs/core'\nNestFactory.create(AppModule)\n"),
        ("api/src/serve.ts", "import express from 'express'\nconst app = express()\n"),
        ("web/src/root.tsx", "import { createRoot } from 'react-dom/client'\ncreateRoot(x).render(y)\n"),
    ],
)  # fmt: skip
def test_files_that_something_runs(path: str, source: str) -> None:
    assert find_starts({path: source, "lib/other.py": "x = 1\n", "lib/other.ts": "export const x = 1\n"}) == [path]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("svc/tool.py", "def main(): ...\n"),
        ("svc/agent.py", "def f():\n    root_agent = make()\n"),
        ("web/src/components/page-header.tsx", "export function PageHeader() { return null }\n"),
        ("web/src/app/board.tsx", "export function Board() { return null }\n"),
        ("api/src/make.ts", "this.express('x')\n"),
        ("tests/test_main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
        ("svc/tests/conftest.py", "if __name__ == '__main__':\n    go()\n"),
    ],
)
def test_files_that_nothing_runs(path: str, source: str) -> None:
    assert find_starts({path: source}) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Dockerfile", 'FROM python:3.12\nCMD ["python", "svc/work.py"]\n'),
        ("Dockerfile", 'FROM python:3.12\nCMD ["uvicorn", "svc.work:app"]\n'),
        ("svc/Dockerfile", 'FROM python:3.12\nENTRYPOINT ["python", "-m", "work"]\n'),
        ("docker-compose.yml", "services:\n  w:\n    command: python svc/work.py\n"),
        ("pyproject.toml", '[project]\nname = "x"\n[project.scripts]\nw = "svc.work:main"\n'),
        (".github/workflows/nightly.yml", "jobs:\n  a:\n    steps:\n      - run: python svc/work.py\n"),
    ],
)
def test_files_that_configuration_runs(path: str, text: str) -> None:
    assert find_starts({path: text, "svc/work.py": "app = 1\n", "svc/idle.py": "app = 2\n"}) == ["svc/work.py"]


def test_files_that_a_package_starts_with() -> None:
    package = '{"name": "api", "scripts": {"start": "node dist/boot.js"}}'
    files = {"api/package.json": package, "api/src/boot.ts": "go()\n", "api/src/idle.ts": "go()\n"}
    assert find_starts(files) == ["api/src/boot.ts"]


# ------------------------------------------------------------------------------------------------- loading


def test_a_module_runs_what_it_imports_and_the_packages_around_it() -> None:
    reach = make_reach(
        {
            "main.py": "import svc.deep.work\nfrom svc import side\nfrom core import core\n",
            "svc/__init__.py": "",
            "svc/deep/__init__.py": "",
            "svc/deep/work.py": "from ..side import x\n",
            "svc/side.py": "from typing import TYPE_CHECKING\n",
            "svc/idle.py": "",
            "core/__init__.py": "",
            "core/core.py": "",
        }
    )
    assert reach.find_loads("svc/deep/work.py") == ("svc/side.py", "svc/__init__.py")
    assert reach.find_loaded(["main.py"]) == {
        "main.py", "svc/__init__.py", "svc/deep/__init__.py", "svc/deep/work.py", "svc/side.py", "core/__init__.py",
        "core/core.py",
    }  # fmt: skip


def test_a_type_alone_loads_nothing() -> None:
    files = {
        "a.ts": "import type { T } from './b'\nimport { go } from './c'\n",
        "b.ts": "export interface T {}\n",
        "c.ts": "export function go() {}\n",
    }
    assert make_reach(files).find_loaded(["a.ts", "gone.ts"]) == {"a.ts", "c.ts"}


def test_loading_goes_round_in_circles_once() -> None:
    reach = make_reach({"a.py": "import b\n", "b.py": "import a\n"})
    assert reach.find_loaded(["a.py"]) == {"a.py", "b.py"}


# --------------------------------------------------------------------------------------------------- walking

GUARD = "if __name__ == '__main__':\n    start()\n"


def test_calls_are_followed_from_the_guard() -> None:
    source = "def start():\n    work()\ndef work(): ...\ndef idle():\n    deep()\ndef deep(): ...\n" + GUARD
    assert find_live({"a.py": source}, "a.py") == ["start", "work"]


def test_decorators_that_register_make_their_function_run() -> None:
    source = """
        from fastapi import FastAPI
        from contextlib import asynccontextmanager

        app = FastAPI()

        @app.get("/a")
        def read(): ...

        @app.on_event("startup")
        def begin(): ...

        @asynccontextmanager
        def held(): ...

        @functools.lru_cache
        def cached(): ...

        def plain(): ...
    """
    assert find_live({"a.py": source}, "a.py") == ["begin", "read"]


def test_a_decorator_in_a_file_that_nothing_loads_registers_nothing() -> None:
    files = {
        "main.py": "from fastapi import FastAPI\nimport used\napp = FastAPI()\n",
        "used.py": "@router.get('/a')\ndef a(): ...\n",
        "unused.py": "@router.get('/b')\ndef b(): ...\n",
    }
    assert is_live(files, "used.py::a", "unused.py::b") == [True, False]


def test_a_factory_that_nobody_calls_is_dead() -> None:
    files = {
        "main.py": "from fastapi import FastAPI\nfrom agents import make_used\napp = FastAPI()\nagent = make_used()\n",
        "agents.py": "def make_used():\n    return Box()\ndef make_unused():\n    return Other()\n"
                     "class Box:\n    def __init__(self): ...\n    def idle(self): ...\nclass Other: ...\n",
    }  # fmt: skip
    assert find_live(files, "agents.py") == ["Box", "Box.__init__", "make_used"]


def test_a_function_handed_on_runs_unless_it_is_a_tool() -> None:
    source = "def tool(): ...\ndef start():\n    make(tools=[tool])\n" + GUARD
    reach = make_reach({"a.py": source})
    assert ("a.py", "tool") in reach.walk([("a.py", "start")])
    assert ("a.py", "tool") not in reach.walk([("a.py", "start")], handed={("a.py", "tool")})
    called = make_reach({"a.py": source.replace("make(tools=[tool])", "tool()")})
    assert ("a.py", "tool") in called.walk([("a.py", "start")], handed={("a.py", "tool")})


def test_a_walk_stops_at_other_parts_but_not_at_its_own_roots() -> None:
    source = "def a():\n    b()\ndef b():\n    c()\ndef c(): ...\n"
    reach = make_reach({"a.py": source})
    stops = {("a.py", "b"): "other"}
    assert list(reach.walk([("a.py", "a")], stops)) == [("a.py", "a"), ("a.py", "b")]
    assert list(reach.walk([("a.py", "b")], stops)) == [("a.py", "b"), ("a.py", "c")]


def test_a_walk_says_which_call_led_there() -> None:
    reach = make_reach({"a.py": "def a():\n    b()\ndef b(): ...\n"})
    walked = reach.walk([("a.py", "a")])
    edge = walked["a.py", "b"]
    assert walked["a.py", "a"] is None
    assert edge is not None
    assert (edge.how, edge.fact.name, edge.fact.line) == ("call", "b", 2)


def test_a_class_runs_what_the_language_and_frameworks_call() -> None:
    source = """
        class Base:
            def __init__(self):
                self.prepare()

            def prepare(self): ...

        class Middleware(Base):
            limit = LIMIT

            async def dispatch(self, request):
                return helper()

            def idle(self): ...

        def helper(): ...

        def start():
            app.add_middleware(Middleware)

        if __name__ == '__main__':
            start()
    """
    assert find_live({"a.py": source}, "a.py") == [
        "Base", "Base.__init__", "Base.prepare", "Middleware", "Middleware.dispatch", "helper", "start",
    ]  # fmt: skip


NEST = {
    "api/src/main.ts": """
        import { NestFactory } from '@nestjs/core'
        import { AppModule } from './app.module'
        async function bootstrap() { const app = await NestFactory.create(AppModule); await app.listen(3001) }
        bootstrap()
    """,
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common'
        import { TasksController } from './tasks.controller'
        @Module({ controllers: [TasksController] })
        export class AppModule {}
    """,
    "api/src/tasks.controller.ts": """
        import { Controller, Get } from '@nestjs/common'
        import { TasksService } from './tasks.service'
        @Controller('tasks')
        export class TasksController {
          constructor(private readonly tasks: TasksService) {}
          @Get()
          list() { return this.tasks.list() }
          helper() {}
        }
        @Controller('idle')
        export class IdleController {
          constructor(private readonly tasks: TasksService) {}
          @Get()
          idle() { return this.tasks.idle() }
        }
    """,
    "api/src/tasks.service.ts": """
        import { Injectable } from '@nestjs/common'
        @Injectable()
        export class TasksService {
          onModuleInit() { this.warm() }
          warm() {}
          list() { return [] }
          idle() { return [] }
        }
    """,
}


def test_nest_runs_the_controllers_of_its_modules_and_what_they_are_given() -> None:
    assert find_live(NEST, "api/src/tasks.controller.ts") == [
        "TasksController", "TasksController.constructor", "TasksController.list",
    ]  # fmt: skip
    assert find_live(NEST, "api/src/tasks.service.ts") == [
        "TasksService", "TasksService.list", "TasksService.onModuleInit", "TasksService.warm",
    ]  # fmt: skip


def test_a_dependency_of_a_route_is_made() -> None:
    source = """
        from typing import Annotated
        from fastapi import Depends, FastAPI

        app = FastAPI()

        class Store:
            def __init__(self): ...

        class Other:
            def __init__(self): ...

        @app.get("/a")
        def read(store: Store = Depends()): ...

        def idle(other: Other = Depends()): ...
    """
    assert find_live({"a.py": source}, "a.py") == ["Store", "Store.__init__", "read"]


def test_pages_run_what_they_export_and_render() -> None:
    files = {
        "web/app/page.tsx": """
            import { Board } from '../src/board'
            export const metadata = { title: 'x' }
            export default function Page() { return <Board onPick={pick} /> }
            function pick() {}
            function idle() {}
        """,
        "web/src/board.tsx": """
            export function Board() { useBoard(); return <Row /> }
            export function Row() { return null }
            export function Idle() { return null }
            export function useBoard() {}
        """,
    }
    assert find_live(files, "web/app/page.tsx") == ["Page", "metadata", "pick"]
    assert find_live(files, "web/src/board.tsx") == ["Board", "Row", "useBoard"]


def test_tests_make_nothing_live() -> None:
    files = {"svc/a.py": "def f(): ...\n", "tests/test_a.py": "from svc.a import f\nf()\n" + GUARD}
    assert make_reach(files).live == frozenset()


def test_recursion_ends() -> None:
    source = "class A(B): ...\nclass B(A): ...\ndef f():\n    g()\n    A()\ndef g():\n    f()\nf()\n" + GUARD
    assert find_live({"a.py": source}, "a.py") == ["A", "B", "f", "g"]
