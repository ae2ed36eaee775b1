"""Which HTTP calls a program makes, and to what: method, base and path, wrappers followed to those who call them.

The signal rules say which calls are HTTP (kind ``http_call``, section "http clients" of ``signals.yaml``). Here their
URLs are put together from constants, templates, base URLs of clients and the arguments of wrappers.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kbgen.expressions import (
    UNKNOWN,
    Expr,
    decode_arguments,
    decode_expr,
    encode_expr,
    find_argument,
    find_key,
    is_unknown,
    tag_of,
    walk_expr,
)
from kbgen.join.layout import PY_SUFFIXES
from kbgen.join.program import Folded, Place, Program
from kbgen.join.receivers import Made, Receivers
from kbgen.join.url_texts import list_texts
from kbgen.join.urls import list_segments, split_url
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

_LEVELS = 3
"""Wrappers around wrappers that are followed."""
_CALLERS = 400
"""Call sites of one wrapper."""
_CHOICES = 4
"""Texts of one URL that become calls of their own."""
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "WEBSOCKET"})
_BASE_WORDS = ("base_url", "baseURL", "baseUrl", "prefixUrl", "prefix_url", "prefix", "baseuri", "base_uri")
_URL_WORDS = LazyPattern(
    r"^(?:.*_)?(?:url|uri|path|pathname|endpoint|route|href|resource|input|address|target)$"
    r"|(?:Url|URL|Uri|Path|Endpoint|Route|Resource)$"
)
"""Parameters that stand for a whole path rather than one segment of it."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A call while its URL is put together; `url` and `method` may hold parameters of the definition around it."""

    fact: Fact
    """The raw or derived fact whose place the call stands at."""
    scope: Place
    url: str
    method: str
    """Upper case, a text with holes, or empty when nothing says it."""
    base: str
    """What the client puts before a path of its own."""
    default: str
    """The method when nothing says another."""
    passes_options: bool
    """What the caller gives as options may name the method."""
    certain: bool
    headers: tuple[str, ...]
    via: tuple[str, ...]
    rule: str
    library: str


