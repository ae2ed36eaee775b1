"""Where the names of modules lead: manifests read into a layout, module names resolved to paths.

Pure: paths and manifest texts in, paths out. What cannot be told is said to be unknown, not external.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kbgen.patterns import LazyPattern

TS_SUFFIXES = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte")
PY_SUFFIXES = (".py", ".pyi")
_WRITTEN_AS = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
"""TypeScript sources are imported by the name of what they compile to."""
_HOME_MARKS = ("@/", "~/", "#/", "src/", "app/", "$lib/")
"""Prefixes that stand for some source root when no tsconfig says which."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One entry of ``compilerOptions.paths``, valid for files below `folder`."""

    folder: str
    pattern: str
    """As written, ``@/*``."""
    targets: tuple[str, ...]
    """Relative to the repository's top, ``web/src/*``."""


@dataclass(frozen=True, slots=True)
class Package:
    """A workspace package: its name in ``package.json``, its folder, and the files that its users get."""

    name: str
    folder: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where module names lead, as far as the repository's own manifests say; all fields may be empty."""

    aliases: tuple[Alias, ...] = ()
    packages: tuple[Package, ...] = ()
    entries: tuple[str, ...] = ()
    """Source files that manifests run: scripts, Dockerfiles, compose files, CI, Makefiles."""


MANIFESTS: tuple[str, ...] = (
    "package.json",
    "tsconfig*.json",
    "jsconfig*.json",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "Dockerfile*",
    "*.Dockerfile",
    "docker-compose*.y*ml",
    "compose*.y*ml",
    "Procfile*",
    "Makefile",
    "justfile",
    "Taskfile.y*ml",
    "nest-cli.json",
    "turbo.json",
    "vercel.json",
    "serverless.y*ml",
    "*.tf",
    "*.sh",
    ".github/workflows/*.y*ml",
    ".gitlab-ci.yml",
    ".husky/*",
)
"""Globs (see `paths.translate_glob`) of the files whose text `read_layout` wants."""


def read_layout(texts: Mapping[str, str], paths: Collection[str]) -> Layout:
    """The layout that manifests tell, from their texts by path; a broken one is passed over."""
    known = paths if isinstance(paths, (set, frozenset, dict)) else frozenset(paths)
    modules = Modules(known, Layout())
    aliases: list[Alias] = []
    packages: list[Package] = []
    entries: set[str] = set()
    for path in sorted(texts):
        folder, name = posixpath.split(path)
        text = texts[path]
        if name == "package.json":
            manifest = _load_json(text)
            package = _read_package(folder, manifest, known)
            if package is not None:
                packages.append(package)
            scripts = manifest.get("scripts")
            commands = " ".join(map(str, scripts.values())) if isinstance(scripts, dict) else ""
            entries.update(_find_run_files(commands, folder, modules))
            built = re.findall(r"(?<![\w/.])(?:\./)?((?:dist|build|out|lib)/[\w./\-]+)", commands)
            entries.update(_resolve_entries(folder, [*_strings_in(manifest.get("bin")), *built, *_STARTS], known))
        elif re.match(r"(?:ts|js)config.*\.json$", name):
            aliases.extend(_read_aliases(folder, _load_json(text)))
        else:
            entries.update(_find_run_files(text, folder, modules))
    return Layout(tuple(aliases), tuple(packages), tuple(sorted(entries)))


_STARTS = tuple(f"{root}{name}" for root in ("src/", "") for name in ("main", "server", "cli", "bootstrap"))
"""Where a package starts when no manifest says more."""


def _load_json(text: str) -> dict[str, Any]:
    """JSON with comments and trailing commas, as tsconfig files have them; {} when it is not even that."""
    bare = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda m: m.group(1) or "", text, flags=re.DOTALL)
    bare = re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda m: m.group(1) or "", bare)
    try:
        value = json.loads(bare)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _read_aliases(folder: str, manifest: dict[str, Any]) -> Iterator[Alias]:
    options = manifest.get("compilerOptions")
    if not isinstance(options, dict):
        return
    base = options.get("baseUrl")
    root = _join(folder, base) if isinstance(base, str) else folder
    mapping = options.get("paths")
    for pattern, targets in sorted(mapping.items()) if isinstance(mapping, dict) else ():
        if isinstance(targets, list):
            yield Alias(folder, pattern, tuple(_join(root, target) for target in targets if isinstance(target, str)))
    if isinstance(base, str):
        yield Alias(folder, "*", (_join(root, "*"),))


