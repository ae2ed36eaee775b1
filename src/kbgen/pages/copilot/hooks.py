"""CopilotKit's hooks in use: actions and state, with what each does, who uses it and what of it is risky."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.extractors.callbacks import Locals, Member, read_locals, read_members
from kbgen.extractors.statements import find_statement
from kbgen.model import Fact
from kbgen.pages.copilot.setup import MODULE
from kbgen.pages.shared.cuts import cut_lines
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import read_items, read_pairs, say
from kbgen.patterns import LazyPattern

ACTIONS = ("useCopilotAction", "useFrontendTool", "useFrontendAction", "useRenderToolCall", "useRenderTool")
APPROVALS = ("useHumanInTheLoop",)
READABLES = (
    "useCopilotReadable", "useCopilotAdditionalInstructions", "useMakeCopilotDocumentReadable", "useAgentContext",
)  # fmt: skip
STATES = ("useCoAgent", "useCoAgentStateRender", "useAgent")
_HOOKS = (
    "useCopilotAction", "useFrontendTool", "useRenderToolCall", "useHumanInTheLoop", "useCopilotReadable",
    "useCopilotAdditionalInstructions", "useCoAgent", "useCoAgentStateRender", "useAgent", "useLangGraphInterrupt",
    "useCopilotChat", "useCopilotChatSuggestions",
)  # fmt: skip
WAITING = ("renderAndWait", "renderAndWaitForResponse")
_RENDERS = ("render", *WAITING)
_WAYS = ("handler", *_RENDERS)
_ANSWERS = frozenset({"respond", "resolve"})
_AGENTS = ("agent", "team", "agent_class", "agent_node", "agent_gateway")
_LITERAL = LazyPattern(r"""'[^']+'|"[^"]+\"""")
_SHOWN_LINES = 42
"""Lines of an example; of a longer one the long options are cut."""
_CUT_FROM = 10
"""Lines from which an option of a long example is cut."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class ActionRow:
    name: str
    hook: str
    description: str
    parameters: tuple[Parameter, ...]
    ways: tuple[str, ...]
    """Which of `handler`, `render`, `renderAndWaitForResponse` it gives."""
    available: str
    shows: tuple[str, ...]
    """Components that its own functions show."""
    checks: tuple[Place, ...]
    """Functions of the project that its own functions call."""
    modes: tuple[tuple[str, tuple[str, ...]], ...]
    """(option of the component that it stands in, what it may be)"""
    writes: tuple[str, ...]
    """What changes state while its render function runs, as called there."""
    mute: bool
    """It waits for an answer, and none of its functions names what gives one."""
    dead: bool
    at: Place
    users: tuple[Place, ...]
    """What calls the hook of the project that it stands in, or renders the component."""
    counterparts: tuple[Place, ...]
    """Functions of the same name on the server."""


@dataclass(frozen=True, slots=True)
class StateRow:
    name: str
    """Of the agent whose state it is."""
    hook: str
    at: Place
    stores: tuple[str, ...]
    checks: tuple[str, ...]
    """Functions of the project that the hook of the project calls."""
    writes: tuple[str, ...]
    logs: tuple[str, ...]
    users: tuple[Place, ...]
    agents: tuple[Place, ...]
    """Where the server makes an agent of this name."""
    dead: bool


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One component that shows errors."""

    component: str
    messages: tuple[str, ...]
    held: tuple[str, ...]
    """Names whose value is shown."""
    on: tuple[tuple[str, str], ...]
    """(option, what its function calls): what the way out does."""
    at: Place


@dataclass(frozen=True, slots=True)
class HookCount:
    hook: str
    uses: int
    dead: int


@dataclass(frozen=True, slots=True)
class Example:
    excerpt: Excerpt
    cut: bool
    """Long options are left out."""
    dead: bool


def list_hooks(sources: Sources) -> tuple[Fact, ...]:
    return tuple(
        f
        for f in sources.list("hook")
        if f.attr("rule").startswith("copilot-hook")
        or sources.program.find_origin(f.path, f.attr("hook")).startswith(MODULE)
    )


