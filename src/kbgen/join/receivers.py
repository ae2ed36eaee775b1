"""What a method is called on: the type of ``self.queue`` in ``self.queue.add(x)``, and the call that made it.

Types are dotted texts with their origin, ``bullmq.Queue``; those of the project itself as the file imports them.
A type that cannot be told stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.join.program import Place, Program, split_name, strip_type
from kbgen.model import Fact

_SELF = ("self", "this", "cls")
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Made:
    """The call that made a value, with the scope in which its arguments read."""

    scope: Place
    callee: str
    positional: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Receiver:
    """`types`: of the value itself first, then the foreign bases of its class. `own`: classes of the project."""

    types: tuple[str, ...] = ()
    own: tuple[Place, ...] = ()
    made: Made | None = None
    place: Place = ("", "")
    """Where the value is kept: (path, qualified name of the variable or attribute); (origin, "") for what a library
    exports; empty when unknown."""


NOTHING = Receiver()


def find_receiver_type(program: Program, call: Fact) -> str:
    """The type of what a method is called on, dotted; ``""`` for a plain function and for what is not known."""
    return next(iter(Receivers(program).find(call.path, call.symbol, call.name.rpartition(".")[0]).types), "")


class Receivers:
    """Answers are cached; one object serves a whole program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[tuple[str, str, str], Receiver] = {}

    def find(self, path: str, symbol: str, name: str, depth: int = _DEPTH) -> Receiver:
        """What the dotted `name`, as written in a definition, holds."""
        if not name or depth <= 0:
            return NOTHING
        key = (path, symbol, name)
        known = self._known.get(key)
        if known is None:
            self._known[key] = NOTHING  # what asks for itself on the way is not known
            known = self._known[key] = self._find(path, symbol, name, depth)
        return known

    def _find(self, path: str, symbol: str, name: str, depth: int) -> Receiver:
        program = self._program
        if name in _SELF:
            return self._find_self(path, symbol)
        if name.endswith("()"):
            return self._find_result((path, symbol), name[:-2], None, depth)
        origin = program.find_origin(path, name)
        if origin and not program.resolve(path, symbol, name):
            return Receiver((origin,), place=(origin, ""))
        found = self._find_bound(path, symbol, name, depth)
        if found is None:
            found = self._find_declared(path, symbol, name)
        if found is None:
            head, _, last = name.rpartition(".")
            if head and head not in _SELF:
                base = self.find(path, symbol, head, depth - 1)
                if base.types and not base.own:
                    return Receiver((f"{base.types[0]}.{last}",), (), base.made, base.place)
            if not head:
                found = self._find_set_state(path, symbol, name, depth)
        return found or NOTHING

    # ------------------------------------------------------------------------------------ where it comes from

    def _find_self(self, path: str, symbol: str) -> Receiver:
        classes = self._program.resolve(path, symbol, "self")
        if not classes:
            return NOTHING
        owner = classes[0]
        return Receiver((owner[1], *self._find_foreign_bases(owner)), (owner,), None, owner)

    def _find_bound(self, path: str, symbol: str, name: str, depth: int) -> Receiver | None:
        """By the expressions that are assigned to the name."""
        for scope, expr in (*self._find_exact_bindings(path, symbol, name), *self._find_values(path, symbol, name)):
            found = self._find_expression(scope, expr, name, depth)
            if found is not None and found.types:
                place = self._find_place(path, symbol, name, scope)
                return Receiver(found.types, found.own, found.made, place)
        return None

    def _find_values(self, path: str, symbol: str, name: str) -> Iterator[tuple[Place, Expr]]:
        return iter(self._program.find_values(path, symbol, name)[:6])

    def _find_exact_bindings(self, path: str, symbol: str, name: str) -> Iterator[tuple[Place, Expr]]:
        """``ref.current = io(url)``: an attribute of something that is no class, assigned nearby."""
        if "." not in name or name.startswith(("self.", "this.", "cls.")):
            return
        scope = symbol
        while True:
            for fact in self._program.list_within(path, scope, "binding"):
                if fact.name == name and not fact.attr("item"):
                    yield (path, scope), decode_expr(fact.value)
            if not scope:
                return
            scope = scope.rpartition(".")[0]

    def _find_expression(self, scope: Place, expr: Expr, name: str, depth: int) -> Receiver | None:
        tag = tag_of(expr)
        if tag == "any":
            for part in expr[1:]:
                found = self._find_expression(scope, part, name, depth)
                if found is not None and found.types:
                    return found
            return None
        if tag == "call":
            made = Made(scope, str(expr[1]), tuple(expr[2]), tuple(expr[3].items()))
            return self._find_result(scope, str(expr[1]), made, depth - 1)
        if tag == "name" and expr[1] != name:
            return self.find(scope[0], scope[1], expr[1], depth - 1)
        return None

    def _find_result(self, scope: Place, callee: str, made: Made | None, depth: int) -> Receiver:
        """What calling `callee` gives: an instance of a class, or whatever a function returns."""
        program = self._program
        places = program.resolve(scope[0], scope[1], callee)
        for place in places[:3]:
            if program.is_class(place):
                text = program.find_origin(scope[0], callee) or place[1]
                return Receiver((text, *self._find_foreign_bases(place)), (place,), made, place)
            found = self._find_returned(place, made, depth)
            if found.types:
                return found
        if places:
            return NOTHING
        head, _, last = callee.rpartition(".")
        if head:
            base = self.find(scope[0], scope[1], head, depth - 1)
            if base.types and not base.own:
                # A builder or a sub-client: the arguments that name things are those of what it came from.
                return Receiver((f"{base.types[0]}.{last}",), (), base.made or made, base.place)
            return NOTHING
        origin = program.find_origin(scope[0], callee)
        if origin:
            return Receiver((origin,), (), made)
        return Receiver((callee,), (), made) if made is not None and callee[:1].isupper() else NOTHING

    def _find_returned(self, place: Place, made: Made | None, depth: int) -> Receiver:
        program = self._program
        for fact in program.list_within(place[0], place[1], "return"):
            found = self._find_expression(place, decode_expr(fact.value), "", depth - 1)
            if found is not None and found.types:
                return Receiver(found.types, found.own, found.made or made, found.place)
        symbol = program.get_symbol(place)
        annotation = strip_type(symbol.attr("returns")) if symbol is not None else ""
        return self._make_typed(place[0], place[1], annotation, place) if annotation else NOTHING

    def _find_declared(self, path: str, symbol: str, name: str) -> Receiver | None:
        """By an annotation: of a parameter, a field, a constructor's parameter."""
        text = self._program.find_type_text(path, symbol, name)
        if not text:
            return None
        own = self._program.find_types(path, symbol, ["name", name])
        own = tuple(place for place in own if self._program.is_class(place))
        bases = tuple(base for place in own[:1] for base in self._find_foreign_bases(place))
        return Receiver((text, *bases), own, None, self._find_place(path, symbol, name, (path, symbol)))

    def _make_typed(self, path: str, symbol: str, annotation: str, place: Place) -> Receiver:
        own = tuple(p for p in self._program.resolve(path, symbol, annotation) if self._program.is_class(p))
        text = self._program.find_origin(path, annotation) or annotation
        bases = tuple(base for p in own[:1] for base in self._find_foreign_bases(p))
        return Receiver((text, *bases), own, None, place)

    def _find_set_state(self, path: str, symbol: str, name: str, depth: int) -> Receiver | None:
        """React state: ``setSocket(io(url))`` says what ``socket`` is."""
        setter = f"set{name[:1].upper()}{name[1:]}"
        for fact in self._program.list_within(path, symbol, "call"):
            if fact.name == setter:
                positional, _ = decode_arguments(fact.value)
                found = self._find_expression((path, symbol), positional[0], name, depth) if positional else None
                if found is not None and found.types:
                    return Receiver(found.types, found.own, found.made, (path, f"{symbol}.{name}"))
        return None

    # ------------------------------------------------------------------------------------------------ places

    def _find_place(self, path: str, symbol: str, name: str, scope: Place) -> Place:
        """Where the name is kept, so that two uses of one value have one place."""
        parts = split_name(name)
        if parts[0] in _SELF:
            places = self._program.resolve(path, symbol, name)
            return places[0] if places else (path, name)
        if "." in name:
            return scope[0], f"{scope[1]}.{name}".lstrip(".")
        places = self._program.resolve(path, symbol, name)
        if places and places[0][1].rpartition(".")[2] == name:
            return places[0]
        return scope[0], f"{scope[1]}.{name}".lstrip(".")

    def _find_foreign_bases(self, place: Place) -> tuple[str, ...]:
        """Origins of the bases of a class and of its own bases, those outside the project only."""
        found: dict[str, None] = {}
        seen: set[Place] = set()
        stack = [place]
        while stack:
            current = stack.pop(0)
            fact = self._program.get_symbol(current)
            if fact is None or current in seen:
                continue
            seen.add(current)
            for base in fact.attr("bases").split():
                own = self._program.resolve(current[0], current[1].rpartition(".")[0], base)
                stack.extend(place for place in own if place != current)
                if not own:
                    found[self._program.find_origin(current[0], base) or base] = None
        return tuple(found)
