"""The parts of a system of agents: what has a box of its own, and which code is its own.

A part is a unit (app, store, other infrastructure), an agent or team, a class that carries the mesh (registry,
router, discovery, client), a socket gateway, or an MCP server. Its *region* is the code that belongs to it: the
factory that makes an agent, the methods of a class. Code in no region belongs to the unit whose folder holds it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kbgen.expressions import Expr, decode_arguments, decode_expr, is_unknown, tag_of, walk_expr
from kbgen.join.program import Place
from kbgen.join.system import System
from kbgen.join.units import Unit
from kbgen.model import Evidence, Fact
from kbgen.patterns import LazyPattern


@dataclass(slots=True)
class Part:
    id: str
    label: str
    kind: str
    """As `DiagramNode.kind`."""
    unit: str
    """ID of the unit whose code it is; its own for a unit; ``""`` for infrastructure."""
    evidence: list[Evidence]
    region: list[Place] = field(default_factory=list)
    """Definitions that are this part; methods of a class in it count too."""
    tools: list[Place] = field(default_factory=list)
    """Functions that a model may call on behalf of this part."""
    aliases: set[str] = field(default_factory=set)
    """Lower case: what other code calls it by."""
    members: list[str] = field(default_factory=list)
    team: str = ""
    """ID of the team that it is a member of and nothing else reaches it."""
    details: list[str] = field(default_factory=list)
    mounts: list[Fact] = field(default_factory=list)
    """Calls that are handed this agent: an interface, an adapter, a server."""
    fact: Fact | None = None


_MESH_CLASS = LazyPattern(
    r"(?P<registry>Registry|Catalog|Directory)$|(?P<router>Router|Orchestrator|Dispatcher|Supervisor|Coordinator|Broker)$|"
    r"(?P<discovery>Discovery(?:Service|Client|Manager)?|CardResolver)$|(?P<client>Client|Connector|(?:Remote|Agent|Peer)\w*Connections?)$"
)
_MESH_WORDS = LazyPattern(r"agent|a2a|mesh|mcp|remote", re.IGNORECASE)
_VALUE_BASES = LazyPattern(
    r"(?:^|[ .])(?:BaseModel|BaseSettings|Protocol|ABC|Exception|\w*Error|Enum|TypedDict|NamedTuple)(?: |$)"
)
_NO_WORDS = ",{}]"
"""How the arguments of a call end when none has a name."""
_ID_KEY = LazyPattern(r"(?:^|_|[a-z])(?:id|ID|Id|name|Name|slug|key)$")
_PATH_KEY = LazyPattern(r"(?:path|route|prefix|url|endpoint)$", re.IGNORECASE)


class Parts:
    """Every part of a system, and who owns which code."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._program = system.program
        self.all: dict[str, Part] = {}
        self._add_units()
        self._add_agents()
        self._add_card_files()
        self._add_mesh_classes()
        self._add_gateways()
        self.owners: Mapping[Place, str] = self._find_owners()
        self._made_in: dict[Place, list[Part]] = {}
        """By the definition whose code makes the agent."""
        for part in self.all.values():
            if part.fact is not None:
                self._made_in.setdefault((part.fact.path, part.fact.symbol), []).append(part)
        self._find_members()
        self._find_aliases()

    # ------------------------------------------------------------------------------------------- units

    def _add_units(self) -> None:
        for unit in self._system.units.all:
            part = Part(unit.id, unit.id, unit.kind, unit.id if unit.folder is not None else "", list(unit.evidence))
            part.aliases |= set(unit.names)
            part.details += _describe_unit(unit)
            self.all[unit.id] = part
        for fact in self._system.by_kind.get("agent_card", ()):
            unit_id = self._system.units.find_unit(fact.path)
            if unit_id and fact.name and "{" not in fact.name and len(self.all[unit_id].details) < 4:
                self.all[unit_id].details.append(f"card: {fact.name}")

    # ------------------------------------------------------------------------------------------ agents

    def _add_agents(self) -> None:
        by_kind = self._system.by_kind
        facts = [*by_kind.get("team", ()), *by_kind.get("agent", ())]
        made_in: dict[Place, list[Fact]] = {}
        made: dict[Place, str] = {}
        for fact in facts:
            made_in.setdefault((fact.path, fact.symbol), []).append(fact)
        for fact in sorted(facts, key=lambda f: (f.kind != "team", f.path, f.line)):
            label = self._name_agent(fact)
            if not label:
                continue
            region = self._find_region(fact, made_in[fact.path, fact.symbol])
            twin = next((self.all[made[place]] for place in region if place in made), None)
            if twin is not None:
                # Two ways of making the same agent in one class.
                twin.evidence.append(self._program.make_evidence(fact))
                continue
            key = _slug(label)
            known = self.all.get(key)
            if known is not None and known.fact is not None and not (set(region) & set(known.region)):
                key = _slug(label + " " + posixpath.splitext(posixpath.basename(fact.path))[0])
            if key in self.all and self.all[key].fact is None:
                key += "-agent"
            if key in self.all:
                self.all[key].evidence.append(self._program.make_evidence(fact))
                continue
            unit = self._system.units.find_unit(fact.path)
            part = Part(key, label, fact.kind, unit, [self._program.make_evidence(fact)], region, fact=fact)
            part.aliases.add(label.lower())
            part.aliases.add(_slug(label))
            made.update(dict.fromkeys(region, key))
            part.tools = list(self._find_tools(fact))
            if part.tools:
                part.details.append(f"{len(part.tools)} tools" if len(part.tools) > 1 else "1 tool")
            self.all[key] = part

    def _name_agent(self, fact: Fact) -> str:
        """Its given name; else the first of class, variable, function, file and folder that says something."""
        name = fact.name if fact.name != fact.symbol.rpartition(".")[2] else ""
        if name and "{" not in name and len(name) <= 60 and not _NO_NAME.fullmatch(name):
            return name
        folder = posixpath.basename(posixpath.dirname(fact.path))
        stem = posixpath.splitext(posixpath.basename(fact.path))[0]
        owner = fact.symbol.partition(".")[0]
        for text in (
            owner if self._program.is_class((fact.path, owner)) else "",
            fact.attr("target"),
            owner,
            stem,
            folder,
        ):
            bare = re.sub(r"^_*(?:create|make|build|get|init|setup|new|run)_|_?(?:factory|instance)$", "", text)
            if bare and not _NO_NAME.fullmatch(bare):
                return bare
        return ""

    def _find_region(self, fact: Fact, together: Sequence[Fact]) -> list[Place]:
        """The factory function, the class that wraps the agent, or the module's own name for it."""
        program, path = self._program, fact.path
        symbol = fact.symbol
        if not symbol:
            target = fact.attr("target")
            return [(path, target)] if target and (path, target) != (path, "") else []
        owner = symbol
        while owner and not program.is_class((path, owner)):
            owner = owner.rpartition(".")[0]
        if owner:
            # A class that makes several agents is none of them.
            makers = [f for f in together if f.symbol == symbol]
            return [(path, owner)] if len(makers) == 1 else []
        teams = [f for f in together if f.kind == "team"]
        if len(together) > 1 and not (fact.kind == "team" and len(teams) == 1):
            return []
        return [(path, symbol)]

    def _find_tools(self, fact: Fact) -> Iterator[Place]:
        seen: set[Place] = set()
        for key in ("tools", "functions", "handoffs"):
            expr = _read(fact, key)
            if is_unknown(expr):
                continue
            for scope, item in self._program.expand_items(fact.path, fact.symbol, expr):
                for part in walk_expr(item):
                    name = part[1] if tag_of(part) in ("name", "call") else ""
                    for place in self._program.resolve(scope[0], scope[1], name) if name else ():
                        if place[1] and place not in seen:
                            seen.add(place)
                            yield place

    def _find_members(self) -> None:
        """Teams name their members by variable, factory call or inline."""
        by_place: dict[Place, str] = {}
        for part in self.all.values():
            for place in part.region:
                by_place[place] = part.id
        for part in list(self.all.values()):
            fact = part.fact
            if fact is None:
                continue
            for key in ("leader", "members", "agents", "sub_agents", "participants", "nodes", "workers"):
                expr = _read(fact, key)
                if is_unknown(expr):
                    continue
                items = self._program.expand_items(fact.path, fact.symbol, expr)
                scopes = items or (((fact.path, fact.symbol), expr),)
                for scope, item in scopes:
                    member = self._find_part(scope, item, 4)
                    if member and member != part.id and member not in part.members:
                        part.members.append(member)
        for part in self.all.values():
            for member in part.members:
                other = self.all[member]
                if other.fact is not None and not other.team and self._is_only_member(other, part):
                    other.team = part.id
            if part.members and part.kind == "team":
                part.details.insert(0, f"{len(part.members)} members")

    def _is_only_member(self, member: Part, team: Part) -> bool:
        """Whether nothing but the team's own factory makes this agent."""
        for path, symbol in member.region:
            for call in self._program.find_callers((path, symbol)):
                if (call.path, call.symbol) not in team.region and self._owner_of((call.path, call.symbol)) != team.id:
                    return False
        return True

    def _find_part(self, scope: Place, expr: Expr, depth: int) -> str:
        """The agent part that an expression's value is, or ``""``."""
        if depth <= 0:
            return ""
        tag = tag_of(expr)
        if tag == "name":
            for place in self._program.resolve(scope[0], scope[1], expr[1]):
                owner = self._owner_of(place)
                if owner and self.all[owner].fact is not None:
                    return owner
            for inner_scope, value in self._program.find_values(scope[0], scope[1], expr[1])[:2]:
                found = self._find_part(inner_scope, value, depth - 1)
                if found:
                    return found
            return self._find_inline(scope, expr[1])
        if tag == "call":
            for place in self._program.resolve(scope[0], scope[1], expr[1]):
                owner = self._owner_of(place)
                if owner and self.all[owner].fact is not None:
                    return owner
                for row in self._program.list_within(place[0], place[1], "return"):
                    found = self._find_part(place, decode_expr(row.value), depth - 2)
                    if found:
                        return found
            for inner in [*expr[2], *expr[3].values()]:
                if tag_of(inner) in ("name", "call"):
                    found = self._find_part(scope, inner, depth - 2)
                    if found:
                        return found
        if tag in ("any", "spread", "item"):
            for inner in expr[1:]:
                found = self._find_part(scope, inner, depth - 1)
                if found:
                    return found
        return ""

    def _find_inline(self, scope: Place, name: str) -> str:
        """An agent made in the same definition and kept in a variable of this name."""
        for part in self._made_in.get(scope, ()):
            if part.fact is not None and part.fact.attr("target") == name:
                return part.id
        return ""

    def _add_card_files(self) -> None:
        """Agent cards that are files: JSON with a name, skills and an address, in either published shape."""
        by_path: dict[str, dict[str, Fact]] = {}
        for fact in self._program.list_facts("config"):
            if fact.path.endswith(".json") and fact.name in _CARD_KEYS:
                by_path.setdefault(fact.path, {})[fact.name] = fact
        for path, keys in sorted(by_path.items()):
            name = keys.get("name")
            if name is None or not {"url", "supportedInterfaces[0].url"} & set(keys) or "skills[0].id" not in keys:
                continue
            key = _slug(name.value)
            unit = self._system.units.find_unit(path)
            if not key or key in self.all or not unit:
                continue
            part = Part(key, name.value, "agent", unit, [self._program.make_evidence(name)])
            part.aliases |= {name.value.lower(), key}
            part.details.append("card in a file")
            self.all[key] = part

    # ---------------------------------------------------------------------------------- mesh classes

    def _add_mesh_classes(self) -> None:
        agent_units = {part.unit for part in self.all.values() if part.fact is not None}
        agent_units |= {self._system.units.find_unit(f.path) for f in self._system.by_kind.get("agent_card", ())}
        found: list[tuple[Fact, str, str]] = []
        taken = {place for part in self.all.values() for place in part.region}
        for symbol in self._program.list_facts("symbol"):
            if symbol.attr("kind") != "class" or _VALUE_BASES.search(symbol.attr("bases")):
                continue
            match = _MESH_CLASS.search(symbol.name)
            unit = self._system.units.find_unit(symbol.path)
            if match is None or unit not in agent_units or (symbol.path, symbol.symbol) in taken:
                continue
            where = posixpath.dirname(symbol.path).rpartition("/")[2] + " " + symbol.name
            if not _MESH_WORDS.search(where):
                continue
            kind = str(match.lastgroup)
            if kind == "client":
                if not _MESH_WORDS.search(symbol.name):
                    continue
                kind = "mcp-client" if re.search(r"mcp", symbol.name, re.IGNORECASE) else "client"
            found.append((symbol, kind, unit))
        names: dict[str, int] = {}
        for symbol, _, _ in found:
            names[symbol.name] = names.get(symbol.name, 0) + 1
        for symbol, kind, unit in found:
            module = self._name_module(symbol.path, unit)
            instance = self._find_instance(symbol)
            key = f"{module}.{instance or symbol.name}" if module else symbol.name
            label = symbol.name if names[symbol.name] == 1 else f"{symbol.name} ({module})"
            part = Part(key, label, kind, unit, [self._program.make_evidence(symbol)], [(symbol.path, symbol.symbol)])
            part.aliases.add(symbol.name.lower())
            self.all.setdefault(key, part)

    def _name_module(self, path: str, unit: str) -> str:
        folder = self._system.units.by_id[unit].folder if unit else ""
        inside = path.removeprefix(folder + "/") if folder else path
        stem = re.sub(r"\.[^./]+$", "", inside).removesuffix("/__init__").removesuffix("/index")
        return stem.removeprefix("src/").replace("/", ".")

    def _find_instance(self, symbol: Fact) -> str:
        """The one public module-level instance of a class, ``registry = AgentRegistry()``."""
        instances = [
            f.name
            for f in self._program.list_within(symbol.path, "", "binding")
            if tag_of(decode_expr(f.value)) == "call" and decode_expr(f.value)[1] == symbol.name
        ]
        return instances[0] if len(instances) == 1 and not instances[0].startswith("_") else ""

    def _add_gateways(self) -> None:
        for fact in self._system.by_kind.get("socket_server", ()):
            place = (fact.path, fact.symbol)
            key = fact.attr("class") or fact.symbol
            if not key or not self._program.is_class(place) or key in self.all:
                continue
            unit = self._system.units.find_unit(fact.path)
            part = Part(key, key, "gateway", unit, [self._program.make_evidence(fact)], [place])
            part.details.append(f"namespace {fact.attr('ns') or '/'}")
            self.all[key] = part

    # ----------------------------------------------------------------------------------------- owners

    def _find_owners(self) -> dict[Place, str]:
        owners: dict[Place, str] = {}
        for part in self.all.values():
            for place in part.region:
                owners.setdefault(place, part.id)
        return owners

    def _owner_of(self, place: Place) -> str:
        owners = getattr(self, "owners", None)
        if owners is None:
            owners = self._find_owners()
        path, symbol = place
        while symbol:
            owner = owners.get((path, symbol))
            if owner is not None:
                return str(owner)
            symbol = symbol.rpartition(".")[0]
        return ""

    def find_owner(self, place: Place) -> str:
        """The part whose region holds a definition: an agent, a class; ``""`` when it is just a unit's code."""
        return self._owner_of(place)

    @cached_property
    def stops(self) -> Mapping[Place, str]:
        """Every place of every region, methods of classes included: where a walk enters another part."""
        found = dict(self.owners)
        for (path, symbol), owner in self.owners.items():
            if self._program.is_class((path, symbol)):
                for name in self._program.list_symbols(path):
                    if name.startswith(symbol + "."):
                        found[path, name] = owner
        return found

    @cached_property
    def tools(self) -> frozenset[Place]:
        """Functions that agents are given: code that hands them on does not run them."""
        return frozenset(place for part in self.all.values() for place in part.tools)

    def find_roots(self, part: Part) -> list[Place]:
        """Where a part's own code starts: its region, all methods of a class, its tools."""
        roots: list[Place] = []
        for path, symbol in part.region:
            roots.append((path, symbol))
            if self._program.is_class((path, symbol)):
                roots += [(path, name) for name in self._program.list_symbols(path) if name.startswith(symbol + ".")]
        return [*roots, *part.tools]

    # ---------------------------------------------------------------------------------------- aliases

    def _find_aliases(self) -> None:
        """Names that code gives a part: an ID beside the agent in one call or dict, and the path that goes with it."""
        for call in self._program.list_facts("call"):
            if not call.value or (call.value.endswith(_NO_WORDS) and '"dict"' not in call.value):
                continue
            positional, words = decode_arguments(call.value)
            if not words and len(positional) < 2:
                self._read_dicts((call.path, call.symbol), positional)
                continue
            pairs = [*words.items(), *((str(i), e) for i, e in enumerate(positional))]
            for key in ("agent", "team", "agents", "executor", "agent_executor"):
                owner = self._find_direct((call.path, call.symbol), words[key]) if key in words else ""
                if owner:
                    self.all[owner].mounts.append(call)
            self._read_group((call.path, call.symbol), pairs)
            self._read_dicts((call.path, call.symbol), [e for _, e in pairs])
        for row in self._program.list_facts("binding"):
            if '"dict"' in row.value:
                self._read_dicts((row.path, row.symbol), [decode_expr(row.value)])
        self._read_endpoints()

    def _read_dicts(self, scope: Place, exprs: Sequence[Expr]) -> None:
        for expr in exprs:
            for part in walk_expr(expr):
                if tag_of(part) != "dict":
                    continue
                pairs = [(pair[0], pair[1]) for pair in part[1:] if isinstance(pair[0], str)]
                self._read_group(scope, pairs)
                for key, value in pairs:
                    # id -> agent, or id -> {…: factory}
                    inner = [value] if tag_of(value) in ("name", "call") else []
                    if tag_of(value) == "dict":
                        inner = [p[1] for p in value[1:] if tag_of(p[1]) in ("name", "call")]
                    owners = {owner for e in inner if (owner := self._find_direct(scope, e))}
                    if len(owners) == 1 and _ID_TEXT.fullmatch(key) and not _GENERIC_KEY.fullmatch(key):
                        self.all[owners.pop()].aliases.add(key.lower())

    def _find_direct(self, scope: Place, expr: Expr) -> str:
        if tag_of(expr) == "name" and "." in expr[1] and expr[1].startswith(("self.", "this.")):
            return ""
        return self._find_part(scope, expr, 5)

    def _read_group(self, scope: Place, pairs: Sequence[tuple[str, Expr]]) -> None:
        texts = [(k, v) for k, v in pairs if isinstance(v, str) and (_ID_KEY.search(k) or _PATH_KEY.search(k))]
        if not texts:
            return
        owners = {
            owner
            for k, v in pairs
            if tag_of(v) in ("name", "call") and not _ID_KEY.search(k) and (owner := self._find_direct(scope, v))
        }
        if len(owners) != 1:
            return
        part = self.all[owners.pop()]
        for key, text in texts:
            if _ID_KEY.search(key) and _ID_TEXT.fullmatch(text):
                part.aliases.add(text.lower())
            elif text.startswith("/") and len(text) <= 60 and text not in part.details:
                part.details.append(text)

    def _read_endpoints(self) -> None:
        """Paths that a registry gives to an ID that is some part's."""
        for fact in self._system.by_kind.get("registry_entry", ()):
            found = self.find_by_alias(fact.name)
            if not found:
                continue
            texts = [fact.value, *(v for k, v in fact.attrs if k not in ("rule", "role", "key"))]
            for text in texts:
                exprs = walk_expr(decode_expr(text[1:])) if text.startswith("=") else [text]
                for expr in exprs:
                    if isinstance(expr, str) and _PATH_TEXT.fullmatch(expr) and expr not in self.all[found].details:
                        self.all[found].details.append(expr)

    def find_by_alias(self, text: str) -> str:
        """The agent part that an ID means; ``""`` when none or several do."""
        wanted = {text.lower(), _slug(text)}
        found = [part.id for part in self.all.values() if part.fact is not None and part.aliases & wanted]
        if len(found) > 1:
            exact = [key for key in found if key == _slug(text)]
            found = exact or found
        return found[0] if len(found) == 1 else ""


