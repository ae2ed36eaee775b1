"""Facts of Prisma schemas.

``datasource``
    `name`, `value` its URL as written. [provider; url: the environment variable that holds it; direct: that of
    ``directUrl``]
``schema``
    A model, enum, type or view. `name`, `value` its fields or members, up to 200 characters. [source: prisma;
    kind: model, enum, type, view; table: the name in the database; fields: how many; relations: other models
    that its fields name, blank-joined]
``field``
    A field of a model or view that is no relation. `symbol` is the model, `value` its default as an expression,
    empty for none and for what the database computes (``now()``). [type: as written, ``Int?``; column: its name in
    the database where it differs]
``config``
    Generators: ``generator.client.provider``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kbgen.expressions import encode_expr
from kbgen.extractors.base import shorten, sort_facts
from kbgen.extractors.lines import read_lines
from kbgen.extractors.nodes import keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT, hide_credentials
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".prisma",)
VERSION = "prisma-3"

_BLOCK = LazyPattern(r"(model|enum|type|view|datasource|generator)\s+(\w+)\s*\{")
_FIELD = LazyPattern(r"\s*(\w+)(?:\s+(\w+)(\[\])?(\?)?)?")
_MAP = LazyPattern(r"""@@map\(\s*(?:name:\s*)?"([^"]+)"\s*\)""")
_COLUMN = LazyPattern(r"""\s@map\(\s*(?:name:\s*)?"([^"]+)"\s*\)""")
_DEFAULT = LazyPattern(r"""\s@default\(\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?|true|false)|([A-Za-z_]\w*))\s*\)""")
_ASSIGNMENT = LazyPattern(r"""(\w+)\s*=\s*((?:"[^"]*"|[^"/]|/(?!/))+)""")
_ENV = LazyPattern(r"""env\(\s*["'](\w+)["']\s*\)""")
_SCALARS = frozenset("String Boolean Int BigInt Float Decimal DateTime Json Bytes Unsupported".split())


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    line: int
    type: str
    default: str
    column: str


class _Block:
    def __init__(self, kind: str, name: str, line: int) -> None:
        self.kind = kind
        self.name = name
        self.line = line
        self.fields: list[str] = []
        self.columns: list[_Column] = []
        self.relations: list[str] = []
        self.table = ""
        self.values: dict[str, tuple[int, str]] = {}


def extract(source: SourceFile) -> FileFacts:
    lines, skipped = read_lines(source)
    blocks: list[_Block] = []
    faults: list[str] = []
    block: _Block | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        opened = _BLOCK.fullmatch(text.partition("//")[0].rstrip())
        if opened is not None:
            if block is not None:
                faults.append(_miss_end(block))
            block = _Block(opened[1], opened[2], number)
            blocks.append(block)
        elif not text or text.startswith("//"):
            continue
        elif text.startswith("}"):
            block = None
        elif block is not None:
            _read_line(block, number, text)
    if block is not None:
        faults.append(_miss_end(block))
    models = {found.name for found in blocks if found.kind in ("model", "view")}
    facts = [fact for found in blocks for fact in _make_facts(source.path, found, models)]
    notes = tuple(SkippedFile(source.path, why) for why in faults)
    return FileFacts(source.path, source.blob, sort_facts(facts), (*skipped, *notes))


def _miss_end(block: _Block) -> str:
    return f"the block in line {block.line} has no end"


def _read_line(block: _Block, number: int, text: str) -> None:
    if block.kind in ("datasource", "generator"):
        match = _ASSIGNMENT.match(text)
        if match is not None:
            block.values[match[1]] = (number, match[2].strip())
        return
    if text.startswith("@@"):
        table = _MAP.match(text)
        block.table = table[1] if table is not None else block.table
        return
    field = _FIELD.match(text)
    if field is not None:
        block.fields.append(field[1])
        if block.kind in ("model", "view") and field[2]:
            type_ = f"{field[2]}{field[3] or ''}{field[4] or ''}"
            column = _COLUMN.search(text)
            name = column[1] if column is not None else ""
            block.columns.append(_Column(field[1], number, type_, _read_default(text), name))
        if block.kind != "enum" and field[2] and field[2] not in _SCALARS:
            block.relations.append(field[2])


def _read_default(text: str) -> str:
    """The default of a field as an expression; ``""`` for none, for a list and for a function of the database."""
    default = _DEFAULT.search(text)
    if default is None:
        return ""
    if default[1] is not None or default[3]:
        return encode_expr(default[1] if default[1] is not None else default[3])
    return default[2]


def _make_facts(path: str, block: _Block, models: Collection[str]) -> list[Fact]:
    if block.kind == "generator":
        return [
            Fact("config", f"generator.{block.name}.{key}", path, line, shorten(text.strip('"'), VALUE_LIMIT))
            for key, (line, text) in block.values.items()
        ]
    if block.kind == "datasource":
        url, direct = (block.values.get(key, (0, ""))[1] for key in ("url", "directUrl"))
        attrs = keep_attrs(
            ("provider", block.values.get("provider", (0, ""))[1].strip('"')),
            ("url", _find_variable(url)),
            ("direct", _find_variable(direct)),
        )
        return [Fact("datasource", block.name, path, block.line, hide_credentials(url.strip('"')), "", "", attrs)]
    attrs = keep_attrs(
        ("source", "prisma"),
        ("kind", block.kind),
        ("table", block.table),
        ("fields", str(len(block.fields))),
        ("relations", " ".join(dict.fromkeys(block.relations))),
    )
    value = shorten(", ".join(block.fields), VALUE_LIMIT)
    return [
        Fact("schema", block.name, path, block.line, value, "", "", attrs),
        *(
            Fact(
                "field", each.name, path, each.line, each.default, block.name, "",
                keep_attrs(("type", each.type), ("column", each.column)),
            )
            for each in block.columns
            if each.type.rstrip("[]?") not in models
        ),
    ]  # fmt: skip


def _find_variable(text: str) -> str:
    match = _ENV.search(text)
    return match[1] if match is not None else ""
