"""Python: definitions, uses, tests, routes, environment, stand-ins."""

from __future__ import annotations

import textwrap

import pytest

from kbgen.extractors import extract_file, parse_references
from kbgen.model import Fact, SourceFile


def read(text: str, kind: str, path: str = "shop/cart.py") -> list[Fact]:
    facts = extract_file(SourceFile(path, "b10b", textwrap.dedent(text)))
    return [fact for fact in facts.facts if fact.kind == kind]


def uses(text: str, role: str) -> dict[str, int]:
    return {
        use.name: use.times for fact in read(text, "reference") if fact.name == role for use in parse_references(fact)
    }


def test_definitions_are_qualified_and_of_the_right_kind() -> None:
    symbols = read(
        """
        RATE: float = 0.2
        limit = 3
        class Cart:
            MAX = 9
            class Line:
                def total(self): return 1
            def add(self): return 2
        async def load(): return 3
        if DEBUG:
            def dump(): return 4
        """,
        "symbol",
    )
    assert [(s.symbol, s.attr("kind")) for s in symbols] == [
        ("RATE", "constant"),
        ("Cart", "class"),
        ("Cart.MAX", "constant"),
        ("Cart.Line", "nested class"),
        ("Cart.Line.total", "method"),
        ("Cart.add", "method"),
        ("load", "function"),
        ("dump", "function"),
    ]
    assert symbols[0].value == "0.2"
    assert symbols[4].attr("parent") == "Cart.Line"


def test_hash_follows_the_definition_wherever_it_moves() -> None:
    alone = read("def f(a):\n    return a\n", "symbol")[0]
    moved = read("import x\n\n\ndef f(a):   \n    return a\n", "symbol")[0]
    inside = read("if x:\n    def f(a):\n        return a\n", "symbol")[0]
    changed = read("def f(a):\n    return -a\n", "symbol")[0]
    assert alone.hash == moved.hash == inside.hash != changed.hash
    assert len(alone.hash) == 16


def test_underscore_names_are_not_exported() -> None:
    symbols = read(
        "def _f(): return 1\nclass A:\n    def __len__(self): return 1\n    def _g(self): return 1\n", "symbol"
    )
    assert {s.symbol: s.attr("exported") for s in symbols} == {"_f": "no", "A": "yes", "A.__len__": "yes", "A._g": "no"}


def test_uses_leave_out_definitions_imports_and_prose() -> None:
    text = '''
        """Docs name Ghost."""
        from a import Imported, Used
        __all__ = ["Imported"]
        def own(x: Typed = Default) -> "Forward":
            # Ghost again
            local = Used(x)
            local.send("not a module", "pkg.mod.Class")
            return local
        '''
    assert set(uses(text, "name")) == {"Used", "Default"}
    assert set(uses(text, "type")) == {"Typed", "Forward"}
    assert set(uses(text, "member")) == {"send"}
    assert set(uses(text, "string")) == {"pkg.mod.Class"}


def test_uses_are_told_apart_by_the_definition_that_makes_them() -> None:
    facts = read("A()\ndef f():\n    A()\n    A()\n", "reference")
    assert [(f.symbol, f.value) for f in facts if f.name == "name"] == [("", "A@1"), ("f", "A@3*2")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import a.b", ("*", "a.b", "a")),
        ("import a.b as c", ("*", "a.b", "c")),
        ("from ..x import y as z", ("y", "..x", "z")),
        ("from . import y", ("y", ".", "")),
        ("from x import *", ("*", "x", "")),
        ("importlib.import_module('a.b')", ("*", "a.b", "")),
    ],
)
def test_imports_keep_what_was_written(line: str, expected: tuple[str, str, str]) -> None:
    assert [(f.name, f.value, f.attr("alias")) for f in read(line, "import")] == [expected]


def test_cases_are_code_and_parametrized_ones_count_once() -> None:
    cases = read(
        '''
        """
        def test_in_docstring(): ...
        """
        # def test_in_comment(): ...
        @pytest.mark.parametrize("a", [1, 2])
        def test_one(a): assert a
        class Anything:
            async def test_two(self): assert True
        def helper(): return 1
        ''',
        "test_case",
    )
    assert [(c.name, c.attr("each")) for c in cases] == [("test_one", "yes"), ("test_two", "")]


