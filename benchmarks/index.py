"""How fast is the history index? CPU seconds of kbgen with its git, beside git's own log alone, in one run.

    python benchmarks/index.py REPOSITORY [--rounds 3]

The cache folder of the repository (``kbgen/`` in its git directory) is thrown away before each full index. Make a
large one with `benchmarks/generate.py`. The lowest of the rounds counts, for other programs can only add to it.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
from pathlib import Path

INDEX = """
import sys
from pathlib import Path
from kbgen.adapters.git import open_repository
from kbgen.adapters.sqlite import open_history
from kbgen.ids import Grammar, discover_grammar, find_mentions
with open_repository(Path(sys.argv[1])) as git, open_history(git) as history:
    grammar = discover_grammar([], history.list_subjects())
    history.use_grammar(lambda text: find_mentions(text, grammar), "benchmark")
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = options.repository
    find_cache = ["git", "-C", str(folder), "rev-parse", "--path-format=absolute", "--git-common-dir"]
    cache = Path(subprocess.run(find_cache, capture_output=True, text=True, check=True).stdout.strip(), "kbgen")
    index = [sys.executable, "-c", INDEX, str(folder)]
    rows: dict[str, list[float]] = {"git log -z --raw -M": [], "full index": [], "nothing new": [], "kbgen --help": []}
    for _ in range(options.rounds):
        rows["git log -z --raw -M"].append(measure(["git", "-C", str(folder), "log", "-z", "--raw", "-M"])[0])
        shutil.rmtree(cache, ignore_errors=True)
        seconds, memory = measure(index)
        rows["full index"].append(seconds)
        rows["nothing new"].append(measure(index)[0])
        rows["kbgen --help"].append(measure([sys.executable, "-m", "kbgen", "--help"])[0])
    best = {name: min(seconds) for name, seconds in rows.items()}
    for name, seconds in best.items():
        print(f"{name:22} {seconds:7.3f} s CPU")
    print(f"full index / git log   {best['full index'] / best['git log -z --raw -M']:7.2f}")
    print(f"memory of kbgen        {memory.strip():>7} MB")


def measure(command: list[str]) -> tuple[float, str]:
    """(CPU seconds of a command and its children, what it printed last)"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    last = b""
    while chunk := process.stdout.read(1 << 16):
        last = chunk[-100:]
    process.stdout.close()
    if process.wait():
        sys.exit(f"{command[0]} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, last.decode("utf-8", "replace")


if __name__ == "__main__":
    main()
