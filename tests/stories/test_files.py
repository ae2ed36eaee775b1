"""Planned files: what counts as one, with which intent, and what does not."""

from __future__ import annotations

import pytest

from kbgen.stories import find_claimed_files
from kbgen.stories.pathnames import clean_paths
from tests.stories.reading import plan_of, read_story


@pytest.mark.parametrize(
    ("token", "paths"),
    [
        ("`src/a.py`", ("src/a.py",)),
        ("./src/a.py:12-20,", ("src/a.py",)),
        ("/apps/web/x.ts", ("apps/web/x.ts",)),
        ("src/a.ts#L10-L12", ("src/a.ts",)),
        ("src/{a,b/c}.ts", ("src/a.ts", "src/b/c.ts")),
        ("apps/(group)/[id]/page.tsx", ("apps/(group)/[id]/page.tsx",)),
        ("app/[[...slug]]/page.tsx", ()),
        ("docker/Dockerfile", ("docker/Dockerfile",)),
        ("config/.env.example", ("config/.env.example",)),
        ("src/folder/", ()),
        ("src/*.ts", ()),
        ("src/{module}/x.ts", ()),
        ("src/<name>.ts", ()),
        ("path/to/x.ts", ()),
        ("https://a.b/c.html", ()),
        ("@/components/x.tsx", ()),
        ("/home/me/x.ts", ()),
        ("../up/x.ts", ()),
        ("db/migrations/[timestamp]_x/migration.sql", ()),
        ("db/migrations/YYYYMMDD_x.sql", ()),
        ("steps/step-[1-4].tsx", ()),
        ("and/or", ()),
        ("a.py", ()),
    ],
)
def test_path_is_cleaned_or_refused(token: str, paths: tuple[str, ...]) -> None:
    assert clean_paths(token) == paths


def test_lists_by_heading() -> None:
    assert plan_of(
        "## Notes\n### Files to Create\n- `src/a.ts`\n- src/b.ts - with words of `src/other.ts`\n\n"
        "### Files to Modify\n1. **`src/c.ts`** - Add a thing\n   - uses `src/d.ts`\n\n### Dependencies\n- `src/e.ts`\n"
    ) == {"src/a.ts": "create", "src/b.ts": "create", "src/c.ts": "modify"}


def test_marks_in_a_mixed_list_tell_the_intent() -> None:
    assert plan_of(
        "## Files to Create/Modify\n- `src/a.ts` (new)\n- `src/b.ts` - NEW: hooks\n- `src/c.ts` (modify existing)\n"
        "- `src/d.ts` - reads things\n- `src/e.ts` (add endpoints)\n- `src/f.ts` (unchanged)\n- `src/g.ts` (delete)\n"
    ) == {
        "src/a.ts": "create",
        "src/b.ts": "create",
        "src/c.ts": "modify",
        "src/d.ts": "unclear",
        "src/e.ts": "modify",
        "src/g.ts": "delete",
    }


def test_words_of_done_work_head_a_plan_below_a_planned_list() -> None:
    assert plan_of("## Files to Create/Modify\n### New Files\n- `a/n.py`\n### Modified Files\n- `a/m.py`\n") == {
        "a/n.py": "create",
        "a/m.py": "modify",
    }


def test_bold_labels_head_lists_and_a_paragraph_ends_them() -> None:
    assert plan_of(
        "## Technical Notes\n**Files to Create:**\n- `a/n.py`\n\nThis follows `a/pattern.py` closely.\n\n"
        "**Existing files:**\n- `a/old.py`\n"
    ) == {"a/n.py": "create"}


def test_tables_with_a_path_column() -> None:
    assert plan_of(
        "## File Locations\n| File | Action | Purpose |\n|---|---|---|\n| `a/x.py` | Create | from `a/z.py` |\n"
        "| a/y.py | Update | more |\n| `a/w.py` | | plain |\n"
    ) == {"a/x.py": "create", "a/y.py": "modify", "a/w.py": "unclear"}


def test_tree_drawing_is_joined_to_full_paths() -> None:
    plan = plan_of(
        "## File Structure\n```\nsrc/app/\n├── core/\n│   ├── history.py      # NEW\n"
        "│   └── [id]/\n│       └── page.tsx\n"
        "├── main.py             # MODIFY - mount it\n├── old.py    # existing\n└── {a,b}.py\n"
        "tests/\n└── test_x.py (new)\n```\n"
    )
    assert plan == {
        "src/app/core/history.py": "create",
        "src/app/core/[id]/page.tsx": "unclear",
        "src/app/main.py": "modify",
        "src/app/a.py": "unclear",
        "src/app/b.py": "unclear",
        "tests/test_x.py": "create",
    }


def test_tree_without_root_stands_in_the_folder_named_above_it() -> None:
    assert plan_of("## New Components\n**Location:** `web/src/kb/`\n\n```\n├── A.tsx\n└── B.tsx\n```\n") == {
        "web/src/kb/A.tsx": "create",
        "web/src/kb/B.tsx": "create",
    }


def test_plain_listing_and_indented_tree() -> None:
    assert plan_of(
        "### Files to Create\n```\na/x.py\na/y.py  # helper\n```\n### File Structure\n```\nb/\n  c/\n    z.py\n```\n"
    ) == {
        "a/x.py": "create",
        "a/y.py": "create",
        "b/c/z.py": "unclear",
    }


