"""What names stand for, what expressions may be, and who uses what, on programs of a few lines."""

from __future__ import annotations

import string
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.expressions import Expr, decode_expr, encode_expr
from kbgen.join.program import Folded, Place, Program, strip_type
from kbgen.model import Fact
from tests.join.programs import make_program


def resolve(files: Mapping[str, str], path: str, symbol: str, name: str) -> list[str]:
    return [f"{there}::{found}" for there, found in make_program(files).resolve(path, symbol, name)]


def find_callees(files: Mapping[str, str], path: str, symbol: str) -> list[str]:
    edges = make_program(files).find_edges((path, symbol))
    return [f"{edge.target[0]}::{edge.target[1]}" for edge in edges if edge.how in ("call", "new")]


def get_call(program: Program, path: str, name: str) -> Fact:
    return next(fact for fact in program.list_facts("call") if (fact.path, fact.name) == (path, name))


# ----------------------------------------------------------------------------------------- plain questions


def test_facts_of_tests_are_given_only_when_asked_for() -> None:
    program = make_program({"app/a.py": "def f(): ...\n", "tests/test_a.py": "def test_f(): ...\n"})
    assert [fact.name for fact in program.list_facts("symbol")] == ["f"]
    assert [fact.name for fact in program.list_facts("symbol", tests=True)] == ["f", "test_f"]
    assert program.is_test("tests/test_a.py")
    assert not program.is_test("app/a.py")


def test_what_is_not_there_gives_nothing() -> None:
    program = make_program({"a.py": "x = 1\n"})
    assert program.resolve("gone.py", "", "x") == ()
    assert program.find_values("gone.py", "", "x") == ()
    assert program.find_edges(("gone.py", "")) == ()
    assert program.find_type_text("gone.py", "", "x") == ""
    assert program.list_within("gone.py", "", "call") == ()
    assert program.list_symbols("gone.py") == {}
    assert program.get_symbol(("a.py", "y")) is None
    assert not program.is_test("gone.py")


def test_evidence_has_the_hash_of_the_fact_its_definition_or_the_file() -> None:
    program = make_program({"a.py": "def f():\n    go()\n\ngo()\n"})
    inside, outside = program.list_facts("call")
    symbol = program.get_symbol(("a.py", "f"))
    assert symbol is not None
    assert symbol.hash
    assert program.make_evidence(symbol).hash == symbol.hash
    assert program.make_evidence(inside).hash == symbol.hash
    assert program.make_evidence(outside).hash == "b10ba.py"
    assert (program.make_evidence(inside).line, program.make_evidence(outside).line) == (2, 4)


# ------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("source", "name", "origin"),
    [
        ("from agno.agent import Agent", "Agent", "agno.agent.Agent"),
        ("from agno.agent import Agent as A", "A", "agno.agent.Agent"),
        ("import httpx", "httpx.AsyncClient", "httpx.AsyncClient"),
        ("import agno.agent", "agno.agent.Agent", "agno.agent.Agent"),
        ("import numpy as np", "np.array", "numpy.array"),
        ("x = 1", "Agent", ""),
        ("from agno.agent import Agent", "Agents", ""),
    ],
)
def test_origin_of_a_python_name(source: str, name: str, origin: str) -> None:
    assert make_program({"a.py": source + "\n"}).find_origin("a.py", name) == origin


@pytest.mark.parametrize(
    ("source", "name", "origin"),
    [
        ("import { Get } from '@nestjs/common'", "Get", "@nestjs/common.Get"),
        ("import { Get as Read } from '@nestjs/common'", "Read", "@nestjs/common.Get"),
        ("import Redis from 'ioredis'", "Redis", "ioredis"),
        ("import Redis from 'ioredis'", "Redis.Cluster", "ioredis.Cluster"),
        ("import * as io from 'socket.io-client'", "io.connect", "socket.io-client.connect"),
        ("export { Get } from '@nestjs/common'", "Get", ""),
    ],
)
def test_origin_of_a_script_name(source: str, name: str, origin: str) -> None:
    assert make_program({"a.ts": source + "\n"}).find_origin("a.ts", name) == origin


