"""A log line's message as it is written in the code."""

from __future__ import annotations

from kbgen.expressions import decode_arguments, tag_of
from kbgen.model import Fact
from kbgen.pages.shared.signs import say_message
from kbgen.pages.sources import Sources


def read_message(sources: Sources, log: Fact) -> str:
    """The message; a part that is filled in with nothing known carries the name it has in the code, ``{user_id}``.

    A `log` fact has values put in where one is known, and ``{}`` where a value was looked for and not found.
    """
    if "{}" not in log.name:
        return log.name
    for call in sources.program.list_within(log.path, log.symbol, "call"):
        if call.line == log.line and call.value and call.name.rpartition(".")[2] == log.attr("level"):
            positional, _ = decode_arguments(call.value)
            if positional and tag_of(positional[0]) == "text":
                return say_message(positional[0])
    return log.name.replace("{}", "{…}")
