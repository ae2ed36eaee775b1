"""Claims read from Markdown: which words are claims, of what, on which line, and how they are meant."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.claims import KnownNames, UnreadableDocumentError, find_sections, read_claims
from kbgen.claims.passages import read_passages, read_spans
from kbgen.claims.trees import read_tree
from kbgen.model import Claim
from kbgen.patterns import lazy

KNOWN = KnownNames.of(
    [
        "src/mesh/router.py",
        "src/mesh/gate.ts",
        "docs/guide.md",
        "web/app/(main)/[id]/page.tsx",
        "package.json",
        "src/api/x.py",
    ]
)


def read(text: str, path: str = "docs/guide.md") -> tuple[Claim, ...]:
    return read_claims(path, text, known=KNOWN)


def values(text: str, kind: str = "path") -> list[str]:
    return [c.value for c in read(text) if c.kind == kind]


def get(claim: Claim, key: str) -> str:
    return next((value for name, value in claim.attrs if name == key), "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See `src/mesh/router.py` now.", "src/mesh/router.py"),
        ("See `src/mesh/router.py:12` now.", "src/mesh/router.py"),
        ("See `src/mesh/router.py:12-40` now.", "src/mesh/router.py"),
        ("See `src/mesh/router.py#L3-L9` now.", "src/mesh/router.py"),
        ("Run `tests/test_router.py::test_it` alone.", "tests/test_router.py"),
        ("In `router.py` it waits.", "router.py"),
        ("The `Dockerfile` says so.", "Dockerfile"),
        ("Page `web/app/(main)/[id]/page.tsx` shows it.", "web/app/(main)/[id]/page.tsx"),
        ("The folder `src/mesh/` holds it.", "src/mesh"),
        ("Import `@/mesh/gate` there.", "mesh/gate"),
        ("Look at src/mesh/router.py, please.", "src/mesh/router.py"),
        ("Look at (src/mesh/router.py).", "src/mesh/router.py"),
        ("Escaped src/mesh/a\\_b.py too.", "src/mesh/a_b.py"),
        ("[Guide](../src/mesh/router.py#gate)", "../src/mesh/router.py"),
        ("[Guide](<../src/mesh/router.py>)", "../src/mesh/router.py"),
        ("[One](two%20words/router.py)", "two words/router.py"),
        ("[Page](web/app/(main)/page.tsx)", "web/app/(main)/page.tsx"),
        ("[Guide][g]\n\n[g]: ../docs/more.md", "../docs/more.md"),
        ("| File |\n|---|\n| `src/mesh/router.py` |", "src/mesh/router.py"),
        ("```ts\n// src/mesh/gate.ts\nconst x = 1\n```", "src/mesh/gate.ts"),
        ("```yaml\n# .github/workflows/ci.yml\non: push\n```", ".github/workflows/ci.yml"),
    ],
)
def test_a_path_is_read_from_every_form(text: str, expected: str) -> None:
    assert values(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "`https://example.org/src/router.py`",
        "`src/**/*.py`",
        "`path/to/router.py`",
        "`src/<name>.py`",
        "`src/{module}/router.py`",
        "`src/your-module/router.py`",
        "`example/router.py`",
        "`@scope/pkg`",
        "`@scope/pkg/dist/index.js`",
        "`/api/users`",
        "`/api/users.json`",
        "`/etc/nginx/nginx.conf`",
        "`npm run build`",
        "`python src/mesh/router.py`",
        "`Node.js`",
        "`asyncio.Lock`",
        "`unittest.mock.patch`",
        "`response.json`",
        "`1.2.3`",
        "`v1.2/notes`",
        "`main`",
        "`key: value`",
        "`github.com/owner/name.py`",
        "read/write and/or CI/CD, Node.js/Express.js",
        "https://host/src/mesh/router.py",
        "[site](https://host/src/mesh/router.py)",
        "[here](#section)",
        "[mail](mailto:a@b.example)",
        "<!-- `src/mesh/router.py` -->",
        "---\nfile: src/mesh/router.py\n---\n",
        "```py\nopen('src/mesh/router.py')\n```",
        r"\`src/mesh\`",
    ],
)
def test_what_is_no_path_of_the_repository_is_no_claim(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TaskRouter", "TaskRouter"),
        ("task_router", "task_router"),
        ("MAX_RETRIES", "MAX_RETRIES"),
        ("useTask", "useTask"),
        ("getTask()", "getTask"),
        ("getTask(id, { deep: true })", "getTask"),
        ("Router.run", "Router.run"),
        ("Router.run()", "Router.run"),
        ("Settings.LIMITS.MAX", "Settings.LIMITS.MAX"),
        ("<TaskCard />", "TaskCard"),
        ("<TaskCard size={1}>", "TaskCard"),
        ("@traced_call", "traced_call"),
        ("self._close_all()", "_close_all"),
        ("class TaskRouter", "TaskRouter"),
        ("async def run_task", ""),
        ("auto", ""),
        ("cost-optimized", ""),
        ("TODO", ""),
        ("run()", ""),
        ("Agent", ""),
        ("MyWidget", ""),
        ("your_module", ""),
        ("console.log()", ""),
        ("JSON.stringify(x)", ""),
        ("a + b", ""),
        ("router.py", ""),
        ("f(x)(y)", ""),
        ("200", ""),
    ],
)
def test_a_symbol_is_spelled_as_code_is(code: str, expected: str) -> None:
    assert values(f"It has `{code}` here.", "symbol") == ([expected] if expected else [])


def test_a_symbol_knows_the_file_that_the_text_puts_it_in() -> None:
    (claim,) = [c for c in read("`TaskRouter` in `src/mesh/router.py`") if c.kind == "symbol"]
    assert get(claim, "path") == "src/mesh/router.py"
    (claim,) = [c for c in read("- `src/mesh/router.py` - exports `TaskRouter`") if c.kind == "symbol"]
    assert get(claim, "near") == "src/mesh/router.py"
    (claim,) = [c for c in read("- `src/mesh/router.py` - the type error names `TaskRouter`") if c.kind == "symbol"]
    assert get(claim, "near") == ""


def test_names_that_a_code_block_imports_from_the_project_are_claims() -> None:
    block = "```python\nfrom mesh.router import (\n    TaskRouter,\n    find_route as f,\n)\nimport typing\n```"
    assert [(c.value, c.line) for c in read(block) if c.kind == "symbol"] == [("TaskRouter", 3), ("find_route", 4)]
    titled = "```ts\n// src/mesh/gate.ts\nimport { TaskGate } from './lock'\nimport { z } from 'zod'\n```"
    assert values(titled, "symbol") == ["TaskGate"]
    assert values(titled) == ["src/mesh/gate.ts", "src/mesh/lock"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Fixed in `1ce821b`.", "yes"),
        ("commit 1ce821b3dfaf did it", "yes"),
        ("See `1ce821b3dfaf`.", "no"),
        ("[it](https://host/o/r/commit/1ce821b3dfaf)", "no"),
        ("| Commit |\n|---|\n| `1ce821b` |", "yes"),
        (f"commit `{'1a' * 32}`", "yes"),
    ],
)
def test_a_commit_is_hex_that_may_be_one(text: str, said: str) -> None:
    (claim,) = [c for c in read(text) if c.kind == "commit"]
    assert get(claim, "said") == said


@pytest.mark.parametrize(
    "text",
    [
        "`#1ce821b`",
        "`1ce821b3-0000-4000-8000-000000000000`",
        "`sha256:1ce821b3dfaf`",
        "sha256 `1ce821b3dfaf`",
        "colour `1ce821b`",
        "`deadbeef`",
        "`1234567`",
        f"`{'1a' * 25}`",
        "the trace id `4bf92f3577b34da6`",
    ],
)
def test_other_hex_is_no_commit(text: str) -> None:
    assert values(text, "commit") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It has 28 tests.", ["28"]),
        ("It has 33 unit tests.", ["33"]),
        ("Added 28 test cases today", ["28"]),
        ("7 new integration tests", ["7"]),
        ("4 test files", []),
        ("20+ tests", []),
        ("3.28 tests", []),
        ("12 test suites", []),
        ("~30 tests", []),
        ("90 tests coverage", []),
    ],
)
def test_numbers_of_tests(text: str, expected: list[str]) -> None:
    assert values(text, "count") == expected


def test_a_number_of_tests_is_about_the_one_test_file_of_its_sentence_or_row() -> None:
    (claim,) = [c for c in read("- `src/test_router.py` - 12 tests") if c.kind == "count"]
    assert get(claim, "path") == "src/test_router.py"
    (claim,) = [c for c in read("| File | Tests |\n|-|-|\n| `src/test_router.py` | 12 tests |") if c.kind == "count"]
    assert get(claim, "path") == "src/test_router.py"
    (claim,) = [c for c in read("`src/test_a1.py` and `src/test_b1.py`: 12 tests") if c.kind == "count"]
    assert get(claim, "path") == ""


def test_lines_are_those_of_the_file() -> None:
    text = (
        "---\ntitle: x\n---\n\n# T\n\nOne line\nthen `src/one.py`\n\n> - quoted `src/two.py`\n\n| A |\n|---|\n| x |\n"
        "| `src/three.py` |\n\n1. item\n\n   more `src/four.py`\n\n<details>\n<summary>`src/five.py`</summary>\n\n"
        "</details>\n\n```\nroot/\n├── one.py\n└── six.py\n```\n"
    )
    lines = text.split("\n")
    for name in ("one", "two", "three", "four"):
        claim = next(c for c in read(text) if c.value == f"src/{name}.py")
        assert f"src/{name}.py" in lines[claim.line - 1]
    assert next(c.line for c in read(text) if c.value == "root/six.py") == lines.index("└── six.py") + 1


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_endings_and_a_byte_order_mark_change_nothing(newline: str) -> None:
    text = "# T\n\n`src/mesh/router.py`\n\ntext `TaskRouter`\n"
    encoded = b"\xef\xbb\xbf" + text.replace("\n", newline).encode()
    assert read_claims("a.md", encoded, known=KNOWN) == read_claims("a.md", text, known=KNOWN)


def test_bytes_that_are_no_utf8_hide_nothing_around_them() -> None:
    assert [c.value for c in read_claims("a.md", b"\xff\xfe `src/mesh/router.py`", known=KNOWN)] == [
        "src/mesh/router.py"
    ]


def test_trees_give_whole_paths() -> None:
    drawn = "web/\n├── app/\n│   ├── page.tsx   # the page\n│   └── deep/\n│       └── x.ts\n└── lib/\n    └── y.ts\n"
    assert [leaf.path for leaf in read_tree(drawn) if not leaf.path.endswith("/")] == [
        "web/app/page.tsx",
        "web/app/deep/x.ts",
        "web/lib/y.ts",
    ]
    assert read_tree("├── alone") == ()
    assert read_tree("no tree -- at all") == ()
    ascii_tree = "src/\n|-- one.py\n|   `-- two.py\n`-- three.py\n"
    assert [leaf.path for leaf in read_tree(ascii_tree)] == ["src/one.py", "src/two.py", "src/three.py"]


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("`src/mesh/router.py` routes.", "is"),
        ("`src/mesh/router.py` does not exist.", "absent"),
        ("There is no `src/mesh/router.py`.", "absent"),
        ("We removed `src/mesh/router.py`.", "was"),
        ("Renamed from `src/mesh/router.py`.", "was"),
        ("It does not wait. `src/mesh/router.py` routes.", "is"),
        ("`src/old/missing.py` is beside `src/mesh/legacy.py`.", "is"),
    ],
)
def test_the_sentence_gives_the_mode(text: str, mode: str) -> None:
    assert {c.mode for c in read(text) if c.kind == "path"} == {mode}


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("Create `src/mesh/router.py` for it.", "wish", "yes"),
        ("Created `src/mesh/router.py` for it.", "wish", ""),
        ("We will add `src/mesh/router.py`.", "wish", "yes"),
        ("A file such as `src/mesh/router.py`.", "example", "yes"),
        ("# T\n\n## Implementation Notes\n\n`src/mesh/router.py`", "stage", "record"),
        ("# T\n\n## Tasks\n\n`src/mesh/router.py`", "stage", "plan"),
        ("# T\n\n## Adding a router\n\n`src/mesh/router.py`", "stage", "example"),
        ("# How to write tests\n\n## Layout\n\n`src/mesh/router.py`", "stage", ""),
        ("# T\n\n## Notes\n\n**Files to Create:**\n\n- `src/mesh/router.py`", "stage", "plan"),
        ("# T\n\n## Files to Create/Modify\n\n### Modified Files\n\n- `src/mesh/router.py`", "stage", "plan"),
        ("# T\n\n## Review\n\n### Unit Tests (MISSING)\n\n- `src/mesh/router.py`", "stage", "plan"),
        ("# T\n\n## Design\n\n### Files Created\n\n- `src/mesh/router.py`", "stage", "record"),
    ],
)
def test_wishes_examples_and_stages_are_marked(text: str, key: str, value: str) -> None:
    (claim,) = [c for c in read(text) if c.kind == "path"]
    assert get(claim, key) == value


def test_ids_survive_edits_elsewhere_and_tell_equal_claims_apart() -> None:
    before = read("See `src/mesh/router.py` here.\n\nSee `src/mesh/router.py` here.\n")
    after = read("# New\n\nOther `src/api/x.py`.\n\nSee `src/mesh/router.py` here.\n\nSee `src/mesh/router.py` here.\n")
    assert len({c.id for c in before}) == 2
    assert [c.id for c in before] == [c.id for c in after if c.value == "src/mesh/router.py"]
    assert read("See `src/mesh/router.py` there.")[0].id not in {c.id for c in before}
    assert read_claims("other.md", "See `src/mesh/router.py` here.", known=KNOWN)[0].id not in {c.id for c in before}


def test_sections_end_at_the_next_heading_of_their_level() -> None:
    text = "# T\n\n## Implementation Notes\n\na\n\n### Files\n\nb\n\n## Next\n\nc\n\n## Implementation Notes\n\nd\n"
    assert find_sections("a.md", text, lazy(r"(?i)implementation notes")) == ((3, 11), (15, 19))


# ------------------------------------------------------------------------------------------- kbgen's own blocks

BLOCK = """# S-1: Router