PYTHON = {
    "app/base.py": """
        class Base:
            url = "u"

            def start(self): ...
            def stop(self): ...
    """,
    "app/core.py": """
        from app.base import Base

        LIMIT = 3

        class Core(Base):
            def __init__(self, other: "Other"):
                self.other = other
                self.made = Other()
                self.lazy: Other | None = None

            def start(self):
                super().start()

            def run(self): ...

        class Other:
            def go(self): ...

        core = Core()

        def make() -> Core:
            return Core()

        def make_untyped():
            return Core()

        def make_through():
            return make_untyped()
    """,
    "app/__init__.py": """
        from .core import Core as Kernel
    """,
    "app/use.py": """
        import app.core
        import app.core as c
        from app import Kernel, core
        from app.core import *
        from app.core import core as shared

        def f(given: Core, maybe: "Core | None" = None): ...
    """,
}


@pytest.mark.parametrize(
    ("path", "symbol", "name", "found"),
    [
        ("app/use.py", "", "Kernel", "app/core.py::Core"),
        ("app/use.py", "", "Kernel.run", "app/core.py::Core.run"),
        ("app/use.py", "", "Core", "app/core.py::Core"),
        ("app/use.py", "", "c.Core.run", "app/core.py::Core.run"),
        ("app/use.py", "", "c", "app/core.py::"),
        ("app/use.py", "", "core.make", "app/core.py::make"),
        ("app/use.py", "", "shared", "app/core.py::core"),
        ("app/use.py", "", "shared.run", "app/core.py::Core.run"),
        ("app/use.py", "", "LIMIT", "app/core.py::LIMIT"),
        ("app/core.py", "Core.start", "self.run", "app/core.py::Core.run"),
        ("app/core.py", "Core.start", "self", "app/core.py::Core"),
        ("app/core.py", "Core.start", "self.stop", "app/base.py::Base.stop"),
        ("app/core.py", "Core.start", "self.url", "app/base.py::Base.url"),
        ("app/core.py", "Core.start", "super().start", "app/base.py::Base.start"),
        ("app/core.py", "Core.start", "self.other.go", "app/core.py::Other.go"),
        ("app/core.py", "Core.start", "self.made.go", "app/core.py::Other.go"),
        ("app/core.py", "Core.start", "self.lazy.go", "app/core.py::Other.go"),
        ("app/use.py", "f", "given.run", "app/core.py::Core.run"),
        ("app/use.py", "f", "maybe.stop", "app/base.py::Base.stop"),
        ("app/use.py", "", "core.make().run", "app/core.py::Core.run"),
        ("app/use.py", "", "core.make_untyped().run", "app/core.py::Core.run"),
        ("app/use.py", "", "core.make_through().run", "app/core.py::Core.run"),
        ("app/core.py", "", "core.run", "app/core.py::Core.run"),
    ],
)
def test_python_names(path: str, symbol: str, name: str, found: str) -> None:
    assert resolve(PYTHON, path, symbol, name) == [found]


@pytest.mark.parametrize(
    ("path", "symbol", "name"),
    [
        ("app/use.py", "", "nothing"),
        ("app/use.py", "", "Kernel.nothing"),
        ("app/use.py", "", "self.run"),
        ("app/use.py", "", "super().run"),
        ("app/use.py", "f", "given.nothing"),
        ("app/core.py", "Core.start", "self.nothing"),
        ("app/core.py", "Other.go", "super().start"),
        ("app/use.py", "", ""),
        ("app/use.py", "", "..."),
    ],
)
def test_python_names_of_nothing(path: str, symbol: str, name: str) -> None:
    assert resolve(PYTHON, path, symbol, name) == []


SCRIPT = {
    "src/bus.ts": """
        export class Bus {
          publish(name: string) {}
        }
        export enum Kind { Added = 'added' }
        export default class Hub { open() {} }
    """,
    "src/index.ts": """
        export { Bus as EventBus } from './bus'
        export * from './bus'
        export { default as Hub } from './bus'
    """,
    "src/api.ts": """
        import { EventBus } from '.'

        export class Api extends EventBus {
          private readonly hidden = new EventBus()
          constructor(private readonly bus: EventBus, plain: EventBus) { super() }
          async send(): Promise<EventBus> {
            this.bus.publish('x')
            return this.bus
          }
          private get inner() { return this.bus }
        }
        export const api = new Api()
        export async function load(): Promise<Api> { return api }
        export const arrow = () => new Api()
    """,
    "src/use.ts": """
        import { Bus, Hub, Kind } from './index'
        import * as all from './api'
        import { api, load, arrow } from './api'

        export function f(bus: Bus | null, ready: Promise<Bus>) {}
    """,
}


