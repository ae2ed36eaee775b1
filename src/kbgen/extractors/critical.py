"""What Python code does while it holds a lock, and where it asks for something shared, then makes it.

Read from the file's text when a page asks, for the few files that it asks about; kept facts do not hold it.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kbgen.patterns import LazyPattern

_LOCK = LazyPattern(r"(?:^|_)(?:r?lock|mutex|sem|semaphore|cond|condition)s?$|lock$")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_CHANGING = frozenset(
    "add append appendleft clear discard extend insert pop popitem popleft put_nowait remove setdefault update".split()
)


@dataclass(frozen=True, slots=True)
class Held:
    """Lines that run while a lock is held; 1-based, the line of ``with`` is the first."""

    lock: str
    """As written: ``self._lock``."""
    function: str
    """``Class.method``, as symbols are called."""
    first: int
    last: int
    outer: tuple[str, ...]
    """Locks that are held already, the outermost first."""
    changes: tuple[str, ...]
    """Shared names that are set or changed: ``self._results``."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A shared name that is made where it is found missing."""

    name: str
    function: str
    line: int
    """Of the question."""
    made: int
    """Line where it is made."""
    locks: tuple[str, ...]
    """Held where it is made."""
    twice: bool
    """Asked before the lock is taken and again under it."""
    waits: bool
    """Other tasks may run between the question that counts and the making."""


@dataclass(frozen=True, slots=True)
class Critical:
    held: tuple[Held, ...] = ()
    asked: tuple[Asked, ...] = ()


@lru_cache(maxsize=256)
def read_critical(text: str, locks: frozenset[str] = frozenset()) -> Critical:
    """Of one Python file, by line; nothing for a file that is no Python.

    `locks` are names as written, ``self._gate``, that are known to be locks; others are known by their last word.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return Critical()
    reader = _Reader(locks)
    reader.read_body(tree.body, _Scope())
    return Critical(
        tuple(sorted(reader.held, key=lambda h: (h.first, h.lock))),
        tuple(sorted(reader.asked, key=lambda a: (a.line, a.made, a.name))),
    )


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    line: int
    depth: int
    """How many locks are held where it is asked."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is known where a statement stands."""

    function: str = ""
    shared: frozenset[str] = frozenset()
    """Names of the module that the function declares its own to change."""
    locals: tuple[tuple[str, str], ...] = ()
    """(local name, the shared name that it was read from), the newest last."""
    locks: tuple[tuple[str, int], ...] = ()
    """(lock, line where it was taken)"""
    questions: tuple[_Question, ...] = ()
    waits: tuple[int, ...] = ()
    """Lines where other tasks may have run since the function began, those of this way only."""


@dataclass(slots=True)
class _Reader:
    locks: frozenset[str]
    held: list[Held] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def read_body(self, body: Sequence[ast.stmt], scope: _Scope) -> None:
        for statement in body:
            scope = self._read(statement, scope)

    def _read(self, node: ast.stmt, scope: _Scope) -> _Scope:
        """What is known after the statement."""
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{scope.function}.{node.name}" if scope.function else node.name
            own = ast.walk(node) if not isinstance(node, ast.ClassDef) else ()
            shared = frozenset(n for each in own if isinstance(each, ast.Global | ast.Nonlocal) for n in each.names)
            self.read_body(node.body, _Scope(name, shared))
            return scope
        if isinstance(node, ast.With | ast.AsyncWith):
            return self._read_with(node, scope)
        if isinstance(node, ast.If):
            return self._read_if(node, scope)
        waits = tuple(_list_waits(node))
        scope = _replace(scope, waits=(*scope.waits, *waits))
        bodies = list(_list_bodies(node))
        if not bodies:
            self._note_changes(node, scope)
            return self._learn(node, scope)
        for body in bodies:
            self.read_body(body, scope)
        return _replace(
            scope, waits=(*scope.waits, *(w for body in bodies for s in body for w in _list_waits(s, True)))
        )

    def _read_with(self, node: ast.With | ast.AsyncWith, scope: _Scope) -> _Scope:
        inner = scope
        if isinstance(node, ast.AsyncWith):
            inner = _replace(inner, waits=(*inner.waits, node.lineno))
        for item in node.items:
            lock = _find_lock(item.context_expr, self.locks)
            if not lock:
                continue
            changes = sorted((line, name) for each in node.body for name, line in _list_changes(each, inner.shared))
            self.held.append(
                Held(
                    lock,
                    scope.function,
                    node.lineno,
                    node.end_lineno or node.lineno,
                    tuple(name for name, _ in inner.locks),
                    tuple(dict.fromkeys(name for _, name in changes)),
                )
            )
            inner = _replace(inner, locks=(*inner.locks, (lock, node.lineno)))
        self.read_body(node.body, inner)
        waits = tuple(w for each in node.body for w in _list_waits(each, True))
        return _replace(scope, waits=(*inner.waits, *waits))

    def _read_if(self, node: ast.If, scope: _Scope) -> _Scope:
        scope = _replace(scope, waits=(*scope.waits, *_list_waits(node.test)))
        missing, there = _read_question(node.test, scope)
        asked = tuple(_Question(name, node.lineno, len(scope.locks)) for name in missing)
        self.read_body(node.body, _replace(scope, questions=(*scope.questions, *asked)))
        turned = tuple(_Question(name, node.lineno, len(scope.locks)) for name in there)
        after = _replace(scope, questions=(*scope.questions, *turned))
        self.read_body(node.orelse, after)
        leaves = isinstance(node.body[-1], _LEAVING)
        waits = tuple(
            w for body in (node.body if not leaves else [], node.orelse) for s in body for w in _list_waits(s, True)
        )
        return _replace(after if leaves else scope, waits=(*scope.waits, *waits))

    def _learn(self, node: ast.stmt, scope: _Scope) -> _Scope:
        """``local = self._things.get(key)`` and the like: what is asked of the local is asked of the shared name."""
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            return scope
        value = node.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "get":
            value = value.func.value
        if isinstance(value, ast.Subscript):
            value = value.value
        name = _dotted(value)
        if not _is_shared(name, scope.shared):
            return scope
        return _replace(scope, locals=(*scope.locals, (node.targets[0].id, name)))

    def _note_changes(self, node: ast.stmt, scope: _Scope) -> None:
        for name, line in _list_changes(node, scope.shared, made=True):
            of_name = [q for q in scope.questions if q.name == name]
            if not of_name:
                continue
            last = of_name[-1]
            self.asked.append(
                Asked(
                    name,
                    scope.function,
                    of_name[0].line,
                    line,
                    tuple(lock for lock, _ in scope.locks),
                    any(q.depth < len(scope.locks) for q in of_name) and last.depth == len(scope.locks) > 0,
                    any(last.line < wait <= max(line, node.end_lineno or line) for wait in scope.waits),
                )
            )


