"""What holds for every extractor: any text gives facts or a note, and facts survive the cache."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors import (
    EXTRACTORS,
    FACTS_VERSION,
    extract_file,
    facts_from_json,
    facts_to_json,
    find_extractor,
    is_readable,
    parse_references,
    place_facts,
)
from kbgen.model import Fact, FileFacts, SourceFile

SNIPPETS = [
    "def f(a: 'B') -> C:\n    return a.b\n",
    "class A(B):\n    X = 1\n",
    "import a.b as c\nfrom . import d\n",
    "# TODO: replace this with the actual call\n",
    "export const Panel = () => <div>{x}</div>;\n",
    "import {a as b} from './c'; export * from './d';\n",
    "it.each([1])('x', () => {});\n",
    "@Get(':id') class X { m() {} }\n",
    'f"{x!r:>{y}}"',
    "`${a} ${`b`}`",
    "'''", '"', "/*", "(", "{", "<", "\\", "\r\n", "\x00", "\x0c", "\ufeff", "\ud800", "é", "\u2028",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=8), max_size=12).map("".join)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=TEXTS, path=st.sampled_from(["a.py", "b/c.ts", "app/x/page.tsx", "d.js"]))
def test_any_text_gives_facts_that_survive_the_cache(text: str, path: str) -> None:
    facts = extract_file(SourceFile(path, "b10b", text))
    assert facts.path == path
    assert all(fact.path == path and fact.line >= 1 for fact in facts.facts)
    assert facts_from_json(facts_to_json(facts)) == facts
    assert extract_file(SourceFile(path, "b10b", text)) == facts


@pytest.mark.parametrize("path", ["x.py", "x.ts", "x.tsx"])
@pytest.mark.parametrize("nest", ["(", "[", "{a:", "a(", "not ", "-", "if x:\n ", "<a>", "a.b(", "x=>", "`${"])
def test_deep_nesting_gives_a_note_or_facts_but_no_crash(path: str, nest: str) -> None:
    facts = extract_file(SourceFile(path, "b10b", "X = 1\n" + nest * 20_00))
    assert facts.facts or facts.skipped


def test_unknown_suffix_has_no_facts_and_no_note() -> None:
    assert extract_file(SourceFile("notes.md", "b10b", "# Title")) == FileFacts("notes.md", "b10b", ())
    assert not is_readable("notes.md")
    assert find_extractor("A/B.PY") == "python"


def test_minified_and_huge_files_are_skipped_with_a_reason() -> None:
    minified = extract_file(SourceFile("a.js", "b10b", "x" * 20_001))
    huge = extract_file(SourceFile("a.py", "b10b", "x = 1\n" * 400_000))
    assert minified.facts == huge.facts == ()
    assert "minified" in minified.skipped[0].why
    assert "larger" in huge.skipped[0].why


def test_version_names_every_extractor() -> None:
    assert all(extractor.VERSION in FACTS_VERSION for extractor in EXTRACTORS.values())


def test_only_the_kinds_asked_for_are_read_back() -> None:
    facts = extract_file(SourceFile("a.py", "b10b", "import os\n\n\ndef f():\n    return os.sep\n"))
    kept = facts_from_json(facts_to_json(facts), {"import"})
    assert [fact.kind for fact in kept.facts] == ["import"]
    assert len(facts.facts) > 1


def test_facts_move_with_the_path_that_shares_their_blob() -> None:
    facts = extract_file(SourceFile("web/app/(shop)/cart/[id]/page.tsx", "b10b", "export default function Cart() {}\n"))
    moved = place_facts(facts, "web/app/basket/page.tsx")
    assert [f.name for f in facts.facts if f.kind == "route"] == ["PAGE /cart/{id}"]
    assert moved is not None
    assert [f.name for f in moved.facts if f.kind == "route"] == ["PAGE /basket"]
    assert {f.path for f in moved.facts} == {"web/app/basket/page.tsx"}
    assert place_facts(facts, "web/app/cart/page.ts") is None


def test_references_unpack_as_they_were_packed() -> None:
    fact = Fact("reference", "string", "a.ts", 3, "@/lib/x@3 fetch@4*12")
    assert [tuple(reference) for reference in parse_references(fact)] == [("@/lib/x", 3, 1), ("fetch", 4, 12)]