def test_file_lines_take_the_verb_of_their_heading() -> None:
    assert plan_of(
        "## Tasks\n### Task 1: Create Classifier\n**File:** `a/new.py`\n"
        "### Task 2: Update Model\n**File:** `a/old.py`\n"
        "### Task 3: Constants\n**Key File:** `a/c.py` (lines 3-9)\n### Tests\n**Test File:** `a/t.py`\n"
        "**Location:** `a/u.py` (new file)\n**Story File:** `docs/s.md`\n"
    ) == {"a/new.py": "create", "a/old.py": "modify", "a/c.py": "modify", "a/t.py": "unclear", "a/u.py": "create"}


@pytest.mark.parametrize(
    ("sentence", "plan"),
    [
        ("Create `a/x.py` with three functions", {"a/x.py": "create"}),
        (
            "- [ ] Create the test file `a/x.py`, `a/y.py` and `a/z.py`",
            dict.fromkeys(("a/x.py", "a/y.py", "a/z.py"), "create"),
        ),
        ("- [ ] `a/x.py` created with helpers", {"a/x.py": "create"}),
        ("- [ ] `a/x.py` -- create hashing helper -- none yet", {"a/x.py": "create"}),
        ("- [x] `a/x.py` -- MODIFY the table", {"a/x.py": "modify"}),
        ("Update `a/x.py` to mount the router", {"a/x.py": "modify"}),
        ("Add the route to `a/x.py`", {"a/x.py": "modify"}),
        ("Add integration test file `a/x.py`", {"a/x.py": "create"}),
        ("Create `Thing` in `a/x.py`", {"a/x.py": "unclear"}),
        ("Delete `a/x.py`", {"a/x.py": "delete"}),
        ("Create a helper following `a/pattern.py`", {}),
        ("Follow the existing pattern from `a/x.py`", {}),
        ("The handler lives in `a/x.py`", {}),
        ("Create a page (see `a/x.py`) [Source: docs/a.md#b]", {}),
    ],
)
def test_sentences(sentence: str, plan: dict[str, str]) -> None:
    assert plan_of(f"## Technical Notes\n{sentence}\n") == plan


def test_headings_and_fence_headers_name_files() -> None:
    assert plan_of(
        "## Plan\n### 1. New Component: `a/x.tsx`\ntext\n### 2. Enhance Widget\n```ts\n// a/w.tsx\ncode()\n"
        "// a/no.tsx\n```\n"
        "### Usage Examples\n```ts\n// a/example-use.tsx\n```\n"
    ) == {"a/x.tsx": "create", "a/w.tsx": "modify"}


def test_short_name_means_the_one_longer_path_that_ends_in_it() -> None:
    assert plan_of("## Files to Create\n- `web/src/chat/Input.tsx`\n## Tasks\n- [ ] Create `chat/Input.tsx`\n") == {
        "web/src/chat/Input.tsx": "create"
    }


RECORD = (
    "# Story 1.2: X\n\n## Tasks\n- [x] Create `a/planned.py`\n\n## Dev Agent Record\n"
    "### Completion Notes\n- Created `a/n.py`\n"
    "### File List\n- a/done.py (new)\n- `a/planned.py`\n\n## Senior Developer Review\n**File:** `a/r.py`\n"
)


def test_records_of_work_are_claims_and_no_plan() -> None:
    assert [p.path for p in read_story(RECORD).planned] == ["a/planned.py"]
    claimed = find_claimed_files("docs/stories/1-2-x.md", "b10b", RECORD)
    assert {p.path: p.source.line for p in claimed} == {
        "a/n.py": 8,
        "a/done.py": 10,
        "a/planned.py": 11,
        "a/r.py": 14,
    }


def test_implementation_notes_are_a_plan_until_they_say_done() -> None:
    assert plan_of("## Implementation Notes\n### API\nCreate `a/x.py`\n") == {"a/x.py": "create"}
    assert plan_of("## Implementation Notes\n**Completed:** 2025-01-01\n### API\nCreate `a/x.py`\n") == {}
    assert plan_of("## Implementation Notes\n### Files Created\n- `a/x.py`\n") == {}


def test_neutral_list_is_a_plan_only_where_there_is_no_other() -> None:
    neutral = "## Files Created/Modified\n### Created Files\n- `a/x.py`\n### Modified Files\n- `a/y.py`\n"
    assert plan_of(neutral) == {"a/x.py": "create", "a/y.py": "modify"}
    assert plan_of(neutral + "## Tasks\n- [ ] Create `a/z.py`\n") == {"a/z.py": "create"}


def test_evidence_names_line_section_and_words() -> None:
    story = read_story("\ufeff# Story 1.2: X\r\n\r\n### Files to Create\r\n\r\n- `a/x.py` - the thing\r\n")
    (one,) = story.planned
    assert (one.source.line, one.source.symbol, one.source.quote) == (5, "Files to Create", "- `a/x.py` - the thing")
    assert (one.source.path, one.source.hash, one.note) == ("docs/stories/1-2-x.md", "b10b", "the thing")


def test_what_kbgen_wrote_is_no_source() -> None:
    block = "<!-- kbgen:begin notes -->\n## Files to Create\n- `a/ours.py`\n<!-- kbgen:end notes sha256:1 -->\n"
    assert plan_of(block + "## Files to Modify\n- `a/theirs.py`\n") == {"a/theirs.py": "modify"}
    assert all("ours" not in section.text for section in read_story("# Story 1.2: X\n" + block).sections)
