"""One place where a signal rule matches, and what a rule may ask of it: arguments, origins, receivers, decorators."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from kbgen.expressions import UNKNOWN, Expr, decode_arguments, decode_expr, tag_of
from kbgen.join.program import Place, Program
from kbgen.join.receivers import NOTHING, Receiver, Receivers
from kbgen.join.rules import Selector
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

Value = tuple[Place, Expr]
"""An expression with the scope in which its names read."""

HOLE = LazyPattern(r"\{[^{}]*\}")
_ENV_DEFAULT = LazyPattern(r"\{env:[^{}|]*\|([^{}]*)\}")
_CONSTANT = LazyPattern(r"(?:^|\.)[A-Z][A-Z0-9_]+$")
_SAID_AS_IS = ("str", "String")
_EXPRESSIONS = ("binding", "return", "param", "field", "with")
"""Kinds of raw facts whose value is an expression."""


class Answers:
    """What many sites ask of one program, each question answered once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.receivers = Receivers(program)
        self._params: dict[Place, str] = {}
        self._calls: Mapping[tuple[str, str], list[Fact]] | None = None
        self._providers: tuple[tuple[str, str], ...] | None = None
        self._settings: Mapping[tuple[str, str], str] | None = None

    def fold(self, value: Value) -> tuple[str, ...]:
        """The texts that a value may be."""
        (path, symbol), expr = value
        if isinstance(expr, str):
            return (expr,)
        if isinstance(expr, bool):
            return ("true" if expr else "false",)
        return tuple(folded.text for folded in self.program.fold(path, symbol, expr)) if expr is not None else ()

    def quote(self, value: Value) -> Value:
        """A message as it is written: what is put into it stays a hole, unless that is one constant.

        A name is the text that it is bound to where that is one, a hole where it may be several. Anything that is
        no text stays.
        """
        (path, symbol), expr = value
        if tag_of(expr) == "text":
            return (path, symbol), "".join(self._quote_part((path, symbol), part) for part in expr[1:])
        if tag_of(expr) != "name":
            return value
        name = str(expr[1])
        held = self.program.find_values(path, symbol, name)
        if not held:
            return value
        bound = sum(fact.name == name for fact in self.program.list_within(path, symbol, "binding"))
        if len(held) > 1 or not (bound == 1 or self._is_constant((path, symbol), name)):
            return (path, symbol), "{" + name + "}"
        return self.quote(held[0]) if tag_of(held[0][1]) in ("literal", "text") else value

    def _quote_part(self, scope: Place, part: Expr) -> str:
        tag = tag_of(part)
        if tag == "literal":
            return part if isinstance(part, str) else next(iter(self.fold((scope, part))), "")
        if tag == "text":
            return "".join(self._quote_part(scope, inner) for inner in part[1:])
        if tag == "name":
            values = self.program.find_values(*scope, part[1]) if self._is_constant(scope, part[1]) else ()
            given = values[0][1] if len(values) == 1 else None
            plain = isinstance(given, str | int | float) and not isinstance(given, bool)
            return str(given) if plain else _to_hole(part[1])
        if tag == "env" or (tag == "any" and tag_of(part[1]) == "env"):
            return next(iter(self.fold((scope, part))), "{}")
        if tag == "any":
            return next((_to_hole(each[1]) for each in part[1:] if tag_of(each) == "name"), "{}")
        if tag == "item" and isinstance(part[2], str):
            return _to_hole(part[2])
        if tag == "call" and len(part[2]) == 1 and part[1] in _SAID_AS_IS:
            return self._quote_part(scope, part[2][0])
        return "{}"

    def _is_constant(self, scope: Place, name: str) -> bool:
        """Whether a name is written as one that never changes; members of enumerations do not print as their value."""
        if not _CONSTANT.search(name):
            return False
        path, symbol = next(iter(self.program.resolve(*scope, name)), ("", ""))
        owner = self.program.get_symbol((path, symbol.rpartition(".")[0])) if "." in symbol else None
        return owner is None or "Enum" not in owner.attr("bases")

    def open(self, value: Value) -> Value:
        """What a name is bound to, once; anything else as it is."""
        (path, symbol), expr = value
        if tag_of(expr) == "name":
            return next(iter(self.program.find_values(path, symbol, expr[1])), value)
        return value

    def describe_params(self, place: Place) -> str:
        """``name, count=3``: the parameters of a definition with their defaults, as far as they fold."""
        known = self._params.get(place)
        if known is None:
            rows = sorted(self.program.list_within(*place, "param"), key=lambda f: int(f.attr("index") or 0))
            words: list[str] = []
            for row in rows:
                default = self.fold((place, decode_expr(row.value))) if row.value else ()
                words.append(f"{row.name}={default[0]}" if default else row.name)
            known = self._params[place] = ", ".join(words)
        return known

    def find_sibling_calls(self, fact: Fact, callee: str) -> list[Fact]:
        """Calls of exactly `callee` in the same file, those in the same top-level definition first."""
        if self._calls is None:
            calls: dict[tuple[str, str], list[Fact]] = {}
            for call in self.program.list_facts("call", tests=True):
                if "." in call.name:
                    calls.setdefault((call.path, call.name), []).append(call)
            self._calls = calls
        top = fact.symbol.partition(".")[0]
        found = self._calls.get((fact.path, callee), ())
        return sorted(found, key=lambda f: (f.symbol.partition(".")[0] != top, f.line))

    def find_setting(self, path: str, key: str) -> str:
        """The value of a key of a configuration file."""
        if self._settings is None:
            facts = self.program.list_facts("config", tests=True)
            self._settings = {(fact.path, fact.name): fact.value for fact in reversed(facts)}
        return self._settings.get((path, key), "")

    def find_provider(self, path: str) -> str:
        """What the schema nearest to a file says that its data source is: ``postgresql``."""
        if self._providers is None:
            self._providers = tuple(
                (fact.path, fact.attr("provider") or fact.value) for fact in self.program.list_facts("datasource")
            )
        if not self._providers:
            return ""
        return max(self._providers, key=lambda row: (_count_shared(row[0], path), row[0]))[1]