@pytest.mark.parametrize(
    ("path", "symbol", "name", "found"),
    [
        ("src/use.ts", "", "Bus", "src/bus.ts::Bus"),
        ("src/use.ts", "", "Hub.open", "src/bus.ts::Hub.open"),
        ("src/use.ts", "", "Kind.Added", "src/bus.ts::Kind.Added"),
        ("src/api.ts", "", "EventBus.publish", "src/bus.ts::Bus.publish"),
        ("src/api.ts", "Api.send", "this.bus.publish", "src/bus.ts::Bus.publish"),
        ("src/api.ts", "Api.send", "this.hidden.publish", "src/bus.ts::Bus.publish"),
        ("src/api.ts", "Api.send", "this.publish", "src/bus.ts::Bus.publish"),
        ("src/use.ts", "", "api", "src/api.ts::api"),
        ("src/use.ts", "", "api.send", "src/api.ts::Api.send"),
        ("src/use.ts", "", "all.api.send", "src/api.ts::Api.send"),
        ("src/use.ts", "", "load().send", "src/api.ts::Api.send"),
        ("src/use.ts", "", "arrow().send", "src/api.ts::Api.send"),
        ("src/use.ts", "", "api.send().publish", "src/bus.ts::Bus.publish"),
        ("src/use.ts", "f", "bus.publish", "src/bus.ts::Bus.publish"),
        ("src/use.ts", "f", "ready.publish", "src/bus.ts::Bus.publish"),
    ],
)
def test_script_names(path: str, symbol: str, name: str, found: str) -> None:
    assert resolve(SCRIPT, path, symbol, name) == [found]


def test_a_plain_constructor_parameter_is_no_member() -> None:
    assert resolve(SCRIPT, "src/api.ts", "Api.send", "this.plain.publish") == []


def test_a_local_variable_hides_what_the_module_calls_so() -> None:
    source = """
        def client(): ...

        def by_name():
            client()

        def by_parameter(client: object):
            client()

        def by_variable():
            client = find()
            client()
    """
    calls = {symbol: find_callees({"a.py": source}, "a.py", symbol) for symbol in ("by_name", "by_parameter")}
    assert calls == {"by_name": ["a.py::client"], "by_parameter": []}
    assert find_callees({"a.py": source}, "a.py", "by_variable") == []


def test_a_local_variable_is_what_it_was_given() -> None:
    source = """
        class Box:
            def open(self): ...

        def f():
            box = Box()
            box.open()
            with Box() as held:
                held.open()
    """
    assert find_callees({"a.py": source}, "a.py", "f") == ["a.py::Box", "a.py::Box.open", "a.py::Box", "a.py::Box.open"]


def test_a_nested_class_is_seen_from_inside_only() -> None:
    source = """
        class Outer:
            class Inner:
                def go(self): ...

            def f(self):
                Inner()

        def g():
            Inner()
    """
    assert resolve({"a.py": source}, "a.py", "Outer.f", "Inner") == ["a.py::Outer.Inner"]
    assert resolve({"a.py": source}, "a.py", "g", "Inner") == []


def test_modules_imported_whole_are_followed_by_their_dotted_name() -> None:
    files = {"a.py": "import app.core\nimport app.base\n", **PYTHON}
    assert resolve(files, "a.py", "", "app.core.Core.run") == ["app/core.py::Core.run"]
    assert resolve(files, "a.py", "", "app.base.Base") == ["app/base.py::Base"]
    assert resolve(files, "a.py", "", "app.gone.Base") == []


def test_a_definition_called_like_its_module() -> None:
    files = {"a.py": "from core import core\n", "core.py": "def core(): ...\n"}
    assert resolve(files, "a.py", "", "core") == ["core.py::core"]
    assert make_program(files).find_origin("a.py", "core") == "core.core"


def test_a_property_stands_for_what_it_returns() -> None:
    source = """
        class Pool:
            def take(self): ...

        class Client:
            @property
            def pool(self) -> Pool: ...

            def plain(self) -> Pool: ...

            def f(self):
                self.pool.take()
                self.plain.take()
    """
    assert find_callees({"a.py": source}, "a.py", "Client.f") == ["a.py::Pool.take"]


def test_self_as_a_type_is_the_class() -> None:
    source = """
        class Query:
            def where(self) -> "Self": ...
            def run(self): ...

        def f():
            return Query().where().run()
    """
    assert resolve({"a.py": source}, "a.py", "f", "Query().where().run") == ["a.py::Query.run"]


