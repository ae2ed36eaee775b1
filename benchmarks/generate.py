"""Make a large repository to measure on: many commits, a deep tree, side branches, merges, renames, story IDs.

    python benchmarks/generate.py FOLDER [--commits 50000] [--files 6000]

The same arguments give the same repository, hash for hash. The figures it is shaped after (three and a half changed
files in a commit, one commit in eight a merge, a tree five folders deep) are those of large public projects. History is
written as one stream for ``git fast-import`` (https://git-scm.com/docs/git-fast-import); 50,000 commits take a minute.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

BEGIN_S = 1_400_000_000
AREAS = ("core", "api", "web", "agents", "plugins", "storage", "docs", "tests")
PARTS = ("auth", "billing", "cache", "events", "mesh", "metrics", "models", "queue", "router", "views")
VERBS = ("Add", "Fix", "Move", "Speed up", "Split", "Document", "Test", "Simplify")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commits", type=int, default=50_000)
    parser.add_argument("--files", type=int, default=6_000)
    options = parser.parse_args()
    if options.folder.exists():
        sys.exit(f"{options.folder} exists; name a folder that does not")
    generate(options.folder, options.commits, options.files)


def generate(folder: Path, commits: int, files: int) -> None:
    """A bare repository in `folder` with the branch ``main``."""
    subprocess.run(["git", "init", "-q", "--bare", "--template=", "-b", "main", str(folder)], check=True)
    importer = subprocess.Popen(["git", "fast-import", "--quiet", "--done"], cwd=folder, stdin=subprocess.PIPE)
    assert importer.stdin is not None
    with importer.stdin as stdin:
        for piece in write_stream(commits, files):
            stdin.write(piece.encode())
    if importer.wait():
        sys.exit("git fast-import failed")
    # As a clone would have it: one pack, its deltas searched.
    subprocess.run(["git", "repack", "-adq"], cwd=folder, check=True)


def write_stream(commits: int, files: int) -> Iterator[str]:
    """The history for fast-import; marks are the commits' numbers."""
    dice = random.Random(1)
    paths = [make_path(number) for number in range(files)]
    lines = {path: [f"line {n} of {path}" for n in range(12)] for path in paths}
    yield write_commit(1, "Begin", (), [f"M 644 inline {path}\n{data(lines[path])}" for path in paths])
    main_tip, branch_tip = 1, 0
    branch: list[str] = []
    """What the side branch has changed so far; its merge writes it again, for its tree begins as the first parent's."""
    length = 0
    for number in range(2, commits + 1):
        if branch_tip and length >= dice.randint(3, 11):
            subject = f"Merge pull request #{number} from someone/story/ab-{number % 90:02}-{number % 9}"
            yield write_commit(
                number, f"{subject}\n\n{VERBS[number % 8]} the next part", (main_tip, branch_tip), branch
            )
            main_tip, branch_tip, branch, length = number, 0, [], 0
            continue
        changes = list(write_changes(number, dice, paths, lines))
        message = write_message(number, dice)
        if branch_tip or dice.random() < 0.15:
            yield write_commit(number, message, (branch_tip or main_tip,), changes)
            branch_tip, branch, length = number, branch + changes, length + 1
        else:
            yield write_commit(number, message, (main_tip,), changes)
            main_tip = number
    yield f"reset refs/heads/main\nfrom :{branch_tip or main_tip}\ndone\n"


def make_path(number: int) -> str:
    area, part = AREAS[number % 8], PARTS[number // 8 % 10]
    return f"src/{area}/{part}/group_{number // 80 % 15}/module_{number}.py"


def write_changes(number: int, dice: random.Random, paths: list[str], lines: dict[str, list[str]]) -> Iterator[str]:
    for _ in range(min(1 + int(dice.expovariate(0.36)), 40)):
        place = dice.randrange(len(paths))
        path = paths[place]
        if dice.random() < 0.02:
            renamed = path.replace(".py", f"_{number}.py") if len(path) < 80 else make_path(len(paths) + number)
            paths[place] = renamed
            lines[renamed] = lines.pop(path)
            yield f"R {path} {renamed}\n"
            continue
        if dice.random() < 0.04:
            path = make_path(len(paths) + number)
            paths.append(path)
            lines[path] = [f"line {n} of {path}" for n in range(12)]
        lines[path][dice.randrange(12)] = f"changed by {number}"
        yield f"M 644 inline {path}\n{data(lines[path])}"


def write_message(number: int, dice: random.Random) -> str:
    story = f"AB-{dice.randrange(1, 90):02}.{dice.randrange(1, 10)}"
    subject = f"{dice.choice(VERBS)} the {dice.choice(PARTS)} of {dice.choice(AREAS)}"
    if dice.random() < 0.4:
        subject += f" ({story})"
    body = [f"- {dice.choice(VERBS)} {dice.choice(PARTS)} in {dice.choice(AREAS)}" for _ in range(number % 6)]
    if dice.random() < 0.2:
        body.append(f"Part of {story}, see #{number}.")
    return "\n".join([subject, "", *body, "", "Signed-off-by: Ada Author <ada@example.com>"])


def write_commit(number: int, message: str, parents: tuple[int, ...], changes: list[str]) -> str:
    who = f"Author {number % 97} <author{number % 97}@example.com> {BEGIN_S + number * 600} +0000"
    above = "".join(f"{word} :{parent}\n" for word, parent in zip(("from", "merge"), parents, strict=False))
    head = f"commit refs/heads/side\nmark :{number}\nauthor {who}\ncommitter {who}\n{data([message])}{above}"
    return head + "".join(changes)


def data(lines: list[str]) -> str:
    text = "\n".join(lines) + "\n"
    return f"data {len(text.encode())}\n{text}"


if __name__ == "__main__":
    main()