def test_routes_join_the_router_prefix() -> None:
    routes = read(
        """
        router = APIRouter(prefix="/carts/")
        @router.get("/{id}")
        def show(): return 1
        @app.route("/ping", methods=["POST", "PUT"])
        def ping(): return 1
        @mock.patch("shop.cart")
        def other(): return 1
        """,
        "route",
    )
    assert [(r.value, r.symbol) for r in routes] == [
        ("GET /carts/{id}", "show"),
        ("POST /ping", "ping"),
        ("PUT /ping", "ping"),
    ]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("BaseSettings", 'model_config = SettingsConfigDict(env_prefix="YARD_")'),
        ("BaseSettings", 'model_config = {"env_file": ".env", "env_prefix": "YARD_"}'),
        ("BaseSettings", 'model_config = SettingsConfigDict(**{"env_prefix": "YARD_"})'),
        ("BaseSettings", 'model_config: ClassVar[SettingsConfigDict] = {"env_prefix": "YARD_"}'),
        ("BaseSettings", 'model_config = dict(env_prefix="YARD_")'),
        ("BaseSettings", 'class Config:\n        env_prefix = "YARD_"'),
        ('BaseSettings, env_prefix="YARD_"', "pass"),
    ],
)
def test_variables_of_settings_have_the_prefix_of_their_class(head: str, body: str) -> None:
    found = read(f'class Yard({head}):\n    {body}\n    gate: str = "north"\n    key: str\n', "env")
    assert [(e.name, e.value) for e in found] == [("YARD_GATE", '"north"'), ("YARD_KEY", "")]


def test_a_prefix_of_something_else_is_none_of_the_class() -> None:
    text = """
        class Yard(BaseSettings):
            model_config = {"env_file": ".env"}
            inner: dict = {"env_prefix": "NO_"}
            other: Inner = make(env_prefix="NO_")
            gate: str = Field("north", alias="NORTH_GATE")
        """
    assert [e.name for e in read(text, "env")] == ["INNER", "OTHER", "NORTH_GATE"]


def test_environment_reads_have_their_defaults() -> None:
    found = read(
        """
        a = os.environ["REQUIRED"]
        b = os.getenv("WITH_DEFAULT", "7")
        c = os.environ.get("NONE")
        class Config(BaseSettings):
            port: int = 7000
            token: str
        """,
        "env",
    )
    assert [(e.name, e.value, e.attr("required")) for e in found] == [
        ("REQUIRED", "", "yes"),
        ("WITH_DEFAULT", '"7"', ""),
        ("NONE", "", ""),
        ("PORT", "7000", ""),
        ("TOKEN", "", "yes"),
    ]


def test_stand_ins_are_found_and_duties_of_subclasses_are_not() -> None:
    mocks = read(
        """
        def mock_rates(): return {}
        def total(): raise NotImplementedError
        class BaseCart:
            def pay(self): raise NotImplementedError
        class Cart:
            def ship(self): raise NotImplementedError("subclasses must override")
        async def load_cart(id):
            await asyncio.sleep(1)
            return {"id": id}
        async def send_cart(id):
            await asyncio.sleep(1)
            await client.send(id)
        """,
        "mock",
    )
    assert [(m.symbol, m.attr("reason")) for m in mocks] == [
        ("mock_rates", "name"),
        ("total", "not-implemented"),
        ("load_cart", "timer"),
    ]


def test_comments_join_lines_and_tell_what_they_are_about() -> None:
    remarks = read(
        """
        # Rates are kept for a day because
        # the carrier bills every call.
        def rates():
            x = "# not a comment at all"  # trailing words stand alone here
            return x  # short
            # x = compute(y)
        X = 1  # noqa: this is a directive of a tool
        # Story: SHIP-2.4
        """,
        "comment",
    )
    assert [(r.value, r.symbol) for r in remarks] == [
        ("Rates are kept for a day because\nthe carrier bills every call.", "rates"),
        ("trailing words stand alone here", "rates"),
        ("Story: SHIP-2.4", ""),
    ]


def test_a_broken_file_is_read_around_the_error() -> None:
    facts = extract_file(
        SourceFile("a.py", "b10b", "import os\ndef f(:\n    pass\nclass A:\n    def g(self): return os\n")
    )
    assert {"A", "A.g"} <= {f.symbol for f in facts.facts if f.kind == "symbol"}
    assert facts.skipped[0].why.startswith("Python syntax error")


def test_line_endings_and_byte_order_mark_change_nothing() -> None:
    text = "import a\n\n\ndef f():\n    # a comment of four words\n    return a\n"
    plain = extract_file(SourceFile("a.py", "b10b", text))
    dos = extract_file(SourceFile("a.py", "b10b", "\ufeff" + text.replace("\n", "\r\n")))
    assert plain.facts == dos.facts