Hand-written `src/other.py`.

<!-- kbgen:begin implementation-notes -->

## Implementation Notes

Built in 2 commits (`aaaaaaaaaaa1` of 2025-01-01 and `aaaaaaaaaaa2` of 2025-01-02) by Ada:
1 code file created, 2 changed, 7 test cases added. Mended later by 1 commit.

### What Was Built

- `src/mesh/router.py` (new): class `TaskRouter`; function `find`
- `src/mesh/old.py` (gone now): function `find_old`

In the words of `aaaaaaaaaaa1`:

> - Add TaskRouter in src/mesh/router.py

### Key Decisions

- “Retry twice” (`aaaaaaaaaaa1`)
- “Keep it small” (`docs/spec.md`, Design)

### Files Changed

| File | Change | Lines | Planned | Now |
|---|---|---|---|---|
| `src/mesh/router.py` | created | +25 −0 | yes | present |
| `src/mesh/old.py` | created | +5 −1 | no | gone |
| `src/mesh/moved.py` | renamed from `src/mesh/first.py` | +1 −1 | no | at `src/mesh/later.py` |
| `src/mesh/dead.py` | deleted | +0 −9 | no | gone |

### Testing

| Test file | Cases added | Cases now |
|---|---|---|
| `src/test_router.py` | 7 | 9 |