def test_a_name_that_two_branches_import_has_both() -> None:
    source = """
        try:
            from fast import go
        except ImportError:
            from slow import go
    """
    files = {"a.py": source, "fast.py": "def go(): ...\n", "slow.py": "def go(): ...\n"}
    assert resolve(files, "a.py", "", "go") == ["fast.py::go", "slow.py::go"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Foo", "Foo"),
        ("'Foo'", "Foo"),
        ("pkg.Foo", "pkg.Foo"),
        ("Optional[Foo]", "Foo"),
        ("typing.Optional['Foo']", "Foo"),
        ("Foo | None", "Foo"),
        ("None | Foo", "Foo"),
        ("Promise<Foo>", "Foo"),
        ("Promise<Foo | undefined>", "Foo"),
        ("Annotated[Foo, Depends(get)]", "Foo"),
        ("Foo<Bar>", "Foo"),
        ("list[Foo]", "list"),
        ("Foo | Bar", ""),
        ("(x: number) => void", ""),
        ("", ""),
    ],
)
def test_the_class_that_an_annotation_names(text: str, name: str) -> None:
    assert strip_type(text) == name


@pytest.mark.parametrize(
    ("files", "path", "symbol", "name", "text"),
    [
        ({"a.py": "import socketio\nsio = socketio.AsyncClient()\n"}, "a.py", "", "sio", "socketio.AsyncClient"),
        ({"a.py": "from redis import Redis\ndef f(r: Redis): ...\n"}, "a.py", "f", "r", "redis.Redis"),
        (
            {"a.ts": "import Redis from 'ioredis'\nclass A { private r = new Redis()\n go() {} }"},
            "a.ts", "A.go", "this.r", "ioredis",
        ),
        (
            {"a.ts": "import { Queue } from 'bullmq'\nclass A { constructor(private q: Queue) {}\n go() {} }"},
            "a.ts", "A.go", "this.q", "bullmq.Queue",
        ),
        (
            {"b.py": "from redis import Redis\nr = Redis()\n", "a.py": "from b import r\n"},
            "a.py", "", "r", "redis.Redis",
        ),
        (
            {"a.py": "from redis import Redis\nclass B:\n  def __init__(self, r: Redis):\n    self.r = r\n"
                     "class A(B):\n  def go(self): ...\n"},
            "a.py", "A.go", "self.r", "redis.Redis",
        ),
        ({"a.py": "x = 1\n"}, "a.py", "", "x", ""),
        ({"a.py": "x = 1\n"}, "a.py", "", "", ""),
    ],
)  # fmt: skip
def test_types_of_foreign_libraries(files: Mapping[str, str], path: str, symbol: str, name: str, text: str) -> None:
    assert make_program(files).find_type_text(path, symbol, name) == text


# ------------------------------------------------------------------------------------------------ values


def fold(files: Mapping[str, str], path: str = "a.py", callee: str = "show", through: bool = False) -> list[Folded]:
    """What the first argument of the first call of `callee` may be."""
    program = make_program(files)
    call = get_call(program, path, callee)
    given = decode_expr(call.value)[1][0]
    ask = program.fold_through if through else program.fold
    return list(ask(call.path, call.symbol, given))


