"""Whole runs over real repositories: the rules of the notes hold with git's own answers, not only with doubles."""

from __future__ import annotations

from typing import Any

import pytest

from kbgen.splice import find_blocks
from tests.commands import Kbgen
from tests.gitrepo import Content, GitRepo
from tests.notes.test_template import check_inert, list_headings

STORY = "docs/stories/dm-03-1-bell.md"
BODY = "".join(f"    step_{n} = {n}\n" for n in range(12))


def plan(*lines: str, path: str = STORY, title: str = "Story DM-03.1: Bell") -> dict[str, Content]:
    return {path: f"# {title}\n\nStatus: done\n\n" + "\n".join(lines) + "\n"}


def show(kbgen: Kbgen, repo: GitRepo, story: str = "DM-03.1") -> Any:
    result = kbgen("show", story, "--format", "json", at=repo.folder)
    assert result.code == 0, result.err
    return result.json


def read_notes(kbgen: Kbgen, repo: GitRepo, path: str = STORY) -> str:
    result = kbgen("backfill", "DM-03", at=repo.folder)
    assert result.code == 0, result.err
    content = (repo.folder / path).read_bytes()
    (block,) = find_blocks(content, path=path)
    assert not block.edited
    return content[block.start : block.end].decode().split("-->", 1)[1].rsplit("<!--", 1)[0]


def test_files_as_git_tells_them(kbgen: Kbgen, repo: GitRepo) -> None:
    repo.commit("docs: plan", plan("## Files to Create", "", "- `src/bell.py`", "- `src/horn.py`"))
    repo.commit(
        "chore: start",
        {
            "src/old.py": f"def old():\n{BODY}",
            "src/tool.sh": "#!/bin/sh\n",
            "src/dead.py": "DEAD = 1\n",
        },
    )
    repo.commit(
        "feat(dm-03.1): the bell",
        {
            "src/bell.py": f"def ring():\n{BODY}",
            "src/logo.png": b"\x89PNG\0\1",
            "src/tried.py": "X = 1\n",
            "src/dead.py": None,
        },
    )
    (repo.folder / "src/tool.sh").chmod(0o755)
    repo.write({"src/tried.py": None})
    repo.rename("src/old.py", "src/new.py", "feat(dm-03.1): tidy up")
    repo.rename("src/bell.py", "src/tower/bell.py", "refactor: a tower")
    found = {
        f["path"]: (f["change"], f["old_path"], f["now"], f["now_path"], f["added"], f["deleted"])
        for f in show(kbgen, repo)["files"]
    }
    assert found == {
        "src/bell.py": ("created", None, "moved", "src/tower/bell.py", 13, 0),
        "src/dead.py": ("deleted", None, "removed", None, 0, 1),
        "src/logo.png": ("created", None, "present", "src/logo.png", None, None),
        "src/new.py": ("renamed", "src/old.py", "present", "src/new.py", 0, 0),
        "src/tool.sh": ("modified", None, "present", "src/tool.sh", 0, 0),
    }
    notes = read_notes(kbgen, repo)
    assert "| `src/bell.py` | created | +13 −0 | yes | at `src/tower/bell.py` |" in notes
    assert "- `src/bell.py` (new, now at `src/tower/bell.py`): function `ring`" in notes
    assert "- planned to create `src/horn.py`; no commit ever made it (this story, Files to Create)" in notes


def test_a_planned_file_of_other_work_is_followed_to_where_it_is(kbgen: Kbgen, repo: GitRepo) -> None:
    listed = ("## Files to Create", "", "- `src/bell.py`", "- `src/rope.py`", "- `src/loft.py`", "- `src/clapper.py`")
    repo.commit("docs: plan", plan(*listed))
    repo.commit("feat(dm-04.1): rope and loft", {"src/rope.py": f"def rope():\n{BODY}", "src/loft.py": "LOFT = 1\n"})
    repo.commit("feat(dm-03.1): the bell", {"src/bell.py": "BELL = 1\n", "src/clapper.py": f"def clap():\n{BODY}"})
    repo.rename("src/clapper.py", "src/tongue.py", "feat(dm-03.1): its right name")
    repo.rename("src/rope.py", "src/cord.py", "refactor: cord")
    repo.commit("chore: no loft", {"src/loft.py": None})
    texts = [d["text"] for d in show(kbgen, repo)["deviations"] if d["kind"].startswith("planned")]
    assert texts == [
        "planned to create `src/loft.py`; other work made it, and it is gone now",
        "planned to create `src/rope.py`; other work made it, and it is now `src/cord.py`",
        "planned as `src/clapper.py`, built as `src/tongue.py`",
    ]


