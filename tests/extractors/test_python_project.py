"""pyproject.toml, setup.cfg, requirements, Pipfile."""

from __future__ import annotations

import pytest

from tests.extractors.reading import one, pairs, pick, read, whys


def test_poetry_tables() -> None:
    facts = read(
        "pyproject.toml",
        """\
        [tool.poetry]
        name = "shop"
        version = "1.0"
        [tool.poetry.dependencies]
        python = "^3.12"
        httpx = {version = "^0.27", extras = ["http2"]}
        core = {path = "../core"}
        [tool.poetry.group.dev.dependencies]
        pytest = "^8"
        [tool.poetry.scripts]
        shop = "shop:main"
        """,
    )
    assert one(facts, "package", "shop").attr("python") == "^3.12"
    assert pairs(facts, "dependency") == {"httpx": "^0.27", "core": "", "pytest": "^8"}
    assert one(facts, "dependency", "core").attr("local") == "yes"
    assert one(facts, "dependency", "pytest").attr("section") == "dev"
    assert pairs(facts, "script") == {"shop": "shop:main"}


def test_requirements_with_options_markers_and_continued_lines() -> None:
    facts = read(
        "api/requirements-dev.txt",
        """\
        # comment
        -r base.txt
        --index-url https://me:9f3a1c@example.com/simple
        httpx[http2,socks] >=0.27, <1 ; python_version < "3.13"  # why
        ruff==0.6.0 \\
            --hash=sha256:aa \\
            --hash=sha256:bb
        -e ../core
        git+https://example.com/tool.git@main#egg=tool
        direct @ https://example.com/direct.whl
        not a requirement at all
        """,
    )
    got = {f.name: (f.value, f.line) for f in pick(facts, "dependency")}
    assert got == {
        "httpx": (">=0.27, <1", 4),
        "ruff": ("==0.6.0", 5),
        "core": ("../core", 8),
        "tool": ("git+https://example.com/tool.git@main#egg=tool", 9),
        "direct": ("@ https://example.com/direct.whl", 10),
    }
    assert one(facts, "dependency", "httpx").attrs == (
        ("section", "requirements-dev"), ("extras", "http2 socks"), ("marker", 'python_version < "3.13"')
    )  # fmt: skip
    assert pairs(facts, "config") == {"-r": "base.txt", "--index-url": "https://me:…@example.com/simple"}


def test_setup_cfg() -> None:
    facts = read(
        "setup.cfg",
        """\
        [metadata]
        name = shop
        version = 2.0
        [options]
        python_requires = >=3.10
        install_requires =
            httpx>=0.27
            attrs
        [options.extras_require]
        dev = pytest
        [options.entry_points]
        console_scripts =
            shop = shop.cli:main
        [flake8]
        max-line-length = 120
        """,
    )
    assert one(facts, "package", "shop").value == "2.0"
    assert {f.name: (f.value, f.line) for f in pick(facts, "dependency")} == {
        "httpx": (">=0.27", 7),
        "attrs": ("", 8),
        "pytest": ("", 10),
    }
    assert one(facts, "script", "shop").line == 13
    assert pairs(facts, "config")["flake8.max-line-length"] == "120"


def test_pipfile() -> None:
    facts = read(
        "Pipfile", '[packages]\nflask = "*"\n[dev-packages]\npytest = {version = ">=8"}\n[scripts]\nrun = "flask run"\n'
    )
    assert pairs(facts, "dependency") == {"flask": "*", "pytest": ">=8"}
    assert one(facts, "script", "run").attr("source") == "pipenv"


def test_prose_of_that_name_has_no_dependencies() -> None:
    facts = read("business-requirements.txt", "The system shall be fast.\nUsers must log in (with SSO).\n")
    assert facts.facts == ()


@pytest.mark.parametrize(
    "text", ['[project]\nname = 3\ndependencies = "x"\n', "[tool]\npoetry = 1\n", "project = [1]\n"]
)
def test_odd_shapes_give_no_error(text: str) -> None:
    assert whys(read("pyproject.toml", text)) == []


def test_a_broken_file_is_said() -> None:
    assert whys(read("pyproject.toml", "[project\n")) == ["TOML syntax error at line 1, column 9"]
