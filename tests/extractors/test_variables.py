"""Variables in values: defaults folded, references named, secrets covered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.variables import Variable, fold_variables, hide_secret, is_secret_name, make_setting


@pytest.mark.parametrize(
    ("text", "folded", "variables"),
    [
        ("plain", "plain", ()),
        ("${PORT:-7777}:80", "7777:80", (Variable("PORT", "7777"),)),
        ("${PORT-7777}", "7777", (Variable("PORT", "7777"),)),
        ("${A:-${B:-c}}", "c", (Variable("A", "c"), Variable("B", "c"))),
        ("${HOST}/$PATH", "${HOST}/${PATH}", (Variable("HOST", None), Variable("PATH", None))),
        ("${NEED:?must be set}", "${NEED}", (Variable("NEED", None),)),
        ("$$HOME costs 5$", "$HOME costs 5$", ()),
        ("${{ secrets.TOKEN }}", "${{ secrets.TOKEN }}", ()),
        ("$(make)", "$(make)", ()),
        ("${", "${}", ()),
        ("${A:-", "", (Variable("A", ""),)),
    ],
)
def test_defaults_stand_in_for_their_variables(text: str, folded: str, variables: tuple[Variable, ...]) -> None:
    assert fold_variables(text) == (folded, variables)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="${}:-?AB =", max_size=30))
def test_any_text_folds(text: str) -> None:
    folded, variables = fold_variables(text)
    assert all(variable.name for variable in variables)
    assert len(folded) <= len(text) + 3 * text.count("$")


@pytest.mark.parametrize("name", ["API_KEY", "apiKey", "DB_PASSWORD", "clientSecret", "GITHUB_TOKEN", "private-key"])
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["key", "CACHE_KEY", "TOKEN_URL", "MAX_TOKENS", "SECRET_NAME", "KEY_PREFIX", "primaryKey", "PORT", "MONKEY"]
)
def test_names_about_secrets_are_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("API_KEY", "9f3a1c77aa", "…"),
        ("API_KEY", "your-api-key", "your-api-key"),
        ("API_KEY", "<paste it>", "<paste it>"),
        ("API_KEY", "", ""),
        ("API_KEY", "${API_KEY}", "${API_KEY}"),
        ("API_KEY", "${{ secrets.API_KEY }}", "${{ secrets.API_KEY }}"),
        ("DB_PASSWORD", "123456", "…"),
        ("RETRY_TOKEN", "3", "3"),
        ("DATABASE_URL", "postgresql://shop:hunter2@db:5432/shop", "postgresql://shop:…@db:5432/shop"),
        ("DATABASE_URL", "postgresql://user:password@host/db", "postgresql://user:password@host/db"),
        ("DSN", "root:hunter2@tcp(db:3306)/shop", "root:…@tcp(db:3306)/shop"),
        ("REDIS_URL", "redis://:hunter2@cache:6379", "redis://:…@cache:6379"),
        ("IMAGE", "golang:1.26-alpine@sha256:0178a641", "golang:1.26-alpine@sha256:0178a641"),
        ("ANY", "AKIA" + "A1B2C3D4E5F6G7H8", "…"),
        ("CERT", "-----BEGIN PRIVATE KEY-----\nabc", "…"),
    ],
)
def test_secrets_are_covered(name: str, text: str, shown: str) -> None:
    assert hide_secret(name, text) == shown


def test_a_setting_names_what_it_refers_to_and_falls_back_on() -> None:
    fact = make_setting("a.yml", 3, "URL", "http://${HOST:-db}:${PORT:-1}", (("service", "api"), ("empty", "")))
    assert (fact.kind, fact.line, fact.value) == ("setting", 3, "http://${HOST:-db}:${PORT:-1}")
    assert fact.attrs == (("service", "api"), ("default", "http://db:1"), ("ref", "HOST"), ("ref", "PORT"))


def test_a_default_that_is_a_secret_is_covered_and_an_empty_one_is_told() -> None:
    secret = make_setting("a.yml", 1, "API_KEY", "${API_KEY:-9f3a1c77aa}")
    empty = make_setting("a.yml", 1, "API_KEY", "${API_KEY:-}")
    assert (secret.value, secret.attr("default")) == ("…", "…")
    assert (empty.value, dict(empty.attrs)["default"]) == ("${API_KEY:-}", "")
