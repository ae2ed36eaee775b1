"""Whether built pages name only what a repository has, and whether their links lead somewhere.

    python scripts/check_pages.py DOCS REPOSITORY [--list]

DOCS is what `kbgen build --output DOCS` wrote for REPOSITORY at HEAD. Names are the words of code spans and code
blocks, outside guidance; a name has evidence when code, configuration, a path or a commit's subject of the repository
has it, or a file in DOCS that is no document. Text of Markdown documents is no evidence: a plan's examples are no
facts. Ends with 1 below 98 % or with a link that leads nowhere.
"""

from __future__ import annotations

import argparse
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

WANTED = 0.98
_DOCUMENTS = (".md", ".mdx", ".markdown")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_FENCE = re.compile(r"^(?:> ?)*\s*(`{3,}|~{3,})\s*([\w+-]*)")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"\]\(<?([^)>\s]+)>?\)")
_WORD = re.compile(r"\w{3,}|\b\d{2}\b")
_BLOCK = re.compile(r"<!-- kbgen:(begin|end) (\S+)")
_NOTES = "implementation-notes"
"""The block of notes: these quote plans, and say what became of them."""
_FROM_PULL = "../blob/HEAD/"
_GENERAL = frozenset(
    "make curl docker compose logs exec openssl kubectl grep git bash npx http https localhost PORT HOST null true "
    "false none "
    "GET POST PUT PATCH DELETE HEAD OPTIONS ANY json jq rand base64 config restart down ps nginx caddy redis cli ping "
    "psql nghttp python3 pip pipx brew install semgrep sed head tail sort uniq env export printenv".split()
)
"""General tools, their subcommands, and words of HTTP, which commands for a reader are made of."""


@dataclass(frozen=True, slots=True)
class Missing:
    page: str
    line: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    names: int
    """Names of all pages, each use counted."""
    missing: tuple[Missing, ...]
    broken: tuple[tuple[str, int, str], ...]
    """(page, line, target) of links that lead nowhere."""

    @property
    def share(self) -> float:
        return 1 - len(self.missing) / self.names if self.names else 1.0


def check(docs: Path, repository: Path) -> Report:
    pages = {p.relative_to(docs).as_posix(): _keep_ours(p.read_text("utf-8")) for p in sorted(docs.rglob("*.md"))}
    paths = _git(repository, "ls-tree", "-r", "--name-only", "-z", "HEAD").split("\0")[:-1]
    # What a page says of a file that was written with it (rules, a hook's script) has its evidence there.
    beside = [
        p for p in sorted(docs.rglob("*")) if p.is_file() and p.suffix.lower() not in (*_DOCUMENTS, ".excalidraw")
    ]
    known = _read_words(repository, paths).union(*(_WORD.findall(p.read_text("utf-8", "replace")) for p in beside))
    missing: list[Missing] = []
    names = 0
    for page, text in pages.items():
        for line, span in list_spans(text):
            for word in _WORD.findall(span):
                if word in _GENERAL:
                    continue
                names += 1
                if word not in known:
                    missing.append(Missing(page, line, word, span))
    everything = {*paths, *(p.relative_to(docs).as_posix() for p in docs.rglob("*") if p.is_file())}
    broken = [each for page, text in pages.items() for each in _find_broken(page, text, pages, everything)]
    return Report(names, tuple(missing), tuple(broken))


def _keep_ours(text: str) -> str:
    """Lines of our blocks and all headings; what people wrote beside is not ours to judge."""
    lines: list[str] = []
    ours = False
    for line in text.splitlines():
        mark = _BLOCK.match(line)
        if mark:
            ours = mark[1] == "begin" and mark[2] != _NOTES
        lines.append(line if ours or _HEADING.match(line) else "")
    return "\n".join(lines)


def list_spans(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of code spans and lines of code blocks, outside guidance and diagrams."""
    depth = 0
    fence = ""
    quoted = drawn = False
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        heading = None if fence else _HEADING.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence, drawn = ("", False) if fence else (mark[1], mark[2] == "mermaid")
            continue
        if heading:
            level = len(heading[1])
            if depth and level <= depth:
                depth = 0
            if not depth and heading[2].endswith("(guidance)"):
                depth = level
        quoted = line.startswith(">") and (quoted or "**Guidance.**" in line)
        if depth or quoted or drawn:
            continue
        if fence:
            yield number, line
        else:
            for span in _SPAN.finditer(line):
                yield number, span[2]


def _read_words(repository: Path, paths: Iterable[str]) -> frozenset[str]:
    known: set[str] = set()
    for path in paths:
        known.update(_WORD.findall(path))
    code = [path for path in paths if not path.lower().endswith(_DOCUMENTS)]
    done = subprocess.run(
        ["git", "-C", str(repository), "cat-file", "--batch", "--buffer"],
        input="".join(f"HEAD:{path}\n" for path in code if "\n" not in path).encode(),
        capture_output=True,
        check=True,
    )
    known.update(_WORD.findall(done.stdout.decode("utf-8", "replace")))
    known.update(_WORD.findall(_git(repository, "log", "--format=%H %h %an %s %ad", "--date=short")))
    known.update(sha[:12] for sha in _git(repository, "log", "--format=%H").split())
    return frozenset(known)


def _find_broken(page: str, text: str, pages: dict[str, str], everything: set[str]) -> Iterator[tuple[str, int, str]]:
    folders = {str(parent) for path in everything for parent in PurePosixPath(path).parents}
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        if fence:
            continue
        for target in _LINK.findall(_SPAN.sub("", line)):
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            # A pull request's own address ends in /pull/N: from there this leads to a file of the branch.
            if page.startswith(".github/") and target.startswith(_FROM_PULL):
                target = posixpath.relpath(target.removeprefix(_FROM_PULL), posixpath.dirname(page))
            path, _, anchor = unquote(target).partition("#")
            full = _normalise(PurePosixPath(page).parent / path) if path else page
            if (full not in everything and full not in folders) or (
                anchor and full in pages and anchor not in _list_anchors(pages[full])
            ):
                yield page, number, target


def _normalise(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return ".."
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _list_anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    found: set[str] = set()
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            plain = re.sub(r"[^\w\- ]", "", heading[2].lower()).replace(" ", "-")
            count = 0
            while (anchor := f"{plain}-{count}" if count else plain) in found:
                count += 1
            found.add(anchor)
    return found


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("docs", type=Path)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--list", action="store_true", help="list every name without evidence")
    options = parser.parse_args()
    report = check(options.docs, options.repository)
    for page, line, target in report.broken:
        print(f"{page}:{line}: link leads nowhere: {target}")
    if options.list or report.share < WANTED:
        for each in report.missing:
            print(f"{each.page}:{each.line}: {each.name} in {each.text.strip()[:100]}")
    print(f"{report.names} names, {report.share:.1%} with evidence; {len(report.broken)} links lead nowhere")
    return 0 if report.share >= WANTED and not report.broken else 1


if __name__ == "__main__":
    sys.exit(main())
