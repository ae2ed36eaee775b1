"""Claims against an in-memory repository: what holds, what is stale, what was invented, and what nobody can tell."""

from __future__ import annotations

import pytest

from kbgen.claims import KnownNames, read_claims
from kbgen.model import Change, Claim, Judgement
from kbgen.verdicts import RESOLVERS, CaseCount, EvidenceSource, PathIndex, judge
from kbgen.verdicts.ignores import read_ignores
from kbgen.verdicts.places import resolve_from
from tests.verdicts.doubles import Source, define, make_commit

GONE = make_commit("d" * 40, "refactor: drop the old gate")
FIRST = make_commit("a1" * 20, "feat: the router\n\n- Retry twice, then give up\n")


@pytest.fixture
def source() -> Source:
    return Source(
        texts={
            "mesh/router.py": "class TaskRouter(BaseRouter): send_task route_all MAX_HOPS",
            "mesh/base.py": "class BaseRouter: close_all",
            "mesh/tools.py": "def sort_tasks(): ...",
            "mesh/client.py": "class MeshClient(HttpClient): ...",
            "mesh/test_router.py": "def test_it(): ...",
            "web/src/index.ts": "",
            "web/src/gate.ts": "export const useGate = 1",
            "docs/guide.md": "OnlyInDocs",
            "docs/more.md": "",
        },
        definitions=(
            define("mesh/router.py", "TaskRouter", "class", bases="BaseRouter"),
            define("mesh/router.py", "send_task", "method", "TaskRouter"),
            define("mesh/base.py", "BaseRouter", "class"),
            define("mesh/tools.py", "sort_tasks"),
            define("mesh/client.py", "MeshClient", "class", bases="HttpClient"),
            define("web/src/gate.ts", "useGate", "hook"),
        ),
        gone={
            "mesh/old_gate.py": (GONE, ""),
            "mesh/first_router.py": (GONE, "mesh/router.py"),
            "mesh/legacy/one.py": (GONE, ""),
        },
        commits=(FIRST, GONE),
        cases={"mesh/test_router.py": CaseCount(7, 0)},
        versions={"mesh/test_router.py": (4, 7)},
        past_texts={"mesh/tools.py": ("def rank_tasks(): ...",)},
        ignored=frozenset({"mesh/local.py"}),
    )


def check(text: str, source: Source, path: str = "docs/guide.md", kind: str = "") -> list[Judgement]:
    claims = read_claims(path, text, known=KnownNames.of([*source.texts, *source.gone]))
    return [j for j in judge(claims, source) if not kind or j.claim.kind == kind]


def verdict(text: str, source: Source, path: str = "docs/guide.md", kind: str = "") -> tuple[str, str]:
    found = check(text, source, path, kind)
    assert len(found) == 1, [(j.claim.kind, j.claim.value) for j in found]
    return found[0].verdict, found[0].hint


def test_the_double_serves_the_protocol(source: Source) -> None:
    served: EvidenceSource = source
    assert served.rev


@pytest.mark.parametrize(
    "text",
    [
        "See `mesh/router.py`.",
        "See `mesh/router.py:12`.",
        "See `router.py`.",
        "See `src/gate.ts` there.",
        "See `hub-main/mesh/router.py`.",
        "See `./more.md`.",
        "[more](more.md)",
        "[more](../mesh/router.py)",
        "The folder `mesh/` has it.",
        "The folder `web/src/` has it.",
        "Look at mesh/router.py there.",
        "```\nmesh/\n├── router.py\n└── tools.py\n```",
    ],
)
def test_a_path_holds_in_every_place_where_a_reader_looks(text: str, source: Source) -> None:
    assert {j.verdict for j in check(text, source)} == {"holds"}


def test_a_path_that_is_gone_is_stale_and_says_since_when(source: Source) -> None:
    assert verdict("See `mesh/old_gate.py`.", source) == (
        "refuted",
        "gone since dddddddddddd refactor: drop the old gate",
    )


