"""What counts as a change of the code, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kbgen.pipeline.shapes import Shapes
from kbgen.wiring import open_build
from tests.gitrepo import GitRepo

CODE = 'LIMIT = 3\n\n\ndef gate(n: int) -> bool:\n    """Opens."""\n    return n < LIMIT\n\n\nprint(gate(1))\n'
FILES = {"yard/gate.py": CODE, "docs/gate.md": "# Gate\n", "yard/logo.png": "x"}


def shape(folder: Path) -> str:
    with open_build(folder, quiet=True) as run:
        return run._code_key


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"docs/gate.md": "# Gates\n\n| a | b |\n|---|---|\n"}, True),
        ({"docs/new.md": "# New\n"}, True),
        ({"docs/mesh.excalidraw": "{}\n"}, True),
        ({"yard/logo.png": "y"}, True),
        ({"yard/gate.py": "# A remark that moves all lines.\n\n" + CODE}, True),
        ({"yard/gate.py": CODE.replace("LIMIT = 3", "LIMIT = 4")}, False),
        ({"yard/gate.py": CODE.replace("n < LIMIT", "n <= LIMIT")}, False),
        ({"yard/other.py": ""}, False),
        ({"yard/other.png": "x"}, False),
    ],
    ids=["document", "new document", "drawing", "picture", "lines", "value", "body", "new file", "new picture"],
)
def test_what_the_code_says(tmp_path: Path, changed: Mapping[str, str], same: bool) -> None:
    repo = GitRepo(tmp_path / "yard")
    repo.commit("feat: a gate", dict(FILES))
    before = shape(repo.folder)
    repo.commit("chore: change", dict(changed))
    assert (shape(repo.folder) == before) is same


def list_shapes(tmp_path: Path, *commits: Mapping[str, str]) -> list[Shapes]:
    repo = GitRepo(tmp_path / "yard")
    found = []
    for files in commits:
        repo.commit("chore: change", dict(files))
        with open_build(repo.folder, quiet=True) as run:
            found.append(run._shapes)
    return found


def test_of_documents_headings_and_tables_count(tmp_path: Path) -> None:
    texts = ("Text.\n\n# Gate\n\nMore.\n", "# Gates\n")
    changes = ({"yard/gate.py": ""}, *({"docs/gate.md": text} for text in texts))
    found = [each.headings for each in list_shapes(tmp_path, FILES, *changes)]
    assert found[0] == found[1] == found[2] != found[3]


def test_comments_count_by_themselves(tmp_path: Path) -> None:
    remark = "# TODO: oil the hinges of all gates before the winter comes\n"
    texts = (remark + CODE, "\n\n" + remark + CODE, CODE)
    found = list_shapes(tmp_path, FILES, *({"yard/gate.py": text} for text in texts))
    assert len({each.code for each in found}) == 1
    assert found[0].comments != found[1].comments == found[2].comments != found[3].comments == found[0].comments


def test_shapes_are_kept_as_text() -> None:
    shapes = Shapes("a", "b", "c")
    assert Shapes.unpack(shapes.pack()) == shapes
