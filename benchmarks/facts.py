"""How fast are facts and diagrams? CPU, wall clock and memory of `kbgen` with all its processes, in a clone of its own.

    python benchmarks/facts.py REPOSITORY [--rounds 3]

Each round throws the cache away and asks, in this order: all kinds as JSON (cold), the overview, all kinds as JSON and
one kind again (warm), then from a fresh cache the overview (cold), and from a third one a diagram (cold, warm). The
lowest of the rounds counts, for other programs can only add to it. The repository itself is only cloned from.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ALL = ("facts", "--format", "json")
OVERVIEW = ("facts",)
ONE_KIND = ("facts", "symbol", "--format", "json")
DIAGRAM = ("diagram", "agent-mesh-topology", "--format", "json")
PLAN = (
    ("facts, all kinds as JSON, cold", ALL, True),
    ("facts, overview, warm", OVERVIEW, False),
    ("facts, all kinds as JSON, warm", ALL, False),
    ("facts, one kind as JSON, warm", ONE_KIND, False),
    ("facts, overview, cold", OVERVIEW, True),
    ("diagram, cold", DIAGRAM, True),
    ("diagram, warm", DIAGRAM, False),
    ("kbgen --help", ("--help",), False),
)
"""What to call it, the arguments, whether the cache is thrown away before."""


class Cost(NamedTuple):
    cpu_s: float
    """User and system time of the process and all below it."""
    wall_s: float
    largest_mb: float
    """Most memory that any one process held."""
    tree_mb: float
    """Most memory that all together held, seen ten times a second; shared pages count once. 0: cannot be told."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kbgen-benchmark-") as scratch:
        clone = Path(scratch, "clone")
        # Objects and all: what is measured reads packs as any clone has them.
        command = ["git", "clone", "-q", "--no-hardlinks", str(options.repository.absolute()), str(clone)]
        subprocess.run(command, check=True)
        costs = [list(run_plan(clone)) for _ in range(options.rounds)]
    print(f"{'':32} {'CPU s':>7} {'wall s':>7} {'MB, one':>8} {'MB, all':>8}")
    for (name, _, _), rounds in zip(PLAN, zip(*costs, strict=True), strict=True):
        best = Cost(*map(min, zip(*rounds, strict=True)))
        whole = f"{best.tree_mb:8.0f}" if best.tree_mb else f"{'?':>8}"
        print(f"{name:32} {best.cpu_s:7.2f} {best.wall_s:7.2f} {best.largest_mb:8.0f} {whole}")


def run_plan(clone: Path) -> Iterator[Cost]:
    for _, arguments, is_cold in PLAN:
        if is_cold:
            shutil.rmtree(clone / ".git" / "kbgen", ignore_errors=True)
        yield measure([sys.executable, "-m", "kbgen", "--quiet", *arguments], clone)


def measure(command: list[str], folder: Path) -> Cost:
    """Runs a command, its output thrown away as it comes."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    most = 0.0
    while True:
        # `wait4` tells of this process and those below it that it waited for; getrusage would mix all rounds.
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        most = max(most, weigh(process.pid))
        time.sleep(0.1)
    wall = time.perf_counter() - begin
    if status:
        sys.exit(f"{' '.join(command)} failed")
    # Kilobytes, but bytes on a Mac.
    unit = 1024.0**2 if sys.platform == "darwin" else 1024.0
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / unit, most)


def weigh(pid: int) -> float:
    """Megabytes of a process and all below it, 0 where the system does not say (only Linux does)."""
    total = 0.0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                total = int(line.split()[1]) / 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except (OSError, ValueError):
        return total  # it has ended meanwhile
    return total + sum(weigh(int(child)) for child in children)


if __name__ == "__main__":
    main()