class Site:
    """A raw fact that some rule's name matches, with its arguments.

    `by_method`: the rule looks for a method, so that the origin is the type of the receiver. `alias`: what the matched
    name is called where it comes from, when it was imported under another name.
    """

    __slots__ = (
        "_definition",
        "_origins",
        "_receiver",
        "alias",
        "answers",
        "by_method",
        "callee",
        "fact",
        "index",
        "item",
        "key",
        "keywords",
        "positional",
        "scope",
    )

    def __init__(
        self,
        answers: Answers,
        fact: Fact,
        callee: str,
        positional: Sequence[Expr] = (),
        keywords: Mapping[str, Expr] | None = None,
        scope: Place | None = None,
    ) -> None:
        self.answers = answers
        self.fact = fact
        self.callee = callee
        self.positional = positional
        self.keywords = keywords or {}
        self.scope: Place = scope or (fact.path, fact.symbol)
        self.by_method = False
        self.alias = ""
        self.item: Value | None = None
        self.key = ""
        self.index = -1
        self._origins: dict[bool, tuple[str, ...]] = {}
        self._receiver: Receiver | None = None
        self._definition: tuple[Place, ...] | None = None

    def enter(self, scope: Place, key: str, item: Expr, index: int) -> Site:
        """The same match inside ``each``: the arguments are those of the item, when it has any."""
        tag = tag_of(item)
        if tag == "dict":
            inner = Site(self.answers, self.fact, self.callee, [item], {}, scope)
        elif tag == "call":
            inner = Site(self.answers, self.fact, self.callee, item[2], item[3], scope)
        else:
            inner = Site(self.answers, self.fact, self.callee, self.positional, self.keywords, self.scope)
        inner.by_method, inner.alias = self.by_method, self.alias
        inner.item, inner.key, inner.index = (scope, item), key, index
        inner._origins, inner._receiver, inner._definition = self._origins, self._receiver, self._definition
        return inner

    # -------------------------------------------------------------------------------- where the match comes from

    def get_receiver(self) -> Receiver:
        if self._receiver is None:
            fact = self.fact
            # What a `with` enters is itself what is asked about, not what it is an attribute of.
            head = self.callee if fact.kind == "with" and fact.name else self.callee.rpartition(".")[0]
            self._receiver = self.answers.receivers.find(fact.path, fact.symbol, head) if head else NOTHING
        return self._receiver

    def find_origins(self) -> tuple[str, ...]:
        """Where the matched name is imported from, or the types of what the method is called on."""
        known = self._origins.get(self.by_method)
        if known is None:
            fact = self.fact
            if fact.kind == "with" and fact.name:
                known = self.get_receiver().types
            else:
                origin = self.answers.program.find_origin(fact.path, self.callee)
                known = (origin,) if origin else ()
                if "." in self.callee and (self.by_method or not known):
                    known = (*self.get_receiver().types, *known)
            self._origins[self.by_method] = known
        return known

    def find_definition(self) -> tuple[Place, ...]:
        """The project's own definitions behind the match: of the callee, or of a method's receiver."""
        if self._definition is None:
            fact = self.fact
            outer = fact.kind in ("decorator", "symbol")
            scope = fact.symbol.rpartition(".")[0] if outer else fact.symbol
            places = self.get_receiver().own if "." in self.callee else ()
            self._definition = places or self.answers.program.resolve(fact.path, scope, self.callee)
        return self._definition

    def get_class(self) -> str:
        """The qualified name of the class around the match, or of the class that the match is about."""
        symbol = self.fact.symbol
        while symbol and not self.answers.program.is_class((self.fact.path, symbol)):
            symbol = symbol.rpartition(".")[0]
        return symbol

    def list_decorators(self) -> Iterator[Fact]:
        """On the declaration of the receiver first, then on the definition, then on the classes around it."""
        program, fact = self.answers.program, self.fact
        path, owner = self.get_receiver().place
        if path and owner:
            outer, _, name = owner.rpartition(".")
            for scope in (f"{outer}.constructor", f"{outer}.__init__", outer, owner):
                yield from (f for f in program.list_within(path, scope, "decorator") if f.attr("target") == name)
        symbol = fact.symbol
        while symbol:
            for decorator in program.list_within(fact.path, symbol, "decorator"):
                if decorator.attr("on") not in ("parameter", "property"):
                    yield decorator
            symbol = symbol.rpartition(".")[0]

    # ---------------------------------------------------------------------------------------------------- values

    def fold(self, selectors: Sequence[Selector]) -> tuple[str, ...]:
        """The texts of the first selector that folds to more than one hole; else the hole of the first that has any."""
        holes: tuple[str, ...] = ()
        for selector in selectors:
            value = self.find(selector)
            if value is None:
                continue
            texts = self.answers.fold(value)
            known = tuple(text for text in texts if text and not HOLE.fullmatch(text))
            if known:
                return known
            holes = holes or tuple(text for text in texts if text)
        return holes

    def find(self, selector: Selector) -> Value | None:
        """The value that a selector names, None when there is none."""
        value = self._find_outer(selector)
        for key in selector.inner:
            if value is None:
                return None
            value = self._find_inner(self.answers.open(value), key)
        return value

    def _find_outer(self, selector: Selector) -> Value | None:
        form = selector.form
        if form == "position":
            if selector.index >= len(self.positional) or tag_of(self.positional[selector.index]) == "spread":
                return None
            return self.scope, self.positional[selector.index]
        if form == "word":
            return self._find_word(selector.name)
        if form == "text":
            return self.scope, selector.name
        if form == "$":
            return self._find_asked(selector.name)
        if form == "attr":
            return self._to_value(self.fact.attr(selector.name))
        if form == "config":
            return self._to_value(self.answers.find_setting(self.fact.path, selector.name))
        if selector.rest is None:
            return None
        if form == "ref":
            return self._find_reference(selector.rest)
        if form == "said":
            given = self.find(selector.rest)
            return self.answers.quote(given) if given is not None else None
        if form == "made":
            made = self.get_receiver().made
            if made is None:
                return None
            inner = Site(self.answers, self.fact, made.callee, made.positional, dict(made.keywords), made.scope)
            return inner.find(selector.rest)
        if form == "also":
            head = self.callee.rpartition(".")[0]
            calls = self.answers.find_sibling_calls(self.fact, f"{head}.{selector.name}") if head else []
            return self._find_in_facts(calls, selector.rest)
        decorators = [fact for fact in self.list_decorators() if fact.name.rpartition(".")[2] == selector.name]
        return self._find_in_facts(decorators, selector.rest)

    def _find_reference(self, selector: Selector) -> Value | None:
        value = self.find(selector)
        if value is None or any(text and not HOLE.fullmatch(text) for text in self.answers.fold(value)):
            return value
        return self._to_value(str(value[1][1])) if tag_of(value[1]) in ("name", "call") else None

    def _find_in_facts(self, facts: Sequence[Fact], selector: Selector) -> Value | None:
        for fact in facts:
            found = Site(self.answers, fact, fact.name, *decode_arguments(fact.value)).find(selector)
            if found is not None:
                return found
        return None

    def _find_word(self, name: str) -> Value | None:
        if name in self.keywords:
            return self.scope, self.keywords[name]
        for argument in self.positional:
            scope, expr = self.answers.open((self.scope, argument))
            found = _find_pair(expr, name)
            if found is not None:
                return scope, found
        return None

    def _find_inner(self, value: Value, key: str) -> Value | None:
        scope, expr = value
        tag = tag_of(expr)
        found: Expr | None = None
        if tag == "dict":
            found = _find_pair(expr, key)
        elif tag == "call":
            if key == "()":
                found = expr[1]
            elif key in expr[3]:
                found = expr[3][key]
            elif key.isdigit():
                found = expr[2][int(key)] if int(key) < len(expr[2]) else None
            else:
                pairs = (_find_pair(argument, key) for argument in expr[2])
                found = next((pair for pair in pairs if pair is not None), None)
        elif tag == "list" and key.isdigit() and int(key) + 1 < len(expr):
            found = expr[int(key) + 1]
        return (scope, found) if found is not None else None

    def _find_asked(self, word: str) -> Value | None:
        ask = _TEXTS.get(word)
        if ask is not None and (word != "value" or self.fact.kind not in _EXPRESSIONS):
            return self._to_value(ask(self))
        if word == "item":
            return self.item
        if word == "arguments":
            named = [["dict", *([key, expr] for key, expr in self.keywords.items())]] if self.keywords else []
            return (self.scope, ["list", *self.positional, *named]) if self.positional or named else None
        if word == "keywords":
            named = [[key, expr] for key, expr in self.keywords.items()]
            return (self.scope, ["dict", *named]) if named else None
        return (self.scope, decode_expr(self.fact.value)) if self.fact.value else None

    def _to_value(self, text: str) -> Value | None:
        return (self.scope, text) if text else None

    def find_text(self, word: str) -> str:
        """What ``$word`` stands for, ``""`` for what is not known."""
        ask = _TEXTS.get(word)
        return ask(self) if ask is not None else ""

    def find_home(self) -> str:
        """The folder of the project's own definition behind the match, above those that only sort a module's parts."""
        places = self.find_definition()
        if not places:
            return ""
        parts = posixpath.dirname(places[0][0]).split("/")
        while len(parts) > 1 and parts[-1] in _INNER_FOLDERS:
            parts.pop()
        return "/".join(parts)

    def find_place(self) -> str:
        return show_place(self.get_receiver().place)

    def find_kept(self) -> str:
        fact = self.fact
        target = fact.attr("target")
        return show_place(self.answers.receivers.find(fact.path, fact.symbol, target).place) if target else ""

    def find_namespace(self) -> str:
        """The socket.io namespace that a call speaks in: of the gateway class, ``of("/x")``, or the path of the URL.

        ``*`` for a socket that comes from elsewhere.
        """
        given = self.fold((Selector("decorator", "WebSocketGateway", rest=Selector("word", "namespace")),))
        made = self.get_receiver().made
        opens = self.by_method is False and self.fact.kind == "call"
        if not given and opens:
            given = self.answers.fold((self.scope, self.positional[0])) if self.positional else ("/",)
        elif not given and made is not None:
            given = self.answers.fold((made.scope, made.positional[0])) if made.positional else ("/",)
        if given:
            return read_namespace(given[0])
        return "/" if any(decorator.name == "WebSocketGateway" for decorator in self.list_decorators()) else "*"


