"""Signal rules: what to look for in raw facts and which derived facts to make of it, as data.

The rules that ship are in ``signals.yaml``; `kbgen.yaml` may add more (``signals.rules``) and switch some off
(``signals.disable``). One rule::

    - id: bullmq-add                    # unique; stands in every fact that the rule makes
      languages: [typescript]           # python, typescript (JavaScript too), config; default: all
      match: {call: [.add]}             # exactly one form, see below
      from: ^bullmq\\b                   # searched in the origin: where the matched name is imported from, or, for
                                        # a method, the type of what it is called on and the bases of its class
      where: {given: [0]}               # conditions, all of which must hold
      tests: only                       # no (default): production files; only: test files; also: both
      emit:                             # one or more facts for each match
        - kind: queue_add
          role: uses                    # uses or provides (default)
          name: [0, $last]              # selectors; the first that folds to a text
          keys: ["queue:{queue}"]       # templates: {name}, any of args, set and lookup, any $word without the $
          args: {queue: ["$made:0"], data: 1}
          set: {library: bullmq}

``match`` forms

- ``call``, ``decorator``, ``jsx``, ``base``, ``raise``, ``with``: names. ``Agent`` is a bare callee, or with
  ``from`` one that is reached through an import (``agno.Agent``); ``.emit`` a method of anything; ``asyncio.Lock``
  exactly that end; ``*`` and ``?`` are wildcards (``*Subscriber``). A decorator may say ``decorates: [class,
  method, function, parameter, property]``.
- ``binding``, ``symbol``, ``import``, ``field``, ``param``, ``return``, ``fact``: a regex that is searched in the
  fact's name (the module for ``import``). ``fact`` wants ``kind`` beside it: any raw kinds; ``symbol`` may have
  ``kinds``; ``value`` is a regex that is searched in the raw value, the cheapest way to leave most facts out.
- ``literal``: keys that a dict or object literal must have, wherever it stands. Its keys are the arguments.
- ``path``: globs; one match for each file.

Selectors name a value of the match: ``0`` a position, ``name`` a keyword, attribute or key of an object literal
among the arguments, ``model.id`` a key or argument inside one (``0.()`` the callee of a call), ``"=text"`` a
constant text, and

- ``$callee`` the matched name as written, ``$last`` its last part, ``$receiver`` what stands before it,
  ``$holder`` the last part of that, ``$origin`` see ``from``, ``$type`` the last part of the origin, ``$name`` the
  raw fact's own name, ``$leaf`` the last part of that;
- ``$target`` what the call is assigned to, ``$symbol`` the enclosing definition, ``$self`` its own name,
  ``$class`` the class around it, ``$value`` the fact's own value, ``$in`` the callee whose argument this is,
  ``$params`` the parameters of the definition, ``$annotation`` the type of a field or parameter, ``$attr:KEY`` an
  attribute of the raw fact, ``$arguments`` all arguments as a list, ``$keywords`` those with a name as a dict;
- ``$home`` the folder of the project's own definition behind the match, ``$place`` where the receiver is kept
  (``path::name``), ``$kept`` the same of what the call is assigned to, ``$path``, ``$folder``, ``$stem`` of the
  file, ``$provider`` the data source that a schema declares, ``$namespace`` the socket namespace that a call speaks
  in, ``*`` when that cannot be told;
- ``$made:SELECTOR`` an argument of the call that made the receiver, ``@Name:SELECTOR`` an argument of a decorator
  on the receiver's declaration, on the definition or on its class, ``$also:.connect:SELECTOR`` an argument of
  another call on the same receiver;
- ``$config:KEY`` the value of another key of the same configuration file;
- ``$ref:SELECTOR`` the name or callee that a value is, as written, where its text is not known;
- ``$said:SELECTOR`` a message as it is written: what is put into it stays a hole, unless that is one constant;
- inside ``each``: ``$key``, ``$item`` (the value), ``$index``; arguments are then those of the item when it is an
  object literal or a call, and of the match otherwise.

``each`` (beside ``kind``) makes one fact for each item of a list or dict: a selector, or ``{deep: [key, …]}`` for
every value under one of the keys however deep in the arguments.

``where`` (of a rule) and ``when`` (of one emit): ``given``, ``missing`` (all of these selectors are, are not
there), ``any`` (at least one is), ``text`` (selector: regex searched in its folded text), ``not_text``, ``shape``
(selector: list, dict, text, literal, name, call, fn, env, any, item), ``literals`` (one of these texts stands
among the arguments), ``own`` (whether the project itself defines what matched), ``class_base``,
``class_decorator``, ``parameter`` (regexes for the class around the match: its bases, its decorators,
``name:type`` of the parameters of its constructor, or of the function).

``lookup: {attr: {of: selector, in: {text: text}, like: {regex: text}, else: text}}`` sets an attribute by table.
A result of ``like`` may hold groups, ``\\1``. ``at: definition`` places the fact at the project's own definition
behind the match, ``at: symbol`` at the line of the definition around it; both once. A field of a key with ``!``,
``agent:{id!}``, must be known whole; otherwise what is not known is ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kbgen.errors import ConfigError
from kbgen.patterns import LazyPattern, lazy

NAME_FORMS = ("call", "decorator", "jsx", "base", "raise", "with")
"""Forms whose value is a list of dotted names."""
PATTERN_FORMS = ("binding", "symbol", "import", "field", "param", "return", "fact")
"""Forms whose value is one regex."""
FORMS = (*NAME_FORMS, *PATTERN_FORMS, "literal", "path")
LANGUAGES = ("python", "typescript", "config")

_RULE_KEYS = ("id", "languages", "match", "from", "where", "tests", "emit")
_MATCH_KEYS = (*FORMS, "decorates", "kind", "kinds", "value")
_EMIT_KEYS = ("kind", "role", "name", "value", "keys", "args", "set", "lookup", "each", "when", "at")
_WHERE_KEYS = (
    "given", "missing", "any", "text", "not_text", "shape", "literals", "own", "class_base", "class_decorator",
    "parameter",
)  # fmt: skip
_RESERVED = ("rule", "role", "key")
"""Attributes that every derived fact may have."""
_SHAPES = ("list", "dict", "text", "literal", "name", "call", "fn", "env", "any", "item")
WORDS = (
    "callee", "last", "receiver", "holder", "origin", "type", "name", "leaf", "target", "symbol", "self", "class",
    "value", "in", "params", "annotation", "arguments", "keywords", "home", "kept", "place", "path", "folder", "stem",
    "provider", "namespace", "key", "item", "index",
)  # fmt: skip
"""Selectors of the form ``$word``."""
_WORDS_WITH_MORE = ("made", "attr", "config", "also", "ref", "said")


@dataclass(frozen=True, slots=True)
class RuleText:
    """YAML with a list of rules, and how to call it in errors. `lines` are those of its rules, where known."""

    name: str
    text: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """One way to a value. `form` is position, word, text, ``$``, made, ref, said, attr, config, also or decorator."""

    form: str
    name: str = ""
    index: int = 0
    inner: tuple[str, ...] = ()
    """Keys to follow inside the value."""
    rest: Selector | None = None
    """What to take of the other call or decorator."""


Selectors = tuple[Selector, ...]
"""Tried in order."""


@dataclass(frozen=True, slots=True)
class Where:
    given: Selectors = ()
    missing: Selectors = ()
    any: Selectors = ()
    text: tuple[tuple[Selector, LazyPattern[str]], ...] = ()
    not_text: tuple[tuple[Selector, LazyPattern[str]], ...] = ()
    shape: tuple[tuple[Selector, tuple[str, ...]], ...] = ()
    literals: frozenset[str] = frozenset()
    own: bool | None = None
    class_base: LazyPattern[str] | None = None
    class_decorator: LazyPattern[str] | None = None
    parameter: LazyPattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """An attribute by table: `exact` first, then the first of `like` that is found, then `otherwise`."""

    name: str
    of: Selectors
    exact: Mapping[str, str]
    like: tuple[tuple[LazyPattern[str], str], ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Emit:
    kind: str
    role: str
    name: Selectors
    value: Selectors
    keys: tuple[str, ...]
    args: tuple[tuple[str, Selectors], ...]
    set: tuple[tuple[str, str], ...]
    lookup: tuple[Lookup, ...]
    each: Selectors
    deep: frozenset[str]
    """Keys of ``each: {deep: […]}``."""
    when: Where | None
    at: str
    """``definition``, ``symbol`` or empty."""


@dataclass(frozen=True, slots=True)
class Match:
    form: str
    names: tuple[str, ...] = ()
    """Dotted names, literal keys or globs, as the form wants."""
    pattern: LazyPattern[str] | None = None
    decorates: frozenset[str] = frozenset()
    raw: tuple[str, ...] = ()
    """Kinds of raw facts, for the form ``fact``."""
    kinds: frozenset[str] = frozenset()
    value: LazyPattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    languages: frozenset[str]
    """Empty: all."""
    match: Match
    origin: LazyPattern[str] | None
    where: Where | None
    tests: str
    emits: tuple[Emit, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules in the order given, and those of each form."""

    rules: tuple[Rule, ...]
    by_form: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)