def texts(files: Mapping[str, str], path: str = "a.py", through: bool = False) -> list[str]:
    return [folded.text for folded in fold(files, path, "show", through)]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("show('x')", "x"),
        ("show(3)", "3"),
        ("A = 'x'\nshow(A)", "x"),
        ("A = 'x'\nshow(f'{A}/y')", "x/y"),
        ("A = 'x'\nshow(A + '/y')", "x/y"),
        ("A = 'x'\nB = f'{A}/y'\nshow(B)", "x/y"),
        ("show(f'/a/{key}')", "/a/{key}"),
        ("show(f'/a/{thing.key}')", "/a/{key}"),
        ("show(f'/a/{f(1)[2]}')", "/a/{}"),
        ("import os\nshow(os.environ['X'])", "{env:X}"),
        ("import os\nshow(os.getenv('X', 'd'))", "{env:X|d}"),
        ("import os\nshow(os.getenv('X') or 'd')", "{env:X|d}"),
        ("import os\nD = 'd'\nshow(os.getenv('X', D))", "{env:X|d}"),
        ("import os\nU = os.getenv('X', 'd')\nshow(f'{U}/y')", "{env:X|d}/y"),
        ("show(str('x'))", "x"),
        ("A = {'k': 'x', 'l': 'y'}\nshow(A['l'])", "y"),
        ("A = 'k'\nB = {'k': 'x', 'l': 'y'}\nshow(B[A])", "x"),
        ("A = 'x/'\nshow(A.rstrip('/'))", "x/"),
        ("from urllib.parse import urljoin\nshow(urljoin('http://h/', '/y'))", "http://h/y"),
        ("def f():\n    return 'x'\nshow(f())", "x"),
        ("def f(k: str):\n    return f'/a/{k}'\nshow(f('b'))", "/a/b"),
        ("def f(k: str):\n    return f'/a/{k}'\nshow(f(k='b'))", "/a/b"),
        ("show(config.getenv('API_URL'))", "{env:API_URL}"),
        ("class A:\n    url = 'x'\nshow(A.url)", "x"),
        ("class A:\n    def __init__(self):\n        self.url = 'x'\n    def f(self):\n        show(self.url)", "x"),
        ("class A:\n    def __init__(self, url='x'):\n        self.url = url\n    def f(self):\n        show(self.url)",
         "x"),
        ("def f(url='x'):\n    show(url)", "x"),
        ("from dataclasses import dataclass, field\n@dataclass\nclass A:\n    url: str = field(default='x')\n"
         "    def f(self):\n        show(self.url)", "x"),
    ],
)  # fmt: skip
def test_python_values(source: str, text: str) -> None:
    assert texts({"a.py": source + "\n"}) == [text]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("show(`/a/${id}`)", "/a/{id}"),
        ("const A = 'x'\nshow(`${A}/y`)", "x/y"),
        ("show(process.env.X)", "{env:X}"),
        ("show(process.env.X ?? 'd')", "{env:X|d}"),
        ("const U = process.env.X || 'd'\nshow(`${U}/y`)", "{env:X|d}/y"),
        ("const A = { k: 'x' } as const\nshow(A.k)", "x"),
        ("const A = { k: { l: 'x' } }\nshow(A.k.l)", "x"),
        ("const A = Object.freeze({ k: 'x' })\nshow(A.k)", "x"),
        ("enum A { K = 'x' }\nshow(A.K)", "x"),
        ("const A = { k: 'x', l: 'y' }\nshow(A['l'])", "y"),
        ("show(new URL('/y', 'http://h'))", "http://h/y"),
        ("show(new URL('http://h'))", "http://h"),
        ("show(encodeURIComponent('x'))", "x"),
        ("class A { private url = 'x'\n f() { show(this.url) } }", "x"),
        ("class A { constructor(private config: C) {}\n f() { show(this.config.get('API_URL')) } }", "{env:API_URL}"),
        ("function f(url = 'x') { show(url) }", "x"),
    ],
)
def test_script_values(source: str, text: str) -> None:
    assert texts({"a.ts": source + "\n"}, "a.ts") == [text]


@pytest.mark.parametrize("source", ["show(None)", "show(True)", "show(lambda: 1)"])
def test_what_is_no_text_is_not_folded(source: str) -> None:
    assert texts({"a.py": source + "\n"}) == []


def test_a_setting_is_its_variable_and_its_default() -> None:
    files = {
        "config.py": """
            from pydantic import Field
            from pydantic_settings import BaseSettings, SettingsConfigDict

            class Settings(BaseSettings):
                model_config = SettingsConfigDict(env_prefix="APP_")
                url: str = "http://localhost:1"
                port: int = Field(7777, ge=1)
                key: str

            settings = Settings()

            def get_settings() -> Settings:
                return settings
        """,
        "a.py": """
            from config import get_settings, settings

            show(settings.url)
            port(settings.port)
            key(settings.key)
            called(get_settings().url)
        """,
    }
    found = {name: [f.text for f in fold(files, callee=name)] for name in ("show", "port", "key")}
    assert found == {
        "show": ["{env:APP_URL|http://localhost:1}"],
        "port": ["{env:APP_PORT|7777}"],
        "key": ["{env:APP_KEY}"],
    }


def test_a_value_across_files_names_the_definitions_that_it_came_through() -> None:
    files = {
        "routes.ts": "export const ROUTES = { tasks: '/tasks' }\nexport const BASE = '/api'\n",
        "a.ts": "import { ROUTES, BASE } from './routes'\nfunction f() { show(`${BASE}${ROUTES.tasks}`) }\n",
    }
    (folded,) = fold(files, "a.ts")
    assert folded.text == "/api/tasks"
    assert folded.certain
    assert {path for path, _ in folded.places} == {"routes.ts"}


