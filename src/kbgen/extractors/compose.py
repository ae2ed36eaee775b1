"""Facts of Docker Compose files: services, ports, variables, dependencies.

``service``
    `name` the service, `value` its image, else the folder that it is built from as written. [source: compose;
    image; build: the context as written; context: the same, relative to the repository's top
    (`kbgen.extractors.placed`); dockerfile; target; container; hostname; alias: another name on the network,
    may repeat; profiles, networks: blank-joined; command; entrypoint; healthcheck; extends: ``service`` or
    ``file:service``; replicas; scale]
``port``
    `name` the port inside the container, `value` the one outside, empty when it is chosen at random or only
    exposed. [service; source; protocol: unless tcp; host: the address it is bound to; ref: the variable that
    sets the outside port; expose: yes]
``setting``
    `name` a variable, `value` as written, secrets as ``…``. [service; source; default: the value when every
    ``${X:-d}`` in it falls back; ref: a variable it names, may repeat; arg: yes for an argument of the build;
    passed: yes when it is handed through from outside]
``depends``
    `name` the service needed, `symbol` empty. [service; source; condition; via: depends_on, links or
    network_mode]
``config``
    Every other key, by its path from the top. [service]
"""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.extractors.base import shorten
from kbgen.extractors.configuration import make_facts, read_keys
from kbgen.extractors.nodes import MISSING, Node, keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT, fold_variables, hide_credentials, make_setting
from kbgen.extractors.yaml_nodes import parse_yaml
from kbgen.model import Fact, FileFacts, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = ()
VERSION = "compose-2"

_TOP_KEYS = frozenset({"version", "name", "services", "networks", "volumes", "configs", "secrets", "include"})
_TOLD = frozenset(
    """
    image build ports expose environment depends_on links container_name hostname profiles command entrypoint extends
    networks
    """.split()
)
_SHORT_PORT = LazyPattern(
    r"(?:(?P<host>\[[^\]]*\]|[^:\[\]]*):)??(?:(?P<outside>[^:]*):)?(?P<inside>[^:/]+)(?:/(?P<protocol>\w+))?"
)
_RANGE = LazyPattern(r"(\d{1,5})-(\d{1,5})")
_RANGE_LIMIT = 16


def extract(source: SourceFile) -> FileFacts:
    document = parse_yaml(source.text)
    facts = [fact for root in document.roots for fact in read_compose(root, source.path)]
    return make_facts(source, document, (f for root in document.roots for f in read_rest(root, source.path)), facts)


def is_compose(root: Node) -> bool:
    """Whether a YAML document is one for Docker Compose, whatever its file is called."""
    services = root.get("services").entries
    if not services or any(key not in _TOP_KEYS and not key.startswith("x-") for key in root.entries):
        return False
    return any(not {"image", "build", "extends"}.isdisjoint(service.entries) for service in services.values())


def read_compose(root: Node, path: str) -> Iterator[Fact]:
    """All but the `config` facts."""
    services = root.get("services").entries
    for name, service in services.items():
        yield from _read_service(name, _inherit(service, services, frozenset({name})), path)


def read_rest(root: Node, path: str) -> Iterator[Fact]:
    """The `config` facts."""
    yield from read_keys(
        Node(
            root.line,
            entries={k: v for k, v in root.entries.items() if k != "services" and not k.startswith("x-")},
        ),
        path,
    )
    for name, service in root.get("services").entries.items():
        rest = {key: child for key, child in service.entries.items() if key not in _TOLD}
        yield from read_keys(Node(service.line, entries=rest), path, f"services.{name}", (("service", name),))


def _inherit(service: Node, services: dict[str, Node], seen: frozenset[str]) -> Node:
    """A service with what it takes from the one that it ``extends`` in the same file."""
    extends = service.get("extends")
    base_name = extends.text or extends.read("service")
    base = services.get(base_name)
    if base is None or base_name in seen or extends.read("file"):
        return service
    base = _inherit(base, services, seen | {base_name})
    entries = {**base.entries, **service.entries}
    own, inherited = service.get("environment"), base.get("environment")
    if own.entries and inherited.entries:
        entries["environment"] = Node(own.line, entries={**inherited.entries, **own.entries})
    entries.pop("depends_on", None)
    if "depends_on" in service.entries:
        entries["depends_on"] = service.entries["depends_on"]
    return Node(service.line, entries=entries)