def _read_package(folder: str, manifest: dict[str, Any], paths: Collection[str]) -> Package | None:
    name = manifest.get("name")
    if not isinstance(name, str) or not name:
        return None
    fields = [manifest.get(key) for key in ("source", "types", "typings", "module", "main", "exports", "browser")]
    written = [text for field in fields for text in _strings_in(field)]
    entries = _resolve_entries(folder, [*written, "index", "src/index"], paths)
    return Package(name, folder, tuple(dict.fromkeys(entries)))


def _strings_in(value: object) -> list[str]:
    """All strings in nested lists and objects, in order."""
    found: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
    return found


def _resolve_entries(folder: str, written: Collection[str], paths: Collection[str]) -> Iterator[str]:
    """The sources behind what a manifest ships: ``dist/index.js`` comes from ``src/index.ts``."""
    for text in written:
        bare = posixpath.normpath(text.split("*")[0]) if "*" not in text else ""
        if not bare:
            continue
        source = re.sub(r"^(?:dist|build|lib|out|esm|cjs)/(?:(?:esm|cjs|src|types)/)?", "src/", bare)
        for candidate in (bare, source, source.removeprefix("src/")):
            found = _find_file(_join(folder, candidate), paths, TS_SUFFIXES)
            if found:
                yield found
                break


_RUN_PATH = LazyPattern(r"[\w@.\-/]*[\w\-]\.(?:py|[cm]?[jt]sx?)\b")


_RUN_MODULE = LazyPattern(
    r"(?:\bpython[\d.]*\W+-m|-A|--app|\b(?:uvicorn|gunicorn|hypercorn|daphne|celery|fastapi|flask)\b[^\n]*?)[\"',\s=]+"
    r"(?P<run>[A-Za-z_]\w*(?:\.\w+)*)(?=[:\"'\s,]|$)"
    r"|=\s*[\"'](?P<listed>[A-Za-z_]\w*(?:\.\w+)*):[A-Za-z_]\w*[\"']"
)
"""``uvicorn main:app``, ``python -m pkg.tool``; ``tool = "pkg.cli:main"`` of a pyproject."""


def _find_run_files(text: str, folder: str, modules: Modules) -> Iterator[str]:
    """Source files that a command, a Dockerfile or a workflow names, as a path or as a Python module."""
    for match in _RUN_PATH.finditer(text):
        written = match.group().removeprefix("./")
        for base in dict.fromkeys((folder, posixpath.dirname(folder), "")):
            candidate = _join(base, written)
            if candidate in modules.paths:
                yield candidate
                break
    for match in _RUN_MODULE.finditer(text):
        tail = (match["run"] or match["listed"]).replace(".", "/")
        here = modules.find_python(_join(folder, tail))
        if here:
            yield here
        elif "/" in tail:
            yield from modules.find_by_tail(tail, PY_SUFFIXES)


