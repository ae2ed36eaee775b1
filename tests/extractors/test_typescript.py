"""TypeScript, TSX and JavaScript: definitions, imports, uses, tests, routes, environment, stand-ins."""

from __future__ import annotations

import textwrap

import pytest

from kbgen.extractors import extract_file, parse_references
from kbgen.model import Fact, SourceFile


def read(text: str, kind: str, path: str = "web/cart.tsx") -> list[Fact]:
    facts = extract_file(SourceFile(path, "b10b", textwrap.dedent(text)))
    return [fact for fact in facts.facts if fact.kind == kind]


def uses(text: str, role: str) -> set[str]:
    return {use.name for fact in read(text, "reference") if fact.name == role for use in parse_references(fact)}


@pytest.mark.parametrize(
    ("text", "name", "kind", "exported"),
    [
        ("export function Card() { return <a/> }", "Card", "component", "yes"),
        ("export default function Card() { return <a/> }", "Card", "component", "yes"),
        ("const Card = memo(() => <a/>)", "Card", "component", "no"),
        ("export const Card = forwardRef<A, B>((p, r) => <a/>)", "Card", "component", "yes"),
        ("const Card = () => <a/>; export default Card", "Card", "component", "yes"),
        ("export function Parse() { return 1 }", "Parse", "function", "yes"),
        ("export const useCart = () => 1", "useCart", "hook", "yes"),
        ("export function useCart() {}", "useCart", "hook", "yes"),
        ("export const user = () => 1", "user", "function", "yes"),
        ("export const LIMIT = 3 as const", "LIMIT", "constant", "yes"),
        ("const labels = {}; export { labels }", "labels", "const", "yes"),
        ("export const { a, b: c } = f()", "c", "const", "yes"),
        ("export interface A {}", "A", "interface", "yes"),
        ("export type A = string", "A", "type", "yes"),
        ("export const enum A { X }", "A", "enum", "yes"),
        ("export abstract class A {}", "A", "class", "yes"),
        ("declare function f(): void", "f", "function", "no"),
        ("export default class { m() {} }", "default", "class", "yes"),
        ("module.exports = { f }; function f() {}", "f", "function", "yes"),
    ],
)
def test_definitions(text: str, name: str, kind: str, exported: str) -> None:
    found = {s.symbol: (s.attr("kind"), s.attr("exported")) for s in read(text, "symbol")}
    assert found[name] == (kind, exported)


def test_members_know_their_class_their_decorators_and_their_visibility() -> None:
    symbols = read(
        """
        export class A extends B<C> implements D {
          static MAX = 1;
          name = 'x';
          @Get() // a comment between
          list() { return 1 }
          handler = async () => 1;
          private hidden() { return 1 }
        }
        """,
        "symbol",
    )
    by_name = {s.symbol: s for s in symbols}
    assert set(by_name) == {"A", "A.MAX", "A.list", "A.handler", "A.hidden"}
    assert by_name["A"].attr("bases") == "B D"
    assert by_name["A.list"].attr("decorators") == "Get"
    assert by_name["A.hidden"].attr("exported") == "no"
    assert by_name["A.handler"].attr("exported") == "yes"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a from './x'", [("default", "./x", "a", "")]),
        ("import { a as b, type C } from 'x'", [("a", "x", "b", ""), ("C", "x", "", "")]),
        ("import * as a from 'x'", [("*", "x", "a", "")]),
        ("import './x.css'", [("", "./x.css", "", "")]),
        ("export * from './x'", [("*", "./x", "", "yes")]),
        ("export { a as b } from './x'", [("a", "./x", "b", "yes")]),
        ("import { a } from './x'; export { a }", [("a", "./x", "", ""), ("a", "./x", "", "yes")]),
        ("const a = require('x')", [("*", "x", "a", "")]),
        ("const { a, b: c } = require('x')", [("a", "x", "", ""), ("b", "x", "c", "")]),
        ("const A = lazy(() => import('./A'))", [("*", "./A", "", "")]),
    ],
)
def test_imports(text: str, expected: list[tuple[str, str, str, str]]) -> None:
    found = [(f.name, f.value, f.attr("alias"), f.attr("reexport")) for f in read(text, "import")]
    assert sorted(found) == sorted(expected)


def test_uses_leave_out_definitions_imports_reexports_and_prose() -> None:
    text = """
        import { Used, Unused } from './x';
        export { Passed } from './y';
        // Ghost in a comment
        export function Own({ prop }: Props) {
          const local = Used('Ghost in prose', './lazy/file');
          const { fromHook } = local.useThing();
          return <Panel.Body title={prop}>Ghost text</Panel.Body>;
        }
        """
    assert uses(text, "name") == {"Used", "Panel"}
    assert uses(text, "type") == {"Props"}
    assert uses(text, "member") == {"useThing", "fromHook", "prop", "Body"}
    assert uses(text, "string") == {"./lazy/file"}


def test_an_imported_name_that_is_also_local_somewhere_still_counts() -> None:
    assert "item" in uses("import { item } from './x';\nconst f = (item) => 1;\nitem();\n", "name")


