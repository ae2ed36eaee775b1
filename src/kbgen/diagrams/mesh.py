"""The agent mesh: which parts there are, who calls whom over what, what is dead and what is a guess.

A -> B means that code of A calls, mounts, reads or writes B. Every node and edge has the code or configuration
that shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kbgen.diagrams.parts import Part, Parts
from kbgen.expressions import decode_arguments, decode_expr, walk_expr
from kbgen.join.http import HttpMatch
from kbgen.join.program import Place
from kbgen.join.system import System
from kbgen.join.units import Address, Unit
from kbgen.model import Diagram, DiagramEdge, DiagramNode, Evidence, Fact, Liveness
from kbgen.patterns import LazyPattern

_EVIDENCE = 8
"""Places shown for one edge; more of the same say nothing new."""
_LABELS = 3


@dataclass(slots=True)
class MeshEdge:
    source: str
    target: str
    kind: str
    rule: str
    labels: dict[str, int] = field(default_factory=dict)
    evidence: dict[Evidence, None] = field(default_factory=dict)
    certain: bool = False
    why: str = ""


class Mesh:
    """Collects the edges of a system's parts; `draw` makes the diagram."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.parts = Parts(system)
        self._program = system.program
        self.edges: dict[tuple[str, str, str], MeshEdge] = {}
        self._nodes: dict[str, DiagramNode] = {}
        self.endpoints: dict[str, Fact] = {}
        """Routes that are nodes of their own, by node ID."""
        self._visited: dict[str, Mapping[Place, object]] = {}
        self._walk_parts()
        self._walk_units()
        self._read_members()
        self._read_settings()
        self._read_addresses()
        self._read_options()
        self._read_servers()

    # ------------------------------------------------------------------------------------------- walks

    def _walk_parts(self) -> None:
        for part in self.parts.all.values():
            if not part.region and not part.tools:
                continue
            stops = {place: owner for place, owner in self.parts.stops.items() if owner != part.id}
            self._follow(part.id, self.parts.find_roots(part), stops)

    def _walk_units(self) -> None:
        reach, units = self.system.reach, self.system.units
        by_unit: dict[str, list[str]] = {}
        for path in reach.starts:
            by_unit.setdefault(units.find_unit(path), []).append(path)
        for unit in units.all:
            if unit.folder is None:
                continue
            starts = by_unit.get(unit.id, [])
            first = [path for path in starts if path in reach.services]
            rest = reach.find_loaded(starts) - set(first)
            # A decorator that makes a function a tool runs nothing: the agent that is given the tool does.
            # What the service itself runs comes before scripts that can be run by hand: it is the better evidence.
            roots = [*reach.find_roots(first), *reach.find_roots(rest)]
            self._follow(unit.id, [root for root in roots if root not in self.parts.tools], self.parts.stops)

    def _follow(self, source: str, roots: Iterable[Place], stops: Mapping[Place, str]) -> None:
        unit = self.parts.all[source].unit
        reached = self.system.reach.walk(roots, stops, self.parts.tools)
        self._visited[source] = reached
        for place, edge in reached.items():
            owner = stops.get(place, "")
            if owner and owner != source:
                if (
                    edge is not None
                    and edge.how not in ("inherit", "decorate")
                    and self._is_entered(edge.target, owner)
                ):
                    label = self._label_entry(edge.fact, place)
                    self._add(source, owner, "in-process", label, edge.fact, "call-graph")
                continue
            there = self.system.units.find_unit(place[0])
            if there and there != unit and self.system.units.by_id[there].kind != "external":
                # Another app's code, imported: what it does is that app's doing.
                continue
            self._read_place(source, place)
            if not place[1] and self.parts.all[source].fact is None:
                self._read_made(source, place[0])

    def _read_made(self, source: str, path: str) -> None:
        """Agents that a module makes when it is loaded, those that only a team has left to it."""
        for part in self.parts.all.values():
            fact = part.fact
            if fact is not None and (fact.path, fact.symbol) == (path, "") and not part.team:
                self._add(source, part.id, "in-process", fact.attr("target") or part.label, fact, fact.attr("rule"))

    def _read_members(self) -> None:
        """Members that a team names by variable: no call leads from one to the other."""
        for part in self.parts.all.values():
            for member in part.members:
                if part.fact is not None and (part.id, member, "in-process") not in self.edges:
                    self._add(part.id, member, "member", "", part.fact, part.fact.attr("rule"))

    def _is_entered(self, place: Place, owner: str) -> bool:
        """A type named in passing is no use of a part; making, calling or handing on is."""
        return self.parts.all[owner].kind != "gateway" or self._program.is_class(place)

    def _label_entry(self, fact: Fact, place: Place) -> str:
        if fact.kind == "call":
            return fact.name.rpartition(".")[2].removesuffix("()") + "()"
        return place[1].rpartition(".")[2]

    # ------------------------------------------------------------------------------------- what code uses

    def _read_place(self, source: str, place: Place) -> None:
        for match in self.system.matches_by_place.get(place, ()):
            self._read_match(source, match)
        for fact in self.system.by_place.get(place, ()):
            reader = _READERS.get(fact.kind)
            if reader is not None:
                reader(self, source, fact)

    def _read_match(self, source: str, match: HttpMatch) -> None:
        call = match.call
        label = f"{call.attr('method')} {call.attr('path') or call.attr('url')}".strip()
        if match.route is not None and match.verdict in ("matched", "ambiguous"):
            target = self.system.units.find_unit(match.route.path)
            if target and target != source:
                self._add(
                    source, target, "http", label, call, "http", match.confidence >= 0.7, match.why, (match.route,)
                )
            return
        addresses = self.system.resolve(call.attr("base"), call.path) if call.attr("base") else ()
        for address in addresses[:1]:
            if address.unit and address.unit != source:
                self._add(source, address.unit, "http", label, call, "http-base", address.certain, address.why)
            elif address.host:
                self._add_external(source, address, label, call)

    def _add_external(self, source: str, address: Address, label: str, fact: Fact) -> None:
        host = address.host.removeprefix("www.")
        if not _PUBLIC_HOST.fullmatch(host) or _EXAMPLE_HOST.search(host):
            return
        if host not in self._nodes:
            self._nodes[host] = DiagramNode(host, host, "external", evidence=(self._program.make_evidence(fact),))
        self._add(source, host, "http", label, fact, "http-external")

    def _read_agent_call(self, source: str, fact: Fact) -> None:
        target = self.parts.find_by_alias(fact.name) if fact.name and "{" not in fact.name else ""
        if target and target != source and self.is_live(self.parts.all[target]):
            self._add(source, target, "a2a", "A2A", fact, fact.attr("rule"))

    def _read_store(self, source: str, fact: Fact) -> None:
        target = self.find_store(fact)
        if target and target != source:
            self._add(source, target, "store", "", fact, fact.attr("rule"))

    def find_store(self, fact: Fact) -> str:
        """The declared store that a client leads to: by its address, else the only one of its kind."""
        for value in ("url", "base", "host"):
            for text in self.fold_attr(fact, value):
                for address in self.system.resolve(text, fact.path):
                    if address.unit and self.system.units.by_id[address.unit].kind == "store":
                        return address.unit
        kinds = [key.partition(":")[2] for name, key in fact.attrs if name == "key" and key.startswith("store:")]
        kind = kinds[0] if kinds else fact.name
        kind = _STORE_KINDS.get(kind, kind)
        if kind in ("prisma", "sql", "database"):
            sources = {f.attr("provider") for f in self._program.list_facts("datasource")}
            kind = next(iter(sources)) if len(sources) == 1 else ""
            kind = _STORE_KINDS.get(kind, kind)
        if not kind or kind in ("memory", "sqlite"):
            return ""
        declared = [u.id for u in self.system.units.all if u.store == kind]
        if len(declared) == 1:
            return declared[0]
        if declared:
            return ""
        if kind not in self._nodes and kind not in self.parts.all:
            self._nodes[kind] = DiagramNode(kind, kind, "store", evidence=(self._program.make_evidence(fact),))
        return kind

    def _read_telemetry(self, source: str, fact: Fact) -> None:
        for value in ("url", "base", "endpoint"):
            for text in self.fold_attr(fact, value):
                for address in self.system.resolve(text, fact.path):
                    if address.unit and address.unit != source:
                        self._add(source, address.unit, "telemetry", fact.name, fact, fact.attr("rule"))
                        return

    def _read_model(self, source: str, fact: Fact) -> None:
        given = fact.attr("provider") or fact.attr("library")
        provider = next((name for pattern, name in _VENDORS if re.search(pattern, given, re.IGNORECASE)), given)
        if not provider or "_" in provider or self.parts.all[source].fact is None:
            return
        key = f"{provider} models"
        if key not in self._nodes:
            self._nodes[key] = DiagramNode(key, key, "external", evidence=(self._program.make_evidence(fact),))
        self._add(source, key, "http", "model", fact, fact.attr("rule"))

    def _read_socket(self, source: str, fact: Fact) -> None:
        """A client's connection leads to the gateways of the unit at its address, by namespace where one is given."""
        texts = self.fold_attr(fact, "url") or [""]
        namespace = fact.attr("ns") or self._find_namespace(fact) or _split_url(texts[0])[1]
        targets = [a.unit for text in texts for a in self.system.resolve(_split_url(text)[0], fact.path) if a.unit]
        gateways = [p for p in self.parts.all.values() if p.kind == "gateway" and (not targets or p.unit in targets)]
        fitting = [p for p in gateways if _namespace_of(p) == (namespace or "/")]
        if fitting and (targets or len(fitting) == 1):
            self._add(source, fitting[0].id, "websocket", f"socket {namespace}", fact, fact.attr("rule"))
        elif targets and len(gateways) == 1:
            why = f"connects to namespace {namespace or '/'}, the gateway serves {_namespace_of(gateways[0])}"
            self._add(
                source, gateways[0].id, "broken", f"socket {namespace or '/'}", fact, fact.attr("rule"), True, why
            )
        elif targets and gateways and namespace and "{" not in namespace:
            why = f"connects to namespace {namespace}, which no gateway of {targets[0]} serves"
            self._add(source, targets[0], "broken", f"socket {namespace}", fact, fact.attr("rule"), True, why)
        elif targets:
            self._add(source, targets[0], "websocket", "socket", fact, fact.attr("rule"))

    def _find_namespace(self, fact: Fact) -> str:
        """The one namespace of a list that a client connects to."""
        given = fact.attr("namespaces")
        expr = decode_expr(given[1:]) if given.startswith("=") else ["list", given]
        items = self._program.expand_items(fact.path, fact.symbol, expr)
        texts = [f.text for scope, item in items for f in self._program.fold(scope[0], scope[1], item)]
        return texts[0] if len(texts) == 1 else ""

    def _read_endpoint(self, source: str, fact: Fact) -> None:
        """A provider element or client is given the URL of an agent runtime."""
        for text in self.fold_attr(fact, "url"):
            self._add_endpoint(source, fact, text)

    def fold_attr(self, fact: Fact, key: str) -> list[str]:
        """The texts that a kept argument of a derived fact may be."""
        text = fact.attr(key)
        if not text.startswith("="):
            return [text] if text else []
        return [f.text for f in self._program.fold_through(fact.path, fact.symbol, decode_expr(text[1:]))]

    def _add_endpoint(self, source: str, fact: Fact, text: str) -> None:
        base, path = _split_url(text)
        match = _VARIABLE_BASE.fullmatch(base)
        if match is not None:
            # What configuration and the code's own default put there, paths of the own app among them.
            values = [f.value for f in self.system.units.list_settings(match["name"], fact.path)]
            values += [match["default"]] if match["default"] else []
            local = [v.rstrip("/") + path for v in values if v.startswith("/")]
            for one in dict.fromkeys(local):
                self._add_own_endpoint(source, fact, one)
            if local and len(local) == len(values):
                return
        if not base:
            self._add_own_endpoint(source, fact, path)
            return
        own = self.parts.all[source].unit
        found = False
        for address in self.system.resolve(base, fact.path):
            if address.unit and address.unit != source:
                rule = fact.attr("rule")
                self._add(source, address.unit, "http", path or "/", fact, rule, address.certain, address.why)
                found = True
        if not found and path:
            # The address is not known, but only one unit serves that path.
            owners = {self.system.units.find_unit(f.path) for f in self._find_serving(path)} - {own, ""}
            parts = {p.unit for p in self.parts.all.values() if path in p.details} - {own, ""}
            for target in sorted(owners or parts):
                if len(owners or parts) == 1:
                    why = f"the address {base} is not set here; only {target} serves {path}"
                    self._add(source, target, "http", path, fact, fact.attr("rule"), True, why)

    def _add_own_endpoint(self, source: str, fact: Fact, path: str) -> None:
        """A route of the same app: a node of its own, since it stands for the runtime."""
        own = self.parts.all[source].unit
        for route in self._find_serving(path):
            if self.system.units.find_unit(route.path) == own:
                if path not in self._nodes:
                    evidence = (self._program.make_evidence(route),)
                    self._nodes[path] = DiagramNode(path, path, "endpoint", "live", own, "", evidence, ())
                self.endpoints[path] = route
                self._add(source, path, "http", path, fact, fact.attr("rule"), True, "", (route,))
                return

    def _find_serving(self, path: str) -> list[Fact]:
        wanted = path.rstrip("/")
        return [r for r in self.system.routes if r.attr("path").rstrip("/") == wanted and r.attr("kind") != "page"]

    # ---------------------------------------------------------------------------------- configuration

    def _read_settings(self) -> None:
        """Addresses that deployment files give to a service: ``REDIS_URL: redis://redis:6379``."""
        units = self.system.units
        read = {fact.name for fact in self._program.list_facts("env")}
        read |= {word for f in self._program.list_facts("script") for word in _VARIABLE.findall(f.value)}
        for fact in self._program.list_facts("setting"):
            service = fact.attr("service")
            if not service or not fact.value:
                continue
            named = units.find_by_name(service)
            if named is None or (named.folder is None and named.kind in ("store", "observability")):
                continue
            if not _ADDRESS.match(fact.value):
                continue
            for address in units.resolve_base(fact.value, fact.path):
                if not address.unit or address.unit == named.id:
                    continue
                target = units.by_id[address.unit]
                kind = {"store": "store", "observability": "telemetry"}.get(target.kind, "http")
                readable = named.folder is not None and named.framework not in (
                    "Go",
                    "Java",
                    "C#",
                    "Rust",
                    "Ruby",
                    "Kotlin",
                )
                certain = not readable or fact.name in read or kind != "http"
                why = "" if certain else f"{fact.name} is set for {named.id}, whose code does not read it"
                self._add(named.id, target.id, kind, fact.name, fact, "deployed-address", certain, why)

    def _read_addresses(self) -> None:
        """Environment variables that code reads and that hold, or default to, the address of another unit."""
        cards = {self.system.units.find_unit(f.path) for f in self.system.by_kind.get("agent_card", ())}
        for fact in self._program.list_facts("env"):
            own = self.system.units.find_unit(fact.path)
            if not own or _NO_CALL.search(fact.name):
                continue
            default = re.search(r"[\"'`]([a-z][a-z0-9+.\-]*://[^\"'`\s]+)[\"'`]", fact.value)
            text = "{env:" + fact.name + ("|" + default[1] if default is not None else "") + "}"
            for address in self.system.resolve(text, fact.path):
                target = self.system.units.by_id.get(address.unit)
                if target is None or target.id == own or target.kind in ("frontend", "external"):
                    continue
                kind = {"store": "store", "observability": "telemetry"}.get(
                    target.kind, "a2a" if self._is_agent_server(target, cards) else "http"
                )
                if kind == "http" and any(s == own and t == target.id for s, t, _ in self.edges):
                    continue
                self._add(own, target.id, kind, fact.name, fact, "env-address", address.certain, address.why)

    def _is_agent_server(self, unit: Unit, cards: set[str]) -> bool:
        """Whether what answers at a unit's address is an agent, not a service with agents among other things."""
        return unit.id in cards and unit.framework == "A2A server"

    def _read_options(self) -> None:
        """Command line options whose default is the address of another unit: ``--calendar http://localhost:10007``."""
        cards = {self.system.units.find_unit(f.path) for f in self.system.by_kind.get("agent_card", ())}
        for fact in (*self._program.list_facts("decorator"), *self._program.list_facts("call")):
            if fact.name.rpartition(".")[2] not in ("option", "add_argument", "Option") or "://" not in fact.value:
                continue
            positional, words = decode_arguments(fact.value)
            names = [text for text in positional if isinstance(text, str) and text.startswith("--")]
            own = self.system.units.find_unit(fact.path)
            if not names or "default" not in words or not own or _NO_CALL.search(names[0].replace("-", "_")):
                continue
            for folded in self._program.fold(fact.path, "", words["default"])[:1]:
                for address in self.system.resolve(folded.text, fact.path):
                    if address.unit and address.unit != own and address.certain:
                        served = self.system.units.by_id[address.unit]
                        kind = "a2a" if self._is_agent_server(served, cards) else "http"
                        self._add(own, address.unit, kind, names[0], fact, "option-address", True, address.why)

    def _read_servers(self) -> None:
        """MCP servers hang on the client class beside them, else on whoever is configured with them."""
        clients = [p for p in self.parts.all.values() if p.kind == "mcp-client"]
        for fact in self.system.by_kind.get("mcp_server", ()):
            if fact.attr("role") == "provides" and fact.attr("command") == "" and fact.attr("url") == "":
                continue
            name = fact.name
            if not name or "{" in name:
                continue
            key = f"mcp:{name}"
            folder = fact.path.rpartition("/")[0]
            unit = self.system.units.find_unit(fact.path)
            owner = next((p.id for p in clients if p.evidence[0].path.rpartition("/")[0] == folder), "")
            place = (fact.path, fact.symbol)
            users = [owner] if owner else [s for s, seen in self._visited.items() if place in seen]
            users = [u for u in users if self.parts.all[u].fact is not None or u == owner] or users
            if not users and unit:
                continue
            if key not in self._nodes:
                label = self._name_server(fact)
                self._nodes[key] = DiagramNode(
                    key, label, "mcp-server", "live", "", "", (self._program.make_evidence(fact),), ()
                )
            for user in users:
                self._add(user, key, "mcp", fact.attr("command") or "MCP", fact, fact.attr("rule"))
        self._read_configured_servers()

    def _read_configured_servers(self) -> None:
        """Servers of a configuration file: they hang on the agents that an entry names, else on who reads the file."""
        facts = [f for f in self._program.list_facts("config") if f.attr("mcp") == "yes"]
        for fact in facts:
            name = fact.name.rpartition(".")[2]
            named = [
                found
                for f in self._program.list_within(fact.path, "", "config")
                if f.name.startswith(fact.name + ".") and (found := self.parts.find_by_alias(f.value))
            ]
            base = fact.path.rpartition("/")[2]
            readers = [
                source for source, seen in self._visited.items() if any(self._names_file(place, base) for place in seen)
            ]
            agents = [s for s in readers if self.parts.all[s].fact is not None]
            users = named or agents or readers
            if not users:
                continue
            key = f"mcp:{name}"
            evidence = (self._program.make_evidence(fact),)
            self._nodes.setdefault(key, DiagramNode(key, name, "mcp-server", "live", "", "", evidence, ()))
            for user in dict.fromkeys(users):
                self._add(user, key, "mcp", fact.attr("command") or fact.attr("url") or "MCP", fact, "mcp-config")

    def _names_file(self, place: Place, base: str) -> bool:
        """Whether a definition, or a constant of its module, spells a file's name."""
        quoted = f'"{base}"'
        scopes = [place, (place[0], "")]
        return any(
            quoted in f.value
            for path, symbol in scopes
            for kind in ("binding", "call", "return")
            for f in self._program.list_within(path, symbol, kind)
        )

    def _name_server(self, fact: Fact) -> str:
        """The package that is started, where the command names one; else the name it is configured under."""
        texts = [fact.attr("command")]
        given = fact.attr("arguments")
        texts += [
            e for e in walk_expr(decode_expr(given[1:]) if given.startswith("=") else given) if isinstance(e, str)
        ]
        words = " ".join(texts).split()
        for text in words:
            if _SERVER_PACKAGE.search(text):
                return text
        for text in words[1:]:
            if text.endswith((".py", ".js", ".ts")):
                return text.rpartition("/")[2]
        return fact.name

    # ------------------------------------------------------------------------------------------ drawing

    def _add(
        self,
        source: str,
        target: str,
        kind: str,
        label: str,
        fact: Fact,
        rule: str,
        certain: bool = True,
        why: str = "",
        also: Iterable[Fact] = (),
    ) -> None:
        if source == target:
            return
        edge = self.edges.setdefault((source, target, kind), MeshEdge(source, target, kind, rule))
        edge.labels[label] = edge.labels.get(label, 0) + 1
        for one in (fact, *also):
            if len(edge.evidence) < _EVIDENCE:
                edge.evidence.setdefault(self._program.make_evidence(one))
        if (certain and not edge.certain) or not edge.why:
            edge.why = why
        edge.certain |= certain

    def is_live(self, part: Part) -> bool:
        if part.fact is None and not part.region:
            return True
        live = self.system.reach.live
        if part.fact is not None and not part.fact.symbol:
            # A module makes it when it is loaded.
            return (part.fact.path, "") in live
        if part.region:
            return any(place in live for place in part.region)
        assert part.fact is not None
        return (part.fact.path, part.fact.symbol) in live

    def _find_unit_of(self, nodes: Mapping[str, DiagramNode], key: str) -> str:
        while nodes[key].group and nodes[key].group in nodes:
            key = nodes[key].group
        return key

    def draw(self, level: Literal["overview", "detail"]) -> Diagram:
        nodes: dict[str, DiagramNode] = {}
        hidden: dict[str, str] = {}
        for part in self.parts.all.values():
            if part.team and level == "overview":
                hidden[part.id] = part.team
                continue
            live = self.is_live(part)
            state: Liveness = "live" if live else "dead"
            group = part.team or (part.unit if part.unit != part.id else "")
            nodes[part.id] = DiagramNode(
                part.id,
                part.label,
                part.kind,
                state,
                group,
                "" if live else "nothing that runs leads to it",
                tuple(dict.fromkeys(part.evidence))[:_EVIDENCE],
                tuple(dict.fromkeys(part.details))[:4],
            )
        used = {end for edge in self.edges.values() for end in (edge.source, edge.target)}
        nodes |= {key: node for key, node in self._nodes.items() if key in used and key not in nodes}
        edges: dict[tuple[str, str, str], DiagramEdge] = {}
        left_out = 0
        for edge in sorted(self.edges.values(), key=lambda e: (e.source, e.target, e.kind)):
            source, target = hidden.get(edge.source, edge.source), hidden.get(edge.target, edge.target)
            if source == target or source not in nodes or target not in nodes:
                continue
            dead = "dead" in (nodes[source].state, nodes[target].state)
            state = "dead" if dead else "live" if edge.certain else "guess"
            if level == "overview" and dead and not _is_wiring(nodes[source], nodes[target]):
                left_out += 1
                continue
            if level == "overview" and _is_shared(edge, nodes[source], nodes[target]):
                source = self._find_unit_of(nodes, source)
                if source == target or source not in nodes:
                    continue
                dead, state = False, "live" if edge.certain else "guess"
            known = edges.get((source, target, edge.kind))
            evidence = tuple(edge.evidence)
            if known is not None:
                evidence = tuple(dict.fromkeys((*known.evidence, *evidence)))[:_EVIDENCE]
            edges[source, target, edge.kind] = DiagramEdge(
                source,
                target,
                edge.kind,
                _join_labels(edge),
                state,
                edge.why if state != "dead" else "",
                edge.rule,
                evidence,
            )
        folded = []
        if level == "overview":
            folded += _fold_externals(nodes, edges)
        if hidden:
            folded.append(f"{len(hidden)} agents folded into their teams")
        if left_out:
            folded.append(f"{left_out} uses by dead parts left out")
        return Diagram(
            "agent-mesh-topology",
            "Agent mesh topology",
            "graph",
            level,
            tuple(nodes[key] for key in sorted(nodes)),
            tuple(edges[key] for key in sorted(edges)),
            (),
            tuple(folded),
        )