def find_client_calls(program: Program, derived: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Every HTTP call of production code, in order of path and line; a wrapper stands for nothing itself.

    Kind ``client_call``, name ``METHOD url``. Attributes: method (``WEBSOCKET`` too), url (text with holes), base
    (``""`` for the own origin, ``http://host:8000``, ``{env:VAR|default}``, another hole), path (``/seg/{}``, ``""``
    when not known), key ``http:METHOD:/seg/{}``, certain (yes or no), side (browser, server, or empty), headers (names,
    blank-joined; ``?`` when there may be more), via (``path:line`` of the wrappers, outermost first), rule, library.
    """
    reader = _Reader(program)
    found = [fact for fact in derived if fact.kind == "http_call" and not program.is_test(fact.path)]
    found += reader.find_entered(found)
    drafts = [whole for fact in found for draft in reader.read(fact) for whole in reader.follow(draft, _LEVELS, ())]
    facts = dict.fromkeys(reader.finish(draft) for draft in drafts)
    return tuple(sorted(facts, key=lambda f: (f.path, f.line, f.symbol, f.name, f.attrs)))


class _Reader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.receivers = Receivers(program)
        self._params: dict[Place, Mapping[str, int]] = {}
        self._sides: dict[str, str] = {}
        self._methods: dict[str, list[Fact]] | None = None
        """Calls on something, by the name of the method."""

    # ---------------------------------------------------------------------------- context managers

    def find_entered(self, found: Sequence[Fact]) -> list[Fact]:
        """Calls on what a context manager gave, ``async with AsyncClient() as client``, that no rule has seen."""
        known = {(fact.path, fact.line, fact.attr("callee")) for fact in found}
        entered: list[Fact] = []
        for call in self.program.list_facts("call"):
            receiver, _, last = call.name.rpartition(".")
            if last not in _PYTHON_VERBS or not receiver or not call.path.endswith(PY_SUFFIXES):
                continue
            if (call.path, call.line, call.name) in known:
                continue
            made = self._find_entered(call, receiver)
            if made is None:
                continue
            position = 1 if last in ("request", "stream", "build_request") else 0
            positional, words = decode_arguments(call.value)
            attrs = [("rule", "http-python-entered"), ("callee", call.name), ("url_in", f"url {position}")]
            method = find_argument(positional, words, "method", 0) if position else UNKNOWN
            for key, expr in (("method", method), ("headers", words.get("headers", UNKNOWN))):
                if not is_unknown(expr):
                    attrs.append((key, expr if isinstance(expr, str) else "=" + encode_expr(expr)))
            entered.append(Fact("http_call", call.name, call.path, call.line, "", call.symbol, "", tuple(attrs)))
        return entered

    def _find_entered(self, call: Fact, name: str) -> Made | None:
        """The call that made the client, when ``with`` named it: a constructor, or a function that gives a client."""
        rows = [
            f
            for f in self.program.list_within(call.path, call.symbol, "call")
            if f.attr("target") == name and f.line <= call.line
        ]
        for row in sorted(rows, key=lambda f: -f.line)[:1]:
            types = self.receivers.find(row.path, row.symbol, row.name + "()").types
            if any(_PYTHON_CLIENT.search(one) for one in types):
                positional, words = decode_arguments(row.value)
                return Made((row.path, row.symbol), row.name, tuple(positional), tuple(words.items()))
        return None

    # ------------------------------------------------------------------------------------- one call

    def read(self, fact: Fact) -> Iterator[_Draft]:
        """The calls that one ``http_call`` may be: one for each text of its URL."""
        scope = (fact.path, fact.symbol)
        callee = fact.attr("callee")
        options = _read_attr(fact, "options")
        methods, default = self._read_methods(scope, fact, callee)
        made = self._find_made(fact, callee)
        bases = self._find_bases(made)
        headers = self._list_headers(scope, _read_attr(fact, "headers"))
        headers += self._list_headers(scope, find_key(options, "headers"))
        if made is not None:
            headers += self._list_made_headers(made)
        if tag_of(options) == "name" or _has_spread(options):
            headers += ("?",)
        texts = list_texts(self.program, scope, self._find_url(fact, callee), fact)
        passes = tag_of(options) == "name" or _has_spread(options)
        for text in self._choose(scope, texts):
            for base in bases or ("",):
                url = text.text
                if base and not url.startswith("{") and not split_url(url).base:
                    url, base = _join(base, url), ""
                certain = text.certain and len(bases) <= 1 and len(methods) == 1
                rule, library = fact.attr("rule"), fact.attr("library")
                for method in methods:
                    yield _Draft(fact, scope, url, method, base, default, passes, certain, headers, (), rule, library)

    def _find_url(self, fact: Fact, callee: str) -> Expr:
        """The URL as the call writes it; what the rule folded is less than can be known of it."""
        wanted = [int(word) if word.isdigit() else word for word in fact.attr("url_in").split()]
        expr = find_argument(*self._find_arguments(fact, callee), *wanted) if wanted else UNKNOWN
        return _read_attr(fact, "url") if is_unknown(expr) else expr

    def _find_arguments(self, fact: Fact, callee: str) -> tuple[list[Expr], dict[str, Expr]]:
        """The arguments of the raw call behind an ``http_call``."""
        for call in self.program.list_within(fact.path, fact.symbol, "call"):
            if call.line == fact.line and call.name == callee:
                return decode_arguments(call.value)
        return [], {}

    def _read_methods(self, scope: Place, fact: Fact, callee: str) -> tuple[tuple[str, ...], str]:
        """(the methods that it may be, with holes; the one that counts when nothing says it)."""
        last = callee.rpartition(".")[2].upper()
        default = fact.attr("default") or (last if last in _METHODS else "GET")
        default = {"DEL": "DELETE", "GETJSON": "GET", "WS_CONNECT": "WEBSOCKET"}.get(default, default)
        written = _read_attr(fact, "method")
        if written is None or is_unknown(written):
            # Given as something that nobody can read, ``method.upper()``: most likely the parameter of that name.
            positional, words = self._find_arguments(fact, callee)
            given = "method" in words or any(_has_key(argument, "method") for argument in positional)
            if given or last in ("REQUEST", "STREAM", "BUILD_REQUEST"):
                return ("{method}" if "method" in self._list_params(scope) else "{}",), default
            return ("",), default
        texts = [f.text for f in self._fold(scope, written)]
        methods = dict.fromkeys(text.upper() if "{" not in text else text for text in texts)
        known = tuple(method for method in methods if method in _METHODS)
        return (
            known[:_CHOICES] if len(known) == len(methods) else ("{}",) if len(methods) > 1 else tuple(methods)
        ), default

    def _choose(self, scope: Place, texts: Sequence[Folded]) -> list[Folded]:
        """Texts that say something; one with an unknown base only where none does without."""
        found = _unique(texts)
        params = self._list_params(scope)
        clean = [one for one in found if all(hole in params for hole in _list_holes(split_url(one.text).base))]
        return clean or found

    def _fold(self, scope: Place, expr: Expr) -> list[Folded]:
        if isinstance(expr, str):
            return [Folded(expr)]
        return list(self.program.fold(scope[0], scope[1], expr)) or [Folded("{}", False)]

    def _find_made(self, fact: Fact, callee: str) -> Made | None:
        receiver = callee.rpartition(".")[0]
        if not receiver:
            return None
        found = self.receivers.find(fact.path, fact.symbol, receiver)
        return found.made if found.types else self._find_entered(fact, receiver)

    def _find_bases(self, made: Made | None) -> tuple[str, ...]:
        """What a client puts before its paths: ``axios.create({ baseURL })``, ``AsyncClient(base_url=…)``."""
        if made is None:
            return ()
        for word in _BASE_WORDS:
            for expr in (dict(made.keywords).get(word, UNKNOWN), *(find_key(e, word) for e in made.positional)):
                if not is_unknown(expr):
                    return tuple(f.text for f in _unique(self._fold(made.scope, expr)))[:_CHOICES]
        return ()

    # -------------------------------------------------------------------------------------- headers

    def _list_made_headers(self, made: Made) -> tuple[str, ...]:
        words = dict(made.keywords)
        found = self._list_headers(made.scope, words.get("headers", UNKNOWN))
        for argument in made.positional:
            found += self._list_headers(made.scope, find_key(argument, "headers"))
        if "auth" in words:
            found += ("Authorization",)
        return found

    def _list_headers(self, scope: Place, expr: Expr, depth: int = 4) -> tuple[str, ...]:
        """Names of the headers in an expression; ``?`` when it may hold more than can be seen."""
        tag = tag_of(expr)
        if expr is None or is_unknown(expr):
            return ()
        if depth <= 0:
            return ("?",)
        if tag == "dict":
            found: tuple[str, ...] = ()
            for key, value in expr[1:]:
                if isinstance(key, str):
                    found += (key,)
                elif key is None:
                    found += self._list_headers(scope, value, depth - 1)
                else:
                    texts = [f.text for f in self._fold(scope, key) if "{" not in f.text]
                    found += tuple(texts) or ("?",)
            return found
        if tag == "name":
            return self._list_named_headers(scope, str(expr[1]), depth)
        if tag == "any":
            return tuple(name for part in expr[1:] for name in self._list_headers(scope, part, depth - 1))
        if tag == "spread":
            return self._list_headers(scope, expr[1], depth - 1)
        if tag == "call":
            if str(expr[1]).rpartition(".")[2] in ("Headers", "dict", "HttpHeaders", "assign", "freeze"):
                inner = [*expr[2], ["dict", *([k, v] for k, v in expr[3].items())]]
                return tuple(name for part in inner for name in self._list_headers(scope, part, depth - 1))
            found = ()
            places = self.program.resolve(scope[0], scope[1], str(expr[1]))
            for place in places[:1]:
                for row in self.program.list_within(place[0], place[1], "return"):
                    found += self._list_headers(place, decode_expr(row.value), depth - 1)
            return found or ("?",)
        return ("?",) if tag not in ("literal",) else ()

    def _list_named_headers(self, scope: Place, name: str, depth: int) -> tuple[str, ...]:
        found: tuple[str, ...] = ()
        known = False
        for inner_scope, value in self.program.find_values(scope[0], scope[1], name)[:3]:
            known = True
            found += self._list_headers(inner_scope, value, depth - 1)
        # headers["Authorization"] = …, headers.set("Authorization", …); those of an attribute in any method.
        for symbol in self._list_scopes(scope, name):
            for row in self.program.list_within(scope[0], symbol, "binding"):
                if row.name == name and row.attr("item"):
                    found += (row.attr("item").strip("'\""),)
            for row in self.program.list_within(scope[0], symbol, "call"):
                if row.name in (f"{name}.set", f"{name}.append", f"{name}.update", f"{name}.setdefault"):
                    positional, _ = decode_arguments(row.value)
                    first = positional[0] if positional else None
                    found += (first,) if isinstance(first, str) else self._list_headers(scope, first, depth - 1)
        return found if known else (*found, "?")

    def _list_scopes(self, scope: Place, name: str) -> tuple[str, ...]:
        """The definitions in which a name means the same: its own; for an attribute all methods of the class."""
        owner = self._find_class(*scope) if name.startswith(("self.", "this.")) else ""
        if not owner:
            return (scope[1],)
        return tuple(s for s in self.program.list_symbols(scope[0]) if s.startswith(owner + "."))

    # -------------------------------------------------------------------------------------- wrappers

    def follow(self, draft: _Draft, levels: int, seen: tuple[Place, ...]) -> Iterator[_Draft]:
        """The draft itself, or, when it is the inside of a wrapper, one draft for each call of the wrapper."""
        draft = self._fill_from_constructor(draft)
        place = draft.scope
        if levels <= 0 or place in seen or not place[1]:
            yield draft
            return
        wanted, keyed = self._find_wanted(draft)
        callers: list[Fact] = []
        if wanted or keyed:
            callers = [c for c in self._find_callers(place) if (c.path, c.symbol) != place][:_CALLERS]
            wanted += tuple(name for name in keyed if any(_gives_key(call, name) for call in callers))
        if not wanted or not callers:
            yield draft
            return
        for call in callers:
            for filled in self._fill(draft, call, wanted):
                yield from self.follow(filled, levels - 1, (*seen, place))

    def _find_callers(self, place: Place) -> tuple[Fact, ...]:
        """The calls of a definition, those of a method on an instance that another module keeps too."""
        known = self.program.find_callers(place)
        owner, _, name = place[1].rpartition(".")
        if not owner or not self.program.is_class((place[0], owner)):
            return known
        if self._methods is None:
            self._methods = {}
            for call in self.program.list_facts("call"):
                if "." in call.name:
                    self._methods.setdefault(call.name.rpartition(".")[2], []).append(call)
        found = dict.fromkeys(known)
        for call in self._methods.get(name, ()):
            receiver = call.name.rpartition(".")[0]
            if call not in found and (place[0], owner) in self.receivers.find(call.path, call.symbol, receiver).own:
                found[call] = None
        return tuple(sorted(found, key=lambda f: (f.path, f.line)))

    def _list_params(self, place: Place) -> Mapping[str, int]:
        """Parameter -> position; the names that a destructured parameter binds have its position.

        Empty for functions whose parameters have neither types nor defaults.
        """
        known = self._params.get(place)
        if known is None:
            table: dict[str, int] = {}
            for row in self.program.list_within(place[0], place[1], "param"):
                index = int(row.attr("index") or 0)
                for name in _PATTERN_NAME.findall(row.name) if row.name.startswith("{") else [row.name]:
                    table.setdefault(name, index)
            known = self._params[place] = table
        return known

    def _find_wanted(self, draft: _Draft) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The parameters of the definition around a call that say where it goes: those known, and names that may be
        keys of an options object. Neither: it is no wrapper."""
        holes = _list_holes(draft.url)
        url = split_url(draft.url)
        has_words = any("{" not in segment for segment in list_segments(url.path))
        names = self._list_params(draft.scope)
        in_base = set(_list_holes(url.base))
        wanted, keyed = [], []
        for hole in holes:
            if has_words and hole not in in_base and not _URL_WORDS.search(hole):
                continue
            if hole in names or self._is_untyped_parameter(draft.scope, hole):
                wanted.append(hole)
            elif self._is_unbound(draft.scope, hole):
                keyed.append(hole)
        method = [hole for hole in _list_holes(draft.method) if hole in names or hole == "method"]
        return tuple(dict.fromkeys([*wanted, *method])), tuple(keyed)

    def _is_untyped_parameter(self, scope: Place, hole: str) -> bool:
        """A name that nothing binds in a function without annotations, and that says by its name that it is a path."""
        return bool(_URL_WORDS.search(hole)) and not self._list_params(scope) and self._is_unbound(scope, hole)

    def _is_unbound(self, scope: Place, hole: str) -> bool:
        if any(row.name == hole for row in self.program.list_within(scope[0], scope[1], "binding")):
            return False
        return not self.program.find_values(scope[0], scope[1], hole) and not self.program.find_origin(scope[0], hole)

    def _fill(self, draft: _Draft, call: Fact, wanted: Sequence[str]) -> Iterator[_Draft]:
        """The draft as one call of the wrapper makes it."""
        positional, words = decode_arguments(call.value)
        scope = (call.path, call.symbol)
        params = self._list_params(draft.scope)
        urls = [(draft.url, draft.certain)]
        for name in wanted:
            marker = "{" + name + "}"
            if marker not in draft.url:
                continue
            expr = _find_given(positional, words, name, params.get(name, -1 if params else 0))
            options = [Folded("{}", False)]
            if not is_unknown(expr):
                options = self._choose(scope, list_texts(self.program, scope, expr, call))
            urls = [
                (_put(url, marker, option.text), certain and option.certain)
                for url, certain in urls
                for option in options[:_CHOICES]
            ][:_CHOICES]
        method = self._fill_method(draft, scope, positional, words, params)
        headers = draft.headers
        passes = draft.passes_options
        if passes:
            given = self._find_options(scope, positional, words)
            for options_expr in given:
                headers += self._list_headers(scope, find_key(options_expr, "headers"))
            passes = any(tag_of(e) == "name" or _has_spread(e) for e in (*positional, *words.values())) and not method
        via = (f"{draft.fact.path}:{draft.fact.line}", *draft.via)
        for url, certain in urls:
            yield replace(
                draft, fact=call, scope=scope, url=url, method=method, certain=certain, passes_options=passes,
                headers=headers, via=via,
            )  # fmt: skip

    def _fill_method(
        self, draft: _Draft, scope: Place, positional: list[Expr], words: dict[str, Expr], params: Mapping[str, int]
    ) -> str:
        method = draft.method
        for hole in _list_holes(method):
            expr = _find_given(positional, words, hole, params.get(hole, -1))
            texts = [f.text for f in self._fold(scope, expr)] if not is_unknown(expr) else []
            return (texts[0].upper() if "{" not in texts[0] else texts[0]) if texts else ""
        if not method and draft.passes_options:
            for options in self._find_options(scope, positional, words):
                written = find_key(options, "method")
                if not is_unknown(written):
                    texts = [f.text for f in self._fold(scope, written)]
                    return (texts[0].upper() if "{" not in texts[0] else texts[0]) if texts else ""
        return method

    def _find_options(self, scope: Place, positional: list[Expr], words: dict[str, Expr]) -> Iterator[Expr]:
        """The object literals among the arguments of a call."""
        for expr in (*positional, *words.values()):
            inner = self.program.expand(scope[0], scope[1], expr) if tag_of(expr) == "name" else expr
            if tag_of(inner) == "dict":
                yield inner

    def _fill_from_constructor(self, draft: _Draft) -> _Draft:
        """Attributes that the constructor was given: ``{base_url}`` where ``Client(base_url=…)`` says it."""
        path, symbol = draft.scope
        own = self._list_params(draft.scope)
        for hole in _list_holes(draft.url):
            if hole in own:
                continue
            owner = self._find_class(path, symbol)
            if not owner:
                break
            for maker in ("__init__", "constructor"):
                params = self._list_params((path, f"{owner}.{maker}"))
                if hole not in params:
                    continue
                texts: dict[str, None] = {}
                for call in self.program.find_callers((path, owner)):
                    positional, words = decode_arguments(call.value)
                    expr = _find_given(positional, words, hole, params[hole])
                    scope = (call.path, call.symbol)
                    if is_unknown(expr):
                        expr, scope = self._find_default(path, f"{owner}.{maker}", hole), (path, "")
                    if not is_unknown(expr):
                        texts.update(dict.fromkeys(found.text for found in self._fold(scope, expr)))
                known = [text for text in texts if not _BARE_HOLE.fullmatch(text) or text.startswith("{env:")]
                if known:
                    url = _put(draft.url, "{" + hole + "}", known[0])
                    draft = replace(draft, url=url, certain=draft.certain and len(texts) == 1)
        return draft

    def _find_default(self, path: str, symbol: str, name: str) -> Expr:
        for row in self.program.list_within(path, symbol, "param"):
            if row.name == name and row.value:
                return decode_expr(row.value)
        return UNKNOWN

    def _find_class(self, path: str, symbol: str) -> str:
        while symbol:
            if self.program.is_class((path, symbol)):
                return symbol
            symbol = symbol.rpartition(".")[0]
        return ""

    # ---------------------------------------------------------------------------------------- result

    def finish(self, draft: _Draft) -> Fact:
        method = draft.method if draft.method and "{" not in draft.method else ""
        if not method:
            method = "ANY" if draft.method else draft.default
        written = draft.url
        if draft.base and not split_url(written).base:
            written = _join(draft.base, written)
        url = split_url(written)
        certain = draft.certain and method != "ANY"
        attrs = [
            ("rule", draft.rule),
            ("role", "uses"),
            ("key", f"http:{method}:{url.path}"),
            ("method", method),
            ("url", written),
            ("base", url.base),
            ("path", url.path),
            ("certain", "yes" if certain else "no"),
            ("side", self._find_side(draft.scope[0])),
        ]
        if draft.headers:
            attrs.append(("headers", " ".join(dict.fromkeys(draft.headers))))
        if draft.via:
            attrs.append(("via", " ".join(draft.via)))
        if draft.library:
            attrs.append(("library", draft.library))
        digest = self.program.make_evidence(draft.fact).hash
        name = f"{method} {written}"
        fact = draft.fact
        return Fact("client_call", name, fact.path, fact.line, written, fact.symbol, digest, tuple(attrs))

    def _find_side(self, path: str) -> str:
        """Whether a file's code runs in a browser or on a server; empty when it may be both."""
        known = self._sides.get(path)
        if known is None:
            known = self._sides[path] = self._guess_side(path)
        return known

    def _guess_side(self, path: str) -> str:
        if path.endswith(PY_SUFFIXES):
            return "server"
        facts = self.program.files.get(path)
        modules = {f.value for f in facts.facts if f.kind == "import"} if facts is not None else set()
        if posixpath.basename(path).startswith(("route.", "middleware.")) or "/pages/api/" in f"/{path}":
            return "server"
        if path.endswith((".tsx", ".jsx", ".vue", ".svelte")) or any(_BROWSER_MODULE.match(m) for m in modules):
            return "browser"
        if any(_SERVER_MODULE.match(m) for m in modules):
            return "server"
        return ""


_PYTHON_VERBS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "build_request", "ws_connect"}
)
_PYTHON_CLIENT = LazyPattern(
    r"^(?:httpx\.(?:Async)?Client|requests\.(?:sessions\.)?[Ss]ession|aiohttp\.(?:client\.)?ClientSession"
    r"|niquests\.(?:Async)?Session)$"
)
_BROWSER_MODULE = LazyPattern(
    r"^(?:react|react-dom|vue|svelte|preact|solid-js|swr|zustand|jotai|@tanstack/.*|@angular/.*|next/(?:navigation|router|link)"
    r"|@reduxjs/.*|react-.*|@trpc/(?:client|react.*))$"
)
_SERVER_MODULE = LazyPattern(
    r"^(?:node:.*|fs|fs/promises|http|https|net|os|child_process|express|fastify|koa|hono|@nestjs/.*|next/server|next/headers"
    r"|bullmq|ioredis|@prisma/client|server-only)$"
)
_PATTERN_NAME = LazyPattern(r"(?:[{,:]\s*)([A-Za-z_$][\w$]*)(?=\s*[,}=])")
"""Names that ``{ url, method: verb }`` binds."""
_BARE_HOLE = LazyPattern(r"\{[^{}]*\}")
_NAMED_HOLE = LazyPattern(r"\{([A-Za-z_$][\w$]*)\}")