@pytest.mark.parametrize(
    ("call", "cases"),
    [
        ("it('a', () => {})", 1),
        ("it.each([[1]])('a %i', () => {})", 1),
        ("it.each`a\n${1}`('a', () => {})", 1),
        ("test.only.each([1])('a', () => {})", 1),
        ("test.skipIf(x)('a', () => {})", 1),
        ("test.todo('a')", 1),
        ("test(`a ${b}`, async () => {})", 1),
        ("test(name, () => {})", 1),
        ("test.skip()", 0),
        ("test.skip(true, 'why')", 0),
        ("test.describe('a', () => {})", 0),
        ("test.step('a', () => {})", 0),
        ("test.use({ a: 1 })", 0),
        ("const test = base.extend({})", 0),
        ("/a/.test('b')", 0),
        ("suite.it('a', () => {})", 0),
        ("items.map((it) => it.id)", 0),
    ],
)
def test_cases(call: str, cases: int) -> None:
    assert len(read(call, "test_case", "cart.test.ts")) == cases


def test_nest_routes_join_controller_and_method() -> None:
    routes = read(
        """
        @Controller({ path: 'carts', version: '1' })
        export class A {
          @Get() list() { return 1 }
          @UseGuards(G) @Patch([':id', 'x']) edit() { return 1 }
        }
        class NoController { @Get('y') a() { return 1 } }
        """,
        "route",
        "api/a.controller.ts",
    )
    assert [(r.value, r.symbol) for r in routes] == [
        ("GET /carts", "A.list"),
        ("PATCH /carts/:id", "A.edit"),
        ("PATCH /carts/x", "A.edit"),
    ]


def test_server_routes_are_told_from_client_calls() -> None:
    text = "app.get('/a', (q, s) => 1); axios.get('/b', {}); router.post('/c', guard, handle); app.get('env');"
    assert [r.value for r in read(text, "route")] == ["GET /a", "POST /c"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("app/api/[...all]/route.ts", "export async function GET() {}\nexport const POST = f", ["GET", "POST"]),
        ("web/src/app/(a)/b/[id]/page.tsx", "export default function P() {}", ["PAGE /b/{id}"]),
        ("app/page.tsx", "export default function P() {}", ["PAGE /"]),
        ("pages/api/x.ts", "export default function h() {}", ["ANY /api/x"]),
        ("pages/_app.tsx", "export default function h() {}", []),
        ("lib/route.ts", "export function GET() {}", []),
    ],
)
def test_file_system_routes(path: str, text: str, expected: list[str]) -> None:
    found = [route.name for route in read(text, "route", path)]
    assert [name[: len(want)] for name, want in zip(found, expected, strict=True)] == expected


def test_environment_reads_have_their_defaults() -> None:
    found = read(
        """
        const a = process.env.A || 'x';
        const b = process.env['B'] ?? 3;
        const c = process.env.C!;
        process.env.WRITTEN = 'x';
        const d = import.meta.env.VITE_D;
        const e = this.config.get<string>('E_URL', 'y');
        const f = cache.get('NOT_ENV');
        const { G_KEY } = process.env;
        """,
        "env",
        "a.ts",
    )
    assert [(e.name, e.value) for e in found] == [
        ("A", "'x'"),
        ("B", "3"),
        ("C", ""),
        ("VITE_D", ""),
        ("E_URL", "'y'"),
        ("G_KEY", ""),
    ]


def test_stand_ins() -> None:
    mocks = read(
        """
        export const getMockCart = () => 1;
        async function loadCart() {
          await new Promise((resolve) => setTimeout(resolve, 500));
          return { total: Math.random() * 100, id: Math.random() };
        }
        async function loadWithRetry() {
          await new Promise((r) => setTimeout(r, 500));
          return await fetch('/x');
        }
        const sleep = async (ms) => { await new Promise((r) => setTimeout(r, ms)); };
        class A { pay() { throw new Error('Not implemented yet'); } }
        // The input shows a placeholder while loading
        // TODO: Replace with actual API call
        const x = 1;
        """,
        "mock",
        "a.ts",
    )
    assert [(m.symbol, m.attr("reason")) for m in mocks] == [
        ("getMockCart", "name"),
        ("loadCart", "timer"),
        ("loadCart", "random"),
        ("A.pay", "not-implemented"),
        ("x", "comment"),
    ]


def test_comments_of_a_definition_name_it() -> None:
    remarks = read("/**\n * Story: SHIP-1.2\n */\nexport function f() {}\n", "comment", "a.ts")
    assert [(r.value, r.symbol, r.name) for r in remarks] == [("Story: SHIP-1.2", "f", "docstring")]


def test_a_syntax_error_is_noted_and_the_rest_read() -> None:
    facts = extract_file(SourceFile("a.ts", "b10b", "export const a = 1;\nconst = = ;\nexport function b() {}\n"))
    assert {"a", "b"} <= {f.symbol for f in facts.facts if f.kind == "symbol"}
    assert "line 2" in facts.skipped[0].why