def test_a_renamed_path_comes_with_the_new_one(source: Source) -> None:
    found, hint = verdict("See `mesh/first_router.py`.", source)
    assert found == "moved"
    assert hint.startswith("now mesh/router.py, since dddddddddddd")


def test_a_path_that_never_was_is_invented_and_the_near_one_is_named(source: Source) -> None:
    assert verdict("See `mesh/deep/router.py`.", source) == (
        "refuted",
        "no commit ever had it; did you mean mesh/router.py?",
    )
    assert verdict("See `mesh/rooter.py`.", source)[1] == "no commit ever had it; did you mean mesh/router.py?"
    assert verdict("See `mesh/entirely_different.py`.", source)[1] == "no commit ever had it"
    assert verdict("[more](missing.md)", source)[0] == "refuted"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Create `mesh/lone.py` first.", "docs/guide.md"),
        ("We plan `mesh/later.py`.", "docs/guide.md"),
        ("A file such as `mesh/lone.py`.", "docs/guide.md"),
        ("# T\n\n## Adding a tool\n\n`mesh/tool.py`", "docs/guide.md"),
        ("It has `mesh/later.py`.", "docs/stories/1-2-later.md"),
        ("It has `mesh/later.py`.", "docs/design-proposal.md"),
        ("# T\n\n## Files Created\n\n`mesh/later.py`", "docs/epics/epic-1-x.md"),
        ("It has `mesh/later.py`.", ".tool/commands/x.md"),
        ("It has `elsewhere/later.py`.", "docs/guide.md"),
        ("It has `settings.yaml`.", "docs/guide.md"),
        ("It writes `mesh/local.py`.", "docs/guide.md"),
        ("It writes `mesh/.env.local`.", "docs/guide.md"),
        ("It writes `mesh/node_modules/pad/index.js`.", "docs/guide.md"),
        ("It does not have `mesh/router.py`.", "docs/guide.md"),
        ("We removed `mesh/never.py`.", "docs/guide.md"),
    ],
)
def test_in_doubt_nothing_is_refuted(text: str, path: str, source: Source) -> None:
    assert verdict(text, source, path, "path")[0] == "unverifiable"


def test_a_record_of_work_in_a_story_is_judged_and_its_past_respected(source: Source) -> None:
    story = "docs/stories/1-2-router.md"
    head = "# Story 1.2\n\n## Implementation Notes\n\n"
    assert verdict(head + "- `mesh/never.py` - the router", source, story)[0] == "refuted"
    assert verdict(head + "- `never.py` - the router", source, story)[0] == "refuted"
    assert verdict(head + "- `mesh/old_gate.py` - the gate", source, story)[0] == "holds"
    assert verdict("# Story 1.2\n\n## Tasks\n\n- `mesh/never.py` - the router", source, story)[0] == "unverifiable"


def test_an_absent_path_holds_when_it_is_absent(source: Source) -> None:
    assert verdict("There is no `mesh/never.py`.", source)[0] == "holds"
    assert verdict("We removed `mesh/old_gate.py`.", source)[0] == "holds"


def test_what_a_document_states_it_also_means_in_its_code_blocks(source: Source) -> None:
    text = (
        "```\nweb/src/\n├── index.ts\n└── lock.ts\n```\n\n## Example\n\n"
        "```ts\n// web/src/main.ts\nimport { x } from './lock'\n```\n"
    )
    verdicts = {(j.claim.value, j.verdict) for j in check(text, source)}
    assert ("web/src/lock.ts", "refuted") in verdicts
    assert ("web/src/lock", "refuted") in verdicts
    assert ("web/src/main.ts", "unverifiable") in verdicts


# ------------------------------------------------------------------------------------------------------- symbols


