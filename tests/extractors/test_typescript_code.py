"""TypeScript: calls, bindings, parameters, fields, decorators, elements and errors, word for word."""

from __future__ import annotations

import textwrap

import pytest

from kbgen.expressions import decode_arguments, decode_expr
from kbgen.extractors import extract_file
from kbgen.model import Fact, SourceFile


def read(text: str, kind: str, path: str = "web/cart.tsx") -> list[Fact]:
    facts = extract_file(SourceFile(path, "b10b", textwrap.dedent(text)))
    return [fact for fact in facts.facts if fact.kind == kind]


def call_names(text: str) -> list[str]:
    return sorted(fact.name for fact in read(text, "call"))


def find_call(text: str, name: str) -> Fact:
    return next(fact for fact in read(text, "call") if fact.name == name)


def test_a_call_keeps_its_arguments_and_the_definition_around_it() -> None:
    text = """
    class Shop {
      async pay(order: Order) {
        const receipt = await this.bank.charge(order.id, { amount: 3, retry: true });
        setTimeout(() => log(receipt), 10);
      }
    }
    """
    call = find_call(text, "this.bank.charge")
    assert decode_arguments(call.value)[0] == [["name", "order.id"], ["dict", ["amount", 3], ["retry", True]]]
    assert (call.symbol, call.line) == ("Shop.pay", 4)
    assert call.attrs == (("target", "receipt"), ("awaited", "yes"))
    assert find_call(text, "log").symbol == "Shop.pay"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("f()", "f"),
        ("a.b.c()", "a.b.c"),
        ("a?.b!.c()", "a.b.c"),
        ("a\n  // why\n  .b()", "a.b"),
        ("getClient().post('/x')", "getClient().post"),
        ("new Pool(1).run()", "Pool().run"),
        ("(await open()).close()", "open().close"),
        ("rows[0].load()", "rows[].load"),
        ("this.db['users'].insert({})", "this.db.users.insert"),
        ("await load<Thing[]>(1)", "load"),
        ("make()()", "make()"),
        ("sql`select 1`", "sql"),
        ("super(name)", "super"),
    ],
)
def test_callees_are_dotted_names(text: str, name: str) -> None:
    assert name in call_names(text)


@pytest.mark.parametrize(
    ("text", "attrs"),
    [
        ("const a = f()", {"target": "a"}),
        ("const { data, error: failure = 1, ...rest } = f()", {"target": "{data,error:failure,...rest}"}),
        ("const [a, , b] = f()", {"target": "[a,b]"}),
        ("this.x = f() as X", {"target": "this.x"}),
        ("const a = (await f())!", {"target": "a", "awaited": "yes"}),
        ("const a = await f<T>()", {"target": "a", "awaited": "yes"}),
        ("await f().then((r) => r)", {"awaited": "yes"}),
        ("app.use(f())", {"in": "app.use"}),
        ("app.use(await f())", {"in": "app.use", "awaited": "yes"}),
    ],
)
def test_what_surrounds_a_call(text: str, attrs: dict[str, str]) -> None:
    assert dict(find_call(text, "f").attrs) == attrs


def test_constructors_are_calls() -> None:
    assert dict(find_call("const q = new Queue('mail')", "Queue").attrs) == {"target": "q", "new": "yes"}


@pytest.mark.parametrize(
    "text",
    [
        "rows.map((row) => row.id)",
        "name.trim().toLowerCase()",
        "JSON.stringify(x)",
        "Object.keys(x)",
        "Math.max(1, 2)",
        "parseInt(x, 10)",
        "new Date()",
        "new Map([[1, 2]])",
        "rows.push({ id: 1 })",
        "Promise.all(jobs)",
        "const body = await response.json()",
        "import('./x')",
        "const fs = require('fs')",
        "const [open, setOpen] = useState(false); setOpen(true)",
        "cn('a', b && 'c')",
        "import { z } from 'zod'; z.object({ a: z.string().min(1) })",
        "(() => {})()",
    ],
)
def test_calls_that_only_reshape_are_left_out(text: str) -> None:
    assert call_names(text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rows.map((row) => save(row))", ["save"]),
        ("fetch('/a').then((r) => r.json()).catch(() => report())", ["fetch", "report"]),
        ("useEffect(() => { load() }, [])", ["load"]),
        ("Promise.all([a(), b()])", ["a", "b"]),
        ("repo.find({ where: { id } })", ["repo.find"]),
        ("await repo.find(id)", ["repo.find"]),
        ("router.push('/home'); history.replace(url); socket.join('room')", None),
        ("map.set(1, 2); map.get(1); bus.emit('a'); bus.on('a', f); queue.add('job')", None),
        ("console.log('x'); this.logger.warn('y')", None),
        ("render(1); act(2)", ["act", "render"]),
    ],
)
def test_calls_that_do_something_are_kept(text: str, names: list[str] | None) -> None:
    if names is None:
        names = sorted(part.partition("(")[0].strip() for part in text.split(";"))
    assert call_names(text) == names


