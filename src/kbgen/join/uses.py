"""Who uses what: references joined to definitions across files.

An edge leads from the definition that uses to the one that is used: through imports, aliases, barrels
and namespaces, by member name for methods. In doubt there is an edge, since a false "wired nowhere"
costs more than a missed one. A re-export or an import alone is no use.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kbgen.extractors import parse_references
from kbgen.join.conventions import find_convention
from kbgen.join.layout import PY_SUFFIXES, Layout, Modules
from kbgen.model import Evidence, Fact, FileFacts
from kbgen.patterns import LazyPattern

Target = tuple[str, str]
"""(path, qualified name); the name is empty for the module itself."""

_SPECIAL = LazyPattern(r"^(?:__\w+__|constructor)$")


class _Use(NamedTuple):
    path: str
    symbol: str
    """The top-level definition that uses, empty for the module's own code."""
    line: int
    why: str = ""


class _Names(NamedTuple):
    """The references of one file by role: name -> where it is used."""

    plain: dict[str, list[tuple[str, int]]]
    """Roles ``name`` and ``type``."""
    members: dict[str, list[tuple[str, int]]]
    strings: dict[str, list[tuple[str, int]]]


class _File:
    """One file's facts, sorted by what the join asks for."""

    def __init__(self, facts: FileFacts) -> None:
        self.path = facts.path
        self.is_python = facts.path.endswith(PY_SUFFIXES)
        self.symbols: dict[str, Fact] = {}
        self.imports: list[Fact] = []
        self.entries: list[Fact] = []
        self._references: list[Fact] = []
        self._names: _Names | None = None
        self._exports: dict[str, list[tuple[str, str]]] | None = None
        for fact in facts.facts:
            if fact.kind == "symbol":
                self.symbols.setdefault(fact.symbol, fact)
            elif fact.kind == "import":
                self.imports.append(fact)
            elif fact.kind == "reference":
                self._references.append(fact)
            elif fact.kind == "entry":
                self.entries.append(fact)

    @property
    def names(self) -> _Names:
        if self._names is None:
            self._names = _Names({}, {}, {})
            for fact in self._references:
                table = self._names.members if fact.name == "member" else self._names.plain
                if fact.name == "string":
                    table = self._names.strings
                for reference in parse_references(fact):
                    table.setdefault(reference.name, []).append((fact.symbol, reference.line))
        return self._names

    @property
    def exports(self) -> dict[str, list[tuple[str, str]]]:
        """Exported name -> [(name of the own definition, "")] or [(name there, module)] for what passes through.

        ``*`` collects the modules whose exports all pass through.
        """
        if self._exports is None:
            table: dict[str, list[tuple[str, str]]] = {}
            for fact in self.symbols.values():
                if fact.attr("parent"):
                    continue
                table.setdefault(fact.symbol, []).append((fact.symbol, ""))
                if fact.attr("default") == "yes":
                    table.setdefault("default", []).append((fact.symbol, ""))
                if fact.attr("exported_as"):
                    table.setdefault(fact.attr("exported_as"), []).append((fact.symbol, ""))
            for fact in self.imports:
                if self.is_python:
                    shown = "*" if fact.name == "*" and not fact.attr("alias") else fact.attr("alias") or fact.name
                elif fact.attr("reexport") == "yes":
                    shown = fact.attr("alias") or fact.name
                else:
                    continue
                table.setdefault(shown, []).append((fact.name, fact.value))
            self._exports = table
        return self._exports


