"""TypeScript expressions in the one form of all languages."""

from __future__ import annotations

import pytest

from kbgen.expressions import ITEM_LIMIT, UNKNOWN, Expr, decode_arguments
from kbgen.extractors import extract_file
from kbgen.model import SourceFile


def read(expression: str, path: str = "a.tsx") -> Expr:
    """The expression as the only argument of a call."""
    facts = extract_file(SourceFile(path, "b10b", f"probe({expression})"))
    (call,) = (fact for fact in facts.facts if fact.kind == "call" and fact.name == "probe")
    positional, _ = decode_arguments(call.value)
    return positional[0]


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("'a\\'b\\n\\u0041\\x42\\u{43}'", "a'b\nABC"),
        ("'\\ud83d\\ude00'", "\U0001f600"),
        ("3_000", 3000),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("10n", 10),
        ("-1", -1),
        ("true", True),
        ("null", None),
        ("undefined", None),
        ("60 * 1000", 60000),
        ("2 * 60 * 1000", 120000),
        ("0.5 * 4", 2.0),
        ("n * 1000", UNKNOWN),
        ("1e300 * 1e300", UNKNOWN),
        ("'a' * 2", UNKNOWN),
        ("/x/g", UNKNOWN),
        ("!a", UNKNOWN),
        ("a > b", UNKNOWN),
    ],
)
def test_literals(text: str, expr: Expr) -> None:
    assert read(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("a", ["name", "a"]),
        ("this.a.b", ["name", "this.a.b"]),
        ("a?.b!.c", ["name", "a.b.c"]),
        ("a\n  .b", ["name", "a.b"]),
        ("Color.Red", ["name", "Color.Red"]),
        ("a[0]", ["item", ["name", "a"], 0]),
        ("a['k'].c", ["item", ["item", ["name", "a"], "k"], "c"]),
        ("f(1).data", ["item", ["call", "f", [1], {}], "data"]),
    ],
)
def test_names_and_items(text: str, expr: Expr) -> None:
    assert read(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("`plain`", "plain"),
        ("``", ""),
        ("`${a}/b/${c.d}`", ["text", ["name", "a"], "/b/", ["name", "c.d"]]),
        ("`${`${a}/b`}/c`", ["text", ["name", "a"], "/b/c"]),
        ("a + '/b' + '/c'", ["text", ["name", "a"], "/b/c"]),
        ("'a' + 1", "a1"),
        ("baseUrl + path", ["text", ["name", "baseUrl"], ["name", "path"]]),
        ("count + 1", UNKNOWN),
        ("'a' + (b > 1)", ["text", "a", UNKNOWN]),
    ],
)
def test_text(text: str, expr: Expr) -> None:
    assert read(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("process.env.PORT", ["env", "PORT"]),
        ("process.env['PORT']", ["env", "PORT"]),
        ("process.env.PORT!", ["env", "PORT"]),
        ("import.meta.env.PORT", ["env", "PORT"]),
        ("Deno.env.get('PORT')", ["env", "PORT"]),
        ("process.env[name]", ["item", ["name", "process.env"], ["name", "name"]]),
        ("this.config.get<string>('PORT', '1')", ["any", ["env", "PORT"], "1"]),
        ("cache.get('PORT')", ["call", "cache.get", ["PORT"], {}]),
        ("process.env.PORT || '1'", ["any", ["env", "PORT"], "1"]),
    ],
)
def test_the_environment(text: str, expr: Expr) -> None:
    assert read(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("a ?? b ?? 'c'", ["any", ["name", "a"], ["name", "b"], "c"]),
        ("x ? 'a' : 'b'", ["any", "a", "b"]),
        ("x ? a > 1 : b > 1", UNKNOWN),
        ("on && 'a'", ["any", "a"]),
    ],
)
def test_choices(text: str, expr: Expr) -> None:
    assert read(text) == expr


@pytest.mark.parametrize("text", ["('a')", "'a' as const", "'a' satisfies string", "'a'!", "await 'a'", "(('a'))!"])
def test_wrappers_are_transparent(text: str) -> None:
    assert read(text) == "a"


def test_casts_of_the_old_form() -> None:
    assert read("<Thing>'a'", "a.ts") == "a"


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("new URL('/a', base)", ["call", "URL", ["/a", ["name", "base"]], {}]),
        ("f(...a)", ["call", "f", [["spread", ["name", "a"]]], {}]),
        ("parts.join('')", ["call", "parts.join", [""], {}]),
        ("client().get('/a')", ["call", "client().get", ["/a"], {}]),
        ("sql`select ${a}`", ["call", "sql", [["text", "select ", ["name", "a"]]], {}]),
        ("useMemo(() => `${a}/b`, [a])", ["text", ["name", "a"], "/b"]),
        ("useCallback(() => 1, [])", ["fn", 1]),
    ],
)
def test_calls(text: str, expr: Expr) -> None:
    assert read(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("[1, ...a, /* x */ 'b']", ["list", 1, ["spread", ["name", "a"]], "b"]),
        (
            "{ a, 'b-c': 1, [d]: 2, ...e, f() { return 3 }, g: () => 4, h: x > 1 }",
            [
                "dict",
                ["a", ["name", "a"]],
                ["b-c", 1],
                [["name", "d"], 2],
                [None, ["name", "e"]],
                ["f", ["fn", 3]],
                ["g", ["fn", 4]],
                ["h", UNKNOWN],
            ],
        ),
    ],
)
def test_lists_and_objects(text: str, expr: Expr) -> None:
    assert read(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("() => {}", ["fn"]),
        ("async (x) => send(x)", ["fn", ["call", "send", [["name", "x"]], {}]]),
        ("() => ({ a: 1 })", ["fn", ["dict", ["a", 1]]]),
        ("function () { if (x) { return 1 } return 2 }", ["fn", 1, 2]),
        ("() => { const f = () => { return 1 }; return 2 }", ["fn", 2]),
        ("() => { if (a) return 1; if (b) return 2; if (c) return 3; return 4 }", ["fn", 1, 2, 3]),
        ("<Panel a={1}>x</Panel>", ["jsx", "Panel"]),
        ("<div/>", ["jsx", "div"]),
    ],
)
def test_functions_and_elements(text: str, expr: Expr) -> None:
    assert read(text) == expr


def test_long_lists_are_cut() -> None:
    assert len(read("[" + "1," * 500 + "]")) == ITEM_LIMIT + 1