def test_one_of_several_is_not_certain() -> None:
    source = """
        def f(fast):
            url = "http://a" if fast else "http://b"
            show(url)
    """
    found = fold({"a.py": source})
    assert [f.text for f in found] == ["http://a", "http://b"]
    assert not any(f.certain for f in found)


def test_a_missing_key_may_be_any_of_the_values() -> None:
    found = fold({"a.py": "T = {'a': '/x', 'b': '/y'}\ndef f(k):\n    show(T[k])\n"})
    assert [(f.text, f.certain) for f in found] == [("/x", False), ("/y", False)]


def test_too_many_values_say_nothing() -> None:
    table = ", ".join(f"'k{i}': '/{i}'" for i in range(9))
    assert texts({"a.py": f"T = {{{table}}}\ndef f(k):\n    show(T[k])\n"}) == []


def test_a_parameter_is_what_callers_give_only_when_followed() -> None:
    source = """
        def send(path: str):
            show(f"/api{path}")

        def one():
            send("/a")

        def two():
            send(path="/b")
    """
    files = {"a.py": source, "tests/test_a.py": "from a import send\nsend('/only-in-a-test')\n"}
    assert texts(files) == ["/api{path}"]
    assert texts(files, through=True) == ["/api/a", "/api/b"]
    # It is followed for that question alone.
    program = make_program(files)
    call = get_call(program, "a.py", "show")
    program.fold_through("a.py", "send", decode_expr(call.value)[1][0])
    assert [f.text for f in program.fold("a.py", "send", ["name", "path"])] == ["{path}"]


def test_a_constructor_s_parameter_is_what_makes_the_object() -> None:
    source = """
        class Client:
            def __init__(self, base: str):
                show(base)

        client = Client("http://h")
    """
    assert texts({"a.py": source}, through=True) == ["http://h"]


@pytest.mark.xfail(strict=True, reason="a parameter with neither type nor default has no fact")
def test_a_bare_parameter_is_what_callers_give() -> None:
    assert texts({"a.py": "def f(k):\n    return f'/a/{k}'\nshow(f('b'))\n"}) == ["/a/b"]


def test_a_context_manager_is_what_it_is_kept_in() -> None:
    source = """
        import httpx

        async def f():
            async with httpx.AsyncClient(base_url="http://h") as http:
                show(http)
    """
    program = make_program({"a.py": source})
    ((scope, value),) = program.find_values("a.py", "f", "http")
    assert scope == ("a.py", "f")
    assert value[:2] == ["call", "httpx.AsyncClient"]
    assert program.find_type_text("a.py", "f", "http") == "httpx.AsyncClient"


def test_texts_among_the_arguments_of_a_call() -> None:
    program = make_program({"a.py": "NAME = 'task.done'\nemit(NAME, {'k': 'v'}, room='r', n=None)\n"})
    assert program.fold_arguments(get_call(program, "a.py", "emit")) == ("task.done", "r")


def test_an_argument_names_definitions_inside_a_lambda_too() -> None:
    program = make_program({"a.ts": "function go() {}\nsocket.on('x', () => go())\nsocket.on('y', go)\n"})
    found = [
        program.resolve_argument(call.path, call.symbol, _encode_second(call))
        for call in program.list_facts("call")
        if call.name == "socket.on"
    ]
    assert found == [(("a.ts", "go"),), (("a.ts", "go"),)]
    assert program.resolve_argument("a.ts", "", "go") == (("a.ts", "go"),)


def _encode_second(call: Fact) -> str:
    return encode_expr(decode_expr(call.value)[1][1])


# ------------------------------------------------------------------------------------------------ expanding

LISTS = {
    "tools.py": """
        def a(): ...
        def b(): ...
        def c(): ...

        MORE = [b]

        def get_tools():
            return [a, *MORE]
    """,
    "a.py": """
        from tools import MORE, c, get_tools

        ALL = [*get_tools(), c]
        COPY = list(MORE)
        EITHER = MORE or [c]
        TABLE = {"x": c}

        class Kind: ...

        kinds = Kind()
    """,
}


