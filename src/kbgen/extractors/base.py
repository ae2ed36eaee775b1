"""What every extractor promises, and the facts that they share.

Kinds of facts, and what their fields hold (``attrs`` keys in brackets):

``symbol``
    A top-level or class-level definition. `name` its own name, `symbol` the qualified one
    (``Class.method``), `value` the source of a constant (up to 200 characters), `hash` of its own text
    (see `hash_text`). [kind: class, function, method, constant, const, component, hook, interface, type,
    enum, nested class; exported: yes or no; parent: the qualified enclosing definition; end_line;
    default: yes for ``export default``; exported_as: when exported under another name; decorators:
    names joined by a blank; bases: names joined by a blank; stub: why the body does nothing real]
``import``
    One imported name. `name` as the other module calls it: ``default``, ``*`` for the whole module, empty
    for an import for its effect only. `value` the module as written. [alias: the local name where it
    differs; reexport, type_only, dynamic: yes]
``reference``
    Names that one top-level definition (`symbol`; empty: code outside any) uses, packed into `value` to
    keep a file's facts small: `parse_references` unpacks. `name` is their role: ``name``, ``member``
    (after a dot), ``type`` (annotation), ``string`` (a literal that looks like a module, path or
    identifier). Definitions, import clauses, re-exports, comments and prose are left out.
``test_case``
    `name` the title. [form: the call or ``def``; each: yes when parametrized, which counts once]
``route``
    `name` ``METHOD /path``, also in `value`. [method; path; framework; kind: ``route`` or ``page``]
``comment``
    `value` the text of a comment block or docstring (up to 500 characters), `name` ``comment`` or
    ``docstring``. [marker: TODO, FIXME, mock …]
``mock``
    A place in code that stands in for the real thing. `name` the enclosing definition, `value` the words
    or code that say so. [reason: name, comment, not-implemented, timer, random, literal]
``env``
    An environment variable that is read. `name` the variable, `value` its default as written. [required]
``entry``
    The file can be run by itself. `name` what says so: ``__main__``, ``shebang``.

What code does, word for word, for the joins that read several files (`kbgen.expressions` has the form of
every ``value`` here):

``call``
    One call or constructor, in source order. `name` the callee as written: ``fetch``,
    ``self.client.call_agent``, ``httpx.AsyncClient``; a receiver that is itself a call has ``()``. `value`
    the arguments (`encode_arguments`), empty for none. [target: the name assigned to, ``app``, ``self.sio``;
    new: yes; awaited: yes; in: the callee whose argument this call is]. Calls that only reshape values
    (``x.map(f)``, ``len(x)``, ``s.strip()``) and those of a test's own vocabulary (``expect(x).toBe``) are left out.
``decorator``
    `name` as written without ``@``, `value` its arguments, `symbol` what it decorates. [on: function,
    class, method, parameter, property; target: the name of that parameter, property or nested function]
``binding``
    An assignment. `name` the target: ``X``, ``self.x``, ``this.x``; `value` the expression, `symbol` the scope
    (empty: module; ``Class`` for a class attribute). Unknown values and plain copies of a parameter are left out.
    [item: the key when ``x[key] = …`` is assigned; type: the annotation; aug: yes for ``+=`` and ``append``; loop: yes
    for a name bound to each item of what it loops over]
``return``
    What a function returns, one fact each, unknown ones left out.
``param``
    A parameter of a definition, one fact each for those with a type or a default. `name`, `value` the default.
    [type: the annotation as written, up to 120 characters; index: 0-based, ``self`` and ``cls`` not counted;
    property: yes for a constructor's parameter property]
``field``
    An annotated field of a class, or a member of an enum. `symbol` the class, `value` the default. [type;
    member: yes for enums]
``jsx``
    An element. `name` the tag as written, `value` its attributes as keyword arguments (a bare attribute is
    true), `symbol` the component around it. [spread: yes]
``raise``
    `name` the exception's class as written, `value` its arguments.
``with``
    A context manager entered: ``async with self._lock``. `name` the expression when it is a name, `value` the
    expression. [async: yes; within: names of the context managers already held in this function, blank-joined]
``except``
    `name` the exceptions caught, blank-joined, empty for all. [does: raise, return, log, pass, other]

What configuration says (attributes are in the docstring of each module; `source` says where a fact comes from):

``service`` (name; image or build folder) · ``port`` (inside; outside) · ``setting`` (a variable; its value as written,
secrets ``…``) [service, default, ref] · ``depends`` [service, condition, via] · ``artifact`` (image; folder it is
built from) · ``base`` (FROM image; stage) · ``copy`` (source; target) · ``package`` (name; version) [ecosystem,
workspaces] · ``dependency`` (name; version) [section, local] · ``script`` (name; command) [bin] · ``target`` (make;
first recipe line) · ``job``, ``step`` (workflows) · ``hook_command`` (Git hook; command) [shell, if] ·
``datasource`` [provider, url] · ``schema`` [kind, table, action] ·
``config`` (dotted key; text) [mcp, kind, resource] · ``heading`` [level] · ``table`` (header cells) [rows];
a fact of a Helm template has the attribute template: yes.

`symbol` of every fact but ``symbol`` itself is the qualified enclosing definition, empty at module level.
"""

