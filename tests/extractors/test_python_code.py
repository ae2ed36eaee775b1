"""Python: what code does (calls, assignments, returns, errors, locks) and the form of its expressions."""

from __future__ import annotations

import json
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.expressions import SIZE_LIMIT, Expr, decode_arguments, decode_expr
from kbgen.extractors import extract_file
from kbgen.model import Fact, SourceFile


def read(text: str, kind: str) -> list[Fact]:
    facts = extract_file(SourceFile("shop/cart.py", "b10b", textwrap.dedent(text)))
    assert not facts.skipped
    return [fact for fact in facts.facts if fact.kind == kind]


def value_of(expression: str, before: str = "") -> Expr:
    """What ``x = …`` binds; unknown when it binds nothing."""
    bound = [fact for fact in read(f"{before}\nx = {expression}\n", "binding") if fact.name == "x"]
    return decode_expr(bound[0].value) if bound else ["?"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' 'b'", "ab"),
        ("-3", -3),
        ("60 * 5", 300),
        ("1 + 2", 3),
        ("None", None),
        ("1e999", ["?"]),
        ("settings.api.url", ["name", "settings.api.url"]),
        ("get_client().base", ["name", "get_client().base"]),
        ("f'{base}/carts/{cart.id}'", ["text", ["name", "base"], "/carts/", ["name", "cart.id"]]),
        ("base + '/carts/' + f'{n}?a'", ["text", ["name", "base"], "/carts/", ["name", "n"], "?a"]),
        ("'a' + 'b'", "ab"),
        ("base_url + suffix", ["text", ["name", "base_url"], ["name", "suffix"]]),
        ("ROOT / 'carts.json'", ["text", ["name", "ROOT"], "/carts.json"]),
        ("'{}/{1}/{k}/{{}}'.format(a, b, k=1)", ["text", ["name", "a"], "/", ["name", "b"], "/", 1, "/{}"]),
        ("'{!'.format(a)", ["?"]),
        ("'%s/%d%%' % (a, 3)", ["text", ["name", "a"], "/", 3, "%"]),
        ("'%(host)s:80' % {'host': h}", ["text", ["name", "h"], ":80"]),
        ("'/'.join(['a', b])", ["text", "a/", ["name", "b"]]),
        ("os.environ['A']", ["env", "A"]),
        ("os.getenv('A')", ["env", "A"]),
        ("os.environ.get('A', 'b')", ["any", ["env", "A"], "b"]),
        ("os.getenv('A', default='b').rstrip('/')", ["any", ["env", "A"], "b"]),
        ("int(getenv('PORT', '80'))", ["any", ["env", "PORT"], "80"]),
        ("os.environ['A'] + path", ["text", ["env", "A"], ["name", "path"]]),
        ("a or os.getenv('B') or 'c'", ["any", ["name", "a"], ["env", "B"], "c"]),
        ("a if c else b", ["any", ["name", "a"], ["name", "b"]]),
        ("a and b", ["?"]),
        ("('a', *rest)", ["list", "a", ["spread", ["name", "rest"]]]),
        ("{'a': 1, **rest}", ["dict", ["a", 1], [None, ["name", "rest"]]]),
        ("{None: 1}", ["dict", [["?"], 1]]),
        ("dict(other, a=1)", ["dict", [None, ["name", "other"]], ["a", 1]]),
        ("{'a': 1} | other", ["dict", ["a", 1], [None, ["name", "other"]]]),
        ("[a] + more", ["list", ["name", "a"], ["spread", ["name", "more"]]]),
        ("one + more", ["list", ["spread", ["name", "one"]], ["spread", ["name", "more"]]]),
        ("list(more)", ["list", ["spread", ["name", "more"]]]),
        ("count + 1", ["?"]),
        ("d['k']", ["item", ["name", "d"], "k"]),
        ("d.get('k', 2)", ["any", ["item", ["name", "d"], "k"], 2]),
        ("redis_client.get('k')", ["call", "redis_client.get", ["k"], {}]),
        ("d[1:2]", ["?"]),
        ("lambda q: find(q)", ["fn", ["call", "find", [["name", "q"]], {}]]),
        ("[make(n) for n in ns]", ["list", ["call", "make", [["name", "n"]], {}]]),
        ("[n for n in ns if n]", ["list", ["spread", ["name", "ns"]]]),
        ("[n.id for n in ns]", ["?"]),
        ("{n: 1 for n in ns}", ["?"]),
        (
            "make(1, *a, k=2, **b)",
            ["call", "make", [1, ["spread", ["name", "a"]], ["spread", ["name", "b"]]], {"k": 2}],
        ),
        ("get_client().post('/a')", ["call", "get_client().post", ["/a"], {}]),
        ("self.clients['a'].post('/a')", ["call", "self.clients[].post", ["/a"], {}]),
        ("Agent[Deps, str]('m')", ["call", "Agent", ["m"], {}]),
        ("urljoin(base, '/a')", ["call", "urljoin", [["name", "base"], "/a"], {}]),
        ("os.path.join(base, 'a')", ["call", "os.path.join", [["name", "base"], "a"], {}]),
        ("len(a)", ["?"]),
        ("a == b", ["?"]),
        ("b'raw'", ["?"]),
    ],
)
def test_expressions_have_the_common_form(expression: str, expected: Expr) -> None:
    assert value_of(expression) == expected