def load_rules(texts: Sequence[str | RuleText], disable: Collection[str] = ()) -> Rules:
    """The rules of some YAML texts, in order, without those whose id is in `disable`.

    Raises one ConfigError that lists every problem, naming the rule and what is allowed.
    """
    reader = _Reader()
    for number, given in enumerate(texts, 1):
        reader.read(given if isinstance(given, RuleText) else RuleText(f"signal rules {number}", given))
    for unknown in sorted(set(disable) - set(reader.rules)):
        reader.problems.append(f"signals.disable: no rule has the id {unknown}")
    if reader.problems:
        raise ConfigError("\n".join(reader.problems), "`kbgen.join.rules` documents what a rule may say")
    rules = tuple(rule for rule in reader.rules.values() if rule.id not in disable)
    return _sort_rules(rules)


def select_rules(rules: Rules, kinds: Collection[str]) -> Rules:
    """What makes facts of the `kinds`, and of no others: whoever wants few of them need not wait for all."""
    wanted: list[Rule] = []
    for rule in rules.rules:
        emits = tuple(emit for emit in rule.emits if emit.kind in kinds)
        if emits:
            wanted.append(replace(rule, emits=emits))
    return _sort_rules(tuple(wanted))


def _sort_rules(rules: tuple[Rule, ...]) -> Rules:
    return Rules(rules, {form: tuple(rule for rule in rules if rule.match.form == form) for form in FORMS})