def test_the_vocabulary_of_tests_is_left_out_of_tests_only() -> None:
    text = """
    describe('cart', () => {
      beforeEach(() => { vi.clearAllMocks(); api.mockResolvedValue(1) });
      it('adds', async () => {
        const cart = open();
        expect(await cart.add(1)).toBe(2);
        expect(screen.getByText('1')).toBeVisible();
      });
    });
    """
    assert call_names(text) == ["cart.add", "open"]
    assert read(text, "binding") == []


@pytest.mark.parametrize(
    ("text", "symbol", "name", "value"),
    [
        ("const url = `${BASE}/x`", "", "url", ["text", ["name", "BASE"], "/x"]),
        ("export default { a: 1 }", "", "default", ["dict", ["a", 1]]),
        ("module.exports = { a: 1 }", "", "module.exports", ["dict", ["a", 1]]),
        ("class A { static size = 3 }", "A", "size", 3),
        ("class A { #host = 'h' }", "A", "host", "h"),
        ("class A { m() { this.x = make() } }", "A.m", "this.x", ["call", "make", [], {}]),
        ("class A { constructor(x) { this.x = x } }", "A.constructor", "this.x", ["name", "x"]),
        ("function f() { let a; a = 1 }", "f", "a", 1),
        ("function f() { const g = (i) => `/x/${i}` }", "f", "g", ["fn", ["text", "/x/", ["name", "i"]]]),
        ("function f() { const { url: u } = this.config }", "f", "u", ["name", "this.config.url"]),
        ("const { PORT = '1' } = process.env", "", "PORT", ["any", ["env", "PORT"], "1"]),
        ("const { a: b, ...c } = settings", "", "b", ["name", "settings.a"]),
    ],
)
def test_bindings(text: str, symbol: str, name: str, value: object) -> None:
    (fact,) = (fact for fact in read(text, "binding") if fact.name == name)
    assert (fact.symbol, decode_expr(fact.value)) == (symbol, value)


@pytest.mark.parametrize(
    "text",
    [
        "function f(a) { const b = a }",
        "function f({ a }) { const b = x > 1 }",
        "const f = () => 1",
        "function f() { const g = () => { h() } }",
        "let a",
        "const a = <p/>",
    ],
)
def test_bindings_that_say_nothing_are_left_out(text: str) -> None:
    assert read(text, "binding") == []


def test_an_assigned_item_has_its_key_and_a_variable_its_type() -> None:
    assert read("table['a'] = 1", "binding")[0].attrs == (("item", "a"),)
    assert read("table[key] = 1", "binding")[0].attrs == (("item", "key"),)
    assert read("let io: Server | null = null", "binding")[0].attrs == (("type", "Server | null"),)


def test_parameters() -> None:
    text = """
    export class Mailer {
      constructor(
        @InjectQueue('mail') private readonly queue: Queue<Mail>,
        config: Config,
        bare,
        retries = 3,
        ...rest: string[]
      ) {}
    }
    """
    found = {p.name: (p.symbol, dict(p.attrs), p.value) for p in read(text, "param")}
    where = "Mailer.constructor"
    assert found == {
        "queue": (where, {"type": "Queue<Mail>", "index": "0", "property": "yes"}, ""),
        "config": (where, {"type": "Config", "index": "1"}, ""),
        "retries": (where, {"index": "3"}, "3"),
        "...rest": (where, {"type": "string[]", "index": "4"}, ""),
    }
    (decorator,) = read(text, "decorator")
    assert (decorator.name, decorator.symbol) == ("InjectQueue", where)
    assert dict(decorator.attrs) == {"on": "parameter", "target": "queue"}
    assert decode_arguments(decorator.value) == (["mail"], {})


def test_this_is_no_parameter() -> None:
    assert [(p.name, p.attr("index")) for p in read("function f(this: A, b: B) {}", "param")] == [("b", "0")]


def test_decorators_name_what_they_decorate() -> None:
    text = """
    @Controller({ path: 'mail' })
    export class Mail {
      @Inject(BOX) box: Box;
      @Get(':id') // one
      @UseGuards(Auth, Roles)
      read() {}
      @OnEvent('sent')
      handle = () => 1;
    }
    """
    found = {
        (d.name, d.symbol, d.attr("on"), d.attr("target")): decode_arguments(d.value)[0]
        for d in read(text, "decorator")
    }
    assert found == {
        ("Controller", "Mail", "class", ""): [["dict", ["path", "mail"]]],
        ("Inject", "Mail", "property", "box"): [["name", "BOX"]],
        ("Get", "Mail.read", "method", ""): [":id"],
        ("UseGuards", "Mail.read", "method", ""): [["name", "Auth"], ["name", "Roles"]],
        ("OnEvent", "Mail.handle", "method", ""): ["sent"],
    }
    assert call_names(text) == []