def test_a_builtin_that_the_module_defines_itself_is_a_call() -> None:
    assert value_of("sum(a)", "from .totals import sum") == ["call", "sum", [["name", "a"]], {}]
    assert value_of("await_ or str(a)", "def str(a): return 1") == [
        "any",
        ["name", "await_"],
        ["call", "str", [["name", "a"]], {}],
    ]


def test_calls_tell_target_await_and_what_they_are_an_argument_of() -> None:
    calls = read(
        """
        app = Shop(make(1), plan=list(draft()))
        class Cart:
            def __init__(self):
                self.client: Client = Client()
            async def pay(self, items):
                receipt = await self.client.post("/pay", json={"n": 1})
                async with Session() as session:
                    (await session.fetch()).save()
                if (found := find(items)):
                    return found
                self.by_id["a"] = load()
        """,
        "call",
    )
    assert [(c.name, c.symbol, c.attr("target"), c.attr("awaited"), c.attr("in")) for c in calls] == [
        ("Shop", "", "app", "", ""),
        ("make", "", "", "", "Shop"),
        ("draft", "", "", "", "Shop"),
        ("Client", "Cart.__init__", "self.client", "", ""),
        ("self.client.post", "Cart.pay", "receipt", "yes", ""),
        ("Session", "Cart.pay", "session", "", ""),
        ("session.fetch", "Cart.pay", "", "yes", ""),
        ("session.fetch().save", "Cart.pay", "", "", ""),
        ("find", "Cart.pay", "found", "", ""),
        ("load", "Cart.pay", "self.by_id[]", "", ""),
    ]
    assert decode_arguments(calls[4].value) == (["/pay"], {"json": ["dict", ["n", 1]]})
    assert calls[6].value == ""


def test_links_of_a_chain_have_their_own_lines() -> None:
    calls = read("graph = (\n    Graph()\n    .add('a', run)\n    .compile()\n)\n", "call")
    assert [(c.name, c.line) for c in calls] == [("Graph", 2), ("Graph().add", 3), ("Graph().add().compile", 4)]
    assert [c.attr("target") for c in calls] == ["", "", "graph"]


def test_calls_that_only_reshape_are_left_out_and_doubtful_ones_stay() -> None:
    calls = read(
        """
        async def run(d, s, client, cache, redis):
            len(d); str(s); s.strip().lower(); ", ".join(d); d.items(); d.get("k", 1); s.encode("utf-8"); print()
            isinstance(d, dict); getattr(d, s); os.path.join(s, "a"); super()
            print(s); getattr(d, "name"); slugify(s); client.get("k"); d.get("/k"); d.get(s); redis.keys()
            jwt.decode(s, d)
            await d.get("k")
            await s.join()
        """,
        "call",
    )
    assert [c.name for c in calls] == [
        "print",
        "getattr",
        "slugify",
        "client.get",
        "d.get",
        "d.get",
        "redis.keys",
        "jwt.decode",
        "d.get",
        "s.join",
    ]


