"""All facts of a revision: merged layers, evidence for each, and the same rows whether computed or kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.config import Config
from kbgen.errors import UsageError
from kbgen.model import Fact, SkippedFile
from kbgen.pipeline.code import StoredCode
from kbgen.pipeline.facts import (
    AllFacts,
    FactBook,
    collect_facts,
    merge_layers,
    require_kinds,
    select_paths,
)
from tests.pipeline.doubles import SUBMODULE, MemoryFacts, MemoryTree, name_blob

APP = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/gates/{gate_id}")
def read_gate(gate_id: str):
    return find_gate(gate_id)


class Gate:
    def open(self):
        def swing():
            return turn(90)
        return swing()
"""
FILES = {
    "api/main.py": APP,
    "api/tests/test_main.py": "def test_gate():\n    assert read_gate('1')\n",
    "web/env.ts": "export const port = process.env.GATE_PORT || '7777';\n",
    "sub": "0",
}
KEY = "f" * 40 + "-code"


def collect(files: dict[str, str] = FILES) -> AllFacts:
    modes = {"sub": SUBMODULE} if "sub" in files else {}
    return collect_facts(StoredCode(MemoryTree(files, modes), MemoryFacts(), Config()), Config())


def make_book(store: MemoryFacts | None = None) -> tuple[FactBook, list[int]]:
    """A book, and a list that grows each time it has to compute."""
    computed: list[int] = []

    def compute() -> AllFacts:
        computed.append(1)
        return collect()

    return FactBook(compute, store, KEY), computed


class TestCollect:
    def test_raw_and_joined_in_one_order(self) -> None:
        found = collect()
        order = [(f.kind, f.path, f.line, f.symbol, f.name) for f in found.facts]
        assert order == sorted(order)
        assert {"symbol", "call", "test_case", "env", "route"} <= {f.kind for f in found.facts}
        assert found.read == ("api/main.py", "api/tests/test_main.py", "web/env.ts")
        assert found.skipped == (SkippedFile("sub", "is a submodule, another repository"),)

    def test_a_route_stands_once(self) -> None:
        routes = [f for f in collect().facts if f.kind == "route"]
        assert [f.name for f in routes] == ["GET /gates/{gate_id}"]

    def test_the_order_of_the_files_does_not_matter(self) -> None:
        assert collect(dict(reversed(FILES.items()))).facts == collect().facts

    def test_every_fact_has_path_line_and_hash(self) -> None:
        found = collect()
        for fact in found.facts:
            assert fact.path in FILES
            assert fact.line >= 1
            assert found.find_hash(fact)

    def test_the_hash_is_that_of_the_innermost_definition(self) -> None:
        found = collect()
        symbols = {f.symbol: f.hash for f in found.facts if f.kind == "symbol" and f.path == "api/main.py"}
        calls = {f.name: f for f in found.facts if f.kind == "call" and f.path == "api/main.py"}
        assert found.find_hash(calls["find_gate"]) == symbols["read_gate"]
        assert found.find_hash(calls["turn"]) == symbols["Gate.open"]
        assert found.find_hash(calls["FastAPI"]) == name_blob(APP.encode())
        inside = replace(calls["turn"], symbol="Gate.open.swing.inner")
        assert found.find_hash(inside) == symbols["Gate.open"]
        assert found.find_hash(replace(inside, symbol="Nothing.at.all")) == name_blob(APP.encode())
        assert found.find_hash(replace(inside, path="gone.py")) == ""
        own = replace(inside, hash="abc")
        assert found.find_hash(own) == "abc"

    def test_nothing_at_all(self) -> None:
        found = collect({"README": "Hello\n"})
        assert (found.facts, found.read, found.skipped) == ((), (), ())


class TestMerge:
    def test_a_later_layer_replaces_what_an_earlier_one_says_there(self) -> None:
        plain = Fact("route", "GET /a", "a.py", 3)
        other = Fact("route", "GET /b", "a.py", 9)
        call = Fact("call", "get", "a.py", 3)
        joined = (Fact("route", "GET /v1/a", "a.py", 3), Fact("route", "GET /v2/a", "a.py", 3))
        assert merge_layers([plain, call, other], joined) == (call, *joined, other)

    def test_a_fact_that_stands_twice_is_one(self) -> None:
        fact = Fact("call", "get", "a.py", 3)
        assert merge_layers([fact, fact]) == (fact,)

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(
        st.lists(
            st.builds(
                Fact,
                st.sampled_from("ab"),
                st.sampled_from("xyz"),
                st.sampled_from(["p", "q"]),
                st.integers(1, 3),
                symbol=st.sampled_from(["", "S"]),
            )
        ),
        st.randoms(use_true_random=False),
    )
    def test_order_does_not_matter_and_nothing_is_lost(self, facts: list[Fact], dice: object) -> None:
        shuffled = list(facts)
        dice.shuffle(shuffled)  # type: ignore[attr-defined]
        assert merge_layers(shuffled) == merge_layers(facts)
        assert set(merge_layers(facts)) == set(facts)