def list_names(found: tuple[tuple[Place, Expr], ...]) -> list[tuple[str, str]]:
    return [(scope[0], item[1]) for scope, item in found]


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("ALL", [("tools.py", "a"), ("tools.py", "b"), ("a.py", "c")]),
        ("COPY", [("tools.py", "b")]),
        ("EITHER", [("tools.py", "b"), ("a.py", "c")]),
        ("MORE", [("tools.py", "b")]),
        ("kinds", []),
        ("TABLE", []),
        ("nothing", []),
    ],
)
def test_items_of_a_list_read_where_they_were_written(name: str, items: list[tuple[str, str]]) -> None:
    assert list_names(make_program(LISTS).expand_items("a.py", "", ["name", name])) == items


def test_a_list_is_expanded_through_functions_and_spreads() -> None:
    program = make_program(LISTS)
    a, b, c = (["name", letter] for letter in "abc")
    assert program.expand("a.py", "", ["name", "ALL"]) == ["list", a, b, c]
    assert program.expand("a.py", "", ["name", "COPY"]) == ["list", b]
    assert program.expand("a.py", "", ["name", "TABLE"]) == ["dict", ["x", c]]
    assert program.expand("a.py", "", ["any", ["name", "nothing"], ["name", "MORE"]]) == ["list", b]


@pytest.mark.parametrize("expr", [["name", "c"], ["name", "nothing"], ["env", "X"], "x", ["list", ["name", "c"]]])
def test_what_holds_no_list_stays_as_it_is(expr: Expr) -> None:
    assert make_program(LISTS).expand("a.py", "", expr) == expr


# --------------------------------------------------------------------------------------------------- edges


def edges(files: Mapping[str, str], path: str, symbol: str) -> list[tuple[str, str]]:
    return [(edge.how, edge.target[1]) for edge in make_program(files).find_edges((path, symbol))]


def test_edges_of_python() -> None:
    source = """
        LIMIT = 3

        class Box: ...

        def gate(f): ...

        def run(): ...

        def later(): ...

        @gate
        def f(kind: Box, wait=later):
            run()
            Box()
            start(later)
            table = {"x": later}
            return LIMIT
    """
    assert edges({"a.py": source}, "a.py", "f") == [
        ("decorate", "gate"),
        ("pass", "later"),
        ("call", "run"),
        ("new", "Box"),
        ("pass", "later"),
        ("pass", "later"),
        ("pass", "LIMIT"),
    ]


def test_edges_of_a_component() -> None:
    source = """
        export function useData() {}
        export function Row(props: { on: () => void }) { return <li /> }
        export function pick() {}
        export class Store {}
        export function Page() {
          useData()
          const store = new Store()
          return <Row on={pick} />
        }
    """
    assert edges({"a.tsx": source}, "a.tsx", "Page") == [
        ("call", "useData"),
        ("new", "Store"),
        ("render", "Row"),
        ("pass", "pick"),
    ]


def test_a_method_handed_on_uses_the_method_or_the_class_of_its_object() -> None:
    source = """
        class Box:
            def open(self): ...

        box = Box()

        def f():
            start(box.open)
            start(box.unknown)

        class Other:
            def g(self):
                start(self.gone)
    """
    assert edges({"a.py": source}, "a.py", "f") == [("pass", "Box.open"), ("pass", "Box")]
    assert edges({"a.py": source}, "a.py", "Other.g") == []


def test_handing_oneself_on_is_no_use_of_another() -> None:
    assert edges({"a.py": "def f():\n    retry(f)\n"}, "a.py", "f") == []


def test_callers_are_those_of_production_code_in_order() -> None:
    program = make_program(
        {
            "z.py": "from lib import go\ngo(1)\n",
            "lib.py": "def go(n): ...\n",
            "b.py": "import lib\ndef f():\n    lib.go(2)\n    lib.gone()\n",
            "tests/test_lib.py": "from lib import go\ngo(3)\n",
        }
    )
    assert [(f.path, f.line) for f in program.find_callers(("lib.py", "go"))] == [("b.py", 3), ("z.py", 2)]
    assert program.find_callers(("lib.py", "gone")) == ()


def test_modules_that_a_name_leads_to() -> None:
    program = make_program({"app/a.py": "", "app/b/__init__.py": "", "web/c.ts": "", "web/d.ts": ""})
    assert program.find_modules("app/a.py", ".b") == ("app/b/__init__.py",)
    assert program.find_modules("web/c.ts", "./d") == ("web/d.ts",)
    assert program.find_modules("web/c.ts", "react") == ()


# --------------------------------------------------------------------------------------------- never ending