class HookReader:
    def __init__(self, sources: Sources, usage: Usage, hooks: Sequence[Fact]) -> None:
        self._sources = sources
        self._program = sources.program
        self._usage = usage
        self._hooks = hooks
        self._store_places = {(f.path, f.symbol): f.name for f in sources.list("state_store")}

    def select(self, names: Iterable[str]) -> list[Fact]:
        wanted = frozenset(names)
        return [f for f in self._hooks if f.attr("hook") in wanted]

    def count(self) -> tuple[tuple[HookCount, ...], tuple[str, ...]]:
        """(hooks in use, known hooks that no code calls)"""
        rows = []
        for name in dict.fromkeys((*_HOOKS, *(f.attr("hook") for f in self._hooks))):
            found = self.select((name,))
            rows.append(HookCount(name, len(found), sum(self._is_dead(f) for f in found)))
        return tuple(r for r in rows if r.uses), tuple(r.hook for r in rows if not r.uses)

    def _is_dead(self, fact: Fact) -> bool:
        return self._usage.reached.is_dead(fact.path, fact.symbol)

    def _read_members(self, fact: Fact) -> tuple[Member, ...]:
        return read_members(self._sources.read_text(fact.path), fact.path, fact.line)

    def _read_locals(self, fact: Fact) -> Locals:
        return read_locals(self._sources.read_text(fact.path), fact.path)

    def pick_example(self, names: Sequence[str]) -> Example | None:
        """The shortest complete use that runs, the whole definition around it where it is short; long options cut."""
        wanted = self.select(names)
        for facts in ([f for f in wanted if not self._is_dead(f)], wanted):
            whole = [e for f in facts if (e := self._sources.excerpt(f.path, f.symbol, limit=_SHOWN_LINES)) is not None]
            found = min(whole, key=lambda e: len(e.code), default=None)
            found = found or self._sources.pick_excerpt(facts, _SHOWN_LINES)
            if found is not None:
                return Example(found, False, self._usage.reached.is_dead(found.place.path, found.place.symbol))
            examples = [example for f in facts if (example := self._cut(f)) is not None]
            if examples:
                return min(examples, key=lambda example: len(example.excerpt.code))
        return None

    def _cut(self, fact: Fact) -> Example | None:
        span = find_statement(self._sources.read_text(fact.path), fact.path, fact.line)
        whole = cut_lines(self._sources, fact.path, fact.symbol, *span) if span is not None else None
        if whole is None or span is None:
            return None
        lines = whole.code.split("\n")
        for member in reversed(self._read_members(fact)):
            first, last = member.first - span[0], member.last - span[0]
            if last - first >= _CUT_FROM and 0 <= first < last < len(lines):
                blanks = len(lines[first]) - len(lines[first].lstrip())
                left_out = last - first - 1
                lines[first + 1 : last] = [" " * (blanks + 2) + f"// … {left_out} lines"]
        return Example(replace(whole, code="\n".join(lines)), True, self._is_dead(fact))

    # ------------------------------------------------------------------------------------------ actions

    def read_action(self, fact: Fact) -> ActionRow:
        members = {member.name: member for member in self._read_members(fact)}
        ways = [members[way] for way in _WAYS if way in members]
        parameters = [read_pairs(item) for item in read_items(self._sources.read_attr(fact, "parameters"))]
        name = fact.attr("label") or fact.name
        description = fact.attr("description")
        waits = fact.attr("hook") in APPROVALS or any(way.name in WAITING for way in ways)
        return ActionRow(
            name,
            fact.attr("hook"),
            "" if description.startswith("=") else description,
            tuple(
                Parameter(say(p["name"]), say(p.get("type", "")), p.get("required") is not False)
                for p in parameters
                if p.get("name")
            ),
            tuple(way.name for way in ways),
            fact.attr("available"),
            tuple(dict.fromkeys(tag for way in ways for tag in way.elements if tag[:1].isupper())),
            self._find_called(fact, ways),
            self._list_modes(fact),
            self._list_writes(fact, [way for way in ways if way.name in _RENDERS]),
            waits and bool(ways) and not any(_ANSWERS & way.names for way in ways),
            self._is_dead(fact),
            self._sources.at(fact),
            self._usage.find_users(fact.path, fact.symbol),
            self.find_counterparts(name),
        )

    def find_counterparts(self, name: str) -> tuple[Place, ...]:
        """Functions of another language that have an action's name: what an agent is given as a tool."""
        if "{" in name:
            return ()
        return self._sources.places(
            f
            for f in self._program.list_facts("symbol")
            if f.name == name and f.attr("kind") in ("function", "method") and f.path.endswith(".py")
        )

    def _find_called(self, fact: Fact, ways: Iterable[Member]) -> tuple[Place, ...]:
        return tuple(
            dict.fromkeys(
                self._sources.at(*target)
                for way in ways
                for call in way.calls
                for target in self._program.resolve(fact.path, fact.symbol, call)
                if target[0] != fact.path and self._program.get_symbol(target) is not None
            )
        )

    def _list_modes(self, fact: Fact) -> tuple[tuple[str, tuple[str, ...]], ...]:
        fields = self._program.list_within(fact.path, f"{fact.symbol}Props", "field")
        unions = ((f.name, [part.strip() for part in f.attr("type").split("|")]) for f in fields)
        return tuple(
            (name, tuple(part[1:-1] for part in parts))
            for name, parts in unions
            if len(parts) > 1 and all(_LITERAL.fullmatch(part) for part in parts)
        )

    def _list_writes(self, fact: Fact, renders: Iterable[Member]) -> tuple[str, ...]:
        """What a render function calls that changes a component's state or a store, itself or one step further."""
        local = self._read_locals(fact)
        writers = local.setters | self._list_store_functions(fact)
        return tuple(
            call
            for render in renders
            for call in render.calls
            if call in writers or any(inner in writers for inner in local.functions.get(call, ()))
        )

    def _list_store_functions(self, fact: Fact) -> frozenset[str]:
        """Local names that stand for what a store's selector gave."""
        found = set()
        for binding in self._program.list_within(fact.path, fact.symbol, "binding"):
            value = decode_expr(binding.value)
            if tag_of(value) == "call" and value[2]:
                targets = self._program.resolve(fact.path, fact.symbol, value[1])
                if any(target in self._store_places for target in targets):
                    found.add(binding.name)
        return frozenset(found)

    def list_errors(self) -> Iterator[ErrorRow]:
        """What an action's own code shows when something is wrong with what the agent sent."""
        for fact in self.select((*ACTIONS, *APPROVALS)):
            shown: dict[str, list[dict[str, Expr]]] = {}
            for element in self._program.list_within(fact.path, fact.symbol, "jsx"):
                if "error" in element.name.lower():
                    shown.setdefault(element.name, []).append(decode_arguments(element.value)[1])
            for component, uses in shown.items():
                given = [words.get("message", words.get("error", words.get("title"))) for words in uses]
                texts = [_say_message(e) for e in given if e and tag_of(e) in ("literal", "text")]
                held = [say(e) for e in given if tag_of(e) in ("name", "item", "call")]
                ways = [way for words in uses for way in self._read_ways_out(fact, words)]
                yield ErrorRow(
                    component,
                    tuple(dict.fromkeys(texts)),
                    tuple(dict.fromkeys(held)),
                    tuple(dict.fromkeys(ways)),
                    self._sources.at(fact),
                )

    def _read_ways_out(self, fact: Fact, words: dict[str, Expr]) -> Iterator[tuple[str, str]]:
        functions = self._read_locals(fact).functions
        for option, value in words.items():
            if option.startswith("on") and tag_of(value) == "name" and value[1] in functions:
                for call in functions[value[1]]:
                    if not call.startswith("console."):
                        yield option, call

    # ------------------------------------------------------------------------------------------ state

    def read_state(self, fact: Fact) -> StateRow:
        program = self._program
        used = [
            self._store_places[e.target]
            for e in program.find_edges((fact.path, fact.symbol))
            if e.target in self._store_places
        ]
        renders = [member for member in self._read_members(fact) if member.name in _RENDERS]
        inner = {call for calls in self._read_locals(fact).functions.values() for call in calls}
        own = [
            c.name
            for c in program.list_within(fact.path, fact.symbol, "call")
            if c.name in inner
            and any(program.get_symbol(t) for t in program.resolve(fact.path, fact.symbol, c.name))
            and not c.name.startswith("use")
        ]
        logs = [f.name for f in self._sources.list("log") if (f.path, f.symbol) == (fact.path, fact.symbol)]
        name = fact.attr("label") or fact.name
        return StateRow(
            name,
            fact.attr("hook"),
            self._sources.at(fact),
            tuple(dict.fromkeys(used)),
            tuple(dict.fromkeys(own)),
            self._list_writes(fact, renders),
            tuple(dict.fromkeys(logs)),
            self._usage.find_users(fact.path, fact.symbol),
            self._sources.places(
                f for kind in _AGENTS for f in self._sources.list(kind) if ("key", f"agent:{name}") in f.attrs
            ),
            self._is_dead(fact),
        )


def _say_message(expr: Expr) -> str:
    """As `say`, with the blanks that a text has before what is put in."""
    if tag_of(expr) != "text":
        return say(expr)
    return "".join(part if isinstance(part, str) else "{" + say(part) + "}" for part in expr[1:])
