"""Write output/sample: what the sample project gives, for readers who want to see before they install.

    scripts/refresh_sample_output.py [--check]

`docs/stories/` holds the story files with their notes, the rest of `docs/` and what begins with a dot the knowledge
base that `kbgen build` writes, `show-ID.json` the answer of ``kbgen show ID --format json``, `stories.txt` that of
``kbgen stories --unlinked``.
With `--check` nothing is written; exit code 1 names what is stale.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kbgen.reports import report_record
from kbgen.reports.text import show_stories
from kbgen.wiring import make_demo, open_run

TARGET = Path(__file__).parent.parent / "output" / "sample"
SHOWN = ("DM-01.6", "DM-02.7")


def main(arguments: Sequence[str] | None = None, target: Path = TARGET) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when something is stale")
    check = parser.parse_args(arguments).check
    fresh, kept = build_sample_output(), read_sample_output(target)
    stale = sorted(path for path in fresh.keys() | kept.keys() if fresh.get(path) != kept.get(path))
    for path in stale:
        print(f"{'stale' if check else 'written' if path in fresh else 'removed'}: {path}")
    if stale and not check:
        shutil.rmtree(target, ignore_errors=True)
        for path, content in fresh.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(content)
    return 1 if stale and check else 0


def build_sample_output() -> Mapping[str, bytes]:
    """Path below the target -> content, from a sample made for this."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample"
        _, notes, built = make_demo(sample, force=False, quiet=True)
        found = {path: (sample / path).read_bytes() for path in (*notes.written, *built.written)}
        with open_run(sample, None, quiet=True) as run:
            for story in SHOWN:
                found[f"show-{story}.json"] = _encode(
                    json.dumps(report_record(run.show(story)), indent=2, ensure_ascii=False)
                )
            rows, loose = run.list_stories([], unlinked=True, stale=False)
            found["stories.txt"] = _encode("\n".join(line.text.rstrip() for line in show_stories(rows, loose)))
    return dict(sorted(found.items()))


def read_sample_output(target: Path = TARGET) -> Mapping[str, bytes]:
    """What is there, in the same form."""
    files = (path for path in target.rglob("*") if path.is_file())
    return dict(sorted((path.relative_to(target).as_posix(), path.read_bytes()) for path in files))


def _encode(text: str) -> bytes:
    return f"{text}\n".encode()


if __name__ == "__main__":
    sys.exit(main())