def _replace(scope: _Scope, **changes: object) -> _Scope:
    from dataclasses import replace

    return replace(scope, **changes)  # type: ignore[arg-type]


def _find_lock(node: ast.expr, known: frozenset[str]) -> str:
    """``self._lock`` of a context manager that is a lock; ``""`` for any other."""
    if isinstance(node, ast.Subscript):
        node = node.value
    name = _dotted(node)
    return name if name in known or (name and _LOCK.search(name.rpartition(".")[2].lower())) else ""


def _dotted(node: ast.AST) -> str:
    """``self._lock``; ``""`` for what is no plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _is_shared(name: str, shared: frozenset[str]) -> bool:
    start, dot, _ = name.partition(".")
    return (start in ("self", "cls") and bool(dot)) or start in shared


def _read_question(test: ast.expr, scope: _Scope) -> tuple[list[str], list[str]]:
    """(names that are missing when it holds, names that are there when it holds)"""
    if isinstance(test, ast.BoolOp):
        sides = [_read_question(value, scope) for value in test.values]
        picked = 0 if isinstance(test.op, ast.And) else 1
        names = [name for side in sides for name in side[picked]]
        return (names, []) if picked == 0 else ([], names)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        missing, there = _read_question(test.operand, scope)
        return there, missing
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sign, other = test.ops[0], test.comparators[0]
        if isinstance(sign, ast.In | ast.NotIn):
            name = _shared_name(other, scope)
            names = [name] if name else []
            return (names, []) if isinstance(sign, ast.NotIn) else ([], names)
        if isinstance(sign, ast.Is | ast.IsNot) and isinstance(other, ast.Constant) and other.value is None:
            name = _shared_name(test.left, scope)
            names = [name] if name else []
            return (names, []) if isinstance(sign, ast.Is) else ([], names)
        return [], []
    name = _shared_name(test, scope)
    return [], [name] if name else []


def _shared_name(node: ast.expr, scope: _Scope) -> str:
    name = _dotted(node)
    known = dict(scope.locals).get(name)
    if known:
        return known
    return name if _is_shared(name, scope.shared) else ""


def _list_changes(node: ast.stmt, shared: frozenset[str], made: bool = False) -> Iterator[tuple[str, int]]:
    """(shared name, line) of what a statement sets or changes, its inner statements included.

    With `made` only what it sets to something: not to None, and no taking away.
    """
    for part in _walk_own(node):
        if isinstance(part, ast.Assign | ast.AnnAssign | ast.AugAssign):
            if made and (isinstance(part, ast.AugAssign) or _is_empty(part.value)):
                continue
            for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
                for each in target.elts if isinstance(target, ast.Tuple) else [target]:
                    name = _dotted(each.value if isinstance(each, ast.Subscript) else each)
                    if _is_shared(name, shared):
                        yield name, part.lineno
        elif isinstance(part, ast.Delete) and not made:
            for each in part.targets:
                name = _dotted(each.value if isinstance(each, ast.Subscript) else each)
                if _is_shared(name, shared):
                    yield name, part.lineno
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and not made:
            name = _dotted(part.func.value)
            if part.func.attr in _CHANGING and _is_shared(name, shared):
                yield name, part.lineno


def _is_empty(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and not value.value)


def _walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what runs with it: functions defined inside are left out."""
    pending = [node]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(child for child in ast.iter_child_nodes(part) if not isinstance(child, _FUNCTIONS))


def _list_waits(node: ast.AST, inner: bool = False) -> Iterator[int]:
    """Lines at which the event loop may run something else; of the statement's own expressions, or of all inside."""
    for part in _walk_own(node) if inner else _walk_head(node):
        if isinstance(part, ast.Await | ast.AsyncWith | ast.AsyncFor | ast.Yield | ast.YieldFrom):
            yield getattr(part, "lineno", 0)


def _walk_head(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*_FUNCTIONS, ast.stmt, ast.excepthandler, ast.match_case)):
            yield from _walk_own(child)


def _list_bodies(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list) and body:
            yield body
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body