_TEXTS: Mapping[str, Callable[[Site], str]] = {
    "callee": lambda site: site.callee,
    "last": lambda site: site.alias or site.callee.removesuffix("()").rpartition(".")[2],
    "receiver": lambda site: site.callee.rpartition(".")[0],
    "holder": lambda site: site.callee.rpartition(".")[0].removesuffix("()").rpartition(".")[2],
    "origin": lambda site: next(iter(site.find_origins()), ""),
    "type": lambda site: next(iter(site.find_origins()), "").rpartition(".")[2],
    "name": lambda site: site.fact.name,
    "leaf": lambda site: site.fact.name.rpartition(".")[2],
    "target": lambda site: site.fact.attr("target"),
    "symbol": lambda site: site.fact.symbol,
    "self": lambda site: site.fact.symbol.rpartition(".")[2],
    "class": Site.get_class,
    "value": lambda site: site.fact.value,
    "in": lambda site: site.fact.attr("in"),
    "params": lambda site: site.answers.describe_params((site.fact.path, site.fact.symbol)),
    "annotation": lambda site: site.fact.attr("type"),
    "home": Site.find_home,
    "kept": Site.find_kept,
    "place": Site.find_place,
    "path": lambda site: site.fact.path,
    "folder": lambda site: posixpath.dirname(site.fact.path),
    "stem": lambda site: posixpath.splitext(posixpath.basename(site.fact.path))[0],
    "provider": lambda site: site.answers.find_provider(site.fact.path),
    "namespace": Site.find_namespace,
    "key": lambda site: site.key,
    "index": lambda site: str(site.index) if site.index >= 0 else "",
}