class TestBook:
    def test_kept_rows_are_those_that_were_computed(self) -> None:
        store = MemoryFacts()
        first, computed = make_book(store)
        rows = {kind: first.read_rows(kind) for kind in first.kinds}
        assert len(computed) == 1
        second, computed = make_book(store)
        assert {kind: second.read_rows(kind) for kind in second.kinds} == rows
        assert (second.read, second.skipped) == (first.read, first.skipped)
        assert second.read_examples() == first.read_examples()
        assert computed == []

    def test_the_rows_are_the_facts(self) -> None:
        found = collect()
        book, _ = make_book()
        rows = [row for kind in book.kinds for row in book.read_rows(kind).read_facts()]
        assert [(r["kind"], r["name"], r["path"], r["line"], r["symbol"], r["value"]) for r in rows] == [
            (f.kind, f.name, f.path, f.line, f.symbol, f.value) for f in found.facts
        ]
        assert [r["hash"] for r in rows] == [found.find_hash(f) for f in found.facts]

    def test_a_kind_reads_only_its_own_rows(self) -> None:
        class Recording(MemoryFacts):
            def load_result(self, key: str, name: str) -> str | None:
                loaded.append(name)
                return super().load_result(key, name)

        loaded: list[str] = []
        store = Recording()
        make_book(store)[0].read_rows("env")
        loaded.clear()
        assert make_book(store)[0].read_rows("env").total == 1
        assert loaded == ["facts", "facts:env"]
        loaded.clear()
        assert make_book(store)[0].read_examples()
        assert loaded == ["facts"]

    def test_another_key_is_another_result(self) -> None:
        store = MemoryFacts()
        make_book(store)[0].read_rows("env")
        book = FactBook(lambda: collect({"a.py": "BELL = 1\n"}), store, "other")
        assert "env" not in book.kinds
        assert set(store.results) == {KEY, "other"}

    def test_what_was_lost_is_computed_again(self) -> None:
        store = MemoryFacts()
        make_book(store)[0].read_rows("env")
        del store.results[KEY]["facts:env"]
        book, computed = make_book(store)
        assert book.read_rows("env").total == 1
        assert len(computed) == 1
        assert "facts:env" in store.results[KEY]

    def test_without_a_store_nothing_is_kept(self) -> None:
        book, computed = make_book()
        book.read_rows("env")
        book.read_rows("symbol")
        assert len(computed) == 1
        assert book.kept_kinds == ()

    def test_limit_and_globs(self) -> None:
        book, _ = make_book()
        every = book.read_rows("symbol")
        assert [r["path"] for r in every.read_facts()].count("api/main.py") == every.total - 2
        first = book.read_rows("symbol", limit=1)
        assert (len(first.read_facts()), first.total) == (1, every.total)
        assert first.read_facts() == every.read_facts()[:1]
        assert book.read_rows("symbol", limit=0).read_facts() == []
        web = book.read_rows("symbol", ["web/**"])
        assert ([r["path"] for r in web.read_facts()], web.total) == (["web/env.ts"], 1)
        both = book.read_rows("symbol", ["web", "*_main.py"], limit=1)
        assert ([r["path"] for r in both.read_facts()], both.total) == (["api/tests/test_main.py"], 2)
        assert book.read_rows("symbol", ["nowhere/**"]).total == 0
        assert book.read_rows("nothing").total == 0

    def test_an_example_of_each_kind_is_no_test_s_where_there_is_another(self) -> None:
        book, _ = make_book()
        examples = {rows.kind: rows for rows in book.read_examples()}
        assert set(examples) == set(book.kinds)
        assert examples["symbol"].read_facts()[0]["path"] == "api/main.py"
        assert examples["test_case"].read_facts()[0]["path"] == "api/tests/test_main.py"
        assert all(examples[kind].total == book.read_rows(kind).total for kind in book.kinds)
        assert {rows.kind for rows in book.read_examples(["web"])} == {"binding", "env", "symbol", "reference"} & set(
            book.kinds
        )

    def test_rows_are_one_line_of_ascii_whatever_the_code_says(self) -> None:
        text = "NAME = '''a,\n  \u2028é\"'''\n"
        found = collect({"a.py": text, "b\udcff.py": "BELL = 1\n"})
        book = FactBook(lambda: found, None, "")
        for kind in book.kinds:
            rows = book.read_rows(kind)
            assert rows.text.isascii()
            assert len(rows.read_facts()) == rows.total
            assert json.loads(f"[{rows.text}]") == rows.read_facts()


def test_paths_by_glob_name_and_folder() -> None:
    paths = ["a.py", "api/a.py", "api/b/c.ts", "apis/d.py"]
    assert select_paths(paths, ["*.py"]) == ("a.py", "api/a.py", "apis/d.py")
    assert select_paths(paths, ["api/*.py"]) == ("api/a.py",)
    assert select_paths(paths, ["api"]) == select_paths(paths, ["api/"]) == ("api/a.py", "api/b/c.ts")
    assert select_paths(paths, ["a.py", "api/b/c.ts"]) == ("a.py", "api/a.py", "api/b/c.ts")
    assert select_paths(paths, ["nothing"]) == ()


def test_an_unknown_kind_names_the_nearest() -> None:
    book, computed = make_book(MemoryFacts())
    require_kinds(["route", "symbol", "with", "http_call"], book, Config())
    with pytest.raises(UsageError, match="no fact is of kind 'rout'") as caught:
        require_kinds(["symbol", "rout"], book, Config())
    assert caught.value.hint.startswith("did you mean route? kinds are ")
    with pytest.raises(UsageError) as caught:
        require_kinds(["qqq"], book, Config())
    assert caught.value.hint.startswith("kinds are ")
    assert computed == []