def test_a_squash_of_two_stories_gives_each_its_own_deviations(kbgen: Kbgen, repo: GitRepo) -> None:
    other = "docs/stories/dm-03-2-horn.md"
    repo.commit(
        "chore: start",
        {
            **plan("## Files to Create", "", "- `src/bell.py`"),
            **plan("## Files to Create", "", "- `src/horn.py`", path=other, title="Story DM-03.2: Horn"),
        },
    )
    loose = "def {}():\n    # TODO: replace with real API\n    return 1\n"
    repo.commit(
        "feat: bell and horn (DM-03.1-2)",
        {
            "src/bell.py": loose.format("ring"),
            "src/horn.py": loose.format("blow"),
            "tests/test_horn.py": "def test_blow(): ...\n",
            "src/extra.py": "X = 1\n",
        },
    )
    for story, mine, theirs in (("DM-03.1", "bell", "horn"), ("DM-03.2", "horn", "bell")):
        found = show(kbgen, repo, story)
        assert len(found["files"]) == 4, "a squash cannot be divided"
        texts = [d["text"] for d in found["deviations"]]
        assert not any(f"`src/{theirs}.py`" in text for text in texts)
        assert [d["kind"] for d in found["deviations"]] == ["mock", "unwired", "unplanned"]
        assert f"`src/{mine}.py`" in texts[1]
    assert "`tests/test_horn.py`" not in str(show(kbgen, repo)["deviations"])


def test_work_taken_back_and_done_again(kbgen: Kbgen, repo: GitRepo) -> None:
    repo.commit("docs: plan", plan("## Files to Create", "", "- `src/bell.py`"))
    first = repo.commit("feat(dm-03.1): the bell", {"src/bell.py": f"def ring():\n{BODY}"})
    undo = repo.revert(first)
    repo.commit("feat(dm-03.1): a better bell", {"src/bell.py": f"def ring():\n{BODY}    return 1\n"})
    notes = read_notes(kbgen, repo)
    assert f"- `{first[:12]}` was taken back (`{undo[:12]}`)" in notes
    assert "| `src/bell.py` | created | +14 −0 | yes | present |" in notes
    assert ", a revert)" in notes


@pytest.mark.parametrize(
    "hostile",
    [
        "<!-- kbgen:end implementation-notes -->",
        "</details><script>alert(1)</script>",
        "| a | `b` | [c](http://evil.example)",
        "{{ 7*7 }} {% raw %}",
        "\x1b[31mred ‮ evil@evil.example",
    ],
)
def test_hostile_history_is_data(kbgen: Kbgen, repo: GitRepo, hostile: str) -> None:
    name = f"src/{hostile.replace('/', '_')}.py"
    repo.author = (f"Eve {hostile.replace('<', '(').replace('>', ')')}", "eve@example.com")
    repo.commit("chore: start", plan("## Acceptance Criteria", "", f"- [ ] It says {hostile}", "", f"Why {hostile}"))
    body = f"- Add {hostile}\n  {hostile}\n\nPolling instead of a socket, because {hostile} is slow."
    repo.commit(f"feat(dm-03.1): {hostile}\n\n{body}", {name: f"# TODO: replace {hostile} with real API\nX = 1\n"})
    repo.commit(f"fix(dm-03.1): review of {hostile}", {name: "X = 2\n"})
    notes = read_notes(kbgen, repo)
    check_inert(notes)
    assert list_headings(notes)[0] == "Implementation Notes"
    # As any other file, the block is unchanged by a second run.
    assert kbgen("backfill", "DM-03", "--check", at=repo.folder).code == 0