_INNER_FOLDERS = frozenset(
    "decorators decorator handlers listeners emitters services service publishers publisher subscribers subscriber "
    "impl internal lib src".split()
)


def _to_hole(name: str) -> str:
    return "{" + name.rpartition(".")[2].removesuffix("()") + "}"


def show_place(place: Place) -> str:
    path, symbol = place
    return f"{path}::{symbol}" if symbol else path


def read_namespace(text: str) -> str:
    """``/realtime`` of ``{env:WS_URL|http://localhost:3001}/realtime``; ``/`` for a URL without a path."""
    text = _ENV_DEFAULT.sub(r"\1", text)
    text = re.sub(r"^(?:(?:https?|wss?):)?//[^/]*", "", HOLE.sub("", text))
    path = re.split(r"[?#]", text, maxsplit=1)[0].strip("/")
    return "/" + path if "://" not in path and ":" not in path else "/"


def to_key_text(text: str) -> str:
    """A folded text as part of a key: a default stands for its variable, any other hole is ``*``."""
    if "{" not in text:
        return text
    return re.sub(r"\*+", "*", HOLE.sub("*", _ENV_DEFAULT.sub(r"\1", text)))


def _find_pair(expr: Expr, key: str) -> Expr | None:
    """The value of a key in a dict expression, `UNKNOWN` where it is null, None without the key."""
    if tag_of(expr) == "dict":
        for pair in expr[1:]:
            if pair[0] == key:
                return pair[1] if pair[1] is not None else UNKNOWN
    return None


def _count_shared(one: str, other: str) -> int:
    """How many folders two paths share from the top."""
    count = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count