def test_a_test_keeps_what_it_does_and_not_what_it_expects() -> None:
    text = """
        {imports}
        def check(client):
            stub = MagicMock()
            stub.total.return_value = 3
            with pytest.raises(ValueError):
                reply = client.post("/carts")
            assert parse(reply) == 1
            self.assertEqual(reply, 1)
            assert await fetch()
        """
    text = text.replace("def check", "async def check")
    tested, plain = (
        read(text.replace("{imports}", imports), "call")
        for imports in ("from unittest.mock import MagicMock", "import x")
    )
    assert [c.name for c in tested] == ["client.post", "fetch"]
    assert {c.name for c in plain} == {
        "MagicMock",
        "pytest.raises",
        "client.post",
        "parse",
        "self.assertEqual",
        "fetch",
    }
    tested_names = [b.name for b in read(text.replace("{imports}", "import pytest"), "binding")]
    assert tested_names == []


def test_decorators_tell_what_they_stand_on_even_inside_a_function() -> None:
    text = """
        @dataclass(frozen=True)
        class Cart:
            @property
            def size(self): return 1
            @tool("Adds")
            def add(self): return 2
        @app.get("/carts", dependencies=[Depends(login)])
        def carts(): return 3
        def create_app():
            @sio.on("cart.paid")
            async def paid(): return 4
        """
    assert [(d.name, d.symbol, d.value, d.attr("on"), d.attr("target")) for d in read(text, "decorator")] == [
        ("dataclass", "Cart", '["args",[],{"frozen":true}]', "class", ""),
        ("tool", "Cart.add", '["args",["Adds"],{}]', "method", ""),
        (
            "app.get",
            "carts",
            '["args",["/carts"],{"dependencies":["list",["call","Depends",[["name","login"]],{}]]}]',
            "function",
            "",
        ),
        ("sio.on", "create_app", '["args",["cart.paid"],{}]', "function", "paid"),
    ]
    assert [(c.name, c.symbol, c.attr("in")) for c in read(text, "call")] == [("Depends", "carts", "app.get")]


def test_bindings_of_every_scope() -> None:
    found = read(
        """
        __all__ = ["Cart"]
        LIMIT: int = 3
        a, b = "x", make()
        class Cart:
            kind = "cart"
            def __init__(self, shop, name=None):
                self.shop = shop
                copy = shop
                nothing = None
                self.tags = ["a"]
                self.tags += ["b"]
                self.tags.append(shop.tag)
                self.by_id["k"] = shop
                self.by_id[name] = 1
                n += 1
        def create():
            class Local:
                size = 1
            def inner():
                depth = LIMIT
        """,
        "binding",
    )
    assert [(f.name, f.symbol, f.value, f.attrs) for f in found] == [
        ("LIMIT", "", "3", (("type", "int"),)),
        ("a", "", '"x"', ()),
        ("b", "", '["call","make",[],{}]', ()),
        ("kind", "Cart", '"cart"', ()),
        ("self.shop", "Cart.__init__", '["name","shop"]', ()),
        ("self.tags", "Cart.__init__", '["list","a"]', ()),
        ("self.tags", "Cart.__init__", '["list","b"]', (("aug", "yes"),)),
        ("self.tags", "Cart.__init__", '["list",["name","shop.tag"]]', (("aug", "yes"),)),
        ("self.by_id", "Cart.__init__", '["name","shop"]', (("item", "k"),)),
        ("self.by_id", "Cart.__init__", "1", (("item", '=["name","name"]'),)),
        ("depth", "create", '["name","LIMIT"]', ()),
    ]


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("for n in ['a', 'b']: pass", {"n": ["spread", ["list", "a", "b"]]}),
        ("for i, n in enumerate(('a', 'b')): pass", {"n": ["spread", ["list", "a", "b"]]}),
        (
            "for n, p in [('a', 1), ('b', 2)]: pass",
            {"n": ["spread", ["list", "a", "b"]], "p": ["spread", ["list", 1, 2]]},
        ),
        ("for n, p in {'a': 1}.items(): pass", {"n": ["spread", ["list", "a"]], "p": ["spread", ["list", 1]]}),
        ("for n in {'a': 1}.values(): pass", {"n": ["spread", ["list", 1]]}),
        ("for n in NAMES: pass", {"n": ["spread", ["name", "NAMES"]]}),
        (
            "for n, p in shop.PORTS.items(): pass",
            {"n": ["spread", ["name", "shop.PORTS"]], "p": ["item", ["name", "shop.PORTS"], ["name", "n"]]},
        ),
        ("for n in NAMES.values(): pass", {"n": ["item", ["name", "NAMES"], ["?"]]}),
        ("[make(n) for n in ('a', 'b')]", {"n": ["spread", ["list", "a", "b"]]}),
        ("for n in rows: pass", {}),
        ("for n in list(rows): pass", {}),
        ("for n in []: pass", {}),
    ],
)
def test_loops_over_what_is_written_down_bind_their_names(loop: str, expected: dict[str, Expr]) -> None:
    found = read(loop + "\n", "binding")
    assert {f.name: decode_expr(f.value) for f in found} == expected
    assert all(f.attr("loop") == "yes" for f in found)


