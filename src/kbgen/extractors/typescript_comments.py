"""The comments of a TypeScript file, judged by `kbgen.extractors.remarks`."""

from __future__ import annotations

from kbgen.extractors.remarks import CommentLine, Remark, clean_block, join_lines, make_facts
from kbgen.extractors.typescript_file import TypeScriptFile


def read_comments(file: TypeScriptFile) -> None:
    lines: list[CommentLine] = []
    for node in sorted(file.captures.get("comment", ()), key=lambda comment: comment.start_byte):
        text = file.read(node)
        line = file.find_line(node.start_byte)
        if text.startswith("//"):
            before = file.data[file.line_starts[line - 1] : node.start_byte]
            lines.append(CommentLine(line, not before.strip(), text[2:].strip()))
            continue
        form = "docstring" if text.startswith("/**") else "comment"
        words = clean_block(text.removeprefix("/*").removesuffix("*/").strip("*"))
        end = line + text.count("\n")
        _add_remark(file, Remark(line, end, words, form), node.start_byte)
    for remark in join_lines(lines):
        _add_remark(file, remark, file.line_starts[remark.line - 1])


def _add_remark(file: TypeScriptFile, remark: Remark, position: int) -> None:
    about = file.leading.get(remark.end_line + 1) or file.scopes.find(position)
    file.facts.extend(make_facts(file.path, remark, about))