def _read_service(name: str, service: Node, path: str) -> Iterator[Fact]:
    build = service.get("build")
    context = build.text if build.text is not None else build.read("context") or ("." if build.entries else "")
    extends = service.get("extends")
    base = ":".join(part for part in (extends.read("file"), extends.read("service")) if part) or extends.text or ""
    image, context = fold_variables(service.read("image"))[0], fold_variables(context)[0]
    networks = service.get("networks")
    health = service.get("healthcheck", "test")
    attrs = keep_attrs(
        ("source", "compose"),
        ("image", image),
        ("build", context),
        ("dockerfile", build.read("dockerfile")),
        ("target", build.read("target")),
        ("container", service.read("container_name")),
        ("hostname", service.read("hostname")),
        *(("alias", alias) for network in networks.entries.values() for alias in network.get("aliases").list_texts()),
        ("networks", " ".join(networks.list_texts() or networks.entries)),
        ("profiles", " ".join(service.get("profiles").list_texts())),
        ("command", _join_command(service.get("command"))),
        ("entrypoint", _join_command(service.get("entrypoint"))),
        ("healthcheck", _join_command(health).removeprefix("CMD-SHELL ").removeprefix("CMD ")),
        ("extends", base),
        ("replicas", service.read("deploy", "replicas") or service.read("scale")),
    )
    yield Fact("service", name, path, service.line, image or context, "", "", attrs)
    owner = (("service", name), ("source", "compose"))
    for port in service.get("ports").items:
        yield from _read_port(port, path, owner)
    for port in service.get("expose").items:
        for number in _spread(fold_variables((port.text or "").partition("/")[0])[0]):
            yield Fact("port", number, path, port.line, "", "", "", (*owner, ("expose", "yes")))
    yield from _read_environment(build.get("args"), path, (*owner, ("arg", "yes")))
    yield from _read_environment(service.get("environment"), path, owner)
    yield from _read_needs(service, path, owner)


def _join_command(node: Node) -> str:
    return shorten(hide_credentials(" ".join(node.list_texts())), VALUE_LIMIT)


def _read_port(port: Node, path: str, owner: tuple[tuple[str, str], ...]) -> Iterator[Fact]:
    """``"8080:80"``, ``"127.0.0.1:3000-3002:3000-3002/udp"`` or the long form with ``target``."""
    if port.entries:
        inside, host = port.read("target"), port.read("host_ip")
        outside_text, protocol = port.read("published"), port.read("protocol")
        outside, variables = fold_variables(outside_text)
    else:
        text, variables = fold_variables(port.text or "")
        match = _SHORT_PORT.fullmatch(text)
        if match is None:
            return
        host, outside, inside, protocol = (match[key] or "" for key in ("host", "outside", "inside", "protocol"))
    outsides = _spread(outside)
    attrs = keep_attrs(
        *owner,
        ("protocol", "" if protocol == "tcp" else protocol),
        ("host", host.strip("[]")),
        *(("ref", variable.name) for variable in variables),
    )
    for index, number in enumerate(_spread(inside)):
        published = outsides[index] if index < len(outsides) else outside
        yield Fact("port", number, path, port.line, published, "", "", attrs)


def _spread(text: str) -> list[str]:
    """``3000-3002`` as its ports; a wide range stays one."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return [text] if text else []
    first, last = int(match[1]), int(match[2])
    return [str(port) for port in range(first, last + 1)] if 0 <= last - first < _RANGE_LIMIT else [text]


def _read_environment(node: Node, path: str, owner: tuple[tuple[str, str], ...]) -> Iterator[Fact]:
    pairs: list[tuple[str, Node, str | None]] = [(name, value, value.text) for name, value in node.entries.items()]
    for item in node.items:
        name, equals, given = (item.text or "").partition("=")
        pairs.append((name, item, given if equals else None))
    for name, value, text in pairs:
        if name and text is None:
            attrs = (*owner, ("passed", "yes"), ("ref", name))
            yield Fact("setting", name, path, value.line, "", "", "", attrs)
        elif name and text is not None:
            yield make_setting(path, value.line, name, text, owner)


def _read_needs(service: Node, path: str, owner: tuple[tuple[str, str], ...]) -> Iterator[Fact]:
    needs = service.get("depends_on")
    for name, need in needs.entries.items():
        condition = need.read("condition") or "service_started"
        yield Fact(
            "depends", name, path, need.line, "", "", "", (*owner, ("condition", condition), ("via", "depends_on"))
        )
    for item in needs.items:
        if item.text:
            attrs = (*owner, ("condition", "service_started"), ("via", "depends_on"))
            yield Fact("depends", item.text, path, item.line, "", "", "", attrs)
    for item in service.get("links").items:
        name, _, alias = (item.text or "").partition(":")
        if name:
            yield Fact(
                "depends", name, path, item.line, "", "", "", keep_attrs(*owner, ("via", "links"), ("alias", alias))
            )
    mode = service.get("network_mode")
    if mode is not MISSING and (mode.text or "").startswith("service:"):
        name = (mode.text or "").removeprefix("service:")
        yield Fact("depends", name, path, mode.line, "", "", "", (*owner, ("via", "network_mode")))