def _join(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined


def _find_file(base: str, paths: Collection[str], suffixes: tuple[str, ...]) -> str:
    """The file that a module path without suffix means, its ``index`` when it is a folder, or ``""``."""
    if base in paths and base.endswith(suffixes):
        return base
    stem, suffix = posixpath.splitext(base)
    for written in _WRITTEN_AS.get(suffix, ()):
        if stem + written in paths:
            return stem + written
    for suffix in suffixes:
        if base + suffix in paths:
            return base + suffix
    for suffix in suffixes:
        inside = f"{base}/index{suffix}" if base else f"index{suffix}"
        if inside in paths:
            return inside
    return ""


class Resolved(NamedTuple):
    """What a module name means to the file that writes it."""

    paths: tuple[str, ...]
    """The files that it may be; more than one when the name alone does not decide."""
    inside: bool
    """Whether it may lie in this repository although no path was found."""


class Modules:
    """Resolves module names as TypeScript, bundlers and Python would, from the list of paths alone."""

    def __init__(self, paths: Collection[str], layout: Layout) -> None:
        self.paths = paths
        self._aliases = sorted(layout.aliases, key=lambda alias: (-len(alias.folder), alias.pattern == "*"))
        self._packages = {package.name: package for package in layout.packages}
        self._tails: dict[str, list[tuple[str, str]]] = {}
        """Last segment of a module path -> (module path, path)."""
        self._known: dict[tuple[str, str], Resolved] = {}
        for path in paths:
            if path.endswith(TS_SUFFIXES) or path.endswith(PY_SUFFIXES):
                module = _module_path(path)
                self._tails.setdefault(module.rpartition("/")[2], []).append((module, path))

    def resolve(self, module: str, importer: str) -> Resolved:
        """Where `module`, as written in the file `importer`, leads."""
        key = (module, importer if importer.endswith(PY_SUFFIXES) else posixpath.dirname(importer))
        known = self._known.get(key)
        if known is None:
            python = importer.endswith(PY_SUFFIXES)
            known = self._resolve_python(module, importer) if python else self._resolve_script(module, importer)
            self._known[key] = known
        return known

    def find_python(self, base: str) -> str:
        for candidate in (f"{base}.py", f"{base}/__init__.py", f"{base}.pyi", f"{base}/__init__.pyi"):
            if candidate in self.paths:
                return candidate
        return ""

    def find_by_tail(self, tail: str, suffixes: tuple[str, ...]) -> list[str]:
        """Files whose module path ends with `tail`, in order of path."""
        ending = "/" + tail
        return sorted(
            path
            for module, path in self._tails.get(tail.rpartition("/")[2], ())
            if (module == tail or module.endswith(ending)) and path.endswith(suffixes)
        )

    # ---------------------------------------------------------------------------- TypeScript

    def _resolve_script(self, module: str, importer: str) -> Resolved:
        module = module.partition("?")[0]
        folder = posixpath.dirname(importer)
        if module.startswith("."):
            found = _find_file(_join(folder, module), self.paths, TS_SUFFIXES)
            return Resolved((found,) if found else (), not found)
        for alias in self._aliases:
            if alias.folder and not importer.startswith(alias.folder + "/"):
                continue
            rest = _match_alias(alias.pattern, module)
            if rest is not None:
                for target in alias.targets:
                    found = _find_file(_join("", target.replace("*", rest)), self.paths, TS_SUFFIXES)
                    if found:
                        return Resolved((found,), True)
        found_package = self._resolve_package(module)
        if found_package is not None:
            return found_package
        for mark in _HOME_MARKS:
            if module.startswith(mark):
                candidates = self.find_by_tail(module.removeprefix(mark).removesuffix("/index"), TS_SUFFIXES)
                return Resolved(_nearest(candidates, importer), True)
        return Resolved((), False)

    def _resolve_package(self, module: str) -> Resolved | None:
        parts = module.split("/")
        size = 2 if module.startswith("@") else 1
        package = self._packages.get("/".join(parts[:size]))
        if package is None:
            return None
        rest = "/".join(parts[size:])
        if not rest:
            return Resolved(package.entries, True)
        for root in ("", "src", "lib", "dist"):
            found = _find_file(_join(package.folder, posixpath.join(root, rest)), self.paths, TS_SUFFIXES)
            if found:
                return Resolved((found,), True)
        below = [path for path in self.find_by_tail(rest, TS_SUFFIXES) if path.startswith(package.folder + "/")]
        return Resolved(tuple(below) or package.entries, True)

    # -------------------------------------------------------------------------------- Python

    def _resolve_python(self, module: str, importer: str) -> Resolved:
        folder = posixpath.dirname(importer)
        if module.startswith("."):
            bare = module.lstrip(".")
            for _ in range(len(module) - len(bare) - 1):
                folder = posixpath.dirname(folder)
            base = _join(folder, bare.replace(".", "/")) if bare else folder
            found = self.find_python(base)
            return Resolved((found,) if found else (), not found)
        tail = module.replace(".", "/")
        # A root on the import path is nearly always a folder around the importer, or `src` beside it.
        above = folder
        while True:
            for root in (above, _join(above, "src")):
                found = self.find_python(_join(root, tail))
                if found and found != importer:
                    return Resolved((found,), True)
            if not above:
                break
            above = posixpath.dirname(above)
        if "/" not in tail:
            return Resolved((), False)
        candidates = tuple(path for path in self.find_by_tail(tail, PY_SUFFIXES) if path != importer)
        return Resolved(candidates, bool(candidates))


def _module_path(path: str) -> str:
    """A path as modules name it: no suffix, no ``/index``, no ``/__init__``."""
    stem = path
    for suffix in (*TS_SUFFIXES, *PY_SUFFIXES):
        if path.endswith(suffix) and len(path) - len(suffix) < len(stem):
            stem = path.removesuffix(suffix)
    return stem.removesuffix("/index").removesuffix("/__init__")


def _match_alias(pattern: str, module: str) -> str | None:
    """What ``*`` stands for when `module` fits `pattern`, or None."""
    before, star, after = pattern.partition("*")
    if not star:
        return "" if module == pattern else None
    if module.startswith(before) and module.endswith(after) and len(module) >= len(before) + len(after):
        return module[len(before) : len(module) - len(after)]
    return None


def _nearest(candidates: list[str], importer: str) -> tuple[str, ...]:
    """Those candidates that share the longest run of folders with the importer."""
    if not candidates:
        return ()
    shared = {path: len(posixpath.commonpath([path, importer])) for path in candidates}
    most = max(shared.values())
    return tuple(path for path in candidates if shared[path] == most)
