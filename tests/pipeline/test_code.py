"""Facts of a whole revision: each blob read once, notes for what was not, the same whoever does the reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from kbgen.adapters.workers import ProcessWorkers
from kbgen.config import Config
from kbgen.model import SkippedFile
from kbgen.pipeline.code import StoredCode
from tests.pipeline.doubles import LINK, SUBMODULE, MemoryFacts, MemoryTree

GATE = "def open_gate():\n    return 1\n"
FILES = {"src/gate.py": GATE, "web/door.ts": "export const door = 1;\n", "notes.txt": "def no_code(): ...\n"}


class Failing:
    """Workers that come to no end over some paths."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def run(self, work: Callable[[Any], Any], tasks: Iterable[Any], count: int) -> Iterator[tuple[Any, Any, str]]:
        for task in tasks:
            if task[0] in self.paths:
                yield task, None, "took more than 30 seconds to read"
            else:
                yield task, work(task), ""


def names(code: StoredCode, kind: str = "symbol") -> list[tuple[str, str]]:
    return [(f.path, f.name) for facts in code.load_all().values() for f in facts.facts if f.kind == kind]


def test_every_file_that_an_extractor_knows() -> None:
    code = StoredCode(MemoryTree(FILES), MemoryFacts(), Config())
    assert list(code.load_all()) == ["src/gate.py", "web/door.ts"]
    assert names(code) == [("src/gate.py", "open_gate"), ("web/door.ts", "door")]
    assert code.list_skipped() == ()


def test_what_tools_wrote_is_left_out() -> None:
    files = FILES | {"dist/gate.py": GATE, "made/x.py": GATE, "node_modules/a/index.js": "export const a = 1;\n"}
    code = StoredCode(MemoryTree(files), MemoryFacts(), Config(noise=("made/**",)))
    assert list(code.load_all()) == ["src/gate.py", "web/door.ts"]


def test_no_blob_is_read_twice_and_none_that_the_store_knows() -> None:
    store = MemoryFacts()
    first = MemoryTree(FILES | {"src/copy.py": GATE})
    code = StoredCode(first, store, Config())
    assert names(code) == [("src/copy.py", "open_gate"), ("src/gate.py", "open_gate"), ("web/door.ts", "door")]
    code.load_all()
    assert len(first.read) == 2
    second = MemoryTree(FILES | {"src/bell.py": "BELL = 1\n"})
    again = StoredCode(second, store, Config())
    assert names(again) == [("src/bell.py", "BELL"), ("src/gate.py", "open_gate"), ("web/door.ts", "door")]
    assert len(second.read) == 1


def test_the_same_bytes_in_two_languages_are_two_readings() -> None:
    code = StoredCode(MemoryTree({"a.py": "LATCH = 1\n", "b.ts": "LATCH = 1\n"}), MemoryFacts(), Config())
    assert ("a.py", "LATCH") in names(code)
    assert ("b.ts", "LATCH") not in names(code)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", "[1, 2, 3, 4]", '["a.py", "other", [], []]'])
def test_what_the_store_garbled_is_read_again(text: str) -> None:
    store = MemoryFacts()
    StoredCode(MemoryTree(FILES), store, Config()).load_all()
    store.facts = dict.fromkeys(store.facts, text)
    assert len(names(StoredCode(MemoryTree(FILES), store, Config()))) == 2


def test_links_and_submodules() -> None:
    files = FILES | {"link.py": "src/gate.py", "module.py": "0"}
    code = StoredCode(MemoryTree(files, {"link.py": LINK, "module.py": SUBMODULE}), MemoryFacts(), Config())
    assert list(code.load_all()) == ["src/gate.py", "web/door.ts"]
    assert code.list_skipped() == (SkippedFile("module.py", "is a submodule, another repository"),)


def test_files_that_are_no_text_and_files_too_large_have_notes() -> None:
    files: dict[str, str | bytes] = {
        "binary.py": b"x = 1\n\0\1",
        "large.py": "x = 1\n",
        "latin.py": "AGE = 1\nNAME = 'Zo\xeb'\n".encode("latin-1"),
        "utf16.ts": "export const a = 1;\n".encode("utf-16"),
    }
    store = MemoryFacts()
    for _ in range(2):
        code = StoredCode(MemoryTree(files, oversized=["large.py"]), store, Config())
        assert [(note.path, note.why.partition(",")[0].partition(";")[0]) for note in code.list_skipped()] == [
            ("binary.py", "is binary"),
            ("large.py", "99999999 bytes"),
            ("latin.py", "is no UTF-8 text from line 2 on"),
            ("utf16.ts", "is binary"),
        ]
        assert names(code) == [("latin.py", "AGE"), ("latin.py", "NAME")]


def test_a_file_that_no_worker_comes_to_an_end_with() -> None:
    store = MemoryFacts()
    code = StoredCode(MemoryTree(FILES), store, Config(), Failing("src/gate.py"))
    assert names(code) == [("web/door.ts", "door")]
    note = SkippedFile("src/gate.py", "took more than 30 seconds to read")
    assert code.list_skipped() == (note,)
    # It would take as long the next time.
    assert StoredCode(MemoryTree(FILES), store, Config(), Failing()).list_skipped() == (note,)


def test_many_files_in_many_processes_give_what_one_gives() -> None:
    files = {f"src/m{number}.py": f"def f{number}():\n    return g{number}(1)\n" for number in range(240)}
    one = StoredCode(MemoryTree(files), MemoryFacts(), Config())
    store = MemoryFacts()
    many = StoredCode(MemoryTree(files), store, Config(), ProcessWorkers(processes=3), progress := Steps())
    assert dict(many.load_all()) == dict(one.load_all())
    assert list(many.load_all()) == sorted(files)
    assert len(store.facts) == 240
    assert progress.told == ["start reading files 240", *["advance"] * 240, "finish"]


class Steps:
    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self, label: str, total: int | None) -> None:
        self.told.append(f"start {label} {total}")

    def advance(self, steps: int = 1) -> None:
        self.told.append("advance")

    def finish(self) -> None:
        self.told.append("finish")


def test_what_was_read_before_an_interruption_is_kept() -> None:
    class Interrupted(Failing):
        def run(self, work: Callable[[Any], Any], tasks: Iterable[Any], count: int) -> Iterator[tuple[Any, Any, str]]:
            for number, answer in enumerate(super().run(work, tasks, count)):
                if number == 150:
                    raise KeyboardInterrupt
                yield answer

    files = {f"m{number}.py": f"X = {number}\n" for number in range(200)}
    store = MemoryFacts()
    with pytest.raises(KeyboardInterrupt):
        StoredCode(MemoryTree(files), store, Config(), Interrupted()).load_all()
    assert len(store.facts) == 100


def test_code_on_demand_leaves_out_what_is_no_code() -> None:
    tree = MemoryTree({"a.py": GATE, "package.json": "{}", "b.md": "# Title\n"})
    entries = tree.list_entries()
    code = StoredCode(tree, MemoryFacts(), Config())
    assert [path for path, _ in code.load([(p, e.blob) for p, e in entries.items()])] == ["a.py"]