def _is_shared(edge: MeshEdge, source: DiagramNode, target: DiagramNode) -> bool:
    """What the overview draws once for a unit: its gateways' stores, its agents' models."""
    if edge.kind == "store":
        return source.kind == "gateway"
    return target.kind == "external" and target.id.endswith(" models")


def _fold_externals(nodes: dict[str, DiagramNode], edges: dict[tuple[str, str, str], DiagramEdge]) -> list[str]:
    """Three or more outside services that one part alone calls become one node that lists them."""
    callers: dict[str, set[str]] = {}
    for source, target, _ in edges:
        if nodes[target].kind == "external":
            callers.setdefault(target, set()).add(source)
        callers.setdefault(source, set()).add(source)
    groups: dict[str, list[str]] = {}
    for key, sources in sorted(callers.items()):
        if nodes[key].kind == "external" and len(sources) == 1 and key not in sources:
            groups.setdefault(next(iter(sources)), []).append(key)
    said = []
    for source, members in groups.items():
        if len(members) < 3:
            continue
        key = f"{source}: outside services"
        evidence = tuple(dict.fromkeys(e for m in members for e in nodes[m].evidence))[:_EVIDENCE]
        shown = (*members[:3], f"and {len(members) - 3} more") if len(members) > 3 else tuple(members)
        nodes[key] = DiagramNode(key, f"{len(members)} outside services", "external", evidence=evidence, details=shown)
        moved = {k: e for k, e in edges.items() if k[1] in members}
        proof = tuple(dict.fromkeys(e for edge in moved.values() for e in edge.evidence))[:_EVIDENCE]
        for gone in moved:
            del edges[gone]
        for member in members:
            del nodes[member]
        edges[source, key, "http"] = DiagramEdge(source, key, "http", "", "live", "", "http-external", proof)
        said.append(f"{len(members)} outside services of {source} drawn as one")
    return said


