"""Environment files: examples are told, real ones only named."""

from __future__ import annotations

import pytest

from kbgen.extractors import place_facts
from tests.extractors.reading import one, pairs, pick, read

TEXT = """\
# Database
DB_HOST=localhost # the host
export DB_NAME="shop # one"
#DB_PORT=5432
# Use DB_PORT=1 for tests
DB_PASSWORD='9f3a1c77aa'
BROKEN
"""


@pytest.mark.parametrize(
    "name", [".env.example", "sample.env", ".env.local.template", "env.dist", ".env.test", ".example.env"]
)
def test_an_example_gives_names_and_values(name: str) -> None:
    facts = read(f"api/{name}", TEXT)
    assert pairs(facts, "setting") == {
        "DB_HOST": "localhost",
        "DB_NAME": "shop # one",
        "DB_PORT": "5432",
        "DB_PASSWORD": "…",
    }
    assert one(facts, "setting", "DB_HOST").attr("about") == "Database"
    assert one(facts, "setting", "DB_PORT").attr("commented") == "yes"
    assert one(facts, "setting", "DB_PORT").line == 4


@pytest.mark.parametrize("name", [".env", ".env.local", ".env.production", "prod.env", ".envrc"])
def test_a_real_file_gives_names_alone(name: str) -> None:
    facts = read(name, TEXT)
    assert {f.value for f in pick(facts, "setting")} == {""}
    assert {f.attr("real") for f in pick(facts, "setting")} == {"yes"}
    assert "9f3a1c77aa" not in repr(facts)


def test_the_same_bytes_under_another_name_are_read_anew() -> None:
    assert place_facts(read(".env.example", TEXT), ".env") is None
    assert place_facts(read(".env.example", TEXT), "api/.env.example") is not None


def test_quotes_over_several_lines_and_quotes_that_never_end() -> None:
    facts = read(".env.example", 'A="one\ntwo"\nB=\'open\nC=3\n')
    assert pairs(facts, "setting") == {"A": "one two", "B": "open", "C": "3"}
    assert one(facts, "setting", "C").line == 4
