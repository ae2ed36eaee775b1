"""Callbacks that a function is made for and that no caller gives."""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.expressions import decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.findings.base import Reading, code, count, name_place
from kbgen.join.program import Place
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_CALLBACK = LazyPattern(
    r"(?:^|_)(?:callback|callbacks|emitter|listener|handler|hook|observer|sink|subscriber|notifier)s?$|^on_[a-z]|(?:Callback|Emitter|Listener|Handler)$"
)
_NOTHING = ("null", "")


def find_left_out_parameters(reading: Reading) -> Iterator[Finding]:
    program = reading.program
    for param in program.list_facts("param"):
        typed = "Callable" in param.attr("type") or "=>" in param.attr("type")
        if param.value != "null" or not param.symbol or not (typed or _CALLBACK.search(param.name)):
            continue
        owner, _, last = param.symbol.rpartition(".")
        place: Place = (param.path, owner) if last in ("__init__", "constructor") else (param.path, param.symbol)
        callers = program.find_callers(place)
        if not callers or not param.attr("index").isdigit() or reading.is_idle(*place):
            continue
        if any(_gives(call, param) for call in callers):
            continue
        # A name that is handed on as a value may be called with anything.
        name = place[1].rpartition(".")[2]
        calling = {(call.path, call.symbol.partition(".")[0]) for call in callers} | {
            (param.path, place[1].partition(".")[0])
        }
        if any(not _is_known(p, calling) for p in reading.words.get(name, ())):
            continue
        uses = _find_uses(reading, param)
        if not uses:
            continue
        live = [call for call in callers if not reading.is_idle(call.path, call.symbol)]
        if not live:
            continue
        yield reading.make(
            "never-passed",
            (param.path, param.symbol, param.name),
            f"No caller of {code(place[1])} gives it {code(param.name)}, which is for {code(uses[0].name)}",
            f"{count(len(callers), 'call', 'calls')} in production code, among them {name_place(callers[0])}, "
            f"{'leaves' if len(callers) == 1 else 'leave'} it out; its default is nothing.",
            [param, *uses[:2], *callers],
            "suspect",
        )


def _is_known(place: Place, calling: set[Place]) -> bool:
    return place in calling or place[1] == "__all__"


def _gives(call: Fact, param: Fact) -> bool:
    """Whether a call gives the parameter, or may do so in a way that is not in sight."""
    positional, words = decode_arguments(call.value)
    if param.name in words or "**" in words or len(positional) > int(param.attr("index")):
        return True
    return any(tag_of(e) in ("spread", "?") for e in positional) or any(not key for key in words)


def _find_uses(reading: Reading, param: Fact) -> list[Fact]:
    """Calls in the body that are handed the parameter, or that call it; else calls of the attribute that keeps it."""
    found = []
    for call in reading.program.list_within(param.path, param.symbol, "call"):
        positional, words = decode_arguments(call.value)
        given = [part for expr in (*positional, *words.values()) for part in walk_expr(expr)]
        if call.name == param.name or any(tag_of(part) == "name" and part[1] == param.name for part in given):
            found.append(call)
    return found or _find_calls_of_kept(reading, param)


def _find_calls_of_kept(reading: Reading, param: Fact) -> list[Fact]:
    """Calls of ``self.listener`` where the constructor keeps the parameter there, and nothing else sets it."""
    program = reading.program
    owner, _, last = param.symbol.rpartition(".")
    if last not in ("__init__", "constructor"):
        return []
    kept = next(
        (
            row.name
            for row in program.list_within(param.path, param.symbol, "binding")
            if row.name.partition(".")[0] in ("self", "this") and decode_expr(row.value) == ["name", param.name]
        ),
        "",
    )
    attribute = kept.rpartition(".")[2]
    if not kept or kept.count(".") != 1 or "setattr" in reading.words:
        return []
    if any(
        row.name.endswith("." + attribute) and (row.path, row.symbol) != (param.path, param.symbol)
        for row in program.list_facts("binding")
    ):
        return []
    return [
        call
        for name in program.list_symbols(param.path)
        if name.startswith(owner + ".")
        for call in program.list_within(param.path, name, "call")
        if call.name == kept
    ]
