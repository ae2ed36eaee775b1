"""CODEOWNERS as GitHub documents it."""

from __future__ import annotations

import pytest

from kbgen.owners import find_owners

# The patterns of GitHub's own example, one a case.
CASES = [
    ("*", "a/b.py", True),
    ("*.js", "a/b.js", True),
    ("*.js", "a/b.jsx", False),
    ("*.js", "a.js/deep.py", True),
    ("/build/logs/", "build/logs/a/b.log", True),
    ("/build/logs/", "x/build/logs/b.log", False),
    ("/build/logs/", "build/logs", False),
    ("docs/*", "docs/getting-started.md", True),
    ("docs/*", "docs/build-app/troubleshooting.md", False),
    ("apps/", "apps/x.py", True),
    ("apps/", "deep/apps/x/y.py", True),
    ("/docs/", "docs/a.md", True),
    ("/docs/", "x/docs/a.md", False),
    ("/apps/github", "apps/github/a/b", True),
    ("**/logs", "build/logs/a.log", True),
    ("**/logs", "logs/a.log", True),
    ("**/logs", "catalogs/a.log", False),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b/file", True),
    ("a/**/b", "a/xb", False),
    ("a/**", "a/x/y", True),
    ("a/**", "a", False),
    ("/*", "top.md", True),
    ("/*", "docs/x.md", False),
    ("/docs/**/*.md", "docs/a.md", True),
    ("/docs/**/*.md", "docs/a/b/c.md", True),
    ("/docs/**/*.md", "docs/a/b/c.txt", False),
    ("file?.py", "src/file1.py", True),
    ("file?.py", "src/file12.py", False),
    ("a.b", "aXb", False),
    (r"my\ file.md", "docs/my file.md", True),
    (r"my\ file.md", "docs/my", False),
    ("/app/(yard)/page.tsx", "app/(yard)/page.tsx", True),
    ("*.md", "a\nb.md", True),
]


@pytest.mark.parametrize(("pattern", "path", "owned"), CASES)
def test_patterns(pattern: str, path: str, owned: bool) -> None:
    assert find_owners(f"{pattern} @me", path) == (("@me",) if owned else ())


def test_the_last_match_wins_and_may_name_nobody() -> None:
    text = "* @all\n/src/ @team @org/two someone@example.com\n/src/gen/\n"
    assert find_owners(text, "README.md") == ("@all",)
    assert find_owners(text, "src/a.py") == ("@team", "@org/two", "someone@example.com")
    assert find_owners(text, "src/gen/b.py") == ()


def test_comments_blank_lines_a_mark_and_crlf() -> None:
    text = "\ufeff*.py @py # who else\r\n\r\n# *.py @nobody\r\n  *.md   @md\r\n"
    assert find_owners(text, "a.py") == ("@py",)
    assert find_owners(text, "a.md") == ("@md",)
    # A # inside a word is part of it.
    assert find_owners("/c#/ @sharp", "c#/a.cs") == ("@sharp",)


def test_an_empty_file() -> None:
    assert find_owners("", "a.py") == ()