from __future__ import annotations

import hashlib
import sys
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple, Protocol

from kbgen.model import Fact, FileFacts, SourceFile
from kbgen.patterns import LazyPattern


class Extractor(Protocol):
    """A module with these three names: text in, facts out; it never opens a file."""

    @property
    def SUFFIXES(self) -> tuple[str, ...]:
        """Lower case, with the dot."""
        ...

    @property
    def VERSION(self) -> str:
        """Changes whenever the same text would give other facts: it is part of the cache key."""
        ...

    def extract(self, source: SourceFile) -> FileFacts: ...


class FactCollector:
    """The facts of one file while it is read: what the readers of all languages share."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.facts: list[Fact] = []

    def _add(
        self,
        kind: str,
        name: str,
        line: int,
        value: str = "",
        symbol: str = "",
        attrs: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.facts.append(Fact(kind, name, self.path, line, value, symbol, "", attrs))


class Reference(NamedTuple):
    name: str
    line: int
    """Of the first use."""
    times: int


def parse_references(fact: Fact) -> Iterator[Reference]:
    """The names packed in one ``reference`` fact, in order of first use: ``fetch@12*3 Card@40``."""
    for packed in fact.value.split():
        name, _, where = packed.rpartition("@")
        line, _, times = where.partition("*")
        yield Reference(name, int(line), int(times or 1))


class References:
    """Collects the uses of names while a file is walked; `pack` makes the facts."""

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str], dict[str, list[int]]] = {}

    def add(self, symbol: str, role: str, name: str, line: int) -> None:
        names = self._uses.setdefault((symbol, role), {})
        use = names.get(name)
        if use is None:
            names[name] = [line, 1]
        else:
            use[1] += 1
            if line < use[0]:
                use[0] = line

    def open(self, symbol: str, role: str) -> dict[str, list[int]]:
        """Name -> [line of the first use, how many], for whoever adds many in one go."""
        return self._uses.setdefault((symbol, role), {})

    def place(self, find_line: Callable[[int], int]) -> None:
        """Turn positions, which were added in place of lines, into lines."""
        for names in self._uses.values():
            for use in names.values():
                use[0] = find_line(use[0])

    def pack(self, path: str, local: Collection[str] = (), strings: int = 300) -> Iterator[Fact]:
        """One fact for each definition and role. Names in `local` are dropped, `strings` caps the literals."""
        for (symbol, role), names in self._uses.items():
            ordered = sorted((line, name, times) for name, (line, times) in names.items())
            if role == "name":
                ordered = [use for use in ordered if use[1] not in local]
            elif role == "string":
                ordered = ordered[:strings]
                strings -= len(ordered)
            if ordered:
                value = " ".join(
                    f"{name}@{line}*{times}" if times > 1 else f"{name}@{line}" for line, name, times in ordered
                )
                yield Fact("reference", role, path, ordered[0][0], value, symbol)


class Scopes:
    """Which definition a position lies in. Spans nest or are apart; both ends belong to them."""

    def __init__(self, spans: Iterable[tuple[int, int, str]]) -> None:
        self._spans = sorted(spans, key=lambda span: (span[0], -span[1]))
        self._starts = [span[0] for span in self._spans]
        self._outer: list[int] = []
        open_spans: list[int] = []
        for index, (start, _, _) in enumerate(self._spans):
            while open_spans and self._spans[open_spans[-1]][1] < start:
                open_spans.pop()
            self._outer.append(open_spans[-1] if open_spans else -1)
            open_spans.append(index)

    def find(self, position: int) -> str:
        """The innermost definition around `position`, or ``""``."""
        index = bisect_right(self._starts, position) - 1
        while index >= 0 and self._spans[index][1] < position:
            index = self._outer[index]
        return self._spans[index][2] if index >= 0 else ""

    def find_range(self, position: int) -> tuple[str, int, int]:
        """What `find` says, and the positions (first, behind the last) around this one of which it says the same."""
        index = bisect_right(self._starts, position) - 1
        low = self._starts[index] if index >= 0 else 0
        high = self._starts[index + 1] if index + 1 < len(self._starts) else sys.maxsize
        while index >= 0 and self._spans[index][1] < position:
            low = max(low, self._spans[index][1] + 1)
            index = self._outer[index]
        if index < 0:
            return "", low, high
        return self._spans[index][2], low, min(high, self._spans[index][1] + 1)


def hash_text(text: str, column: int = 0) -> str:
    """16 hex digits for a definition's own text, the same wherever in a file it stands.

    `column` is where its first line starts; that indentation and trailing blanks do not count.
    """
    first, *rest = text.split("\n")
    lines = [first.strip()]
    indent = " " * column
    for line in rest:
        own = line.rstrip()
        lines.append(own[column:] if own.startswith(indent) or not own[:column].strip() else own.lstrip())
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


_WORD = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def split_words(identifier: str) -> tuple[str, ...]:
    """The words of an identifier, lower case: ``fetchMockData`` and ``FETCH_MOCK_DATA`` give the same."""
    return tuple(word.lower() for word in _WORD.findall(identifier))


_NAMING_STRING = LazyPattern(r"(?:[@~#]/?|(?:\.{1,2}/)+)?[A-Za-z_][\w\-]*(?:[./:]+[\w\-\[\]()*]+)*")
_COMPOUND = LazyPattern(r"[a-z0-9][A-Z]|[A-Za-z0-9]_[A-Za-z0-9]|^[A-Z][a-z]+[A-Z]")
_NOT_A_MODULE = LazyPattern(r"^(?:application|text|image|audio|video|multipart|font)/|^[\d.]+$|\d{4}-\d\d|^https?:")


def names_something(text: str) -> bool:
    """Whether a string literal looks like a module, a path or an identifier of several words; prose never."""
    if not 3 <= len(text) <= 120 or not _NAMING_STRING.fullmatch(text):
        return False
    if "." in text or "/" in text or ":" in text:
        return not _NOT_A_MODULE.search(text)
    return "-" not in text and _COMPOUND.search(text) is not None


_MOCK_WORDS = frozenset({"mock", "mocks", "mocked", "fake", "fakes", "stub", "stubs", "stubbed", "dummy"})


def find_mock_word(identifier: str) -> str:
    """The word of an identifier that says it stands in for the real thing, or ``""``."""
    return next((word for word in split_words(identifier) if word in _MOCK_WORDS), "")


_SETTING_NAME = LazyPattern(r"[A-Z][A-Z0-9_]*")


def is_setting_name(text: str) -> bool:
    """Whether `text` is spelled as environment variables and constants are."""
    return _SETTING_NAME.fullmatch(text) is not None


def shorten(text: str, limit: int) -> str:
    """`text` on one line, cut to `limit` characters with ``…``."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def sort_facts(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Source order, and a total one."""
    return tuple(sorted(facts, key=lambda f: (f.line, f.kind, f.symbol, f.name, f.value, f.attrs)))
