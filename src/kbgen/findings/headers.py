"""Calls that send no credentials to a route which turns them away without."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.extractors import parse_references
from kbgen.findings.base import Reading, code, list_names
from kbgen.join.http import HttpMatch
from kbgen.join.program import Place
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_CREDENTIAL = LazyPattern(r"auth|token|cookie|api[-_]?key|secret|session|jwt|signature|\?", re.IGNORECASE)
_OPEN_DECORATOR = LazyPattern(r"Public|Anonymous|SkipAuth|NoAuth|Unprotected", re.IGNORECASE)
_REFUSAL = LazyPattern(
    r"\b401\b|\b403\b|unauthori[sz]ed|unauthenticated|forbidden|authentication|not logged in", re.IGNORECASE
)
_UNAUTHENTICATED = LazyPattern(r"\b401\b|HTTP_401", re.IGNORECASE)
_SECRET = LazyPattern(
    r"(?:^|_)(?:token|secret|jwt|api_?key|bearer)s?(?:$|_)|[a-z](?:Token|Secret|Jwt|ApiKey)$", re.IGNORECASE
)
_REFUSING = LazyPattern(r"Unauthorized|Forbidden|Unauthenticated|AuthenticationError|NotAuthenticated|PermissionDenied")
_SCHEMES = frozenset(
    {"HTTPBearer", "OAuth2PasswordBearer", "OAuth2AuthorizationCodeBearer", "HTTPBasic", "APIKeyHeader"}
)


@dataclass(frozen=True, slots=True)
class _Wall:
    """What keeps calls without credentials from a route."""

    name: str
    why: str
    evidence: tuple[Fact, ...]
    lacks: str = "an `Authorization` header"


def find_missing_headers(reading: Reading) -> Iterator[Finding]:
    walls = _Walls(reading)
    groups: dict[tuple[str, str, str, str], list[tuple[HttpMatch, _Wall]]] = {}
    for match in reading.system.matches:
        call, route = match.call, match.route
        headers = call.attr("headers")
        if (
            match.verdict != "matched"
            or match.confidence < 0.7
            or route is None
            or not headers
            or _CREDENTIAL.search(headers)
        ):
            continue
        if call.attr("method") == "WEBSOCKET" or _sets_header_elsewhere(reading, call):
            continue
        wall = walls.find(route)
        if wall is not None:
            key = (call.path, call.symbol, reading.find_unit(route.path), wall.name)
            groups.setdefault(key, []).append((match, wall))
    for (path, symbol, unit, _), found in groups.items():
        wall = found[0][1]
        routes = list(dict.fromkeys(m.route for m, _ in found if m.route is not None))
        dead = reading.is_idle(path, symbol)
        sent = list_names(found[0][0].call.attr("headers").split(), 6)
        yield reading.make(
            "missing-header",
            (path, symbol, unit, wall.name),
            f"{code(symbol or path)} calls {list_names((r.name for r in routes), 2)} of {reading.name_unit(unit)} "
            f"without {wall.lacks}",
            f"It sends {sent} only. {wall.why}" + (" Nothing that runs reaches this call." if dead else ""),
            [*dict.fromkeys(m.call for m, _ in found), *routes, *wall.evidence],
            "dead" if dead else "broken",
        )


def _sets_header_elsewhere(reading: Reading, call: Fact) -> bool:
    """Whether the file gives its client credentials somewhere: default headers, an interceptor, ``auth=``."""
    program = reading.program
    for fact in reading.system.by_kind.get("auth_header", ()):
        if fact.path == call.path and fact.symbol.partition(".")[0] == call.symbol.partition(".")[0]:
            return True
    top = call.symbol.partition(".")[0]
    for name, _ in program.list_symbols(call.path).items():
        if name == top or name.startswith(top + "."):
            for row in program.list_within(call.path, name, "call"):
                if '"auth":' in row.value or '"cookies":' in row.value or '"withCredentials"' in row.value:
                    return True
    return False


class _Walls:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._program = reading.program

    def find(self, route: Fact) -> _Wall | None:
        path, _, symbol = route.attr("handler").partition("::")
        handler = (path or route.path, symbol or route.symbol)
        if self._program.get_symbol(handler) is None:
            return None
        return (
            self._find_guard(handler)
            or self._find_dependency(handler)
            or self._find_state(handler)
            or self._find_refusal_before(handler)
        )

    # ------------------------------------------------------------------------------ guards by decorator

    @cached_property
    def _guards(self) -> Mapping[Place, list[Fact]]:
        table: dict[Place, list[Fact]] = {}
        for fact in self._reading.system.by_kind.get("middleware", ()):
            if fact.attr("what") == "decorator":
                table.setdefault((fact.path, fact.symbol), []).append(fact)
        return table

    def _find_guard(self, handler: Place) -> _Wall | None:
        path, symbol = handler
        owner = symbol.rpartition(".")[0]
        for scope in (symbol, owner):
            fact = self._program.get_symbol((path, scope)) if scope else None
            if fact is not None and _OPEN_DECORATOR.search(fact.attr("decorators")):
                return None
        for scope in (symbol, owner):
            for use in self._guards.get((path, scope), ()) if scope else ():
                for place in self._program.resolve(path, "", use.name):
                    if self._reads_header(place) and self._refuses(place):
                        guard = self._program.get_symbol(place)
                        why = f"{code(use.name)} reads the header and refuses calls without it."
                        return _Wall(use.name, why, (use, *((guard,) if guard is not None else ())))
        return None

    def _reads_header(self, place: Place) -> bool:
        words = self._reading.words
        named = any(place in words.get(word, ()) for word in ("authorization", "Authorization"))
        return named and not any(place in words.get(word, ()) for word in ("cookies", "cookie", "Cookie"))

    def _refuses(self, place: Place) -> bool:
        path, symbol = place
        names = [n for n in self._program.list_symbols(path) if n == symbol or n.startswith(symbol + ".")]
        return any(
            _REFUSING.search(row.name) for name in names for row in self._program.list_within(path, name, "raise")
        )

    # ---------------------------------------------------------------------------------- dependencies

    def _find_dependency(self, handler: Place) -> _Wall | None:
        for param in self._program.list_within(handler[0], handler[1], "param"):
            if "Depends" in param.value or "Security" in param.value:
                found = self._find_scheme(handler, decode_expr(param.value), 3)
                if found is not None:
                    scheme = code(found.attr("scheme") or found.name)
                    why = f"The handler's {code(param.name)} depends on {scheme}, which refuses calls without it."
                    return _Wall(param.name, why, (param, found))
        return None

    def _find_scheme(self, scope: Place, expr: Expr, depth: int) -> Fact | None:
        if depth <= 0:
            return None
        for part in walk_expr(expr):
            name = str(part[1]) if tag_of(part) in ("name", "call") else ""
            if not name or name.rpartition(".")[2] in ("Depends", "Security"):
                continue
            for place in self._program.resolve(scope[0], scope[1].rpartition(".")[0], name):
                for fact in self._reading.system.by_kind.get("auth_scheme", ()):
                    same = fact.path == place[0] and place[1] in (fact.attr("target"), fact.name, fact.symbol)
                    if same and fact.attr("scheme") in _SCHEMES and fact.attr("auto_error") != "false":
                        return fact
                for param in self._program.list_within(place[0], place[1], "param"):
                    if param.value:
                        found = self._find_scheme(place, decode_expr(param.value), depth - 1)
                        if found is not None:
                            return found
        return None

    # ------------------------------------------------------------------------- state set by a middleware

    @cached_property
    def _states(self) -> Mapping[str, list[tuple[str, Fact, Fact]]]:
        """What middleware that reads the header keeps in the request's state.

        Unit -> (attribute of the state, use of the middleware, where the attribute is set).
        """
        table: dict[str, list[tuple[str, Fact, Fact]]] = {}
        for use in self._reading.system.by_kind.get("middleware", ()):
            if use.attr("role") != "uses" or use.attr("what") == "decorator":
                continue
            for place in self._program.resolve(use.path, use.symbol, use.name):
                if not self._reads_header(place) and not self._reads_header_item(place):
                    continue
                unit = self._reading.find_unit(use.path)
                for name in self._program.list_symbols(place[0]):
                    if name != place[1] and not name.startswith(place[1] + "."):
                        continue
                    for row in self._program.list_within(place[0], name, "binding"):
                        state, _, attribute = row.name.rpartition(".")
                        if state.endswith(".state") and row.value not in ("", "null"):
                            table.setdefault(unit, []).append((attribute, use, row))
        return table

    def _reads_header_item(self, place: Place) -> bool:
        """``request.headers.get("Authorization")``, which names no word of its own."""
        path, symbol = place
        return any(
            "uthorization" in row.value and "headers" in row.value
            for name in self._program.list_symbols(path)
            if name == symbol or name.startswith(symbol + ".")
            for kind in ("binding", "call")
            for row in self._program.list_within(path, name, kind)
        )

    def _find_state(self, handler: Place) -> _Wall | None:
        path, symbol = handler
        unit = self._reading.find_unit(path)
        states = self._states.get(unit, ())
        if not states:
            return None
        for row in self._program.list_within(path, symbol, "binding"):
            read = _find_state_name(decode_expr(row.value) if row.value else None)
            for attribute, use, setting in states:
                if attribute != read:
                    continue
                refusal = next(
                    (
                        fact
                        for kind in ("raise", "return")
                        for fact in self._program.list_within(path, symbol, kind)
                        if _REFUSAL.search(fact.value) and row.line < fact.line <= row.line + 30
                    ),
                    None,
                )
                if refusal is not None:
                    why = (
                        f"{code(use.name)} takes {code(attribute)} from that header, "
                        f"and {code(symbol)} refuses calls without it."
                    )
                    return _Wall(use.name, why, (row, refusal, setting, use))
        return None

    # --------------------------------------------------------------- refusals of a middleware of its own

    @cached_property
    def _refusals(self) -> Mapping[str, list[tuple[str, Fact, Fact, Fact]]]:
        """What middleware sets in the request's state after it turned away those without a token.

        Unit -> (attribute of the state, use of the middleware, the refusal, where the attribute is set).
        """
        table: dict[str, list[tuple[str, Fact, Fact, Fact]]] = {}
        for use in self._reading.system.by_kind.get("middleware", ()):
            if use.attr("role") != "uses" or use.attr("what") == "decorator":
                continue
            for path, symbol in self._program.resolve(use.path, use.symbol, use.name):
                checks = self._find_token_lines(path, symbol)
                for name in self._program.list_symbols(path) if checks else ():
                    if name != symbol and not name.startswith(symbol + "."):
                        continue
                    refusal = next((r for r in self._list_refusals(path, name) if r.line - 1 in checks), None)
                    for row in self._program.list_within(path, name, "binding"):
                        state, _, attribute = row.name.rpartition(".")
                        if refusal is not None and state.endswith(".state") and row.line > refusal.line:
                            unit = self._reading.find_unit(use.path)
                            table.setdefault(unit, []).append((attribute, use, refusal, row))
        return table

    def _find_token_lines(self, path: str, symbol: str) -> frozenset[int]:
        """Lines of a definition that hold a header against a secret; none where cookies or the query may do as well."""
        headers: set[int] = set()
        secrets: set[int] = set()
        for fact in self._program.list_facts("reference"):
            if fact.path == path and fact.symbol.partition(".")[0] == symbol.partition(".")[0]:
                for word, line, _ in parse_references(fact):
                    if word in ("cookies", "query_params", "session", "client"):
                        return frozenset()
                    if word == "headers":
                        headers.add(line)
                    elif _SECRET.search(word):
                        secrets.add(line)
        return frozenset(headers & secrets)

    def _list_refusals(self, path: str, symbol: str) -> list[Fact]:
        return [
            fact
            for kind in ("raise", "return")
            for fact in self._program.list_within(path, symbol, kind)
            if _UNAUTHENTICATED.search(fact.value)
        ]

    def _find_refusal_before(self, handler: Place) -> _Wall | None:
        """A handler that takes for granted what only such middleware sets runs behind it."""
        path, symbol = handler
        for attribute, use, refusal, setting in self._refusals.get(self._reading.find_unit(path), ()):
            for kind in ("call", "binding"):
                for row in self._program.list_within(path, symbol, kind):
                    read = decode_arguments(row.value) if kind == "call" else ([decode_expr(row.value)], {})
                    if any(_reads_state(expr, attribute) for expr in (*read[0], *read[1].values())):
                        why = (
                            f"{code(use.name)} answers 401 to calls without a token before it sets {code(attribute)}, "
                            f"which {code(symbol)} reads."
                        )
                        return _Wall(use.name, why, (row, refusal, setting, use), "a token")
        return None


def _reads_state(expr: Expr, attribute: str) -> bool:
    return any(tag_of(part) == "name" and str(part[1]).endswith(f".state.{attribute}") for part in walk_expr(expr))


def _find_state_name(expr: Expr) -> str:
    """``user_id`` of ``getattr(request.state, "user_id", None)`` and of ``request.state.user_id``."""
    for part in walk_expr(expr):
        if tag_of(part) == "call" and part[1] == "getattr" and len(part[2]) >= 2:
            holder = part[2][0]
            if tag_of(holder) == "name" and str(holder[1]).endswith(".state") and isinstance(part[2][1], str):
                return part[2][1]
        if tag_of(part) == "name" and ".state." in str(part[1]):
            return str(part[1]).rpartition(".")[2]
    return ""