def _list_holes(text: str) -> list[str]:
    """Names of the holes that stand for a name."""
    return list(dict.fromkeys(_NAMED_HOLE.findall(text)))


def _join(base: str, path: str) -> str:
    return base.rstrip("/") + "/" + path.lstrip("/")


def _put(url: str, marker: str, text: str) -> str:
    """`text` in place of a hole; a slash between a base that ends in one and a path that starts with one is one."""
    before, found, after = url.partition(marker)
    if not found:
        return url
    if before.endswith("/") and text.startswith("/"):
        text = text.lstrip("/")
    return _put(before + "\1" + after, marker, text).replace("\1", text) if marker in after else before + text + after


def _read_attr(fact: Fact, key: str) -> Expr:
    """An argument that a rule kept: text where it folds to one, else the expression; None when it was not given."""
    text = fact.attr(key)
    if not text:
        return None
    return decode_expr(text[1:]) if text.startswith("=") else text


def _find_given(positional: list[Expr], words: dict[str, Expr], name: str, index: int) -> Expr:
    """What a call gives for a parameter: by keyword, by position, by key of an object literal."""
    if name in words:
        return words[name]
    for argument in positional:
        found = find_key(argument, name)
        if not is_unknown(found):
            return found
    if 0 <= index < len(positional) and tag_of(positional[index]) != "spread":
        return positional[index]
    return UNKNOWN


def _has_key(expr: Expr, key: str) -> bool:
    return tag_of(expr) == "dict" and any(pair[0] == key for pair in expr[1:])


def _gives_key(call: Fact, name: str) -> bool:
    positional, words = decode_arguments(call.value)
    return name in words or any(not is_unknown(find_key(argument, name)) for argument in positional)


def _has_spread(expr: Expr) -> bool:
    return any(tag_of(part) == "dict" and any(pair[0] is None for pair in part[1:]) for part in walk_expr(expr))


def _unique(found: Sequence[Folded]) -> list[Folded]:
    """Texts that differ in more than their query, the first of each kind."""
    kept: dict[tuple[str, str], Folded] = {}
    for one in found:
        url = split_url(one.text)
        kept.setdefault((url.base, url.path), one)
    known = [one for one in kept.values() if one.text != "{}"]
    return (known or list(kept.values()))[:_CHOICES]
