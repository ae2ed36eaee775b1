"""The texts that the URL of a call may be.

Goes further than `Program.fold` where URLs are built in ways of their own: functions kept in objects,
``new URL(…).toString()``, the rest of a path joined with slashes, choices that each are a call.
"""

from __future__ import annotations

from collections.abc import Sequence

from kbgen.expressions import Expr, decode_arguments, tag_of, walk_expr
from kbgen.join.program import Folded, Place, Program
from kbgen.model import Fact

REST = "{...}"
"""A hole for any number of segments."""
_DEPTH = 6
_CHOICES = 6


def list_texts(program: Program, scope: Place, expr: Expr, call: Fact | None = None) -> list[Folded]:
    """Every text that `expr` may be where `call` (the HTTP call itself) writes it; one hole when nothing is known."""
    return _unique(_Texts(program, call).read(scope, expr, _DEPTH)) or [Folded("{}", False)]


class _Texts:
    def __init__(self, program: Program, call: Fact | None) -> None:
        self.program = program
        self.call = call
        self.running: set[tuple[str, str, str]] = set()

    def read(self, scope: Place, expr: Expr, depth: int) -> list[Folded]:
        tag = tag_of(expr)
        if isinstance(expr, str):
            return [Folded(expr)]
        if depth > 0:
            if tag == "any" and not any(tag_of(part) == "env" for part in walk_expr(expr)):
                found = [one for part in expr[1:] for one in self.read(scope, part, depth - 1)]
                return [Folded(one.text, False, one.places) for one in found] if len(found) > 1 else found
            if tag == "text":
                return self._read_text(scope, expr[1:], depth)
            if tag == "name":
                return self._read_name(scope, str(expr[1]), depth)
            if tag == "call":
                special = self._read_call(scope, expr, depth)
                if special:
                    return special
        return list(self.program.fold(scope[0], scope[1], expr))

    def _read_text(self, scope: Place, parts: Sequence[Expr], depth: int) -> list[Folded]:
        whole = [Folded("")]
        for part in parts:
            options = _unique(self.read(scope, part, depth - 1)) or [Folded("{}")]
            if len(whole) * len(options) > _CHOICES:
                options = [Folded(options[0].text, False, options[0].places)]
            whole = [
                Folded(left.text + right.text, left.certain and right.certain, left.places + right.places)
                for left in whole
                for right in options
            ]
        return whole

    def _read_name(self, scope: Place, name: str, depth: int) -> list[Folded]:
        base, _, last = name.rpartition(".")
        if last in ("href", "pathname") and base:
            if base.endswith("()"):
                return self._read_made_url(scope)
            name = base
        key = (*scope, name)
        if key in self.running:  # url = "http://" + url
            return [Folded("{" + name.rpartition(".")[2] + "}")]
        values = self.program.find_values(scope[0], scope[1], name)
        if not values or len(values) > 3:
            return list(self.program.fold(scope[0], scope[1], ["name", name]))
        self.running.add(key)
        found: list[Folded] = []
        for inner_scope, value in values:
            if tag_of(value) in ("any", "text", "call", "name") or isinstance(value, str):
                found += self.read(inner_scope, value, depth - 1)
            else:
                found += self.program.fold(inner_scope[0], inner_scope[1], value)
        self.running.discard(key)
        single = len(values) == 1
        texts = [Folded(one.text, one.certain and single, one.places) for one in found if one.text != "{}"]
        return texts or list(self.program.fold(scope[0], scope[1], ["name", name]))

    def _read_call(self, scope: Place, expr: Expr, depth: int) -> list[Folded]:
        callee, positional = str(expr[1]), expr[2]
        base, _, last = callee.rpartition(".")
        if last == "join" and base and positional[:1] == ["/"]:
            return [Folded(REST)]
        if last in ("toString", "toJSON") and base.endswith("URL()"):
            return self._read_made_url(scope)
        if last in ("toString", "toJSON", "replace", "trim", "trimEnd", "rstrip", "strip", "removesuffix") and base:
            return self.read(scope, ["name", base], depth - 1)
        if last == "URL" and len(positional) == 1:
            return self.read(scope, positional[0], depth - 1)
        found: list[Folded] = []
        # A function that an object holds: endpoints.users.byId(id)
        for inner_scope, value in self.program.find_values(scope[0], scope[1], callee) if base else ():
            if tag_of(value) == "fn":
                for returned in value[1:]:
                    found += self.read(inner_scope, returned, depth - 1)
        if found or positional or expr[3]:
            return found
        for path, symbol in self.program.resolve(scope[0], scope[1], callee)[:2]:
            returns = self.program.list_within(path, symbol, "return")
            if len(returns) == 1 and returns[0].value == '""':
                found.append(Folded(""))
        return found

    def _read_made_url(self, scope: Place) -> list[Folded]:
        """``fetch(new URL(path, base).toString())``: the first constructor at or below the call's line."""
        call = self.call
        if call is None:
            return []
        rows = [
            f for f in self.program.list_within(scope[0], scope[1], "call") if f.name == "URL" and not f.attr("target")
        ]
        near = [f for f in rows if call.line <= f.line <= call.line + 6]
        for fact in sorted(near, key=lambda f: f.line)[:1]:
            positional, words = decode_arguments(fact.value)
            return list(self.program.fold(scope[0], scope[1], ["call", "URL", positional, words]))
        return []


def _unique(found: Sequence[Folded]) -> list[Folded]:
    kept: dict[str, Folded] = {}
    for one in found:
        kept.setdefault(one.text, one)
    return list(kept.values())[:_CHOICES]