@pytest.mark.parametrize(
    "text",
    [
        "`TaskRouter` routes.",
        "`TaskRouter.send_task()` sends.",
        "`TaskRouter.close_all()` closes.",
        "`MAX_HOPS` bounds it.",
        "`useGate` in `web/src/gate.ts`",
        "the route_all() function",
    ],
)
def test_a_symbol_of_the_code_holds(text: str, source: Source) -> None:
    assert verdict(text, source, kind="symbol")[0] == "holds"


def test_a_member_that_its_class_lacks_is_refuted_with_its_real_place(source: Source) -> None:
    found, hint = verdict("`TaskRouter.sort_tasks()` sorts.", source)
    assert found == "refuted"
    assert hint == "mesh/router.py defines TaskRouter without sort_tasks; sort_tasks is defined in mesh/tools.py"
    assert verdict("`TaskRouter.missing_name()` sorts.", source)[0] == "refuted"


def test_a_base_outside_the_project_may_have_any_member_but_a_function_of_ours(source: Source) -> None:
    assert verdict("`MeshClient.send_task()` sends.", source)[0] == "unverifiable"
    assert verdict("`MeshClient.sort_tasks()` sorts.", source)[0] == "refuted"


def test_a_symbol_nowhere_is_refuted_only_where_the_text_makes_it_ours(source: Source) -> None:
    assert verdict("`FancyRouter` routes.", source)[0] == "unverifiable"
    assert verdict("`fancy_router()` routes.", source)[0] == "unverifiable"
    assert verdict("`OnlyInDocs` in `mesh/tools.py`", source, kind="symbol")[0] == "refuted"
    assert verdict("- `mesh/tools.py` - defines `sift_tasks`", source, kind="symbol") == (
        "refuted",
        "sift_tasks is in no file of this revision but documents",
    )
    near = verdict("`sort_taks` in `mesh/tools.py`", source, kind="symbol")[1]
    assert near.endswith("did you mean sort_tasks?")


def test_a_symbol_that_its_file_had_once_is_stale(source: Source) -> None:
    found, hint = verdict("`rank_tasks()` in `mesh/tools.py`", source, kind="symbol")
    assert (found, hint) == ("refuted", "rank_tasks is gone; a1a1a1a1a1a1 feat: the router had it last")
    record = "# Story\n\n## Implementation Notes\n\n`rank_tasks()` in `mesh/tools.py`"
    assert verdict(record, source, "docs/stories/1-2-x.md", "symbol")[0] == "holds"


def test_a_symbol_that_another_file_defines_is_moved(source: Source) -> None:
    assert verdict("`sort_tasks` in `mesh/router.py`", source, kind="symbol") == (
        "moved",
        "defined in mesh/tools.py, not in mesh/router.py",
    )


def test_an_import_is_ours_only_when_the_module_is(source: Source) -> None:
    assert verdict("```python\nfrom mesh.tools import sift_tasks\n```", source)[0] == "refuted"
    assert verdict("```python\nfrom mesh.unknown import sift_tasks\n```", source)[0] == "unverifiable"


# ------------------------------------------------------------------------------------------- commits and numbers


def test_a_commit_of_the_history_holds(source: Source) -> None:
    assert verdict("Done in `a1a1a1a`.", source, kind="commit")[0] == "holds"
    assert verdict("Done in commit aaaaaaa0a1.", source, kind="commit")[0] == "refuted"
    assert verdict("See `1234567abc`.", source, kind="commit")[0] == "unverifiable"
    assert verdict("[x](https://host/o/r/commit/1234567abc)", source, kind="commit")[0] == "unverifiable"


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("`mesh/test_router.py` has 7 tests.", "docs/guide.md", "holds"),
        ("`mesh/test_router.py` has 9 tests.", "docs/guide.md", "refuted"),
        ("`mesh/test_router.py` has 4 tests.", "docs/guide.md", "unverifiable"),
        ("`mesh/test_router.py` has 9 tests, see the plan.", "docs/guide.md", "unverifiable"),
        ("We have 9 tests.", "docs/guide.md", "unverifiable"),
        ("# S\n\n## Implementation Notes\n\n`mesh/test_router.py`: 4 tests", "docs/stories/1-2-x.md", "holds"),
        ("# S\n\n## Implementation Notes\n\n`mesh/test_router.py`: 3 tests", "docs/stories/1-2-x.md", "holds"),
        ("# S\n\n## Implementation Notes\n\n`mesh/test_router.py`: 5 tests", "docs/stories/1-2-x.md", "refuted"),
    ],
)
def test_a_number_of_tests_is_counted_again(text: str, path: str, expected: str, source: Source) -> None:
    assert verdict(text, source, path, "count")[0] == expected


