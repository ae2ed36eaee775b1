"""Finding what runs: manifests, Dockerfiles, compose and Kubernetes files, and the code that starts a server.

A unit is an app with a folder of its own, or infrastructure that a deployment file names and no folder holds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kbgen.expressions import decode_arguments, decode_expr, find_argument, is_unknown, tag_of
from kbgen.join.program import Program
from kbgen.model import Evidence, Fact
from kbgen.patterns import LazyPattern


@dataclass(frozen=True, slots=True)
class Port:
    number: int
    certain: bool
    """False for a framework's default that nothing in the repository states."""
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Unit:
    """An app of the repository, or a piece of infrastructure that a deployment file names."""

    id: str
    kind: str
    """frontend, service, store, observability, external."""
    folder: str | None
    """None for infrastructure; ``""`` for the repository's top."""
    framework: str
    """``Next.js``, ``FastAPI``, the language where no framework is known; the image of infrastructure."""
    ports: tuple[Port, ...]
    names: frozenset[str]
    """Lower case: everything that it is addressed by as a host, a service or a package."""
    evidence: tuple[Evidence, ...]
    store: str = ""
    """``postgres``, ``redis`` … for a store."""


@dataclass(slots=True)
class _Draft:
    folder: str
    names: dict[str, int] = field(default_factory=dict)
    """Name -> rank; the lowest rank names the unit."""
    framework: str = ""
    kind: str = "service"
    ports: dict[int, Port] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)

    def call(self, name: str, rank: int) -> None:
        if name:
            self.names[name] = min(rank, self.names.get(name, rank))