def test_calls_in_the_arguments_of_a_decorator_are_told() -> None:
    call = find_call("@Use(Files('f'))\nclass A {}", "Files")
    assert call.attr("in") == "Use"


def test_fields() -> None:
    text = """
    class A { private readonly box: Box; size: number = 3; plain = 1 }
    export enum Color { Red, Blue = 'blue' }
    export interface Event { id: string; tags?: string[]; close(): void }
    interface Hidden { id: string }
    """
    found = {(f.symbol, f.name): (f.value, dict(f.attrs)) for f in read(text, "field")}
    assert found == {
        ("A", "box"): ("", {"type": "Box"}),
        ("A", "size"): ("3", {"type": "number"}),
        ("Color", "Red"): ("", {"member": "yes"}),
        ("Color", "Blue"): ('"blue"', {"member": "yes"}),
        ("Event", "id"): ("", {"type": "string"}),
        ("Event", "tags"): ("", {"type": "string[]"}),
    }


def test_returns_are_those_of_the_definition_itself() -> None:
    text = """
    function url(id: string) {
      if (!id) return null;
      const inner = () => { return 'not mine' };
      return `/x/${id}`;
    }
    const short = () => call(1);
    const Card = () => <p/>;
    """
    found = [(f.symbol, decode_expr(f.value)) for f in read(text, "return")]
    assert found == [("url", ["text", "/x/", ["name", "id"]]), ("short", ["call", "call", [1], {}])]


def test_what_a_function_is_said_to_return() -> None:
    text = """
    export async function f(): Promise<Order[]> {}
    const g = (x: A): x is B => true;
    abstract class C { abstract m(): D; n() {} }
    """
    found = {s.symbol: s.attr("returns") for s in read(text, "symbol") if s.attr("returns")}
    assert found == {"f": "Promise<Order[]>", "g": "x is B", "C.m": "D"}


def test_elements() -> None:
    text = """
    export function Page() {
      return (
        <Layout.Main className="wide" title={`Hi ${name}`} open {...rest}>
          <Chat url="/api/chat" onSend={() => send(1)} key="1" />
          <a href="/home" className="x">Home</a>
          <a>none</a>
          <div id="1" />
          <></>
        </Layout.Main>
      );
    }
    """
    found = {e.name: (decode_arguments(e.value)[1], e.attr("spread")) for e in read(text, "jsx")}
    assert found == {
        "Layout.Main": ({"title": ["text", "Hi ", ["name", "name"]], "open": True}, "yes"),
        "Chat": ({"url": "/api/chat", "onSend": ["fn", ["call", "send", [1], {}]]}, ""),
        "a": ({"href": "/home"}, ""),
    }
    assert {e.symbol for e in read(text, "jsx")} == {"Page"}


def test_errors() -> None:
    text = """
    function f() {
      try { g() } catch (error) { throw new NotFound(`no ${id}`, { cause: error }) }
      try { g() } catch { }
      try { g() } catch (e) { console.error(e); }
      try { g() } catch (e) { console.error(e); return null; }
      try { g() } catch (e) { recover(e) }
      throw e;
    }
    """
    (thrown,) = read(text, "raise")
    assert (thrown.name, thrown.symbol) == ("NotFound", "f")
    assert decode_arguments(thrown.value)[0] == [
        ["text", "no ", ["name", "id"]],
        ["dict", ["cause", ["name", "error"]]],
    ]
    assert [e.attr("does") for e in read(text, "except")] == ["raise", "pass", "log", "return", "other"]
    assert "NotFound" not in call_names(text)


def test_a_broken_file_gives_what_it_can() -> None:
    facts = extract_file(SourceFile("a.ts", "b10b", "send('a');\nfunction ( {{{\nsend('b')"))
    assert facts.skipped
    assert [fact.name for fact in facts.facts if fact.kind == "call"][:1] == ["send"]


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".b()" * 2_000,
        "f(" * 400 + "1" + ")" * 400,
        "const a = " + "'x' + " * 2_000 + "'y'",
        "const a = " + "[" * 400 + "]" * 400,
        "const f = " + "() => " * 400 + "1",
        "const { a" + ": { a" * 300 + " }" * 300 + " } = f()",
    ],
)
def test_no_depth_exhausts_the_stack(text: str) -> None:
    facts = extract_file(SourceFile("a.ts", "b10b", text))
    assert [note for note in facts.skipped if "nested" in note.why] == []


def test_facts_do_not_depend_on_the_run() -> None:
    text = "// one line\n// and another of this remark\nconst a = f(g(1), h(2));\n// a third remark stands here"
    first = extract_file(SourceFile("a.ts", "b10b", text)).facts
    assert all(extract_file(SourceFile("a.ts", "b10b", text)).facts == first for _ in range(20))
    assert len([fact for fact in first if fact.kind == "comment"]) == 2
