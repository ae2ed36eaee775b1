"""Check that every path, symbol, commit, number and quotation in kbgen's own blocks resolves at a revision.

    scripts/check_notes.py --repo CHECKOUT [--rev REV] FILE…
    scripts/check_notes.py --repo CHECKOUT [--rev REV] --all

A FILE is a path in the checkout, or any other file on disk; `--all` takes every Markdown file of the work tree that
has a block. One line for each statement that does not resolve, then a table of kinds and verdicts. Exit code 1 when
anything fails, 2 when it could not run.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kbgen.claims import KINDS
from kbgen.errors import KbgenError
from kbgen.model import Judgement
from kbgen.pipeline.verify import check_blocks, find_failures
from kbgen.wiring import open_run

_MARKER = b"kbgen:begin"
_VERDICTS = ("holds", "refuted", "moved", "doubtful", "unverifiable")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _read_arguments(arguments)
    top = options.repo.resolve()
    try:
        found = _check(top, options.rev, _list_files(top, options.files))
    except (KbgenError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    failures = find_failures(found)
    for judgement in failures:
        print(_show(judgement))
    print(_show_table(found))
    return 1 if failures else 0


def _read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True, help="a checkout")
    parser.add_argument("--rev", help="the revision to judge against (default: HEAD)")
    parser.add_argument("--all", action="store_true", help="every Markdown file with a block")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    if options.all == bool(options.files):
        parser.error("name files, or --all")
    return options


def _list_files(top: Path, named: Sequence[Path]) -> tuple[Path, ...]:
    if named:
        return tuple(top / path if (top / path).is_file() else path for path in named)
    inside = (path for path in sorted(top.rglob("*.md")) if path.is_file() and ".git" not in path.parts)
    return tuple(path for path in inside if _MARKER in path.read_bytes())


def _check(top: Path, rev: str | None, files: Sequence[Path]) -> tuple[Judgement, ...]:
    documents = {_name(top, file): file.read_bytes() for file in files}
    with open_run(top, rev, quiet=True) as run:
        return check_blocks(run.project, documents)


def _name(top: Path, file: Path) -> str:
    path = file.resolve()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else file.as_posix()


def _show(judgement: Judgement) -> str:
    claim = judgement.claim
    said = f"{claim.file}:{claim.line}: {claim.kind} {claim.value[:120]!r} ({claim.mode}) {judgement.verdict}"
    return f"{said}: {judgement.hint}" if judgement.hint else said


def _show_table(found: Sequence[Judgement]) -> str:
    counts = Counter((j.claim.kind, j.verdict) for j in found)
    rows = [["", *_VERDICTS, "all"]]
    for kind in (*KINDS, "all"):
        row = [sum(n for (k, v), n in counts.items() if kind in (k, "all") and v == verdict) for verdict in _VERDICTS]
        rows.append([kind, *map(str, row), str(sum(row))])
    return "\n".join(f"{row[0]:8}" + "".join(f"{cell:>14}" for cell in row[1:]) for row in rows)


if __name__ == "__main__":
    sys.exit(main())