def test_returns_are_those_of_the_definition_itself() -> None:
    found = read(
        """
        def tools(more):
            def inner(): return "not mine"
            if more:
                return [search, *more]
            elif x: return
            else: return None
            return BASE
        """,
        "return",
    )
    assert [(f.symbol, f.value, f.line) for f in found] == [
        ("tools", '["list",["name","search"],["spread",["name","more"]]]', 5),
        ("tools", '["name","BASE"]', 8),
    ]


def test_parameters_have_place_type_and_default() -> None:
    text = """
        class Cart:
            def add(self, plain, item: "Item", n=2, *rest: str, key: int = 3, **more: Any) -> "Line | None":
                def inner(hidden: int): pass
            @staticmethod
            def make(size: int): return 1
        def show(db: Annotated[Session, Depends(get_db)], user=Depends(get_user)): return 1
        """
    assert [(p.symbol, p.name, p.value, p.attrs) for p in read(text, "param")] == [
        ("Cart.add", "item", "", (("type", "Item"), ("index", "1"))),
        ("Cart.add", "n", "2", (("index", "2"),)),
        ("Cart.add", "*rest", "", (("type", "str"),)),
        ("Cart.add", "key", "3", (("type", "int"),)),
        ("Cart.add", "**more", "", (("type", "Any"),)),
        ("Cart.make", "size", "", (("type", "int"), ("index", "0"))),
        ("show", "db", "", (("type", "Annotated[Session, Depends(get_db)]"), ("index", "0"))),
        ("show", "user", '["call","Depends",[["name","get_user"]],{}]', (("index", "1"),)),
    ]
    assert [(c.name, c.symbol, c.attr("target")) for c in read(text, "call")] == [
        ("Depends", "show", "db"),
        ("Depends", "show", "user"),
    ]
    assert {s.symbol: s.attr("returns") for s in read(text, "symbol")} == {
        "Cart": "",
        "Cart.add": "Line | None",
        "Cart.make": "",
        "show": "",
    }


def test_fields_of_classes_and_members_of_enums() -> None:
    text = """
        class Cart(BaseModel):
            id: str
            size: Optional[int] = None
            tags: list[str] = Field(default_factory=list, alias="t")
            kind = "cart"
        class Status(str, Enum):
            SENT = "sent"
            _ignore_ = ["x"]
        """
    assert [(f.symbol, f.name, f.value, f.attrs) for f in read(text, "field")] == [
        ("Cart", "id", "", (("type", "str"),)),
        ("Cart", "size", "null", (("type", "Optional[int]"),)),
        (
            "Cart",
            "tags",
            '["call","Field",[],{"default_factory":["name","list"],"alias":"t"}]',
            (("type", "list[str]"),),
        ),
        ("Status", "SENT", '"sent"', (("member", "yes"),)),
    ]
    assert [f.name for f in read(text, "binding")] == ["kind", "_ignore_"]
    assert read(text, "call") == []


def test_errors_that_are_raised_and_caught() -> None:
    text = """
        def pay():
            try:
                raise errors.Declined("no", code=402) from cause
            except (ValueError, errors.Late) as late:
                raise late
            except KeyError:
                log.error("missing")
            except OSError as e:
                log.error(e)
                return None
            except TypeError:
                pass
            except RuntimeError:
                raise make_error(1)
            except:
                recover()
            raise
        """
    assert [(f.name, f.value) for f in read(text, "raise")] == [
        ("errors.Declined", '["args",["no"],{"code":402}]'),
        ("make_error", '["args",[1],{}]'),
    ]
    assert [(f.name, f.attr("does")) for f in read(text, "except")] == [
        ("ValueError errors.Late", "raise"),
        ("KeyError", "log"),
        ("OSError", "return"),
        ("TypeError", "pass"),
        ("RuntimeError", "raise"),
        ("", "other"),
    ]
    assert [c.name for c in read(text, "call")] == ["log.error", "log.error", "make_error", "recover"]


