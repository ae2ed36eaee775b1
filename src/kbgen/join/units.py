"""What an address leads to: host, port, base URL or environment variable, resolved to the unit that answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kbgen.join.deployment import Port, Unit, find_units
from kbgen.join.program import Program
from kbgen.model import Evidence, Fact
from kbgen.patterns import LazyPattern

__all__ = ["Address", "Port", "Unit", "Units"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a base URL leads. `unit` is empty for a host outside the repository (`host` names it)."""

    unit: str
    host: str
    certain: bool
    why: str
    evidence: tuple[Evidence, ...] = ()


_URL = LazyPattern(
    r"^(?:(?P<scheme>[a-z][a-z0-9+.\-]*)://)?(?:[^/@]*@)?(?P<host>\[[^\]]+\]|[^/:?#{}]+|\{[^{}]*\})?"
    r"(?::(?P<port>\d+|\{[^{}]*\}))?(?P<path>[/?#].*)?$",
    re.IGNORECASE,
)
_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", "[::1]", "host.docker.internal"})
_HOST_PORT = LazyPattern(r"^[A-Za-z][\w.\-]*:\d{2,5}$")


class Units:
    """The units of a program, and what leads to them."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.all: tuple[Unit, ...] = tuple(sorted(find_units(program), key=lambda u: u.id))
        self.by_id: Mapping[str, Unit] = {unit.id: unit for unit in self.all}
        self._by_folder: dict[str, str] = {}
        for unit in self.all:
            if unit.folder is not None:
                self._by_folder.setdefault(unit.folder, unit.id)

    def find_unit(self, path: str) -> str:
        """The app that a file belongs to: the innermost unit's folder around it; ``""`` for shared code."""
        while path:
            path = path.rpartition("/")[0]
            if path in self._by_folder:
                return self._by_folder[path]
        return ""

    def find_by_name(self, name: str) -> Unit | None:
        wanted = name.lower()
        found = [u for u in self.all if wanted in u.names]
        if not found and _CLUSTER_HOST.search(wanted):
            short = wanted.partition(".")[0]
            found = [u for u in self.all if short in u.names]
        return found[0] if len(found) == 1 else None

    def find_by_port(self, port: int, near: str = "") -> tuple[Unit, ...]:
        """The units that listen on a port: those that say so before those that would by default, the nearest first.

        Of several, only those whose folder shares most with the path `near` are given.
        """
        certain = [u for u in self.all if any(p.number == port and p.certain for p in u.ports)]
        found = certain or [u for u in self.all if any(p.number == port for p in u.ports)]
        if len(found) > 1 and near:
            shares = [(_count_shared(u.folder, near) if u.folder is not None else -1, u) for u in found]
            best = max(share for share, _ in shares)
            found = [u for share, u in shares if share == best]
        return tuple(found)

    @cached_property
    def _settings(self) -> dict[str, list[Fact]]:
        table: dict[str, list[Fact]] = {}
        for fact in self._program.list_facts("setting"):
            if fact.value and fact.attr("commented") != "yes":
                table.setdefault(fact.name, []).append(fact)
        return table

    def list_settings(self, variable: str, path: str) -> tuple[Fact, ...]:
        """Values that configuration gives a variable: those of the unit that reads it before all others."""
        found = self._settings.get(variable, ())
        unit = self.find_unit(path)
        own = [f for f in found if self._is_of_unit(f, unit)] if unit else []
        return tuple(own or found)

    def _is_of_unit(self, fact: Fact, unit: str) -> bool:
        service = fact.attr("service")
        if service:
            named = self.find_by_name(service)
            return named is not None and named.id == unit
        return self.find_unit(fact.path) == unit

    def resolve_base(self, base: str, path: str) -> tuple[Address, ...]:
        """Where a base URL (as `Folded.text`) written in a file leads; () when nothing tells."""
        found: dict[tuple[str, str], Address] = {}
        for address in self._resolve(base, path, 3):
            found.setdefault((address.unit, address.host), address)
        return tuple(found.values())

    def _resolve(self, base: str, path: str, depth: int) -> list[Address]:
        text = base.strip()
        if not text or depth <= 0:
            return []
        match = _LEADING_ENV.match(text)
        if match is not None:
            return self._resolve_variable(match["name"], match["default"] or "", path, depth)
        match = _LEADING_NAME.match(text)
        if match is not None:
            return self._resolve_named(match["name"], path, depth)
        parts = _URL.match(text)
        if parts is None:
            return []
        host, port = parts["host"] or "", parts["port"] or ""
        if not host or (not parts["scheme"] and not port):
            return []
        inner = _LEADING_ENV.match(host)
        if inner is not None:
            return self._resolve_host(inner["name"], inner["default"] or "", text, path, depth)
        host = host.lower()
        if host.startswith("{"):
            host = "localhost" if _NUMBER.search(port) else ""
        number = _NUMBER.search(port.partition("|")[2] if port.startswith("{") else port)
        if host in _LOCAL or not host:
            if number is None:
                return self._find_port_setting(port, path)
            units = self.find_by_port(int(number[0]), path)
            return [
                Address(u.id, "", len(units) == 1, f"listens on port {number[0]}", _port_evidence(u, int(number[0])))
                for u in (units if len(units) <= 2 else ())
            ]
        unit = self.find_by_name(host)
        if unit is not None:
            return [Address(unit.id, "", True, f"{host} is its name", unit.evidence[:1])]
        if "{" in host or "." not in host:
            return []
        return [Address("", host, True, "a host outside the repository")]

    def _resolve_host(self, name: str, default: str, text: str, path: str, depth: int) -> list[Address]:
        """A URL whose host alone is a variable: ``redis://{env:REDIS_HOST|localhost}:6379``."""
        values = [f.value for f in self.list_settings(name, path) if self._reads_there(f, path)]
        hosts = [value for value in dict.fromkeys([*values, default]) if _HOST_NAME.fullmatch(value)]
        found = [a for host in hosts for a in self._resolve(_HOST_HOLE.sub(host, text, count=1), path, depth - 1)]
        return found[:1] or self._resolve_variable(name, default, path, depth)

    def _resolve_named(self, name: str, path: str, depth: int) -> list[Address]:
        """A variable whose value is not known, spelled like an environment variable that the same unit reads."""
        variable = _CAMEL.sub("_", name.rpartition(".")[2].lstrip("_")).upper()
        unit = self.find_unit(path)
        if not any(self.find_unit(f.path) == unit for f in self._reads.get(variable, ())):
            return []
        found = self._resolve_variable(variable, "", path, depth - 1)
        return [
            Address(a.unit, a.host, False, f"`{name}` is named like {variable}: {a.why}", a.evidence) for a in found
        ]

    @cached_property
    def _reads(self) -> dict[str, list[Fact]]:
        table: dict[str, list[Fact]] = {}
        for fact in self._program.list_facts("env"):
            table.setdefault(fact.name, []).append(fact)
        return table

    def _find_port_setting(self, port: str, path: str) -> list[Address]:
        match = _LEADING_ENV.match(port)
        if match is None:
            return []
        for fact in self.list_settings(match["name"], path):
            if fact.value.isdigit():
                return [
                    Address(u.id, "", True, f"listens on port {fact.value}") for u in self.find_by_port(int(fact.value))
                ]
        return []

    def _resolve_variable(self, name: str, default: str, path: str, depth: int) -> list[Address]:
        """By the values that configuration gives it, then by its default."""
        found: list[Address] = []
        for fact in self.list_settings(name, path):
            value = fact.value
            if not (
                value.startswith(("http", "ws", "redis", "postgres", "mongodb", "mysql", "amqp", "grpc"))
                or _HOST_PORT.match(value)
            ):
                continue
            if not self._reads_there(fact, path):
                continue
            evidence = (self._program.make_evidence(fact),)
            for address in self._resolve(value, path, depth - 1):
                why = f"{name} is {_hide_password(value)} in {fact.path}"
                found.append(Address(address.unit, address.host, address.certain, why, (*evidence, *address.evidence)))
        own = [a for a in found if a.unit and a.unit != self.find_unit(path)]
        found = own or found
        if not found and default:
            for address in self._resolve(default, path, depth - 1):
                why = f"{name} defaults to {_hide_password(default)}"
                found.append(Address(address.unit, address.host, address.certain, why, address.evidence))
        if not found and not default:
            found = self._resolve_elsewhere(name, path, depth)
        return found

    def _resolve_elsewhere(self, name: str, path: str, depth: int) -> list[Address]:
        """By the default that other code of the same unit gives the variable."""
        unit = self.find_unit(path)
        for fact in self._defaults.get(name, ()):
            if self.find_unit(fact.path) != unit:
                continue
            match = _QUOTED_URL.search(fact.value)
            if match is None:
                continue
            evidence = (self._program.make_evidence(fact),)
            why = f"{name} defaults to {_hide_password(match[1])} in {fact.path}"
            return [
                Address(a.unit, a.host, a.certain, why, (*evidence, *a.evidence))
                for a in self._resolve(match[1], path, depth - 1)
            ]
        return []

    @cached_property
    def _defaults(self) -> dict[str, list[Fact]]:
        table: dict[str, list[Fact]] = {}
        for fact in self._program.list_facts("env"):
            if fact.value:
                table.setdefault(fact.name, []).append(fact)
        return table

    def _reads_there(self, fact: Fact, path: str) -> bool:
        """A service's own environment says nothing of another service's."""
        service = fact.attr("service")
        if not service:
            return True
        named, unit = self.find_by_name(service), self.find_unit(path)
        return named is None or not unit or named.id == unit