_NODE_FRAMEWORKS: tuple[tuple[str, str, str], ...] = (
    ("next", "Next.js", "frontend"),
    ("nuxt", "Nuxt", "frontend"),
    ("@remix-run/react", "Remix", "frontend"),
    ("@sveltejs/kit", "SvelteKit", "frontend"),
    ("astro", "Astro", "frontend"),
    ("gatsby", "Gatsby", "frontend"),
    ("@angular/core", "Angular", "frontend"),
    ("@nestjs/core", "NestJS", "service"),
    ("react-scripts", "React", "frontend"),
    ("vite", "Vite", "frontend"),
    ("expo", "Expo", "frontend"),
    ("electron", "Electron", "frontend"),
    ("fastify", "Fastify", "service"),
    ("express", "Express", "service"),
    ("hono", "Hono", "service"),
    ("koa", "Koa", "service"),
    ("@grpc/grpc-js", "gRPC", "service"),
)
_DEFAULT_PORTS = {
    "Next.js": 3000,
    "Nuxt": 3000,
    "Remix": 3000,
    "React": 3000,
    "Vite": 5173,
    "SvelteKit": 5173,
    "Angular": 4200,
    "Flask": 5000,
}
_BUILD_FRAMEWORKS = frozenset({"vite", "react-scripts", "@angular/core"})
"""Frameworks that apps list among their development dependencies."""
_LIBRARY_KINDS = {"vite"}
"""Also a build tool of libraries: needs a page to be an app."""
_PYTHON_APPS: tuple[tuple[str, str], ...] = (
    (r"(?:^|\.)FastAPI$", "FastAPI"),
    (r"(?:^|\.)Flask$", "Flask"),
    (r"(?:^|\.)(?:A2AStarletteApplication|A2AFastAPIApplication|A2ARESTFastAPIApplication)$", "A2A server"),
    (r"(?:^|\.)Starlette$", "Starlette"),
    (r"(?:^|\.)Sanic$", "Sanic"),
    (r"(?:^|\.)Quart$", "Quart"),
    (r"(?:^|\.)to_a2a$", "A2A server"),
    (r"(?:^|\.)grpc(?:\.aio)?\.server$", "gRPC"),
    (r"(?:^|\.)uvicorn\.(?:run|Server)$", "ASGI"),
    (r"(?:^|\.)(?:gradio|gr)\.(?:Blocks|ChatInterface|Interface)$", "Gradio"),
    (r"(?:^|\.)(?:mesop|me)\.page$", "Mesop"),
)
_MANIFEST_NAMES = frozenset({"pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "Pipfile"})
_LANGUAGES: tuple[tuple[str, str], ...] = (
    ("go.mod", "Go"),
    ("pom.xml", "Java"),
    ("build.gradle", "Java"),
    ("build.gradle.kts", "Kotlin"),
    (".csproj", "C#"),
    ("Cargo.toml", "Rust"),
    ("Gemfile", "Ruby"),
    ("package.json", "Node.js"),
    ("pyproject.toml", "Python"),
    ("requirements.txt", "Python"),
)
_IMAGES: tuple[tuple[str, str, str], ...] = (
    (r"postgres|pgvector|timescale|postgis|alloydb|cockroach", "store", "postgres"),
    (r"redis|valkey|keydb|dragonfly", "store", "redis"),
    (r"mysql|mariadb", "store", "mysql"),
    (r"mongo(?!-express)", "store", "mongodb"),
    (r"elasticsearch|opensearch(?!-dash)", "store", "elasticsearch"),
    (r"qdrant", "store", "qdrant"),
    (r"weaviate", "store", "weaviate"),
    (r"chroma", "store", "chroma"),
    (r"milvus", "store", "milvus"),
    (r"neo4j", "store", "neo4j"),
    (r"minio|localstack", "store", "s3"),
    (r"memcached", "store", "memcached"),
    (r"cassandra|scylla", "store", "cassandra"),
    (r"clickhouse", "store", "clickhouse"),
    (r"rabbitmq", "store", "rabbitmq"),
    (r"kafka|redpanda|zookeeper", "store", "kafka"),
    (r"nats", "store", "nats"),
    (r"jaeger|zipkin|tempo(?!ral)|prometheus|grafana|otel|opentelemetry|loki|alertmanager|datadog|signoz|langfuse|phoenix",
     "observability", ""),
)  # fmt: skip


def find_units(program: Program) -> list[Unit]:
    """Every app and piece of infrastructure, in no particular order."""
    drafts: dict[str, _Draft] = {}
    # What a workflow starts for its tests is no part of the system.
    services = [f for f in program.list_facts("service") if not _is_example(f.path) and f.attr("source") != "github"]
    artifacts = {f.name.rpartition("/")[2]: f for f in program.list_facts("artifact")}
    docker_folders = _find_docker_folders(program)
    images: list[Fact] = []
    folders_by_name = {posixpath.basename(folder).lower(): folder for folder in docker_folders if folder}

    for fact in services:
        folder = _find_folder(fact, artifacts, folders_by_name, docker_folders)
        if folder is None:
            if fact.attr("kind") != "Service":
                images.append(fact)
            continue
        draft = drafts.setdefault(folder, _Draft(folder))
        draft.call(fact.name, 0 if fact.attr("kind") != "Service" else 2)
        draft.call(fact.attr("container"), 6)
        draft.evidence.append(program.make_evidence(fact))
    for folder, evidence in docker_folders.items():
        if folder not in drafts:
            if any(f.attr("context") == folder for f in services):
                continue
            drafts[folder] = _Draft(folder)
        drafts[folder].evidence.append(evidence)
    _add_node_apps(program, drafts)
    _add_python_apps(program, drafts)
    _merge_nested(drafts)
    if len(drafts) > 1:
        top = drafts.get("")
        # A Dockerfile at the top builds one of the apps; the top is no app of its own unless code starts there.
        if top is not None and not top.framework:
            del drafts[""]
    packages = {posixpath.dirname(f.path): f for f in program.list_facts("package") if f.attr("unnamed") != "yes"}
    for draft in drafts.values():
        package = packages.get(draft.folder)
        if package is not None:
            # A folder's own name says more than a Python package's, which only the top has no other.
            draft.call(package.name.rpartition("/")[2], 6 if draft.folder else 4)
        _describe(program, draft)
    _drop_shared_names(drafts)
    found = _finish(program, drafts)
    found += _find_infrastructure(program, images, {name for unit in found for name in unit.names})
    return _join_service_names(program, found)


def _drop_shared_names(drafts: Mapping[str, _Draft]) -> None:
    """A container called ``server`` in every workload names none of them."""
    count: dict[str, int] = {}
    for draft in drafts.values():
        for name in draft.names:
            count[name.lower()] = count.get(name.lower(), 0) + 1
    for draft in drafts.values():
        for name, rank in list(draft.names.items()):
            if rank >= 6 and count[name.lower()] > 1:
                del draft.names[name]


def _merge_nested(drafts: dict[str, _Draft]) -> None:
    """``cart/src`` built by one file and ``cart`` named by another are one app."""
    node = {framework for _, framework, _ in _NODE_FRAMEWORKS}
    for folder in sorted(drafts, key=len, reverse=True):
        parent = posixpath.dirname(folder)
        if parent in drafts and posixpath.basename(folder) in ("src", "app", "server", "cmd"):
            inner, outer = drafts[folder], drafts[parent]
            if inner.framework and outer.framework and (inner.framework in node) != (outer.framework in node):
                continue  # a frontend around the folder of its server
            del drafts[folder]
            for name, rank in inner.names.items():
                if name != posixpath.basename(folder):
                    outer.call(name, rank)
            outer.evidence[:0] = inner.evidence
            if inner.framework and not outer.framework:
                outer.framework, outer.kind = inner.framework, inner.kind


def _is_example(path: str) -> bool:
    return bool(_EXAMPLE_PATH.search(path))


_EXAMPLE_PATH = LazyPattern(r"(?:^|/)(?:node_modules|vendor|templates?|fixtures?|testdata|\.devcontainer)/")


def _find_docker_folders(program: Program) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for path in sorted(program.files):
        name = posixpath.basename(path)
        if (name == "Dockerfile" or name.startswith("Dockerfile.") or name.endswith(".Dockerfile")) and not _is_example(
            path
        ):
            folder = posixpath.dirname(path)
            if (
                posixpath.basename(folder).lower() in ("docker", "build", "deploy", ".docker", "src")
                and folder.count("/") >= 1
            ):
                parent = posixpath.dirname(folder)
                folder = parent or folder
            found.setdefault(folder, Evidence(path=path, hash=program.files[path].blob, line=1))
    return found


def _find_folder(
    fact: Fact, artifacts: Mapping[str, Fact], by_name: Mapping[str, str], docker_folders: Mapping[str, Evidence]
) -> str | None:
    """The folder whose code a declared service runs; None for a foreign image."""
    if fact.attr("source") == "compose":
        if not fact.attr("build") and not fact.attr("context"):
            return None
        context, dockerfile = fact.attr("context"), fact.attr("dockerfile")
        joined = posixpath.normpath(posixpath.join(context or ".", posixpath.dirname(dockerfile)))
        joined = "" if joined == "." else joined
        if dockerfile and joined in docker_folders and joined:
            return joined
        return "" if context == "." else context
    image = fact.attr("image") or fact.value
    base = re.split(r"[:@]", image.rpartition("/")[2])[0].lower()
    artifact = artifacts.get(base)
    if artifact is not None:
        return artifact.value
    for name in (base, fact.name.lower()):
        if name in by_name:
            return by_name[name]
    return None


def _add_node_apps(program: Program, drafts: dict[str, _Draft]) -> None:
    packages = {posixpath.dirname(f.path): f for f in program.list_facts("package") if f.path.endswith("package.json")}
    needs: dict[str, set[str]] = {}
    for fact in program.list_facts("dependency"):
        runtime = fact.attr("section") in ("dependencies", "")
        if fact.path.endswith("package.json") and (runtime or fact.name in _BUILD_FRAMEWORKS):
            needs.setdefault(posixpath.dirname(fact.path), set()).add(fact.name)
    scripts: dict[str, set[str]] = {}
    for fact in program.list_facts("script"):
        if fact.path.endswith("package.json"):
            scripts.setdefault(posixpath.dirname(fact.path), set()).add(fact.name)
    for folder, package in packages.items():
        if _is_example(package.path) or not scripts.get(folder, set()) & {
            "start",
            "dev",
            "serve",
            "start:dev",
            "develop",
        }:
            if folder in drafts:
                drafts[folder].call(package.name.rpartition("/")[2], 3)
            continue
        for dependency, framework, kind in _NODE_FRAMEWORKS:
            if dependency not in needs.get(folder, ()):
                continue
            if dependency in _LIBRARY_KINDS and not (
                posixpath.join(folder, "index.html") in program.paths or _has_pages(program, folder)
            ):
                continue
            draft = drafts.setdefault(folder, _Draft(folder))
            draft.framework, draft.kind = framework, kind
            draft.evidence.append(program.make_evidence(package))
            draft.call(package.name.rpartition("/")[2], 3)
            draft.call(package.name, 7)
            break
        else:
            if folder in drafts:
                drafts[folder].call(package.name.rpartition("/")[2], 3)


def _has_pages(program: Program, folder: str) -> bool:
    start = folder + "/" if folder else ""
    return any(
        p.startswith(start) and p.endswith(("index.html", "main.tsx", "main.jsx", "main.ts")) for p in program.paths
    )


def _add_python_apps(program: Program, drafts: dict[str, _Draft]) -> None:
    roots = {posixpath.dirname(path) for path in program.paths if posixpath.basename(path) in _MANIFEST_NAMES}
    roots |= set(drafts)
    apps = [(re.compile(pattern), framework) for pattern, framework in _PYTHON_APPS]
    runnable = {fact.path for fact in program.list_facts("entry")}
    found: dict[str, list[tuple[Fact, str]]] = {}
    for call in program.list_facts("call"):
        last = call.name.rpartition(".")[2]
        if last not in _APP_WORDS or not call.path.endswith(".py") or _is_example(call.path):
            continue
        origin = program.find_origin(call.path, call.name) or call.name
        framework = next((name for pattern, name in apps if pattern.search(origin)), "")
        if framework:
            found.setdefault(_find_root(posixpath.dirname(call.path), roots), []).append((call, framework))
    for root, made in found.items():
        # One manifest over several programs that are run by themselves: each is an app.
        started = {posixpath.dirname(call.path) for call, _ in made if call.path in runnable and call.path != root}
        several = len(started) > 1
        for call, framework in made:
            folder = root
            if several:
                own = posixpath.dirname(call.path)
                folder = next(
                    (f for f in sorted(started, key=len, reverse=True) if own == f or own.startswith(f + "/")), ""
                )
                if not folder:
                    continue
            draft = drafts.setdefault(folder, _Draft(folder))
            if not draft.framework or (draft.framework == "ASGI" and framework != "ASGI"):
                draft.framework = framework
                if framework in ("Gradio", "Mesop"):
                    draft.kind = "frontend"
            draft.evidence.append(program.make_evidence(call))


_APP_WORDS = frozenset(
    "FastAPI Flask A2AStarletteApplication A2AFastAPIApplication A2ARESTFastAPIApplication Starlette Sanic "
    "Quart to_a2a server run Server Blocks ChatInterface Interface page".split()
)


def _find_root(folder: str, roots: Iterable[str]) -> str:
    known = set(roots)
    current = folder
    while current:
        if current in known:
            return current
        current = posixpath.dirname(current)
    return "" if "" in known else folder


def _describe(program: Program, draft: _Draft) -> None:
    """Framework and ports of one app, from what its folder holds."""
    start = draft.folder + "/" if draft.folder else ""
    if not draft.framework:
        inside = {path.removeprefix(start) for path in program.paths if path.startswith(start)}
        for name, language in _LANGUAGES:
            if any(p == name or (p.endswith(name) and p.count("/") <= 1) for p in inside):
                draft.framework = language
                break
    draft.call(posixpath.basename(draft.folder) or "app", 5)


def _finish(program: Program, drafts: Mapping[str, _Draft]) -> list[Unit]:
    taken: dict[str, int] = {}
    named = {folder: min(draft.names, key=lambda n: (draft.names[n], n)) for folder, draft in drafts.items()}
    for name in named.values():
        taken[name] = taken.get(name, 0) + 1
    found = []
    for folder, draft in sorted(drafts.items()):
        name = named[folder]
        if taken[name] > 1:
            name = "/".join(folder.split("/")[-2:]) or name
        unit = Unit(
            name,
            draft.kind,
            folder,
            draft.framework,
            (),
            frozenset(n.lower() for n in draft.names),
            tuple(dict.fromkeys(draft.evidence))[:4],
        )
        found.append(unit)
    folders = sorted(((unit.folder or "", unit.id) for unit in found), key=lambda f: -len(f[0]))

    def owner(path: str) -> str:
        return next((u for folder, u in folders if not folder or path.startswith(folder + "/")), "")

    ports = _find_ports(program, found, owner)
    result = []
    for unit in found:
        own = ports.get(unit.id, {})
        default = _DEFAULT_PORTS.get(unit.framework)
        if not own and default is not None and unit.evidence:
            own = {default: Port(default, False, unit.evidence[0])}
        result.append(_with_ports(unit, own))
    return result


def _with_ports(unit: Unit, ports: Mapping[int, Port]) -> Unit:
    ordered = tuple(sorted(ports.values(), key=lambda p: (not p.certain, p.number)))
    return Unit(unit.id, unit.kind, unit.folder, unit.framework, ordered, unit.names, unit.evidence, unit.store)


def _find_ports(program: Program, units: Iterable[Unit], owner: object) -> dict[str, dict[int, Port]]:
    assert callable(owner)
    by_name: dict[str, list[Unit]] = {}
    for unit in units:
        for name in unit.names:
            by_name.setdefault(name, []).append(unit)
    found: dict[str, dict[int, Port]] = {}

    def add(unit: str, text: str, fact: Fact, certain: bool = True) -> None:
        number = _NUMBER.fullmatch(text.strip())
        if unit and number is not None and 20 < int(number[0]) < 65536:
            ports = found.setdefault(unit, {})
            known = ports.get(int(number[0]))
            if known is None or (certain and not known.certain):
                ports[int(number[0])] = Port(int(number[0]), certain, program.make_evidence(fact))

    for fact in program.list_facts("port"):
        service = fact.attr("service").lower()
        if service:
            for unit in by_name.get(service, ())[:1]:
                add(unit.id, fact.name, fact)
                add(unit.id, fact.value, fact)
        else:
            add(owner(fact.path), fact.name, fact)
    for fact in program.list_facts("call"):
        last = fact.name.rpartition(".")[2]
        if last not in (
            "run",
            "listen",
            "Config",
            "serve",
            "run_app",
            "HTTPServer",
            "add_insecure_port",
            "startStandaloneServer",
        ):
            continue
        positional, words = decode_arguments(fact.value)
        given = find_argument(positional, words, "port")
        if is_unknown(given) and last == "listen":
            given = find_argument(positional, words, 0)
        if is_unknown(given):
            continue
        if tag_of(given) == "literal" and not isinstance(given, (int, str)):
            continue
        for folded in program.fold(fact.path, fact.symbol, given)[:2]:
            add(owner(fact.path), _port_of(folded.text), fact)
    for fact in (*program.list_facts("decorator"), *program.list_facts("call")):
        if fact.name.rpartition(".")[2] not in ("option", "add_argument", "Option"):
            continue
        positional, words = decode_arguments(fact.value)
        if "--port" in positional and "default" in words:
            for folded in program.fold(fact.path, "", words["default"])[:1]:
                add(owner(fact.path), _port_of(folded.text), fact)
    for fact in program.list_facts("script"):
        if fact.name in ("dev", "start", "serve", "start:dev"):
            match = _SCRIPT_PORT.search(fact.value)
            if match is not None:
                add(owner(fact.path), match[1], fact)
    for fact in program.list_facts("setting"):
        if fact.name == "PORT" and not fact.attr("service"):
            add(owner(fact.path), fact.value, fact, certain=fact.attr("source") != "dotenv")
        elif fact.name == "PORT":
            for unit in by_name.get(fact.attr("service").lower(), ())[:1]:
                add(unit.id, fact.value, fact)
    for fact in program.list_facts("field"):
        if fact.name.lower() in ("port", "app_port", "server_port", "api_port") and fact.value:
            expr = decode_expr(fact.value)
            for folded in program.fold(fact.path, fact.symbol, expr)[:1]:
                add(owner(fact.path), _port_of(folded.text), fact, certain=False)
    return found


_SCRIPT_PORT = LazyPattern(r"(?:-p|--port|PORT=)[ =]?(\d{2,5})")
_TEXT_PORT = LazyPattern(r"^(?:\{env:[^{}|]*\|)?(?:[^{}:]*:)?(\d{2,5})\}?$")


def _port_of(text: str) -> str:
    match = _TEXT_PORT.match(text)
    return match[1] if match is not None else ""


def _find_infrastructure(program: Program, images: Iterable[Fact], taken: set[str]) -> list[Unit]:
    found: dict[str, Unit] = {}
    ports: dict[str, list[Fact]] = {}
    for fact in program.list_facts("port"):
        ports.setdefault(fact.attr("service"), []).append(fact)
    for fact in images:
        if fact.name.lower() in taken or _EPHEMERAL.search(fact.attr("kind")):
            continue
        image = fact.attr("image") or fact.value
        kind, store = "external", ""
        texts = (f"{image.rpartition('/')[2]} {fact.name}", image)  # the maker's name counts last
        for text, (pattern, image_kind, image_store) in ((t, row) for t in texts for row in _IMAGES):
            if re.search(pattern, text, re.IGNORECASE):
                kind, store = image_kind, image_store
                break
        if _ADMIN_TOOL.search(image) or _ADMIN_TOOL.search(fact.name):
            kind, store = "external", ""
        numbers = {}
        for port in ports.get(fact.name, ()):
            for text in (port.name, port.value):
                if text.isdigit():
                    numbers[int(text)] = Port(int(text), True, program.make_evidence(port))
        names = {fact.name.lower(), fact.attr("container").lower()} - {""}
        known = found.get(fact.name)
        if known is not None and (known.store or not store):
            continue
        unit = Unit(fact.name, kind, None, image, (), frozenset(names), (program.make_evidence(fact),), store)
        found[fact.name] = _with_ports(unit, numbers)
    return list(found.values())


_EPHEMERAL = LazyPattern(r"^(?:Job|CronJob)$")
_ADMIN_TOOL = LazyPattern(
    r"pgadmin|adminer|mongo-express|redis-?commander|redisinsight|mailhog|phpmyadmin|kibana|portainer", re.I
)


def _join_service_names(program: Program, units: list[Unit]) -> list[Unit]:
    """A Kubernetes Service answers for the workload that its selector or name leads to."""
    by_name = {name: unit for unit in units for name in unit.names}
    more: dict[str, set[str]] = {}
    numbers: dict[str, dict[int, Port]] = {}
    for fact in program.list_facts("service"):
        if fact.attr("kind") != "Service":
            continue
        wanted = [fact.name, *(part.rpartition("=")[2] for part in re.split(r"[,\s]+", fact.attr("selector")))]
        unit = next((by_name[w.lower()] for w in wanted if w.lower() in by_name), None)
        if unit is None:
            continue
        more.setdefault(unit.id, set()).add(fact.name.lower())
        for port in program.list_facts("port"):
            if port.attr("service") == fact.name and port.path == fact.path:
                for text in (port.name, port.value):
                    if text.isdigit():
                        evidence = program.make_evidence(port)
                        numbers.setdefault(unit.id, {})[int(text)] = Port(int(text), True, evidence)
    result = []
    for unit in units:
        names = unit.names | frozenset(more.get(unit.id, ()))
        ports = {p.number: p for p in unit.ports if p.certain or unit.id not in numbers} | numbers.get(unit.id, {})
        extended = Unit(unit.id, unit.kind, unit.folder, unit.framework, (), names, unit.evidence, unit.store)
        result.append(_with_ports(extended, ports))
    return result


_NUMBER = LazyPattern(r"\d{2,5}")
