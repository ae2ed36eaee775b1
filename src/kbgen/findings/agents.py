"""Agents and tools that miss each other: made by nothing, given to nobody, called by a name that nobody has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbgen.expressions import Expr, decode_expr, find_key, tag_of
from kbgen.findings.base import Reading, be, code, count, list_names, name_place, them, with_items
from kbgen.findings.sockets import find_near_name
from kbgen.join.program import Place
from kbgen.join.urls import list_segments
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_TOOL_WORD = LazyPattern(r"(?:^|_)tools?(?:_|$)|[a-z]Tools?(?:$|[A-Z])|^tools?[A-Z]", re.IGNORECASE)
_CONTEXT_PARAMS = frozenset(
    {"self", "cls", "ctx", "context", "run_context", "tool_context", "agent", "session_state", "kwargs", "args"}
)


def find_agent_gaps(reading: Reading) -> Iterator[Finding]:
    yield from _find_unmade_agents(reading)
    yield from _find_unattached_lists(reading)
    yield from _find_unattached_tools(reading)
    yield from _find_unknown_agents(reading)
    yield from _find_other_parameters(reading)


def list_unmade(reading: Reading) -> dict[str, tuple[Place, ...]]:
    """Agents, teams and mesh classes (by part id) whose code both ways of reading find dead."""
    found = {}
    for part in reading.mesh.parts.all.values():
        if part.region and not reading.mesh.is_live(part):
            places = tuple(part.region)
            if all(reading.is_idle(*place) for place in places):
                found[part.id] = places
    return found


def _find_unmade_agents(reading: Reading) -> Iterator[Finding]:
    parts = reading.mesh.parts.all
    unmade = list_unmade(reading)
    for part_id, places in unmade.items():
        part = parts[part_id]
        if part.team in unmade:
            continue
        members = [parts[m] for m in part.members if m in unmade and parts[m].team == part_id]
        facts = [f for place in places if (f := reading.program.get_symbol(place)) is not None]
        facts += [f for m in members for place in unmade[m.id] if (f := reading.program.get_symbol(place)) is not None]
        is_agent = part.fact is not None
        what = part.kind.replace("mcp-", "MCP ")
        verb = "makes" if is_agent else "uses"
        with_members = (
            f", nor its {count(len(members), 'member', 'members')} {list_names(m.label for m in members)}"
            if members
            else ""
        )
        tested = " Only tests do." if any(place[1] in reading.test_words for place in places) else ""
        yield reading.make(
            "unreached-agent" if is_agent else "unreached-part",
            [text for place in places for text in place],
            f"Nothing that runs {verb} the {what} {code(part.label)}{with_members}",
            f"{list_names(place[1] for place in places)} {be(len(places))} defined, "
            f"and no start point of {reading.name_unit(part.unit)} leads there.{tested}",
            [*facts, *part.evidence],
            "dead",
        )


# --------------------------------------------------------------------------------------------- tools


def list_loose_tools(reading: Reading) -> dict[Place, tuple[Place, ...]]:
    """Functions that give a list of tools and that nothing calls, with those tools that no agent is given."""
    program = reading.program
    attached = {place for part in reading.mesh.parts.all.values() for place in part.tools}
    found = {}
    for place in sorted(reading.system.unreached):
        fact = program.get_symbol(place)
        if fact is None or fact.attr("kind") != "function" or not _TOOL_WORD.search(place[1]):
            continue
        tools: dict[Place, None] = {}
        for row in program.list_within(place[0], place[1], "return"):
            for scope, item in program.expand_items(place[0], place[1], decode_expr(row.value)):
                name = str(item[1]) if tag_of(item) in ("name", "call") else ""
                for target in program.resolve(scope[0], scope[1], name) if name else ():
                    if target[1] and program.get_symbol(target) is not None:
                        tools[target] = None
        loose = tuple(tool for tool in tools if tool not in attached)
        if len(loose) > 1:
            found[place] = loose
    return found


def _find_unattached_lists(reading: Reading) -> Iterator[Finding]:
    for place, loose in list_loose_tools(reading).items():
        facts = [f for tool in (place, *loose) if (f := reading.program.get_symbol(tool)) is not None]
        tested = " Only tests call it." if place[1] in reading.test_words else ""
        yield reading.make(
            "unattached-tool",
            place,
            f"{code(place[1])} gives {count(len(loose), 'tool', 'tools')} that no agent is given",
            f"Nothing that runs calls {code(place[1])}, and no agent's list of tools names "
            f"{list_names(t[1] for t in loose)}.{tested}",
            facts,
            "suspect",
        )


def _find_unattached_tools(reading: Reading) -> Iterator[Finding]:
    """Functions marked as tools that no agent is given and that nothing reaches."""
    attached = {place for part in reading.mesh.parts.all.values() for place in part.tools}
    by_file: dict[str, list[Fact]] = {}
    for fact in reading.system.by_kind.get("tool", ()):
        place = (fact.path, fact.attr("function") or fact.symbol)
        if fact.attr("role") != "provides" or place in attached or fact.attr("what") in ("class", "mcp"):
            continue
        if reading.program.get_symbol(place) is not None and reading.is_idle(*place):
            by_file.setdefault(fact.path, []).append(fact)
    for path, facts in by_file.items():
        names = [fact.name for fact in facts]
        yield reading.make(
            "unattached-tool",
            (path,),
            f"{list_names(names, 3)} {be(len(names))} marked as {'a tool' if len(names) == 1 else 'tools'} "
            "and given to no agent",
            with_items(
                f"No agent's list of tools leads to {them(len(names))}, and nothing that runs does.",
                (code(name) for name in sorted(names)) if len(names) > 3 else (),
            ),
            facts,
            "suspect",
        )


# -------------------------------------------------------------------------------------------- calls


def _find_unknown_agents(reading: Reading) -> Iterator[Finding]:
    """Agents called by an ID that nothing serves, or whose agent nothing makes."""
    parts = reading.mesh.parts
    known = {
        value.partition(":")[2].lower()
        for kind in ("registry_entry", "agent", "team", "workflow", "agent_card", "registration")
        for fact in reading.system.by_kind.get(kind, ())
        for key, value in fact.attrs
        if key == "key" and value.startswith("agent:") and "*" not in value
    }
    segments = {s.lower() for route in reading.system.routes for s in list_segments(route.attr("path"))}
    if not known:
        return
    seen: dict[tuple[str, str], list[Fact]] = {}
    for fact in reading.system.by_kind.get("agent_call", ()):
        if (
            fact.name
            and "{" not in fact.name
            and fact.attr("how") == "call"
            and not fact.name.startswith(("http:", "https:", "/"))
        ):
            seen.setdefault((fact.name, fact.path), []).append(fact)
    for (name, path), facts in sorted(seen.items()):
        if name.lower() in segments or all(reading.is_dead(f.path, f.symbol) for f in facts):
            continue
        target = parts.find_by_alias(name)
        if target:
            part = parts.all[target]
            if reading.mesh.is_live(part) or part.fact is None:
                continue
            yield reading.make(
                "unknown-agent",
                (path, name),
                f"{name_place(facts[0])} calls the agent {code(name)}, which nothing that runs makes",
                f"{list_names(p[1] for p in part.region)} would make it, and no start point leads there; "
                "no route has the ID either.",
                [*facts, *part.evidence],
                "broken",
            )
        elif name.lower() not in known and not _is_stored(reading, name, facts):
            near = find_near_name(name, known)
            yield reading.make(
                "unknown-agent",
                (path, name),
                f"{name_place(facts[0])} calls the agent {code(name)}, which nothing registers",
                f"Registered are {list_names(known, 8)}." + (f" Nearest is {code(near)}." if near else ""),
                facts,
                "suspect",
            )


def _is_stored(reading: Reading, name: str, facts: list[Fact]) -> bool:
    """Whether other code names the ID, which may register it in a way that is not known here."""
    own = {(f.path, f.symbol.partition(".")[0]) for f in facts}
    return bool(reading.find_mentions(name, *own))


def _find_other_parameters(reading: Reading) -> Iterator[Finding]:
    """A tool that the front end declares with other parameter names than the function of that name has."""
    functions: dict[str, list[Fact]] = {}
    for fact in reading.program.list_facts("symbol"):
        if fact.attr("kind") == "function" and fact.path.endswith(".py"):
            functions.setdefault(fact.name, []).append(fact)
    for hook in reading.system.by_kind.get("hook", ()):
        label = hook.attr("label")
        wanted = _list_parameters(reading.read(hook, "parameters"))
        found = functions.get(label, ()) if label and not label.startswith("=") and "{" not in label else ()
        if not wanted or len(found) != 1:
            continue
        function = found[0]
        offered = {
            p.name for p in reading.program.list_within(function.path, function.symbol, "param")
        } - _CONTEXT_PARAMS
        if not offered or wanted == offered:
            continue
        missing, extra = sorted(wanted - offered), sorted(offered - wanted)
        if not missing:
            continue
        yield reading.make(
            "parameter-mismatch",
            (hook.path, function.path, label),
            f"The tool {code(label)} is declared with {list_names(missing)}, "
            f"the function of that name takes {list_names(extra or offered)}",
            f"The front end's parameters are {list_names(wanted, 8)}, the function's {list_names(offered, 8)}.",
            [hook, function],
            "suspect",
        )


def _list_parameters(expr: Expr) -> set[str]:
    if tag_of(expr) != "list":
        return set()
    names = [find_key(item, "name") for item in expr[1:]]
    return {name for name in names if isinstance(name, str)} if all(isinstance(n, str) for n in names) else set()
