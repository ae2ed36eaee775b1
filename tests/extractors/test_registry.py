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
    is_extractable,
    is_readable,
    make_version,
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
    "services:\n  a:\n    image: x\n    ports: ['1:2']\n", "- a: &b {c: d}\n",
    "apiVersion: v1\nkind: Service\nspec:\n", "{{ .Values.x }}", '{"a": [1, {"b": "c"}]}', "[a]\nb = 1\n", "FROM x\n",
    "X=${Y:-z}\n", "all: b\n\tc\n", "a: *b\n", "model A {\n", "create table a (b int);\n", "# A\n\n|b|\n|-|\n",
    "\t", "\x85", "<project><artifactId>a</artifactId>",
    "'''", '"', "/*", "(", "{", "<", "\\", "\r\n", "\x00", "\x0c", "\ufeff", "\ud800", "é", "\u2028",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=8), max_size=12).map("".join)


PATHS = [
    "a.py", "b/c.ts", "app/x/page.tsx", "d.js", "compose.yml", ".github/workflows/a.yml", "Dockerfile", ".env.example",
    "package.json", "pyproject.toml", "requirements.txt", "setup.cfg", "go.mod", "pom.xml", "build.gradle", "a.csproj",
    "Makefile", "justfile", "Taskfile.yml", "a.prisma", "a.sql", "a.yaml", "a.json", "a.ini", "a.properties", "a.md",
    ".husky/pre-commit",
]  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(text=TEXTS, path=st.sampled_from(PATHS))
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
    assert extract_file(SourceFile("notes.rst", "b10b", "Title")) == FileFacts("notes.rst", "b10b", ())
    assert not is_extractable("notes.rst")
    assert find_extractor("A/B.PY") == "python"


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        ("docker-compose.yml x/docker-compose.prod.yaml compose.yaml compose.dev.yml dev.compose.yml", "compose"),
        (".github/workflows/ci.yml tools/.github/workflows/a.yaml x/action.yml", "workflow"),
        ("Dockerfile a/Dockerfile.dev api.Dockerfile dockerfile-base Containerfile", "dockerfile"),
        (".env .env.example a/.env.local.example .env.sample example.env env.template .envrc prod.env", "dotenv"),
        ("package.json a/b/package.json", "package"),
        (
            "pyproject.toml setup.cfg requirements.txt requirements-dev.txt requirements/base.in Pipfile",
            "python-project",
        ),
        ("go.mod pom.xml a/build.gradle.kts settings.gradle a.csproj Cargo.toml Gemfile composer.json", "manifest"),
        ("Makefile GNUmakefile rules.mk justfile .justfile Taskfile.yml", "makefile"),
        (".husky/pre-commit web/.husky/commit-msg .githooks/pre-push hooks/prepare-commit-msg", "githook"),
        ("a.yaml a.yml .github/dependabot.yml decompose.yml workflows/ci.yml", "yaml"),
        ("a.json tsconfig.json a.jsonc b.toml c.ini application.properties mcp.json", "configuration"),
        ("a.md b.mdx Dockerfile.md", "markdown"),
        ("schema.prisma", "prisma"),
        ("migration.sql", "sql"),
        ("compose.py dockerfile.py", "python"),
        ("package-lock.json pnpm-lock.yaml uv.lock go.sum a.txt build-dockerfile.sh Dockerfile.dockerignore", ""),
        ("pre-commit .husky/_/husky.sh .husky/_/h", ""),
    ],
)
def test_files_are_known_by_name_and_suffix(paths: str, name: str) -> None:
    assert {path: find_extractor(path) for path in paths.split()} == dict.fromkeys(paths.split(), name)


def test_readable_means_code_and_extractable_means_any_file_with_facts() -> None:
    assert is_readable("a.tsx")
    assert is_extractable("a.tsx")
    assert not is_readable("compose.yaml")
    assert is_extractable("compose.yaml")


def test_every_suffix_belongs_to_one_extractor() -> None:
    suffixes = [suffix for extractor in EXTRACTORS.values() for suffix in extractor.SUFFIXES]
    assert len(suffixes) == len(set(suffixes))


def test_minified_and_huge_files_are_skipped_with_a_reason() -> None:
    minified = extract_file(SourceFile("a.js", "b10b", "x" * 20_001))
    huge = extract_file(SourceFile("a.py", "b10b", "x = 1\n" * 400_000))
    assert minified.facts == huge.facts == ()
    assert "minified" in minified.skipped[0].why
    assert "larger" in huge.skipped[0].why


def test_version_changes_with_that_of_any_extractor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len({extractor.VERSION for extractor in EXTRACTORS.values()}) == len(EXTRACTORS)
    assert make_version() == FACTS_VERSION
    for extractor in EXTRACTORS.values():
        with monkeypatch.context() as patch:
            patch.setattr(extractor, "VERSION", "another")
            assert make_version() != FACTS_VERSION


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


def test_facts_do_not_move_where_the_name_asks_for_another_reading() -> None:
    facts = extract_file(SourceFile("infra/docker-compose.yml", "b10b", "services: {a: {build: .}}"))
    assert place_facts(facts, "infra/app.yml") is None
    moved = place_facts(facts, "deploy/compose.yml")
    assert moved is not None
    assert [fact.attr("context") for fact in facts.facts + moved.facts] == ["infra", "deploy"]


def test_references_unpack_as_they_were_packed() -> None:
    fact = Fact("reference", "string", "a.ts", 3, "@/lib/x@3 fetch@4*12")
    assert [tuple(reference) for reference in parse_references(fact)] == [("@/lib/x", 3, 1), ("fetch", 4, 12)]
