"""What `kbgen build` writes on the sample, read as a reviewer reads it: names have evidence, links lead somewhere."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from kbgen.wiring import open_build
from tests.commands import Kbgen, list_files
from tests.gitrepo import GitRepo

SCRIPT = Path(__file__).parent.parent / "scripts" / "check_pages.py"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_pages", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


script = load_script()


@dataclass(frozen=True, slots=True)
class Built:
    docs: Path
    repository: Path


@pytest.fixture(scope="module")
def built(_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All that is built for the sample, in a folder beside it."""
    folder = tmp_path_factory.mktemp("built") / "docs"
    with open_build(_sample, quiet=True) as run:
        report = run.build(output=folder)
    assert report.failed == ()
    return Built(folder, _sample)


def test_names_have_evidence(built: Built) -> None:
    report = script.check(built.docs, built.repository)
    rest = "\n".join(f"{m.page}:{m.line}: {m.name} in {m.text}" for m in report.missing)
    assert report.names > 3000
    assert report.share >= 0.98, rest


def test_links_lead_somewhere(built: Built) -> None:
    assert script.check(built.docs, built.repository).broken == ()


def test_pages_can_be_read(built: Built) -> None:
    """A guide has fewer than 2,500 words; a table has at most six columns."""
    for page in sorted((built.docs / "docs").rglob("*.md")):
        text = page.read_text()
        words = len(text.split())
        if page.parent.name in ("guides", "runbooks", "security"):
            assert words < 2500, f"{page.name}: {words} words"
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("|--"):
                assert line.count("|") <= 7, f"{page.name}:{number}"


def test_build_commit_build_gives_the_same_bytes(kbgen: Kbgen, sample: Path) -> None:
    kbgen("build", at=sample)
    before = list_files(sample)
    author = ["-c", "user.name=A", "-c", "user.email=a@b.example"]
    for words in (["add", "--all"], [*author, "commit", "--quiet", "-m", "docs: built"]):
        subprocess.run(["git", *words], cwd=sample, check=True)
    result = kbgen("build", "--check", at=sample)
    assert (result.code, list_files(sample)) == (0, before), result.out


def test_a_repository_without_the_subjects_gets_none_of_their_pages(kbgen: Kbgen, tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "plain")
    repo.commit(
        "feat: count words",
        {
            "README.md": "# Words\n",
            "pyproject.toml": '[project]\nname = "words"\nversion = "1"\ndependencies = []\n',
            "words/__init__.py": "def count(text: str) -> int:\n    return len(text.split())\n",
            "tests/test_words.py": "from words import count\n\n\ndef test_count():\n    assert count('a b') == 2\n",
        },
    )
    result = kbgen("build", "--format", "json", at=repo.folder)
    assert result.code == 0
    for path in result.json["written"]:
        text = (repo.folder / path).read_text().casefold()
        for word in ("copilotkit", "mcp", "a2a", "agent", "websocket", "prometheus", "opentelemetry", "playwright"):
            assert word not in text, f"{path} says {word}"
    left_out = {row["path"] for row in result.json["left_out"]}
    assert {"docs/guides/mcp-configuration.md", "docs/guides/copilotkit-patterns.md"} <= left_out


class TestTheCheckItself:
    @pytest.fixture
    def yard(self, tmp_path: Path) -> Path:
        repo = GitRepo(tmp_path / "yard")
        repo.commit("feat: a gate", {"gate.py": "def open_gate(): ...\n", "plan.md": "`shut_gate` on port 8123\n"})
        return repo.folder

    def check(self, yard: Path, tmp_path: Path, text: str) -> tuple[list[str], list[str]]:
        docs = tmp_path / "docs"
        docs.mkdir()
        (docs / "page.md").write_text(
            f"# Gates\n\n<!-- kbgen:begin page -->\n{text}\n<!-- kbgen:end page sha256:0 -->\n"
        )
        report = script.check(docs, yard)
        return [m.name for m in report.missing], [target for _, _, target in report.broken]

    @pytest.mark.parametrize(
        ("text", "missing"),
        [
            ("`open_gate` in `gate.py`", []),
            ("`shut_gate` on `8123`", ["shut_gate", "8123"]),
            ("shut_gate without a mark is prose", []),
            ("```python\nshut_gate()\n```", ["shut_gate"]),
            ("```mermaid\nshut_gate\n```", []),
            ("`curl -s http://localhost:8123`", ["8123"]),
            ("## How to (guidance)\n\n`shut_gate`\n\n### More\n\n`shut_gate`\n\n## Here\n\n`shut_gate`", ["shut_gate"]),
            ("> **Guidance.** Try `shut_gate`,\n> or `lock_gate`.\n\n`shut_gate`", ["shut_gate"]),
        ],
    )
    def test_names(self, yard: Path, tmp_path: Path, text: str, missing: list[str]) -> None:
        assert self.check(yard, tmp_path, text)[0] == missing

    @pytest.mark.parametrize(
        ("text", "broken"),
        [
            ("[a](gate.py)", []),
            ("[a](gone.py)", ["gone.py"]),
            ("[a](../gate.py)", ["../gate.py"]),
            ("[`a`](gone.py)", ["gone.py"]),
            ("[a](https://gates.example/)", []),
            ("[a](page.md#gates)", []),
            ("[a](#doors)", ["#doors"]),
            ("`[a](gone.py)`", []),
        ],
    )
    def test_links(self, yard: Path, tmp_path: Path, text: str, broken: list[str]) -> None:
        assert self.check(yard, tmp_path, text)[1] == broken