_CARD_KEYS = frozenset({"name", "url", "supportedInterfaces[0].url", "skills[0].id"})
_NO_NAME = LazyPattern(
    r"(?:self|this|cls)\..*|_?(?:root_)?(?:agent|graph|team|crew|app|main|workflow|self|runnable|agent_runnable|executor|"
    r"agent_executor|__main__|__init__|index|client|server|llm_agent|create|setup)",
    re.IGNORECASE,
)
_PATH_TEXT = LazyPattern(r"/[\w.\-/{}]{1,60}")
_ID_TEXT = LazyPattern(r"[A-Za-z][\w.\-/]{1,40}")
_GENERIC_KEY = LazyPattern(
    r"agent|agents|team|teams|factory|tools?|members?|model|name|type|handler|func|function|class|default|main|app|client",
    re.I,
)


def _read(fact: Fact, key: str) -> Expr:
    """A kept argument of a derived fact: an expression after ``=``, else its text."""
    text = fact.attr(key)
    if not text:
        return ["?"]
    return decode_expr(text[1:]) if text.startswith("=") else text


def _slug(text: str) -> str:
    """Letters of every script count; a name without any is its own ID."""
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-") or text.lower()


def _describe_unit(unit: Unit) -> list[str]:
    details = [unit.framework] if unit.framework else []
    ports = [f":{p.number}" for p in unit.ports if p.certain] or [f":{p.number}" for p in unit.ports[:1]]
    return [*details, *ports[:2]]
