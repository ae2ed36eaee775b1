"""Facts as they are kept for printing: by kind, each a line of JSON; two hundred thousand are nothing unusual."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

RAW_KINDS = frozenset(
    """
    binding call comment config decorator except field heading import jsx param raise reference return table with
    """.split()
)
"""What files say word for word: there for the joins and for those who ask by name, too much for an overview."""
KNOWN_KINDS = RAW_KINDS | frozenset(
    """
    artifact base copy datasource dependency depends entry env hook_command job mock package port route schema script
    service setting step symbol target test_case
    """.split()
)
"""The kinds that extractors document, found or not."""

ROW_END = ",\n  "
"""Between two rows, in what is kept as in what is printed; no row holds a line break."""


@dataclass(frozen=True, slots=True)
class KindRows:
    """Facts of one kind, by path and line, each a line of JSON; `ROW_END` stands between them."""

    kind: str
    text: str
    total: int
    """How many there are; the text may hold the first of them only."""

    def read_facts(self) -> list[Any]:
        return [json.loads(row) for row in self.text.split(ROW_END)] if self.text else []


def write_rows(tables: Iterable[KindRows]) -> Iterator[str]:
    """`kbgen facts` as one JSON list with a fact a line, in pieces that put together are the document."""
    before = "[\n  "
    for table in tables:
        if table.text:
            yield before
            yield table.text
            before = ROW_END
    yield "[]" if before != ROW_END else "\n]"