class _Wrong(Exception):
    """What a rule says and may not; the text goes behind its name."""


class _Reader:
    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}
        self.problems: list[str] = []

    def read(self, given: RuleText) -> None:
        import yaml

        try:
            rows = yaml.load(given.text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f":{mark.line + 1}" if mark is not None else ""
            self.problems.append(f"{given.name}{line}: is no YAML: {getattr(error, 'problem', error)}")
            return
        if rows is None:
            return
        if not isinstance(rows, list):
            self.problems.append(f"{given.name}: wants a list of rules")
            return
        for index, row in enumerate(rows):
            where = f"{given.name}:{given.lines[index]}" if index < len(given.lines) else given.name
            label = row.get("id") if isinstance(row, dict) else None
            label = f"rule {label}" if isinstance(label, str) else f"rule number {index + 1}"
            try:
                rule = _read_rule(row)
                if rule.id in self.rules:
                    raise _Wrong("has the id of an earlier rule")
                self.rules[rule.id] = rule
            except _Wrong as wrong:
                self.problems.append(f"{where}: {label} {wrong}")


def _read_rule(row: Any) -> Rule:
    values = _want_mapping(row, "a rule", _RULE_KEYS)
    rule_id = values.get("id")
    if not isinstance(rule_id, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", rule_id):
        raise _Wrong("wants an id of lower-case letters, digits, '-', '.' and '_'")
    tests = values.get("tests", "no")
    tests = "no" if tests is False else tests  # `no` is false in YAML
    if tests not in ("no", "only", "also"):
        raise _Wrong("wants tests to be no, only or also")
    languages = _want_texts(values.get("languages", []), "languages")
    for language in languages:
        if language not in LANGUAGES:
            raise _Wrong(f"names the language {language}; there are {', '.join(LANGUAGES)}")
    emits = values.get("emit")
    if not isinstance(emits, list) or not emits:
        emits = [emits]
    return Rule(
        id=rule_id,
        languages=frozenset(languages),
        match=_read_match(values.get("match")),
        origin=_want_pattern(values["from"], "from") if "from" in values else None,
        where=_read_where(values["where"], "where") if "where" in values else None,
        tests=tests,
        emits=tuple(_read_emit(emit) for emit in emits),
    )


def _read_match(row: Any) -> Match:
    values = _want_mapping(row, "match", _MATCH_KEYS)
    forms = [form for form in FORMS if form in values]
    if len(forms) != 1:
        raise _Wrong(f"wants exactly one of {', '.join(FORMS)} in match")
    form = forms[0]
    decorates = frozenset(_want_texts(values.get("decorates", []), "match.decorates"))
    kinds = frozenset(_want_texts(values.get("kinds", []), "match.kinds"))
    raw = _want_texts(values.get("kind", []), "match.kind")
    if (form == "fact") != bool(raw):
        raise _Wrong("wants match.kind, the raw kinds, with fact and only there")
    value = _want_pattern(values["value"], "match.value") if "value" in values else None
    if form in PATTERN_FORMS:
        return Match(form, (), _want_pattern(values[form], f"match.{form}"), decorates, raw, kinds, value)
    if value is not None:
        raise _Wrong(f"wants match.value with {', '.join(PATTERN_FORMS)} only")
    names = _want_texts(values[form], f"match.{form}")
    if not names:
        raise _Wrong(f"wants at least one name in match.{form}")
    return Match(form, names, None, decorates, raw, kinds)


def _read_emit(row: Any) -> Emit:
    values = _want_mapping(row, "emit", _EMIT_KEYS)
    kind = values.get("kind")
    if not isinstance(kind, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        raise _Wrong("wants a kind in emit, of lower-case letters and '_'")
    role = values.get("role", "provides")
    if role not in ("provides", "uses"):
        raise _Wrong("wants role to be provides or uses")
    args = values.get("args", {})
    if isinstance(args, list):
        args = {name: name for name in _want_texts(args, "args")}
    constants = _want_mapping(values.get("set", {}), "set", None)
    lookups = _want_mapping(values.get("lookup", {}), "lookup", None)
    each = values.get("each", [])
    deep: tuple[str, ...] = ()
    if isinstance(each, dict):
        deep, each = _want_texts(_want_mapping(each, "each", ("deep",)).get("deep"), "each.deep"), []
    at = values.get("at", "")
    if at not in ("", "definition", "symbol"):
        raise _Wrong("wants at to be definition or symbol")
    emit = Emit(
        kind=kind,
        role=role,
        name=_read_selectors(values.get("name", []), "name"),
        value=_read_selectors(values.get("value", []), "value"),
        keys=_want_texts(values.get("keys", []), "keys"),
        args=tuple((str(k), _read_selectors(v, f"args.{k}")) for k, v in _want_mapping(args, "args", None).items()),
        set=tuple((str(k), _show(v)) for k, v in constants.items()),
        lookup=tuple(_read_lookup(str(k), v) for k, v in lookups.items()),
        each=_read_selectors(each, "each"),
        deep=frozenset(deep),
        when=_read_where(values["when"], "when") if "when" in values else None,
        at=at,
    )
    given = (*(k for k, _ in emit.args), *(k for k, _ in emit.set), *(row.name for row in emit.lookup))
    for word in given:
        if word in _RESERVED:
            raise _Wrong(f"keeps something as {word}, which every fact has already")
    known = {"name", *given, *WORDS}
    for template in emit.keys:
        for word in FIELD.findall(template):
            if word.removesuffix("!") not in known:
                raise _Wrong(f"has {{{word}}} in a key, which is neither name, one of args or set, nor a $word")
        if ":" not in template:
            raise _Wrong(f"wants keys such as queue:{{name}}, not {template}")
    return emit


FIELD = lazy(r"\{([^{}]*)\}")


def _read_lookup(name: str, row: Any) -> Lookup:
    place = f"lookup.{name}"
    values = _want_mapping(row, place, ("of", "in", "like", "else"))
    exact = _want_mapping(values.get("in", {}), f"{place}.in", None)
    like = _want_mapping(values.get("like", {}), f"{place}.like", None)
    return Lookup(
        name,
        _read_selectors(values.get("of"), f"{place}.of"),
        {str(k): _show(v) for k, v in exact.items()},
        tuple((_want_pattern(k, f"{place}.like"), _show(v)) for k, v in like.items()),
        _show(values.get("else", "")),
    )


def _read_where(row: Any, place: str) -> Where:
    values = _want_mapping(row, place, _WHERE_KEYS)

    def selectors(key: str) -> Selectors:
        return _read_selectors(values.get(key, []), f"{place}.{key}")

    def patterns(key: str) -> tuple[tuple[Selector, LazyPattern[str]], ...]:
        rows = _want_mapping(values.get(key, {}), f"{place}.{key}", None)
        return tuple((_read_selector(k, place), _want_pattern(v, f"{place}.{key}.{k}")) for k, v in rows.items())

    def pattern(key: str) -> LazyPattern[str] | None:
        return _want_pattern(values[key], f"{place}.{key}") if key in values else None

    shapes: list[tuple[Selector, tuple[str, ...]]] = []
    for key, wanted in _want_mapping(values.get("shape", {}), f"{place}.shape", None).items():
        tags = _want_texts(wanted, f"{place}.shape.{key}")
        if not set(tags) <= set(_SHAPES):
            raise _Wrong(f"wants {place}.shape to be of {', '.join(_SHAPES)}")
        shapes.append((_read_selector(key, place), tags))
    own = values.get("own")
    if own is not None and not isinstance(own, bool):
        raise _Wrong(f"wants {place}.own to be true or false")
    return Where(
        given=selectors("given"),
        missing=selectors("missing"),
        any=selectors("any"),
        text=patterns("text"),
        not_text=patterns("not_text"),
        shape=tuple(shapes),
        literals=frozenset(_want_texts(values.get("literals", []), f"{place}.literals")),
        own=own,
        class_base=pattern("class_base"),
        class_decorator=pattern("class_decorator"),
        parameter=pattern("parameter"),
    )


def _read_selectors(value: Any, place: str) -> Selectors:
    values = value if isinstance(value, list) else [value]
    return tuple(_read_selector(item, place) for item in values)


def _read_selector(value: Any, place: str) -> Selector:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Selector("position", index=value)
    if not isinstance(value, str) or not value:
        raise _Wrong(f"wants positions, keywords and $words in {place}, not {_show(value)!r}")
    if value.startswith("="):
        return Selector("text", value[1:])
    if value.startswith("@"):
        name, _, rest = value[1:].partition(":")
        return Selector("decorator", name, rest=_read_selector(_to_number(rest or "0"), place))
    if value.startswith("$"):
        word, _, rest = value[1:].partition(":")
        if word in _WORDS_WITH_MORE and rest:
            if word in ("attr", "config"):
                return Selector(word, rest)
            if word in ("made", "ref", "said"):
                return Selector(word, rest=_read_selector(_to_number(rest), place))
            method, _, inner = rest.partition(":")
            return Selector("also", method.lstrip("."), rest=_read_selector(_to_number(inner or "0"), place))
        head, *inner_keys = word.split(".")
        if head not in WORDS or rest:
            raise _Wrong(f"has ${word} in {place}; there are ${', $'.join((*WORDS, *_WORDS_WITH_MORE))}")
        return Selector("$", head, inner=tuple(inner_keys))
    first, *inner_keys = value.split(".")
    if first.isdigit():
        return Selector("position", index=int(first), inner=tuple(inner_keys))
    return Selector("word", first, inner=tuple(inner_keys))


def _to_number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _want_mapping(value: Any, place: str, allowed: Iterable[str] | None) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"wants keys and values in {place}" if place != "a rule" else "wants keys and values")
    if allowed is not None:
        for key in value:
            if key not in allowed:
                what = "the key" if place == "a rule" else f"{place}."
                joint = " " if place == "a rule" else ""
                raise _Wrong(f"has {what}{joint}{key}; allowed are {', '.join(allowed)}")
    return value


def _want_texts(value: Any, place: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) and item for item in values):
        raise _Wrong(f"wants a list of texts in {place}")
    return tuple(values)


def _want_pattern(value: Any, place: str) -> LazyPattern[str]:
    if not isinstance(value, str):
        raise _Wrong(f"wants a regular expression in {place}")
    try:
        re.compile(value)
    except re.error as error:
        raise _Wrong(f"has a bad regular expression in {place}: {error}") from error
    return lazy(value)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