class Uses:
    """The graph of uses between the definitions of the files given.

    `facts_by_path` may leave out files whose text holds none of the names asked for; an import from a
    file without facts counts as a use of every definition of that name.
    """

    def __init__(
        self,
        facts_by_path: Mapping[str, FileFacts],
        is_test: Callable[[str], bool],
        paths: Collection[str],
        layout: Layout,
    ) -> None:
        known = frozenset(paths) | frozenset(facts_by_path)
        self.modules = Modules(known, layout)
        self.layout = layout
        self.files = {path: _File(facts_by_path[path]) for path in sorted(facts_by_path)}
        self._production = [
            path for path in self.files if not is_test(path) and ".stories." not in posixpath.basename(path)
        ]
        self._resolved: dict[tuple[str, str], tuple[frozenset[Target], bool]] = {}

    # --------------------------------------------------------------------------------- resolving

    def find_exported(self, path: str, name: str) -> tuple[frozenset[Target], bool]:
        """The definitions that `name` of the module `path` stands for, barrels followed.

        The flag is true when the trail ends in a file without facts, so that more is possible.
        """
        key = (path, name)
        found = self._resolved.get(key)
        if found is None:
            found = self._resolved[key] = self._follow(path, name)
        return found

    def _follow(self, path: str, name: str) -> tuple[frozenset[Target], bool]:
        targets: set[Target] = set()
        open_end = False
        seen: set[tuple[str, str]] = set()
        stack = [(path, name)]
        while stack:
            step = stack.pop()
            if step in seen:
                continue
            seen.add(step)
            file = self.files.get(step[0])
            if file is None:
                open_end = True
                continue
            for own, module in file.exports.get(step[1], ()):
                if not module:
                    targets.add((file.path, own))
                elif own == "*":
                    targets.update((there, "") for there in self.modules.resolve(module, file.path).paths)
                else:
                    stack.extend((there, own) for there in self.modules.resolve(module, file.path).paths)
            for own, module in file.exports.get("*", ()):
                if step[1] != "default" and own == "*":
                    stack.extend((there, step[1]) for there in self.modules.resolve(module, file.path).paths)
            if file.is_python and posixpath.basename(file.path) == "__init__.py":
                inner = self.modules.find_python(posixpath.join(posixpath.dirname(file.path), step[1]))
                if inner:
                    targets.add((inner, ""))
        return frozenset(targets), open_end

    def _find_bindings(self, file: _File) -> Iterator[tuple[Fact, str, frozenset[Target], bool]]:
        """Each import of a file: (fact, local name, what it may stand for, whether more is possible)."""
        for fact in file.imports:
            if fact.attr("reexport") == "yes" or not fact.name:
                continue
            resolved = self.modules.resolve(fact.value, file.path)
            local = fact.attr("alias") or fact.name
            if fact.name == "*":
                yield (
                    fact,
                    local,
                    frozenset((path, "") for path in resolved.paths),
                    resolved.inside and not resolved.paths,
                )
                continue
            targets: set[Target] = set()
            open_end = resolved.inside and not resolved.paths
            for path in resolved.paths:
                found, more = self.find_exported(path, fact.name)
                targets |= found
                open_end |= more
            if file.is_python:
                joined = fact.value + ("" if fact.value.endswith(".") else ".") + fact.name
                targets.update((path, "") for path in self.modules.resolve(joined, file.path).paths)
            yield fact, local, frozenset(targets), open_end

    # ------------------------------------------------------------------------------------- edges

    def find_edges(self, path: str) -> Iterator[tuple[_Use, Target]]:
        """Every use that the code of one file makes of definitions in other files, and in itself."""
        file = self.files[path]
        names = file.names
        for name, places in names.plain.items():
            if name in file.symbols:
                for symbol, line in places:
                    if symbol != name:
                        yield _Use(path, symbol, line), (path, name)
        for fact, local, targets, _ in self._find_bindings(file):
            whole = [target for target in targets if not target[1]]
            for target in targets:
                if target[1]:
                    for symbol, line in names.plain.get(local, ()):
                        yield _Use(path, symbol, line), target
            if whole:
                yield from self._find_namespace_edges(file, fact, local, whole)

    def _find_namespace_edges(
        self, file: _File, fact: Fact, local: str, modules: Sequence[Target]
    ) -> Iterator[tuple[_Use, Target]]:
        """Uses through a module as a whole: ``ns.name``, star imports, ``import()``."""
        names = file.names
        dynamic = fact.attr("dynamic") == "yes"
        star = file.is_python and fact.name == "*" and not fact.attr("alias") and not dynamic
        for path, _ in modules:
            target_file = self.files.get(path)
            if target_file is None:
                continue
            matched = False
            for shown in self._list_exports(path):
                places = names.plain.get(shown, ()) if star else names.members.get(shown, ())
                for symbol, line in places:
                    matched = True
                    for target in self.find_exported(path, shown)[0]:
                        if target[1]:
                            yield _Use(file.path, symbol, line), target
            if dynamic:
                for target in self.find_exported(path, "default")[0]:
                    matched = True
                    yield _Use(file.path, fact.symbol.partition(".")[0], fact.line), target
            if not matched and not star and (dynamic or local in names.plain):
                # The module is handed on as a value: whatever it exports may be used.
                use = _Use(file.path, fact.symbol.partition(".")[0], fact.line, "the module as a whole")
                for shown in self._list_exports(path):
                    for target in self.find_exported(path, shown)[0]:
                        if target[1]:
                            yield use, target

    def _list_exports(self, path: str) -> list[str]:
        """Names that the module shows, star re-exports included."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        stack = [path]
        while stack:
            current = stack.pop()
            file = self.files.get(current)
            if file is None or current in seen:
                continue
            seen.add(current)
            for name, sources in file.exports.items():
                if name != "*":
                    found[name] = None
                    continue
                for own, module in sources:
                    if own == "*":
                        stack.extend(self.modules.resolve(module, current).paths)
        return list(found)

    # --------------------------------------------------------------------------------- questions

    def find_uses(self, wanted: Collection[Target]) -> dict[Target, list[_Use]]:
        """Uses of each target by production code outside its own file, first use of each file only."""
        found: dict[Target, dict[str, _Use]] = {target: {} for target in wanted}
        plain = {target for target in wanted if "." not in target[1]}
        members: dict[str, list[Target]] = {}
        by_name: dict[str, list[Target]] = {}
        for target in wanted:
            last = target[1].rpartition(".")[2]
            if "." in target[1]:
                members.setdefault(last, []).append(target)
            else:
                by_name.setdefault(last, []).append(target)
        files_of = {path for path, _ in wanted}

        def note(target: Target, use: _Use) -> None:
            if use.path != target[0]:
                known = found[target].get(use.path)
                if known is None or use.line < known.line:
                    found[target][use.path] = use

        for path in self._production:
            file = self.files[path]
            for use, target in self.find_edges(path):
                if target in plain:
                    note(target, use)
            for name in members.keys() & file.names.members.keys():
                symbol, line = file.names.members[name][0]
                for target in members[name]:
                    # A method of one language is never called by its bare name from another.
                    if target[0].endswith(PY_SUFFIXES) == file.is_python:
                        note(target, _Use(path, symbol, line))
            for target, use in self._find_doubtful(file, by_name, members, files_of):
                note(target, use)
        return {target: [uses[path] for path in sorted(uses)] for target, uses in found.items()}

    def _find_doubtful(
        self,
        file: _File,
        by_name: Mapping[str, Sequence[Target]],
        members: Mapping[str, Sequence[Target]],
        files_of: Collection[str],
    ) -> Iterator[tuple[Target, _Use]]:
        """Uses that cannot be ruled out: unresolved imports of the same name, names and paths in strings."""
        for fact, local, _, open_end in self._find_bindings(file):
            for target in by_name.get(fact.name, ()):
                places = file.names.plain.get(local, ())
                if places and (open_end or _may_lead(fact.value, target[0])):
                    yield target, _Use(file.path, *places[0], "the import cannot be followed")
        for text, places in file.names.strings.items():
            symbol, line = places[0]
            last = text.replace(":", ".").rpartition(".")[2]
            for table in (by_name, members):
                for target in table.get(text, ()) or (table.get(last, ()) if "." in text or ":" in text else ()):
                    yield target, _Use(file.path, symbol, line, "named in a string")
            if "/" not in text and "." not in text:
                continue
            for path in self._find_named_files(text, file):
                if path in files_of:
                    for targets in by_name.values():
                        for target in targets:
                            if target[0] == path:
                                yield target, _Use(file.path, symbol, line, "its file is named in a string")

    def _find_named_files(self, text: str, file: _File) -> tuple[str, ...]:
        """Files that a string literal names as a module or by path."""
        bare = text.partition(":")[0]
        if file.is_python and "/" not in bare:
            return self.modules.resolve(bare, file.path).paths if "." in bare.strip(".") else ()
        if bare.startswith((".", "@/", "~/")):
            return self.modules.resolve(bare, file.path).paths
        return (bare,) if bare in self.modules.paths else ()

    def find_roots(self, roots: Iterable[str] = ()) -> Iterator[Target]:
        """Where execution starts: files that are run, symbols that frameworks find by convention."""
        started = {*self.layout.entries, *roots}
        started.update(entry for package in self.layout.packages for entry in package.entries)
        for path in self._production:
            file = self.files[path]
            if file.entries or path in started:
                yield path, ""
                if path in started:
                    for name in self._list_exports(path):
                        yield from (target for target in self.find_exported(path, name)[0] if target[0] == path)
            for fact in file.symbols.values():
                # What the language calls on an object makes nobody make the object.
                if not (fact.attr("parent") and _SPECIAL.search(fact.name)) and find_convention(fact):
                    yield path, fact.symbol.partition(".")[0]
                    yield path, ""

    def find_reached(self, roots: Iterable[Target]) -> set[Target]:
        """Everything that the roots lead to: modules that are loaded, definitions that live code uses."""
        edges: dict[Target, list[Target]] = {}
        loads: dict[str, list[str]] = {}
        for path in self._production:
            for use, target in self.find_edges(path):
                edges.setdefault((path, use.symbol), []).append((target[0], target[1].partition(".")[0]))
            loads[path] = [
                there
                for fact in self.files[path].imports
                if fact.attr("type_only") != "yes"
                for there in self._find_loaded(fact, path)
            ]
        reached: set[Target] = set()
        stack = list(roots)
        while stack:
            target = stack.pop()
            if target in reached:
                continue
            reached.add(target)
            stack.extend(edges.get(target, ()))
            module = (target[0], "")
            if module != target:
                stack.append(module)
            else:
                stack.extend((there, "") for there in loads.get(target[0], ()))
        return reached

    def find_doubted(self, wanted: Collection[Target]) -> set[Target]:
        """Those targets that some production file may use in a way that makes no edge."""
        by_name: dict[str, list[Target]] = {}
        for target in sorted(wanted):
            by_name.setdefault(target[1], []).append(target)
        files_of = {path for path, _ in wanted}
        return {
            target
            for path in self._production
            for target, use in self._find_doubtful(self.files[path], by_name, {}, files_of)
            if use.path != target[0]
        }

    def _find_loaded(self, fact: Fact, path: str) -> tuple[str, ...]:
        found = self.modules.resolve(fact.value, path).paths
        if path.endswith(PY_SUFFIXES) and fact.name != "*":
            joined = fact.value + ("" if fact.value.endswith(".") else ".") + fact.name
            found += self.modules.resolve(joined, path).paths
        return found

    @property
    def production(self) -> Sequence[str]:
        return self._production


def _may_lead(module: str, path: str) -> bool:
    """Whether a module name that was not found may still mean `path`: it ends in one of its folders or its stem."""
    if module.startswith("."):
        return False
    last = posixpath.basename(module.replace(".", "/") if "/" not in module else module)
    return last in path.split("/")[:-1] or last == posixpath.splitext(posixpath.basename(path))[0]


def to_evidence(use: _Use, name: str) -> Evidence:
    return Evidence(path=use.path, symbol=use.symbol or name, line=use.line, quote=use.why)