def test_context_managers_tell_what_is_already_held() -> None:
    text = """
        async def move(self):
            async with self._outer, lock_for(1):
                with self._inner:
                    def later():
                        with self._free: pass
            with open("a") as file: pass
        """
    assert [(f.name, f.value, f.attr("async"), f.attr("within")) for f in read(text, "with")] == [
        ("self._outer", '["name","self._outer"]', "yes", ""),
        ("", '["call","lock_for",[1],{}]', "yes", "self._outer"),
        ("self._inner", '["name","self._inner"]', "", "self._outer lock_for()"),
        ("self._free", '["name","self._free"]', "", ""),
        ("", '["call","open",["a"],{}]', "", ""),
    ]


def test_definitions_in_branches_are_found_wherever_they_stand() -> None:
    text = """
        if DEBUG:
            def dump(): return show()
        for each in ():
            def hidden(): return other()
        match kind:
            case "a" if ready(): start()
        while wait(): tick()
        """
    assert [(c.name, c.symbol) for c in read(text, "call")] == [
        ("show", "dump"),
        ("other", ""),
        ("ready", ""),
        ("start", ""),
        ("wait", ""),
        ("tick", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x = a" + ".b()" * 900 + "\n",
        "x = " + "[" * 80 + "f()" + "]" * 80 + "\n",
        "if a: f()\n" + "".join(f"elif a{n}: f{n}()\n" for n in range(300)),
        "x = [\n" + "{'a': f(1)},\n" * 3000 + "]\n",
        "x = '" + "long " * 4000 + "'\n",
        "x = '\\ud800' + y\nf('\\ud800', 'a\\x00')\n",
        "x = 0x" + "f" * 400 + "\n",
    ],
    ids=["chain", "nested", "elif", "many", "long", "surrogate", "huge"],
)
def test_hostile_code_is_read_within_limits(text: str) -> None:
    facts = extract_file(SourceFile("a.py", "b10b", text + "y = last(1)\n"))
    for fact in facts.facts:
        assert len(fact.value) <= SIZE_LIMIT
        fact.value.encode("utf-8")
    if not facts.skipped:
        assert any(fact.kind == "call" and fact.name == "last" for fact in facts.facts)


_NAMES = st.sampled_from(["a", "self.b", "C", "URL", "os.environ"])
_LEAVES = st.one_of(_NAMES, st.integers(0, 9).map(str), st.sampled_from(["'t'", "None", "'%s'", "'{}'"]))
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(_NAMES, inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, st.sampled_from(["+", "%", "or", "and", "/", "|", "=="]), inner).map(
            lambda p: f"({' '.join(p)})"
        ),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}: {p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]})[{p[1]}]"),
        st.tuples(inner, st.sampled_from(["strip", "get", "format", "copy", "post"]), inner).map(
            lambda p: f"({p[0]}).{p[1]}({p[2]})"
        ),
        inner.map(lambda e: f"[{e} for n in {e}]"),
        inner.map(lambda e: f"(lambda: {e})"),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_EXPRESSIONS)
def test_any_expression_gives_the_documented_form(expression: str) -> None:
    facts = extract_file(SourceFile("a.py", "b10b", f"def f():\n    return {expression}\n"))
    assert not facts.skipped
    for fact in facts.facts:
        if fact.kind in ("call", "return"):
            if fact.kind == "call" and fact.value:
                assert json.loads(fact.value)[0] == "args"
            _check(json.loads(fact.value) if fact.value else 0)


def _check(expr: Expr) -> None:
    if not isinstance(expr, list):
        assert expr is None or isinstance(expr, (str, int, float, bool))
        return
    tag, rest = expr[0], expr[1:]
    if tag in ("name", "env"):
        assert [type(part) for part in rest] == [str]
    elif tag in ("call", "args"):
        positional, keywords = rest[-2:]
        for part in (*positional, *keywords.values()):
            _check(part)
    elif tag == "dict":
        for key, value in rest:
            _check(key)
            _check(value)
    else:
        assert tag in ("text", "any", "list", "item", "spread", "fn", "?")
        for part in rest:
            _check(part)
