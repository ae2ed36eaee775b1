"""Programs from tiny sources."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from kbgen.extractors import extract_file
from kbgen.join import read_layout
from kbgen.join.program import Program
from kbgen.model import SourceFile
from kbgen.paths import is_test


def make_program(files: Mapping[str, str]) -> Program:
    texts = {path: textwrap.dedent(text) for path, text in files.items()}
    facts = {path: extract_file(SourceFile(path, f"b10b{path}", text)) for path, text in texts.items()}
    return Program(facts, is_test, list(texts), read_layout(texts, list(texts)))