def _is_wiring(source: DiagramNode, target: DiagramNode) -> bool:
    """Dead infrastructure keeps its wiring in the overview; what a dead agent would use is for the detail."""
    return source.kind in _WIRED and target.kind in _WIRED


_WIRED = frozenset({"registry", "router", "discovery", "client", "mcp-client"})


def _join_labels(edge: MeshEdge) -> str:
    """The labels of an edge; many routes as their common beginnings: ``/api/pm, /api/kb (49 routes)``."""
    labels = [label for label in sorted(edge.labels) if label]
    if len(labels) <= _LABELS:
        return ", ".join(labels)
    starts: dict[str, int] = {}
    for label in labels:
        path = label.rpartition(" ")[2]
        start = "/".join(path.split("/")[:3]) if path.startswith("/") else label
        starts[start] = starts.get(start, 0) + 1
    shown = sorted(starts, key=lambda s: (-starts[s], s))[:2]
    rest = " …" if len(starts) > 2 else ""
    what = "routes" if edge.kind == "http" else "uses"
    return f"{', '.join(sorted(shown))}{rest} ({len(labels)} {what})"


_READERS = {
    "agent_call": Mesh._read_agent_call,
    "store": Mesh._read_store,
    "telemetry": Mesh._read_telemetry,
    "model": Mesh._read_model,
    "socket_connect": Mesh._read_socket,
    "endpoint_use": Mesh._read_endpoint,
}
_VENDORS = (
    (r"claude|anthropic", "Anthropic"),
    (r"azure", "Azure OpenAI"),
    (r"openai|gpt", "OpenAI"),
    (r"gemini|google|vertex|genai", "Google"),
    (r"bedrock", "AWS Bedrock"),
    (r"ollama", "Ollama"),
    (r"litellm", "LiteLLM"),
    (r"mistral", "Mistral"),
    (r"groq", "Groq"),
    (r"deepseek", "DeepSeek"),
    (r"openrouter", "OpenRouter"),
    (r"cohere", "Cohere"),
)
_STORE_KINDS = {
    "postgresql": "postgres",
    "pgvector": "postgres",
    "mongo": "mongodb",
    "valkey": "redis",
    "bullmq": "redis",
}
_VARIABLE_BASE = LazyPattern(r"\{env:(?P<name>[^{}|]+)(?:\|(?P<default>[^{}]*))?\}")
_VARIABLE = LazyPattern(r"\$\{?([A-Z][A-Z0-9_]+)")
_NO_CALL = LazyPattern(r"CORS|ORIGIN|ALLOWED|CALLBACK|REDIRECT|HOST_OVERRIDE|PUBLIC_URL$", re.IGNORECASE)
_SERVER_PACKAGE = LazyPattern(r"mcp[-_]?server|server[-_]?mcp|[-/]mcp$|^mcp[-_]|server-\w+$", re.IGNORECASE)
_PUBLIC_HOST = LazyPattern(r"[a-z0-9\-]+(?:\.[a-z0-9\-]+)+")
_EXAMPLE_HOST = LazyPattern(r"(?:^|\.)example\.|\.local$|w3\.org$|schema\.org$|^\d+\.")
_ADDRESS = LazyPattern(r"^(?:[a-z][a-z0-9+.\-]*://\S+|[A-Za-z][\w.\-]*:\d{2,5})(?:[/?]\S*)?$")


def _split_url(text: str) -> tuple[str, str]:
    """(base, path) of a folded URL; the base is empty for a path alone."""
    match = re.match(r"^(\{env:[^{}]*\}|[a-z][a-z0-9+.\-]*://[^/]*|\{[^{}]*\})?(/[^?#]*)?", text, re.IGNORECASE)
    return (match[1] or "", match[2] or "") if match is not None else ("", "")


def _namespace_of(part: Part) -> str:
    return next((d.removeprefix("namespace ") for d in part.details if d.startswith("namespace ")), "/")