def test_parametrized_cases_leave_a_number_open(source: Source) -> None:
    source.cases["mesh/test_router.py"] = CaseCount(7, 1)
    assert verdict("`mesh/test_router.py` has 19 tests.", source, kind="count")[0] == "unverifiable"


# --------------------------------------------------------------------------------------------- kbgen's own blocks


def make_own(kind: str, value: str, mode: str = "is", **attrs: str) -> Claim:
    listed = (("block", "implementation-notes"), *attrs.items())
    return Claim("id", "docs/stories/s.md", 1, value, kind, value, mode, listed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (make_own("path", "mesh/router.py"), "holds"),
        (make_own("path", "router.py"), "refuted"),
        (make_own("path", "mesh/never.py"), "refuted"),
        (make_own("path", "mesh/first_router.py"), "moved"),
        (make_own("path", "mesh/first_router.py", "was"), "holds"),
        (make_own("path", "mesh/old_gate.py", "was", now="gone"), "holds"),
        (make_own("path", "mesh/router.py", "was", now="gone"), "refuted"),
        (make_own("path", "mesh/never.py", "was"), "refuted"),
        (make_own("path", "mesh/never.py", "absent"), "holds"),
        (make_own("path", "mesh/router.py", "absent"), "refuted"),
        (make_own("symbol", "TaskRouter", "was", path="mesh/router.py", commits="a1" * 6), "holds"),
        (make_own("symbol", "sort_tasks", "was", path="mesh/router.py", commits="a1" * 6), "refuted"),
        (make_own("symbol", "TaskRouter", path="mesh/router.py"), "holds"),
        (make_own("symbol", "sort_tasks", path="mesh/router.py"), "moved"),
        (make_own("symbol", "FancyRouter"), "refuted"),
        (make_own("commit", "a1" * 6), "holds"),
        (make_own("commit", "b" * 12), "refuted"),
        (make_own("quote", "Retry twice, then give up", "quoted", source=f"commit:{'a1' * 6}"), "holds"),
        (make_own("quote", "retry\\_twice: then", "quoted", source=f"commit:{'a1' * 6}"), "holds"),
        (make_own("quote", "Retry thrice", "quoted", source=f"commit:{'a1' * 6}"), "refuted"),
        (make_own("quote", "then: Retry", "quoted", source=f"commit:{'a1' * 6}"), "refuted"),
        (make_own("quote", "anything", "quoted", source="file:mesh/never.py"), "refuted"),
        (make_own("quote", "def rank_tasks", "quoted", source="file:mesh/tools.py"), "holds"),
    ],
    ids=range(23),
)
def test_our_own_statements_get_no_benefit_of_the_doubt(claim: Claim, expected: str, source: Source) -> None:
    (judgement,) = judge([claim], source)
    assert judgement.verdict == expected, judgement.hint


