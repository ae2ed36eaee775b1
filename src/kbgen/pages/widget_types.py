"""Names that code of several languages must agree on, kept in a JSON file: who reads it, repeats it, checks it.

A list counts when a program of the repository reads the file and two languages have its names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_expr, tag_of
from kbgen.model import Fact
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.readings import find_collected, find_comparisons, find_definition
from kbgen.pages.shared.subject import Reached, TestRow, list_tests, unique
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.patterns import LazyPattern

_ITEM = LazyPattern(r"^(.+)\[(\d+)\]$")
_NAME = LazyPattern(r"^[A-Za-z][\w-]*$")
_MANIFESTS = LazyPattern(
    r"(?:^|/)(?:package(?:-lock)?|tsconfig[\w.-]*|jsconfig|turbo|nest-cli|components|manifest)\.json$"
)
_LANGUAGES = {
    ".py": "Python", ".ts": "TypeScript", ".tsx": "TypeScript", ".mts": "TypeScript", ".js": "JavaScript",
    ".jsx": "JavaScript", ".mjs": "JavaScript", ".cjs": "JavaScript", ".go": "Go", ".java": "Java", ".rb": "Ruby",
}  # fmt: skip
_READING = frozenset({"json", "fs", "fs/promises", "node:fs", "node:fs/promises", "path", "node:path", "pathlib", "os"})
_WRITES = frozenset({"writeFile", "writeFileSync", "write_text", "dump", "write_bytes"})
_EXITS = frozenset({"process.exit", "sys.exit", "exit"})
_QUOTED = LazyPattern(r"['\"`/]([\w.-]+\.\w+)['\"`]")
_COMMENT = LazyPattern(r"^\s*(?:\*|//|/\*|#)")
_SHARE = 0.6
"""A table of names is taken for a copy when it has that much of them."""
_FEWEST = 3
_LOADER_LINES = 45
_USERS = 3
_HANDS = 5
"""Files that a name may be handed through."""


@dataclass(frozen=True, slots=True)
class CopyRow:
    """The names once more, in code."""

    name: str
    form: str
    """values, keys, list, members, returned."""
    language: str
    count: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    ordered: bool
    """In the order of the file, as far as it has them."""
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """Code that names the file."""

    name: str
    language: str
    logs: tuple[tuple[str, str], ...]
    """(level, message)"""
    fallback: int
    """How many names it has of its own for when the file cannot be read; 0 for none."""
    at: Place


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A Dockerfile for code that reads the file, which copies other things only."""

    copied: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A program that compares and ends with a code."""

    messages: tuple[str, ...]
    compares: tuple[str, ...]
    """Files that it names."""
    run_by: tuple[Place, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class ExportRow:
    name: str
    kind: str
    users: tuple[Place, ...]
    more: int
    twins: tuple[Place, ...]
    """Other definitions of this name."""
    at: Place


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """A condition that tells a known name from an unknown one."""

    condition: str
    at: Place


@dataclass(frozen=True, slots=True)
class SharedList:
    key: str
    names: tuple[str, ...]
    says: tuple[tuple[str, str], ...]
    """What the file says of itself: (key, text)."""
    writers: tuple[Place, ...]
    schema: Place | None
    rules: tuple[tuple[str, str], ...]
    schema_readers: tuple[Place, ...]
    copies: tuple[CopyRow, ...]
    languages: tuple[str, ...]
    readers: tuple[ReaderRow, ...]
    loader: Excerpt | None
    images: tuple[ImageRow, ...]
    exports: tuple[ExportRow, ...]
    checks: tuple[CheckRow, ...]
    refusals: tuple[RefusalRow, ...]
    tests: tuple[TestRow, ...]
    at: Place

    @property
    def differing(self) -> tuple[CopyRow, ...]:
        return tuple(row for row in self.copies if row.missing or row.extra)


@dataclass(frozen=True, slots=True)
class TypesPage:
    lists: tuple[SharedList, ...]


def build(sources: Sources, pack: PagePack) -> TypesPage | None:
    lists = tuple(_Reader(sources).find_lists())
    return TypesPage(lists) if lists else None


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program
        self._reached = Reached(sources)

    def find_lists(self) -> Iterator[SharedList]:
        groups: dict[tuple[str, str], list[str]] = {}
        for fact in self._sources.list("config"):
            item = _ITEM.match(fact.name) if fact.path.endswith(".json") and not _MANIFESTS.search(fact.path) else None
            if item is not None and _NAME.match(fact.value):
                groups.setdefault((fact.path, item[1]), []).append(fact.value)
        for (path, key), names in sorted(groups.items()):
            if len(names) >= _FEWEST and sum(len(name) > 5 for name in names) >= _FEWEST:
                mentions = self._find_mentions(path)
                if mentions:
                    found = self._read_list(path, key, tuple(names), mentions)
                    if len(found.languages) > 1:
                        yield found

    def _read_list(
        self, path: str, key: str, names: tuple[str, ...], mentions: Sequence[tuple[str, int]]
    ) -> SharedList:
        copies = tuple(self._find_copies(names))
        checks = tuple(self._find_checks(mentions))
        readers = tuple(self._find_readers(mentions, {row.at.path for row in checks}, copies))
        places = [(row.at.path, row.at.symbol) for row in readers]
        languages = {row.language for row in copies} | {row.language for row in readers}
        homes = {row.at.path for row in copies} | {row.at.path for row in readers}
        schema = self._find_schema(path)
        return SharedList(
            key,
            names,
            tuple(self._list_texts(path)),
            tuple(self._find_writers(mentions)),
            self._sources.at(schema) if schema else None,
            tuple(self._list_rules(schema, key)) if schema else (),
            tuple(self._sources.at(p) for p in sorted({p for p, _ in self._find_mentions(schema)})) if schema else (),
            copies,
            tuple(sorted(languages)),
            readers,
            next((e for p in places if (e := self._sources.excerpt(*p, limit=_LOADER_LINES))), None),
            tuple(self._find_images(path, readers)),
            tuple(self._find_exports(copies)),
            checks,
            tuple(self._find_refusals(copies, readers)),
            list_tests(self._sources, homes)[:8],
            self._sources.at(path),
        )

    # ------------------------------------------------------------------------------------------- the file

    def _find_mentions(self, path: str) -> list[tuple[str, int]]:
        """(file, line) of code that names the file and reads or imports files; comments and tests left out."""
        name = posixpath.basename(path)
        able = {
            fact.path
            for fact in self._program.list_facts("import")
            if fact.value in _READING or fact.value.endswith(name) or fact.value.partition(".")[0] in _READING
        }
        found = []
        for candidate in sorted(able):
            text = self._sources.read_text(candidate)
            if name in text:
                for number, line in enumerate(text.splitlines(), start=1):
                    if re.search(rf"['\"`/]{re.escape(name)}['\"`]", line) and not _COMMENT.match(line):
                        found.append((candidate, number))
        return found

    def _list_texts(self, path: str) -> Iterator[tuple[str, str]]:
        for fact in self._sources.list("config"):
            if fact.path == path and "[" not in fact.name and "." not in fact.name and not fact.name.startswith("$"):
                yield fact.name, fact.value

    def _find_schema(self, path: str) -> str:
        """A JSON schema beside the file that is named for it."""
        stem = path.removesuffix(".json")
        beside = (f"{stem}.schema.json", f"{stem}-schema.json", f"{stem}_schema.json")
        return next((each for each in beside if each in self._sources.entries), "")

    def _list_rules(self, schema: str, key: str) -> Iterator[tuple[str, str]]:
        prefix = f"properties.{key}."
        for fact in self._sources.list("config"):
            if fact.path == schema and fact.name.startswith(prefix) and not fact.name.endswith("description"):
                yield fact.name.removeprefix(prefix), fact.value

    def _find_writers(self, mentions: Sequence[tuple[str, int]]) -> Iterator[Place]:
        paths = {path for path, _ in mentions}
        for fact in self._program.list_facts("call"):
            if fact.path in paths and fact.name.rpartition(".")[2] in _WRITES:
                yield self._sources.at(fact)

    # --------------------------------------------------------------------------------------------- copies

    def _find_copies(self, names: tuple[str, ...]) -> Iterator[CopyRow]:
        rows: list[tuple[Fact, str, str, tuple[str, ...]]] = []
        for fact in self._program.list_facts("binding"):
            if not fact.symbol or self._program.is_class((fact.path, fact.symbol)):
                rows += [(fact, fact.name, form, held) for form, held in _read_tables(decode_expr(fact.value))]
        for fact in self._program.list_facts("return"):
            if fact.value.startswith('["list"'):
                held = tuple(item for item in decode_expr(fact.value)[1:] if isinstance(item, str))
                rows.append((fact, fact.symbol, "returned", held))
        members: dict[tuple[str, str], list[Fact]] = {}
        for fact in self._program.list_facts("field"):
            if fact.attr("member") == "yes":
                members.setdefault((fact.path, fact.symbol), []).append(fact)
        for (_, owner), facts in members.items():
            held = tuple(value for f in facts if isinstance(value := decode_expr(f.value), str))
            rows.append((facts[0], owner, "members", held))
        for fact, name, form, held in sorted(rows, key=lambda r: (r[0].path, r[0].line)):
            shared = [each for each in held if each in names]
            if len(set(shared)) >= max(_FEWEST, _SHARE * len(names)):
                home = name if form != "members" and not fact.symbol else fact.symbol
                yield CopyRow(
                    name,
                    form,
                    _say_language(fact.path),
                    len(held),
                    tuple(each for each in names if each not in held),
                    tuple(each for each in held if each not in names),
                    shared == [each for each in names if each in shared],
                    self._reached.is_dead(fact.path, home),
                    self._sources.at(fact.path, home),
                )

    def _find_readers(
        self, mentions: Sequence[tuple[str, int]], checks: set[str], copies: Sequence[CopyRow]
    ) -> Iterator[ReaderRow]:
        seen: set[tuple[str, str]] = set()
        for path, line in mentions:
            symbol = self._find_symbol(path, line)
            if path in checks or (path, symbol) in seen:
                continue
            seen.add((path, symbol))
            logs = tuple(
                (f.attr("level"), f.name) for f in self._sources.list("log") if (f.path, f.symbol) == (path, symbol)
            )
            own = next((c.count for c in copies if (c.at.path, c.at.symbol) == (path, symbol)), 0)
            yield ReaderRow(
                symbol or posixpath.basename(path), _say_language(path), logs, own, self._sources.at(path, symbol)
            )

    def _find_images(self, path: str, readers: Sequence[ReaderRow]) -> Iterator[ImageRow]:
        """Dockerfiles in a reader's folder that copy neither the file, nor a folder around it, nor everything."""
        copied: dict[str, list[str]] = {}
        for fact in self._sources.list("copy"):
            copied.setdefault(fact.path, []).append(fact.name)
        for dockerfile, names in sorted(copied.items()):
            folder = posixpath.dirname(dockerfile)
            inside = any(row.at.path.startswith(f"{folder}/") for row in readers)
            held = any(_holds(name, path) for name in names)
            if folder and inside and not path.startswith(f"{folder}/") and not held:
                yield ImageRow(tuple(names), self._sources.at(dockerfile))

    def _find_symbol(self, path: str, line: int) -> str:
        return find_definition(self._program.list_symbols(path), line)

    # --------------------------------------------------------------------------------------------- checks

    def _find_checks(self, mentions: Sequence[tuple[str, int]]) -> Iterator[CheckRow]:
        for path in sorted({path for path, _ in mentions}):
            calls = [f for f in self._program.list_facts("call") if f.path == path]
            if not any(f.name in _EXITS for f in calls):
                continue
            text = self._sources.read_text(path)
            imported = {
                target
                for f in self._program.list_facts("import")
                if f.path == path
                for target in self._program.find_modules(path, f.value)
            }
            named = {each for name in set(_QUOTED.findall(text)) for each in self._find_file(name)}
            others = sorted((imported | named) - {path})
            yield CheckRow(find_collected(text, path), tuple(others), self._find_runs(path), self._sources.at(path))

    def _find_file(self, name: str) -> tuple[str, ...]:
        """The one file of that name; nothing where several have it."""
        found = [path for path in self._sources.entries if posixpath.basename(path) == name]
        return tuple(found) if len(found) == 1 else ()

    def _find_runs(self, path: str) -> tuple[Place, ...]:
        """Scripts, targets, hooks and steps of the pipeline that name the program."""
        stem = posixpath.splitext(posixpath.basename(path))[0]
        found = [
            self._sources.at(fact)
            for kind in ("script", "target", "step", "hook_command", "hook")
            for fact in self._sources.list(kind)
            if stem in fact.value
        ]
        return unique(found)

    # ---------------------------------------------------------------------------------------- who uses it

    def _find_exports(self, copies: Sequence[CopyRow]) -> Iterator[ExportRow]:
        """Exported definitions of the modules that have the names, which rest on them."""
        for copy in copies:
            if copy.form not in ("values", "list", "members") or copy.language == "Python":
                continue
            path = copy.at.path
            lines = self._sources.read_text(path).splitlines()
            known = {copy.name}
            for fact in sorted(self._program.list_symbols(path).values(), key=lambda f: f.line):
                body = "\n".join(lines[fact.line - 1 : int(fact.attr("end_line") or fact.line)])
                if fact.attr("exported") != "yes" or not any(re.search(rf"\b{re.escape(n)}\b", body) for n in known):
                    continue
                if fact.attr("kind") == "interface":
                    continue
                known.add(fact.name)
                users = self._find_users(path, fact.name)
                twins = unique(
                    self._sources.at(f)
                    for f in self._program.list_facts("symbol")
                    if f.name == fact.name and f.path != path and not f.symbol.count(".")
                )
                yield ExportRow(
                    fact.name, fact.attr("kind"), users[:_USERS], len(users[_USERS:]), twins[:2], self._sources.at(fact)
                )

    def _find_users(self, path: str, name: str) -> tuple[Place, ...]:
        """Files that import the name from there, or hand it on; over files that hand all of it on, too."""
        reached = {path}
        found: dict[str, None] = {}
        for _ in range(_HANDS):
            before = len(reached)
            for fact in self._program.list_facts("import"):
                if fact.name in (name, "*") and fact.path not in reached:
                    through = reached.intersection(self._program.find_modules(fact.path, fact.value))
                    if through and fact.attr("reexport") == "yes":
                        reached.add(fact.path)
                    if through and fact.name == name:
                        found.setdefault(fact.path)
            if len(reached) == before:
                break
        return unique(self._sources.at(each) for each in sorted(found))

    def _find_refusals(self, copies: Sequence[CopyRow], readers: Sequence[ReaderRow]) -> Iterator[RefusalRow]:
        """Conditions that ask whether a name is one of the list."""
        for path in sorted({row.at.path for row in copies} | {row.at.path for row in readers}):
            loaded = {
                b.name
                for b in self._program.list_within(path, "", "binding")
                if any(r.name == _callee(decode_expr(b.value)) and r.at.path == path for r in readers)
            }
            names = loaded | {row.name for row in copies if row.at.path == path and row.form in ("list", "values")}
            if not names:
                continue
            asks = re.compile(rf"\bin (?:{'|'.join(map(re.escape, sorted(names)))})\b")
            for each in find_comparisons(self._sources.read_text(path), path):
                if asks.search(each.text):
                    yield RefusalRow(each.text, self._sources.at(path, self._find_symbol(path, each.line)))


def _say_language(path: str) -> str:
    return _LANGUAGES.get(posixpath.splitext(path)[1], posixpath.splitext(path)[1].lstrip("."))


def _callee(expr: Expr) -> str:
    return str(expr[1]) if tag_of(expr) == "call" else ""


def _read_tables(expr: Expr) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names that a list or a dict holds, as what."""
    if tag_of(expr) == "call" and len(expr[2]) == 1:
        expr = expr[2][0]
    if tag_of(expr) == "list":
        yield "list", tuple(item for item in expr[1:] if isinstance(item, str))
    elif tag_of(expr) == "dict":
        yield "keys", tuple(key for key, _ in expr[1:] if isinstance(key, str))
        yield "values", tuple(value for _, value in expr[1:] if isinstance(value, str))


def _holds(copied: str, path: str) -> bool:
    """Whether what a Dockerfile copies may be the file, or hold it."""
    plain = copied.strip("./").rstrip("*").rstrip("/")
    return not plain or path.endswith(plain) or f"/{plain}/" in f"/{path}"