_LEADING_ENV = LazyPattern(r"^\{env:(?P<name>[^{}|]+)(?:\|(?P<default>[^{}]*))?\}")
_LEADING_NAME = LazyPattern(r"^\{(?P<name>[A-Za-z_][\w.]*)\}")
_CLUSTER_HOST = LazyPattern(
    r"\.(?:svc|svc\.cluster\.local|cluster\.local|internal|local|docker)$|^[\w\-]+\.[\w\-]+\.svc\b"
)
_CAMEL = LazyPattern(r"(?<=[a-z0-9])(?=[A-Z])")
_QUOTED_URL = LazyPattern(r"[\"'`]([a-z][a-z0-9+.\-]*://[^\"'`\s]+)[\"'`]")
_NUMBER = LazyPattern(r"\d{2,5}")
_HOST_NAME = LazyPattern(r"[A-Za-z0-9][A-Za-z0-9.\-]*")
_HOST_HOLE = LazyPattern(r"\{env:[^{}]*\}")
_PASSWORD = LazyPattern(r"//[^/@\s]*@")


def _count_shared(folder: str, path: str) -> int:
    """How many leading folders two paths share."""
    count = 0
    for one, other in zip(folder.split("/"), path.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def _hide_password(url: str) -> str:
    return _PASSWORD.sub("//…@", url)


def _port_evidence(unit: Unit, number: int) -> tuple[Evidence, ...]:
    return tuple(p.evidence for p in unit.ports if p.number == number)[:1]