def test_our_own_numbers_are_counted_from_the_commits() -> None:
    first = make_commit(
        "1" * 40, changes=[Change("A", "mesh/a1.py"), Change("M", "mesh/b1.py"), Change("A", "mesh/tmp.py")]
    )
    second = make_commit("2" * 40, changes=[Change("R", "mesh/c1.py", "mesh/a1.py"), Change("D", "mesh/tmp.py")])
    source = Source(
        texts={"mesh/c1.py": "", "mesh/test_c1.py": ""},
        commits=(first, second),
        cases={"mesh/test_c1.py": CaseCount(9, 0)},
        gained={"mesh/test_c1.py": (2, 7), "mesh/test_d1.py": (0, 1)},
        lines={
            "1" * 40: {"mesh/a1.py": (10, 0), "mesh/b1.py": (1, 1)},
            "2" * 40: {"mesh/c1.py": (2, 3), "x.png": None},
        },
    )
    both = "111111111111,222222222222"

    def count(of: str, value: str, **attrs: str) -> tuple[str, str]:
        (judgement,) = judge([make_own("count", value, of=of, commits=both, **attrs)], source)
        return judgement.verdict, judgement.hint

    assert count("lines", "+12 −3", path="mesh/c1.py") == ("holds", "")
    assert count("lines", "+10 −0", path="mesh/c1.py") == ("refuted", "counted +12 −3")
    assert count("files-created", "1") == ("holds", "")
    assert count("files-created", "2") == ("refuted", "counted 1")
    assert count("files-changed", "1") == ("holds", "")
    assert count("cases-added", "6") == ("holds", "")
    assert count("cases-added", "5", path="mesh/test_c1.py") == ("holds", "")
    assert count("cases-now", "9", path="mesh/test_c1.py") == ("holds", "")
    assert count("cases-now", "8", path="mesh/test_c1.py") == ("refuted", "counted 9")
    assert count("commits-implementing", "2") == ("holds", "")
    assert count("gained", "6", source="commit:111111111111") == ("holds", "")
    assert count("held", "8", source="commit:111111111111") == ("holds", "")
    assert count("cases-now", "8", path="mesh/none.py") == ("unverifiable", "nothing to count it by")


# --------------------------------------------------------------------------------------------------------- the rest


def test_judgements_come_in_the_order_of_claims_whatever_their_kinds(source: Source) -> None:
    claims = read_claims("docs/guide.md", "`mesh/router.py` `TaskRouter` `mesh/tools.py`", known=KnownNames())
    assert [j.claim for j in judge(claims, source)] == list(claims)
    unknown = Claim("id", "a.md", 1, "x", "route", "GET /x")
    assert judge([unknown], source)[0].verdict == "unverifiable"


def test_every_kind_of_claim_has_a_resolver() -> None:
    from kbgen.claims import KINDS

    assert set(KINDS) == set(RESOLVERS)


def test_paths_are_found_by_their_ends() -> None:
    index = PathIndex(["a/b/c.py", "x/b/c.py", "a/mod/index.ts", "a/pkg/__init__.py", "top.py"])
    assert index.find_files("b/c.py") == ("a/b/c.py", "x/b/c.py")
    assert index.find_files("a/b/c.py") == ("a/b/c.py",)
    assert index.find_files("ab/c.py") == ()
    assert index.find_folders("b/") == ("a/b", "x/b")
    assert index.find_modules("mod") == ("a/mod/index.ts",)
    assert index.find_modules("pkg") == ("a/pkg/__init__.py",)
    assert index.find_modules("b/c") == ("a/b/c.py", "x/b/c.py")


def test_a_relative_path_is_followed_from_its_document() -> None:
    assert resolve_from("docs/a/b.md", "../c.md") == "docs/c.md"
    assert resolve_from("docs/a/b.md", "./c.md") == "docs/a/c.md"
    assert resolve_from("b.md", "../c.md") == ""


def test_ignore_files_are_read_as_git_reads_them() -> None:
    rules = read_ignores(
        {".gitignore": "# no\n*.log\n/dist\nbuild/\n!keep.log\n", "web/.gitignore": "out\n/local.ts\n"}
    )
    assert rules.is_ignored("a/b.log")
    assert not rules.is_ignored("a/keep.log")
    assert rules.is_ignored("a/build/x.py")
    assert rules.is_ignored("web/a/out/x.py")
    assert not rules.is_ignored("api/out/x.py")
    assert rules.is_ignored("web/local.ts")
    assert not rules.is_ignored("src/main.py")
