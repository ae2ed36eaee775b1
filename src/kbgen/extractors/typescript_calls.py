"""Which calls a TypeScript file makes, those left out that only reshape values or are a test's own vocabulary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kbgen.expressions import Expr, encode_arguments, tag_of
from kbgen.extractors.typescript_cases import CASE_NAMES
from kbgen.extractors.typescript_expressions import ExpressionReader
from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_nodes import inner_of
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

_RESHAPING = frozenset(
    """
    at charAt charCodeAt codePointAt concat copyWithin endsWith entries every fill filter find findIndex findLast
    findLastIndex flat flatMap forEach getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth
    getSeconds getTime getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMinutes getUTCMonth
    getUTCSeconds has hasOwnProperty includes indexOf join keys lastIndexOf localeCompare map match matchAll normalize
    padEnd padStart pop preventDefault push reduce reduceRight repeat replace replaceAll reverse setDate setFullYear
    setHours setMilliseconds setMinutes setMonth setSeconds setTime shift slice some sort splice split startsWith
    stopPropagation substr substring test toDateString toFixed toISOString toJSON toLocaleDateString
    toLocaleLowerCase toLocaleString toLocaleTimeString toLocaleUpperCase toLowerCase toPrecision toReversed toSorted
    toString toTimeString toUTCString toUpperCase trim trimEnd trimStart unshift valueOf values
    """.split()
)
"""Methods of arrays, strings, objects and dates; see `_reshapes` for the arguments that make them more."""
_CHAINING = frozenset({"then", "catch", "finally"})
_BODY_READS = frozenset({"json", "text", "blob", "arrayBuffer", "formData", "clone"})
"""Methods of a request or response that only open it, when called without arguments."""
_LIBRARY = frozenset(
    """
    AbortController Array BigInt Boolean Date Error Intl JSON Map Math Number Object Promise Proxy RangeError Reflect
    RegExp Set String Symbol SyntaxError TextDecoder TextEncoder TypeError Uint8Array WeakMap WeakSet clearInterval
    clearTimeout decodeURI decodeURIComponent encodeURI encodeURIComponent import isFinite isNaN parseFloat parseInt
    performance require structuredClone useCallback useEffect useId useLayoutEffect useMemo useRef useState
    classNames clsx cn cva cx twMerge
    """.split()
)
"""The language's own, wrappers whose calls inside are what counts, and helpers that put class names together."""
_SCHEMA_MODULES = frozenset({"zod", "zod/v4", "yup", "joi", "valibot", "superstruct"})
"""Libraries whose chained calls spell out the shape of data; the binding holds the whole."""
_PICTURES = frozenset(
    {"toHaveScreenshot", "toMatchImageSnapshot", "percySnapshot", "eyesCheckWindow", "matchImageSnapshot"}
)
"""Assertions that are kept: they compare pictures of a page."""
_TEST_WORDS = CASE_NAMES | {"expect", "describe", "fdescribe", "xdescribe", "suite", "jest", "vi", "cy"}
_TEST_WORDS |= {"beforeEach", "afterEach", "beforeAll", "afterAll", "before", "after", "assert", "screen", "within"}
_TEST_WORDS |= {"render", "renderHook", "waitFor", "act", "userEvent", "fireEvent", "sinon", "page"}
_NAVIGATING = LazyPattern(
    r"(?:router|history|navigat\w*|navigation|queue|socket|client|io|channel|room|stream)$", re.IGNORECASE
)
"""Receivers on which ``push``, ``replace`` and ``join`` are no reshaping."""
_MOCK_SETUP = LazyPattern(r"mock(?:Reset|Clear|Restore|Return|Resolved|Rejected|Implementation|Name)\w*")


class CallContext:
    """What the code around calls says about them, by the node of the call."""

    def __init__(self) -> None:
        self.targets: dict[int, str] = {}
        """What the call's value is assigned to."""
        self.awaited: set[int] = set()
        self.within: dict[int, str] = {}
        """The callee whose argument the call is."""
        self.told: set[int] = set()
        """Calls that another fact tells: decorators, thrown exceptions."""
        self.setters: set[str] = set()
        """Functions that set the state of a component."""


def read_calls(file: TypeScriptFile, expressions: ExpressionReader, context: CallContext) -> None:
    nodes = sorted(file.captures.get("call", ()), key=lambda node: (node.start_byte, -node.end_byte))
    schemas = {local for local, (_, module) in file.imported.items() if module in _SCHEMA_MODULES}
    for node in nodes:
        key = node.id
        if key in context.told:
            continue
        is_new = node.type == "new_expression"
        callee = node.child_by_field_name("constructor" if is_new else "function")
        if callee is None:
            continue
        if callee.type == "await_expression":  # the grammar's reading of `await f<T>(x)`
            context.awaited.add(key)
        name = expressions.read_callee(callee)
        owner, _, last = name.rpartition(".")
        if owner and last in _CHAINING:
            _pass_on_await(callee, key, context)
            continue
        root = name.partition(".")[0].removesuffix("()")
        if root in schemas or _is_noise(root, owner, last, context, file.is_test):
            continue
        awaited = key in context.awaited
        expr = expressions.read_call(node, name)
        arguments = expr[2] if tag_of(expr) == "call" and expr[1] == name else expressions.read_arguments(node)
        if owner and last in _BODY_READS and not arguments:
            continue
        if owner and last in _RESHAPING and not awaited and _reshapes(owner, last, arguments):
            continue
        note_arguments(node, name, context)
        attrs = []
        if key in context.targets:
            attrs.append(("target", context.targets[key]))
        if is_new:
            attrs.append(("new", "yes"))
        if awaited:
            attrs.append(("awaited", "yes"))
        if key in context.within:
            attrs.append(("in", context.within[key]))
        line = file.find_line(node.start_byte)
        file.add("call", name, line, encode_arguments(arguments, {}), file.find_around(node), tuple(attrs))


def _is_noise(root: str, owner: str, last: str, context: CallContext, in_test: bool) -> bool:
    if root in _LIBRARY or (not owner and last in context.setters) or root in ("?", ""):
        return True
    if owner == "React" and last in _LIBRARY:
        return True
    is_chore = root in _TEST_WORDS and last not in _PICTURES
    return in_test and (is_chore or _MOCK_SETUP.fullmatch(last) is not None)


def _reshapes(owner: str, last: str, arguments: list[Expr]) -> bool:
    """Whether a method named as one of arrays and strings is one: not with an object, not on what navigates."""
    if last in ("push", "unshift", "concat", "fill", "splice"):
        return _NAVIGATING.search(owner) is None
    if last in ("replace", "join") and _NAVIGATING.search(owner) is not None:
        return False
    return all(tag_of(argument) != "dict" for argument in arguments)


def _pass_on_await(callee: Node, key: int, context: CallContext) -> None:
    """``await fetch(x).then(f)`` waits for the fetch."""
    inner = callee.child_by_field_name("object")
    if inner is not None and key in context.awaited:
        context.awaited.add(inner.id)


def note_arguments(node: Node, name: str, context: CallContext) -> None:
    """Tells the calls among a call's arguments whose they are."""
    arguments = node.child_by_field_name("arguments")
    for part in arguments.named_children if arguments is not None else ():
        inner: Node | None = part
        while inner is not None and inner.type in ("await_expression", "as_expression", "parenthesized_expression"):
            inner = inner_of(inner)
        if inner is not None and inner.type in ("call_expression", "new_expression"):
            context.within[inner.id] = name