### Deviations from Spec

- planned to create `src/never.py`; no commit ever did
- planned to create `src/else.py`; other work did, and it is gone now
- planned as `src/plan.py`, built as `src/mesh/router.py`
- wired nowhere: `TaskRouter` in `src/mesh/router.py`; nothing outside the file and tests uses it
- the commit says “28 tests”; its test files gained 7 and hold 9 (`aaaaaaaaaaa1`)

<details><summary>Evidence</summary>

| Commit | Role | Why | Patch |
|---|---|---|---|
| `aaaaaaaaaaa1` feat: S-1 router | implements | the scope names it | 123456789abc |
| `aaaaaaaaaaa2` feat: S-1 more | implements, inferred (0.9) | time | 123456789abc |
| `bbbbbbbbbbb1` fix: review | follow-up | review | 123456789abc |

</details>

<!-- kbgen:end implementation-notes sha256:0 -->
"""


@pytest.fixture(scope="module")
def own() -> tuple[Claim, ...]:
    return tuple(c for c in read(BLOCK, "stories/s-1.md") if get(c, "block"))


def test_own_blocks_are_told_from_hand_written_text(own: tuple[Claim, ...]) -> None:
    assert "src/other.py" not in {c.value for c in own}
    assert {get(c, "block") for c in own} == {"implementation-notes"}


def test_own_paths_carry_the_mode_of_their_place(own: tuple[Claim, ...]) -> None:
    modes = {(c.value, c.line): (c.mode, get(c, "now")) for c in own if c.kind == "path"}
    at = {line: number for number, line in enumerate(BLOCK.split("\n"), 1)}

    def mode(value: str, start: str) -> tuple[str, str]:
        return modes[value, next(n for line, n in at.items() if line.startswith(start))]

    assert mode("src/mesh/router.py", "- `src/mesh/router.py`") == ("is", "")
    assert mode("src/mesh/old.py", "- `src/mesh/old.py`") == ("was", "gone")
    assert mode("src/mesh/router.py", "| `src/mesh/router.py`") == ("is", "")
    assert mode("src/mesh/old.py", "| `src/mesh/old.py`") == ("was", "gone")
    assert mode("src/mesh/dead.py", "| `src/mesh/dead.py`") == ("was", "gone")
    assert mode("src/mesh/moved.py", "| `src/mesh/moved.py`") == ("was", "")
    assert mode("src/mesh/first.py", "| `src/mesh/moved.py`") == ("was", "")
    assert mode("src/mesh/later.py", "| `src/mesh/moved.py`") == ("is", "")
    assert mode("src/never.py", "- planned to create `src/never") == ("absent", "")
    assert mode("src/else.py", "- planned to create `src/else") == ("was", "gone")
    assert mode("src/plan.py", "- planned as") == ("absent", "")
    assert mode("src/mesh/router.py", "- planned as") == ("was", "")
    assert mode("src/mesh/router.py", "- wired nowhere") == ("is", "")
    assert mode("src/mesh/router.py", "> - Add") == ("quoted", "")


def test_own_symbols_know_their_file_and_commits(own: tuple[Claim, ...]) -> None:
    built = next(c for c in own if c.kind == "symbol" and c.value == "TaskRouter")
    assert (built.mode, get(built, "path"), get(built, "commits")) == (
        "was",
        "src/mesh/router.py",
        "aaaaaaaaaaa1,aaaaaaaaaaa2",
    )
    unwired = [c for c in own if c.kind == "symbol" and c.mode == "is"]
    assert [(c.value, get(c, "path")) for c in unwired] == [("TaskRouter", "src/mesh/router.py")]


def test_own_numbers_say_what_they_count(own: tuple[Claim, ...]) -> None:
    counts = {(get(c, "of"), get(c, "path")): (c.value, get(c, "commits")) for c in own if c.kind == "count"}
    both = "aaaaaaaaaaa1,aaaaaaaaaaa2"
    assert counts["commits-implementing", ""] == ("2", both)
    assert counts["commits-following", ""] == ("1", "bbbbbbbbbbb1")
    assert counts["files-created", ""] == ("1", both)
    assert counts["files-changed", ""] == ("2", both)
    assert counts["cases-added", ""] == ("7", both)
    assert counts["lines", "src/mesh/router.py"] == ("+25 −0", both)
    assert counts["cases-added", "src/test_router.py"] == ("7", both)
    assert counts["cases-now", "src/test_router.py"] == ("9", both)
    assert counts["gained", ""][0] == "7"
    assert counts["held", ""][0] == "9"


def test_own_quotations_name_their_source(own: tuple[Claim, ...]) -> None:
    quotes = {c.value: get(c, "source") for c in own if c.kind == "quote"}
    assert quotes == {
        "Add TaskRouter in src/mesh/router.py": "commit:aaaaaaaaaaa1",
        "Retry twice": "commit:aaaaaaaaaaa1",
        "Keep it small": "file:docs/spec.md",
        "28 tests": "commit:aaaaaaaaaaa1",
    }


# --------------------------------------------------------------------------------------------------- hostile input


@pytest.mark.parametrize(
    "text",
    [
        "[a](src/mesh/router.py) " * 1_500,
        "[" * 20_000,
        "[](" * 20_000,
        "`a " * 20_000,
        "".join("`" * (i % 300 + 1) + " " for i in range(3_000)),
        "> " * 5_000 + "x",
        "".join("  " * i + "- x\n" for i in range(600)),
        "“" * 20_000,
        "`f" + "(" * 20_000 + "`",
        "<!--" * 20_000,
        "<a " * 20_000,
        "a/" * 50_000 + ".py",
        "`" + "a." * 20_000 + "`",
        "1 new " * 20_000,
        "```\n" + "".join("│   " * (i % 60) + "├── d/\n" for i in range(3_000)) + "```\n",
        "| a |\n|---|\n" + "| `src/mesh/router.py` |\n" * 2_000,
        "|" + "a|" * 2_000 + "\n|" + "-|" * 2_000 + "\n|" + "`src/mesh/router.py`|" * 2_000,
        "```python\n" + "from mesh import (" * 5_000 + "\n```\n",
        "commit " * 20_000,
        "`src/mesh/router.py` " * 1_500,
        " " * 300_000 + "`a`",
        "# a\n" * 10_000,
    ],
    ids=range(22),
)
def test_hostile_text_takes_bounded_time(text: str) -> None:
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 8


def test_time_grows_with_the_text_and_not_with_its_square() -> None:
    def measure(times: int) -> float:
        text = "`src/mesh/router.py` and [it](src/mesh/gate.ts) " * times
        start = time.process_time()
        assert len(read(text)) == 2 * times
        return time.process_time() - start

    measure(50)
    assert measure(1_200) < 20 * max(measure(150), 0.02)


def test_a_document_in_parts_reads_like_a_whole_one() -> None:
    part = "## Implementation Notes\n\n`src/mesh/router.py`\n\n```\n# no heading\n```\n\n"
    claims = read("# T\n\n" + part * 700)
    assert [c.line for c in claims] == [5 + 8 * i for i in range(700)]
    assert {get(c, "stage") for c in claims} == {"record"}


def test_an_impossible_document_is_refused_with_its_name() -> None:
    with pytest.raises(UnreadableDocumentError, match=r"docs/huge\.md:1: .* too large"):
        read_claims("docs/huge.md", b"x" * (33 * 1024 * 1024))


TEXT = st.text(alphabet=st.sampled_from("a`[]()<>!-#|*_“”./\\ \n1s:~+@{}x"), max_size=120)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXT)
def test_any_text_is_read_and_every_line_exists(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for claim in read(text):
        assert 1 <= claim.line <= lines
        assert claim.value


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXT)
def test_spans_do_not_overlap_and_lie_in_the_text(text: str) -> None:
    end = 0
    for span in read_spans(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end
        if span.form == "text":
            assert text[span.start : span.end] == span.text


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["# T", "## A", "text `src/mesh/router.py`", "- item `TaskRouter`", "", "> quote"]), max_size=12
    )
)
def test_what_stands_above_moves_lines_only(lines: list[str]) -> None:
    text = "\n".join(lines)
    moved = "intro\n\n" + text
    if not text.startswith("# ") and all(p.level != 1 for p in read_passages("a.md", text)):
        assert [(c.id, c.line + 2) for c in read(text)] == [(c.id, c.line) for c in read(moved)]


def test_a_definition_that_is_called_like_a_file_is_a_symbol() -> None:
    block = (
        "<!-- kbgen:begin implementation-notes -->\n\n## Implementation Notes\n\n### What Was Built\n\n"
        "- `src/a.py` (new): constant `CODEOWNERS`; method `Gate.test`\n\n"
        "Not read whole: `src/b.py` (line 3 could not be parsed; the rest was read).\n\n"
        "<!-- kbgen:end implementation-notes sha256:00 -->\n"
    )
    found = {(claim.kind, claim.value, claim.mode) for claim in read_claims("docs/a.md", block)}
    assert ("path", "src/a.py", "is") in found
    assert ("path", "src/b.py", "was") in found
    assert {(kind, value) for kind, value, _ in found if kind == "symbol"} == {
        ("symbol", "CODEOWNERS"),
        ("symbol", "Gate.test"),
    }
