"""What holds where an environment variable is not set: the literal or the constant that the code falls back to."""

from __future__ import annotations

from kbgen.expressions import Expr, decode_expr, tag_of, walk_expr
from kbgen.model import Fact
from kbgen.pages.sources import Sources
from kbgen.pages.values import say


def find_env_default(sources: Sources, env: Fact) -> tuple[str, str]:
    """(constant, value) that stands in for a variable; the constant is empty for a literal, both where nothing does.

    Direct (``os.getenv("X", 5)``, ``read(process.env.X) ?? LIMIT``), or through a local name of the same definition
    (``raw = env.X``, ``raw ? parse(raw) : LIMIT``).
    """
    if env.value:
        return _say_fallback(sources, env, env.value.strip("\"'"))
    rows = sources.program.list_within(env.path, env.symbol, "binding")
    if env.symbol:
        rows = (*rows, *sources.program.list_within(env.path, "", "binding"))
    exprs = [(row.name, decode_expr(row.value)) for row in rows]
    held = {name for name, expr in exprs if _mentions(expr, env.name)}
    for _, expr in exprs:
        for part in walk_expr(expr):
            if tag_of(part) == "any" and (_mentions(part, env.name) or held & _names(part)):
                for other in part[1:]:
                    known = (tag_of(other) == "literal" and other is not None) or _is_constant(other)
                    if known and not isinstance(other, bool):
                        return _say_fallback(sources, env, say(other))
    return "", ""


def _mentions(expr: Expr, variable: str) -> bool:
    """Whether an expression reads the variable, through a configuration service too."""
    return any(part == ["env", variable] or part == variable for part in walk_expr(expr))


def _names(expr: Expr) -> set[str]:
    return {str(part[1]) for part in walk_expr(expr) if tag_of(part) == "name"}


def _is_constant(expr: Expr) -> bool:
    return tag_of(expr) == "name" and str(expr[1]).rpartition(".")[2].isupper()


def _say_fallback(sources: Sources, env: Fact, text: str) -> tuple[str, str]:
    if not text.rpartition(".")[2].replace("_", "").isupper():
        return "", text
    for folded in sources.program.fold(env.path, env.symbol, ["name", text])[:1]:
        if folded.text and "{" not in folded.text:
            return text, folded.text
    return text, ""
