"""The Jinja environment that untrusted templates run in: what they may call, and how much they may cost.

A project's own template is code of an untrusted repository. Jinja's sandbox keeps it from Python's
internals; what is added here keeps it from costing much: every loop step, call and include is counted, and no
string, list or number may grow large. The bounds are counts, so the same template fails at the
same place on every machine.

Imports Jinja at the top; `kbgen.adapters.jinja` imports this module when the first page is rendered.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, cast

from jinja2 import FunctionLoader, compiler, filters, nodes
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import Context, Macro, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace, missing
from jinja2.visitor import NodeTransformer

from kbgen.markdown import Markdown, code_span, escape_text, fence_block, fold, link, quote_block, table_cell

MAX_STEPS = 1_000_000
"""Of one rendering: a loop step or a list item in a filter is one, a call ten, an include a hundred."""
MAX_CHARACTERS = 8_000_000
"""Of a page, or of any string on the way to it."""
MAX_ITEMS = 100_000
"""Of a list that a template makes, nested ones counted in."""
MAX_BITS = 4096
"""Of a number."""
MAX_INDENT = 200
CHARACTERS_PER_STEP = 100
"""Work on long text counts as one step for each so many characters."""

_STRING_METHODS = frozenset(
    {"capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal"}
    | {"isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip", "partition", "upper"}
    | {"removeprefix", "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines"}
    | {"startswith", "strip", "swapcase", "title"}
)
_KEPT_FILTERS = frozenset(
    {"abs", "capitalize", "count", "d", "default", "dictsort", "first", "groupby", "int", "items", "last", "length"}
    | {"list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "sum"}
    | {"title", "trim", "truncate", "unique", "upper", "wordcount"}
)


class Sandbox(ImmutableSandboxedEnvironment):
    """Plain text out (no HTML escaping: the filters escape for Markdown), strict names, counted work."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, load: Callable[[str], tuple[str, str] | None], shipped: Callable[[str], Path | None]) -> None:
        """`load` gives (text, filename) of a template by name; `shipped` the file of one that came with kbgen."""
        super().__init__(
            loader=FunctionLoader(lambda name: (*found, lambda: True) if (found := load(name)) else None),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            # Folding constants would do a template's work while it is compiled, uncounted.
            optimized=False,
            finalize=_require_printable,
            auto_reload=False,
            bytecode_cache=_ShippedCode(shipped),
        )
        self.names: tuple[str, ...] = ()
        self.steps = 0
        self.concat = self._join_counted  # type: ignore[method-assign]
        self.undefined = cast("type[Undefined]", self._make_undefined)
        self.globals = {
            "range": self.globals["range"],
            "dict": dict,
            "namespace": Namespace,
            "cycler": Cycler,
            "joiner": Joiner,
        }
        own: dict[str, Callable[..., Any]] = {
            "join": self._join,
            "string": lambda value: str(_require_printable(value)),
            "replace": _replace,
            "indent": _indent,
            "text": _on_text(escape_text),
            "code": _on_text(code_span),
            "cell": _on_text(table_cell),
            "code_cell": _on_text(lambda value: table_cell(code_span(value))),
            "quote": _on_text(quote_block),
            "link": link,
            "fold": fold,
            "fence": lambda value, language="": fence_block(_require_text(value), _require_text(language)),
            "plural": format_plural,
            "markup": _on_text(Markdown),
            "cell_markup": _on_text(lambda value: table_cell(Markdown(value))),
        }
        kept = {name: filters.FILTERS[name] for name in sorted(_KEPT_FILTERS)}
        self.filters = {name: self._count_filter(function) for name, function in (kept | own).items()} | {
            _COUNT: self._count_loop,
            _CONCAT: self._join_plain,
            _WEIGH: self._weigh,
        }

    def count(self, steps: int = 1) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise SecurityError(f"the template takes more than {MAX_STEPS} steps")

    # Jinja calls these.

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return cast(nodes.Template, _Counting().visit(super()._parse(source, name, filename)))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str):
            return attr in _STRING_METHODS
        return not isinstance(obj, type | Macro) and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """No ``str.format``: a width in it makes any size of string."""

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        # The odd names are Jinja's: `self` and `context` may be names of a macro's arguments.
        __self.count(10 + _measure(getattr(__obj, "__self__", None)) // CHARACTERS_PER_STEP)
        for value in (*args, *kwargs.values()):
            __self.count(len(value) if isinstance(value, range) else 0)
            __self._weigh(value)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        sizes = [_measure(left), _measure(right)]
        if operator == "%" and isinstance(left, str):
            raise SecurityError("text is not formatted with % in templates; use ~")
        if operator == "*" and any(isinstance(value, str | list | tuple) for value in (left, right)):
            raise SecurityError("text and lists are not multiplied in templates")
        if operator == "**" and isinstance(right, int) and sizes[0] * abs(right) > MAX_BITS:
            raise SecurityError("the number grows too large")
        if operator == "+" and isinstance(left, str) and sum(sizes) > MAX_CHARACTERS:
            raise SecurityError(f"the text grows beyond {MAX_CHARACTERS} characters")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            raise SecurityError("the number grows too large")
        self.count(_measure(result) // CHARACTERS_PER_STEP)
        return self._weigh(result)

    def get_template(self, *args: Any, **kwargs: Any) -> Any:
        self.count(100)
        return super().get_template(*args, **kwargs)

    def _make_undefined(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> Undefined:
        return _Missing(hint, obj, name, exc, names=self.names if obj is missing else list_names(obj))

    # Filters and what the compiled templates use.

    def _count_filter(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The filter with the length of its input counted; Jinja reads what to pass from the attributes."""
        position = 1 if hasattr(function, "jinja_pass_arg") else 0

        def counted(*args: Any, **kwargs: Any) -> Any:
            value = args[position] if len(args) > position else ""
            if isinstance(value, str):
                self.count(len(value) // CHARACTERS_PER_STEP)
            elif isinstance(value, Sized) and not isinstance(value, Undefined):
                self.count(len(value))
            elif isinstance(value, Iterator):
                args = (*args[:position], self._count_loop(value), *args[position + 1 :])
            return function(*args, **kwargs)

        if position:
            counted.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
        return counted

    def _count_loop(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.count()
            yield value

    def _weigh(self, value: Any) -> Any:
        """The value itself, unless lists nested in it hold more than MAX_ITEMS items together."""
        if not isinstance(value, list | tuple | dict):
            return value
        weight = 0
        pending = [value]
        while pending:
            item = pending.pop()
            weight += len(item)
            if weight > MAX_ITEMS:
                raise SecurityError(f"a list grows beyond {MAX_ITEMS} items")
            members = item.values() if isinstance(item, dict) else item
            pending.extend(member for member in members if isinstance(member, list | tuple | dict))
        self.count(weight)
        return value

    def _join_counted(self, parts: Iterable[str]) -> str:
        kept: list[str] = []
        size = 0
        for part in parts:
            size += len(part)
            if size > MAX_CHARACTERS:
                raise SecurityError(f"the text grows beyond {MAX_CHARACTERS} characters")
            kept.append(part)
        self.count(size // CHARACTERS_PER_STEP)
        return "".join(kept)

    def _join_plain(self, parts: Iterable[Any]) -> str:
        return self._join_counted(str(_require_printable(part)) for part in parts)

    def _join(self, values: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
        """Of `Markdown` values with a plain separator of punctuation the result is `Markdown`."""
        if attribute is not None:
            values = map(filters.make_attrgetter(self, attribute), values)
        parts = [_require_printable(value) for value in self._count_loop(values)]
        woven = [item for part in parts for item in (separator, part)][1:]
        joined = self._join_counted(map(str, woven))
        harmless = isinstance(separator, Markdown) or not separator.strip(" ,;.")
        return Markdown(joined) if parts and harmless and all(isinstance(p, Markdown) for p in parts) else joined


class _ShippedCode(BytecodeCache):
    """Compiled templates of kbgen's own beside them, as Python keeps its own code (compiling the notes takes 30 ms).

    In ``__pycache__``, under the rules of ``.pyc`` files: as trusted as the program itself, so
    nothing of a project's is kept there, nor is anything read from a place that a repository can fill.
    """

    def __init__(self, shipped: Callable[[str], Path | None]) -> None:
        self._shipped = shipped

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        path = self._shipped(filename or "")
        return importlib.util.cache_from_source(f"{path}.py") if path is not None else ""

    def get_source_checksum(self, source: str) -> str:
        """Changes with the text, with Jinja's compiler and with what this module makes of a template."""
        makers = [os.stat(path) for path in (compiler.__file__, __file__)]
        stamp = ",".join(f"{maker.st_size}:{maker.st_mtime_ns}" for maker in makers)
        return hashlib.sha256(f"{stamp}\n{source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            if bucket.key:
                bucket.bytecode_from_string(Path(bucket.key).read_bytes())

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not bucket.key or sys.dont_write_bytecode:
            return
        target = Path(bucket.key)
        temporary = target.with_name(f"{target.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            target.parent.mkdir(exist_ok=True)
            temporary.write_bytes(bucket.bytecode_to_string())
            temporary.replace(target)


def format_plural(count: int, one: str, many: str) -> str:
    """``1 file``, ``3 files``, ``0 files``."""
    return f"{count} {one if count == 1 else many}"


def list_names(value: object) -> tuple[str, ...]:
    """The names that a template may write behind the value's dot, in the order of their definition."""
    if isinstance(value, Mapping):
        return tuple(sorted(key for key in value if isinstance(key, str)))
    if not dataclasses.is_dataclass(value):
        return ()
    fields = [field.name for field in dataclasses.fields(value)]
    kind = value if isinstance(value, type) else type(value)
    properties = [name for c in kind.__mro__ for name, member in vars(c).items() if isinstance(member, property)]
    return tuple(name for name in dict.fromkeys((*fields, *properties)) if not name.startswith("_"))


class _Missing(StrictUndefined):
    """A name that is not there; its message says which are, in a second line."""

    __slots__ = ("_names",)

    def __init__(self, hint: str | None, obj: Any, name: str | None, exc: Any, *, names: tuple[str, ...]) -> None:
        super().__init__(hint, obj, name, exc)
        self._names = names

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return str(self._undefined_hint)
        name = str(self._undefined_name)
        owner = "the page" if self._undefined_obj is missing else f"a {type(self._undefined_obj).__name__}"
        near = difflib.get_close_matches(name, self._names, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"{owner} has no {name!r}\n{hint}the names there are: {', '.join(self._names) or 'none'}"


_COUNT, _CONCAT, _WEIGH = "kbgen_count", "kbgen_concat", "kbgen_weigh"


class _Counting(NodeTransformer):
    """Puts the counting filters around what a template can repeat, grow or nest."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filter(node.iter, _COUNT)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), _CONCAT)

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        return _filter(node, _WEIGH)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        return _filter(node, _WEIGH)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return _filter(node, _WEIGH) if node.ctx == "load" else node


def _filter(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _on_text(function: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: function(_require_text(value))


def _require_text(value: Any) -> str:
    value = _require_printable(value)
    return value if isinstance(value, str) else str(value)


def _require_printable(value: Any) -> Any:
    """Texts and numbers only: the text of anything else is Python's, with addresses in it, and may be huge."""
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Undefined):
        return str(value)
    raise SecurityError(f"{'None' if value is None else f'a {type(value).__name__}'} is no text to print")


def _replace(value: str, old: str, new: str) -> str:
    value = _require_text(value)
    if len(value) + (value.count(old) if old else len(value) + 1) * len(new) > MAX_CHARACTERS:
        raise SecurityError(f"the text grows beyond {MAX_CHARACTERS} characters")
    return value.replace(old, new)


def _indent(value: str, width: int = 4, first: bool = False) -> str:
    blanks = " " * min(width, MAX_INDENT)
    lines = [blanks + line if line and (first or i) else line for i, line in enumerate(value.split("\n"))]
    return "\n".join(lines)


def _measure(value: Any) -> int:
    if isinstance(value, int):
        return value.bit_length()
    return len(value) if isinstance(value, Sized) and not isinstance(value, Undefined) else 0