ENDLESS = [
    "A = A\nshow(A)",
    "A = B\nB = A\nshow(A)",
    "A = f'{A}/x'\nshow(A)",
    "def f():\n    return f()\nshow(f())",
    "def f():\n    return g()\ndef g():\n    return f()\nshow(f())\nf().x.y()",
    "def f(n):\n    return f'{f(n)}/x'\nshow(f(1))",
    "def f(n):\n    show(n)\n    f(n)",
    "def f(n):\n    show(n)\n    g(n)\ndef g(n):\n    f(n)",
    "class A(A):\n    def f(self):\n        show(self.x)\n        super().f()",
    "class A(B): ...\nclass B(A):\n    def f(self):\n        show(self.x)",
    "class A:\n    def __init__(self):\n        self.a = self.a or A()\n    def f(self):\n        show(self.a.a.a.x)",
    "from a import *\nfrom a import x\nshow(x)",
    "A = [*A]\nshow(A)",
    "A = [*B]\nB = [*A]\nshow(A)",
    "A = {'k': A}\nshow(A['k']['k'])",
    "def f(x=f):\n    show(x)",
]


@pytest.mark.parametrize("source", ENDLESS)
def test_circles_end(source: str) -> None:
    program = make_program({"a.py": source + "\n"})
    call = get_call(program, "a.py", "show")
    expr = decode_expr(call.value)[1][0]
    for ask in (program.fold, program.fold_through):
        assert all(len(folded.text) <= 2_000 for folded in ask("a.py", call.symbol, expr))
    program.expand("a.py", call.symbol, expr)
    program.expand_items("a.py", call.symbol, expr)
    for fact in program.list_facts("symbol"):
        program.find_edges(("a.py", fact.symbol))
        program.find_type_text("a.py", fact.symbol, "self.a")
    for call in program.list_facts("call"):
        program.resolve("a.py", call.symbol, call.name)


NAMES = st.sampled_from(
    ["A", "B", "f", "g", "Box", "box", "self.x", "A.k", "box.go", "f().x", "cls", "super().go", "gone"]
)
TEXTS = st.one_of(st.text(string.ascii_letters + "/{}|:", max_size=6), st.sampled_from(["k", "API_URL", "http://h:1/"]))
LEAVES = st.one_of(
    TEXTS,
    st.integers(0, 99),
    st.sampled_from([None, True, 1.5, ["?"], ["jsx", "Box"]]),
    NAMES.map(lambda name: ["name", name]),
    TEXTS.map(lambda name: ["env", name]),
)


def _extend(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, max_size=3)
    callees = st.sampled_from(
        ["f", "g", "Box", "str", "urljoin", "URL", "join", "x.get", "A.get", "x.strip", "list", "gone"]
    )
    return st.one_of(
        st.tuples(st.sampled_from(["text", "any", "list", "fn"]), several).map(lambda t: [t[0], *t[1]]),
        st.tuples(inner, inner).map(lambda t: ["item", *t]),
        inner.map(lambda e: ["spread", e]),
        st.lists(st.tuples(st.one_of(TEXTS, st.none()), inner), max_size=3).map(lambda ps: ["dict", *map(list, ps)]),
        st.tuples(callees, several, st.dictionaries(st.sampled_from(["n", "default"]), inner, max_size=2)).map(
            lambda t: ["call", *t]
        ),
    )


EXPRESSIONS = st.recursive(LEAVES, _extend, max_leaves=8)
SMALL = {
    "a.py": """
        import os

        A = {"k": "x", "l": f"{B}/y"}
        B = os.getenv("B_URL", "http://b:2")

        class Box:
            x = "in a box"

            def go(self): ...

        box = Box()

        def f(n="d"):
            return f"/f/{n}"

        def g(n):
            return g(n) or f(n)
    """
}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(EXPRESSIONS, st.sampled_from(["", "Box.go", "f", "g"]))
def test_any_expression_folds_to_the_same_texts_twice(expr: Expr, symbol: str) -> None:
    program = _SMALL
    first = program.fold("a.py", symbol, expr)
    assert first == program.fold("a.py", symbol, expr)
    assert first == make_program(SMALL).fold("a.py", symbol, expr)
    assert len({folded.text for folded in first}) == len(first) <= 8
    assert program.expand("a.py", symbol, expr) == program.expand("a.py", symbol, expr)
    assert program.expand_items("a.py", symbol, expr) == program.expand_items("a.py", symbol, expr)
    assert program.fold_through("a.py", symbol, expr) == program.fold_through("a.py", symbol, expr)
    assert program.fold("a.py", symbol, expr) == first


_SMALL = make_program(SMALL)
