"""Values of variables as configuration files write them: ``${PORT:-7777}`` taken apart, secrets covered."""

from __future__ import annotations

import re
from typing import NamedTuple

from kbgen.extractors.base import shorten, split_words
from kbgen.extractors.nodes import keep_attrs
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

HIDDEN = "…"
"""Stands for a secret."""
VALUE_LIMIT = 200
_NAME = LazyPattern(r"[A-Za-z_]\w*")
_OPERATOR = LazyPattern(r":?[-=]")
_NEST_LIMIT = 8


class Variable(NamedTuple):
    name: str
    default: str | None
    """Folded itself; None where there is none."""


def fold_variables(text: str) -> tuple[str, tuple[Variable, ...]]:
    """`text` with each default in place of its variable, and the variables: ``${A:-1}:80`` gives ``1:80``.

    A variable without a default stays as ``${A}``; ``$$`` is a dollar sign; ``${{ … }}`` belongs to others and stays.
    """
    if "$" not in text:
        return text, ()
    variables: list[Variable] = []
    return _fold(text, variables, 0), tuple(variables)


def _fold(text: str, variables: list[Variable], depth: int) -> str:
    out = []
    position = 0
    while True:
        start = text.find("$", position)
        if start < 0 or start + 1 == len(text):
            out.append(text[position:])
            return "".join(out)
        out.append(text[position:start])
        follows = text[start + 1]
        position = start + 2
        if follows == "$":
            out.append("$")
        elif follows == "{" and text[position : position + 1] != "{":
            end = _find_close(text, position)
            out.append(_fold_braces(text[position:end], variables, depth))
            position = end + 1
        else:
            name = _NAME.match(text, start + 1)
            if name is None:
                out.append("$" + follows)
            else:
                variables.append(Variable(name[0], None))
                out.append(f"${{{name[0]}}}")
                position = name.end()


def _fold_braces(inner: str, variables: list[Variable], depth: int) -> str:
    name = _NAME.match(inner)
    if name is None:
        return f"${{{inner}}}"
    operator = _OPERATOR.match(inner, name.end())
    if operator is None:
        variables.append(Variable(name[0], None))
        return f"${{{name[0]}}}"
    place = len(variables)
    rest = inner[operator.end() :]
    default = _fold(rest, variables, depth + 1) if depth < _NEST_LIMIT else rest
    variables.insert(place, Variable(name[0], default))
    return default


def _find_close(text: str, position: int) -> int:
    depth = 1
    while position < len(text):
        if text.startswith("${", position):
            depth += 1
            position += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                break
        position += 1
    return position


_SECRET_WORDS = frozenset("key token secret password passwd pwd passphrase credential credentials apikey".split())
_PLAIN_KEYS = frozenset("primary foreign sort partition cache hot group unique idempotency public map join".split())
"""``CACHE_KEY`` opens nothing."""
_HARMLESS_ENDS = frozenset(
    """
    url uri path file dir name ttl prefix suffix expiry expires expiration length size limit limits id ids header
    algorithm enable enabled second seconds secs ms minutes hours days host port type version count interval timeout
    endpoint region issuer audience scope scopes field column format mode max min rotation required usage budget
    strategy provider regex
    """.split()
)
_PLACEHOLDER = LazyPattern(
    r"^\W*$|your|change|example|placeholder|dummy|replace|generate|insert|redacted|todo|fixme|sample|fake|xxx|\.\.\.|…"
    r"|^<.*>$|^\[.*\]$|^\{\{?.*\}$|\$\{\{|^\$\(.*\)$|^\$\{[A-Za-z_]\w*(?::?\?[^{}]*)?\}$|^\$[A-Za-z_]\w*$"
    r"|^(?:true|false|yes|no|on|off|none|null|secret|password|token|key|test|pass|user)$",
    re.IGNORECASE,
)
_TELLTALE = LazyPattern(
    r"-----BEGIN |\b(?:sk|pk|rk)[-_](?:[a-z]+[-_])?[A-Za-z0-9]{20,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bxox[abp]-[\w-]{20,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
)
"""Secrets that give themselves away, whatever their variable is called."""
_SHORT_NUMBER = LazyPattern(r"\d{1,6}")
_CREDENTIALS = LazyPattern(r"(://[\w.%+\-]*:|\b\w+:)([^\s:@/'\"{}]{1,200})@(?=[\w.\[$-]|\()")
_TCP = LazyPattern(r"^(?:tcp|udp|unix|\()", re.IGNORECASE)
_WEAK = frozenset({"password", "pass", "pwd", "user", "secret", "changeme"})


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret, and not only something about one."""
    words = split_words(name)
    for index, word in enumerate(words):
        if word not in _SECRET_WORDS or (word == "key" and (index == 0 or words[index - 1] in _PLAIN_KEYS)):
            continue
        return words[-1] not in _HARMLESS_ENDS
    return False


def hide_secret(name: str, text: str) -> str:
    """`text`, or ``…`` when its variable's name says that it is a secret and it is no mere placeholder.

    Passwords inside URLs are covered wherever they stand.
    """
    if text and is_secret_name(name) and not _PLACEHOLDER.search(text):
        is_number = _SHORT_NUMBER.fullmatch(text) is not None
        if not is_number or "pass" in name.lower() or "pwd" in name.lower():
            return HIDDEN
    if len(text) > 16 and _TELLTALE.search(text):
        return HIDDEN
    return hide_credentials(text)


def hide_credentials(text: str) -> str:
    """``scheme://user:password@host`` and ``user:password@tcp(host)`` without the password."""
    return _CREDENTIALS.sub(_cover, text) if "@" in text else text


def _cover(match: re.Match[str]) -> str:
    is_url = match[1].startswith("://")
    if match[2] in _WEAK or not (is_url or _TCP.match(match.string[match.end() : match.end() + 5])):
        return match[0]
    return f"{match[1]}{HIDDEN}@"


def make_setting(path: str, line: int, name: str, text: str, attrs: tuple[tuple[str, str], ...] = ()) -> Fact:
    """A variable given a value: what it refers to and falls back on is told in ``ref`` and ``default``."""
    folded, variables = fold_variables(text)
    extra: list[tuple[str, str]] = []
    value = hide_secret(name, text)
    if variables and all(variable.default is not None for variable in variables):
        default = hide_secret(name, folded)
        if default != HIDDEN:
            value = hide_credentials(text)
        extra.append(("default", shorten(default, VALUE_LIMIT)))
    extra.extend(("ref", ref) for ref in dict.fromkeys(variable.name for variable in variables))
    return Fact("setting", name, path, line, shorten(value, VALUE_LIMIT), "", "", (*keep_attrs(*attrs), *extra))
