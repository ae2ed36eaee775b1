"""One document in, one frozen config or one error out."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from kbgen.config import Config, IdsConfig, PagesConfig, SignalRule, SignalsConfig, describe_options, load_config
from kbgen.errors import ConfigError
from kbgen.model import Document


def load(value: Any, **lines: int) -> Config:
    return load_config(Document("kbgen.yaml", value, {tuple(key.split("__")): line for key, line in lines.items()}))


def refuse(value: Any, **lines: int) -> str:
    with pytest.raises(ConfigError) as caught:
        load(value, **lines)
    assert caught.value.hint
    return caught.value.message


def test_an_empty_document_gives_the_defaults() -> None:
    assert load(None) == load({}) == Config()
    assert load({"stories": None, "ids": None}) == Config()


def test_every_option_is_read() -> None:
    config = load(
        {
            "stories": ["docs/stories/*.md"],
            "epics": "docs/epics/*.md",
            "ids": {"prefixes": ["dm", "KB-"], "trackers": ["ZOOKEEPER"], "ignore": ["TD"], "issues": True},
            "notes": "output",
            "output_dir": "docs/out/",
            "diagrams": "docs/pictures/",
            "architecture_page": "docs/mesh.md",
            "mailmap": False,
            "rename_threshold": 60,
            "rename_limit": 0,
        }
    )
    assert config == Config(
        stories=("docs/stories/*.md",),
        epics=("docs/epics/*.md",),
        ids=IdsConfig(prefixes=("DM", "KB"), trackers=("ZOOKEEPER",), ignore=("TD",), issues=True),
        notes="output",
        output_dir="docs/out",
        diagrams="docs/pictures",
        architecture_page="docs/mesh.md",
        mailmap=False,
        rename_threshold=60,
        rename_limit=0,
    )


def test_all_problems_are_told_at_once_in_the_order_of_lines() -> None:
    message = refuse(
        {"ids": {"prefix": ["DM"]}, "rename_treshold": 50, "notes": "instory", "mailmap": "yes", "stories": [1]},
        ids__prefix=7,
        rename_treshold=2,
        notes=3,
        mailmap=4,
        stories=5,
    )
    assert message.split("\n") == [
        "kbgen.yaml:2: unknown option rename_treshold: did you mean rename_threshold?",
        "kbgen.yaml:3: notes wants in-story or output, not instory: did you mean in-story?",
        "kbgen.yaml:4: mailmap wants true or false, not yes",
        "kbgen.yaml:5: stories wants a list of texts",
        "kbgen.yaml:7: unknown option ids.prefix: did you mean ids.prefixes?",
    ]


def test_an_option_of_a_section_given_at_the_top_is_suggested_with_its_section() -> None:
    assert refuse({"prefixes": ["DM"]}, prefixes=1).endswith("did you mean ids.prefixes?")


def test_a_key_given_twice_is_a_problem() -> None:
    with pytest.raises(ConfigError, match=r"kbgen.yaml:9: ids.issues is given twice"):
        load_config(Document("kbgen.yaml", {"ids": {"issues": True}}, {}, ((("ids", "issues"), 9),)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rename_threshold", 0),
        ("rename_threshold", 101),
        ("rename_threshold", True),
        ("rename_limit", -1),
        ("rename_limit", "many"),
        ("follow_ups", "no"),
        ("stories", ["/etc/*"]),
        ("stories", ["../*"]),
        ("stories", [""]),
        ("stories", {"a": 1}),
        ("output_dir", "../out"),
        ("output_dir", "/out"),
        ("output_dir", "."),
        ("output_dir", ".git/x"),
        ("output_dir", "C:/out"),
        ("diagrams", "../pictures"),
        ("diagrams", ["docs"]),
        ("architecture_page", "../mesh.md"),
        ("architecture_page", ".git/mesh.md"),
        ("architecture_page", "docs/mesh"),
        ("architecture_page", 7),
        ("templates", ""),
        ("ids", 3),
        ("ids", {"prefixes": ["D M"]}),
        ("link_base", "git@github.com:o/r.git"),
        ("link_base", "javascript:alert(1)"),
        ("link_base", 'https://github.com/o/r">'),
        ("link_base", 3),
        (5, "x"),
    ],
)
def test_values_that_cannot_be(key: Any, value: Any) -> None:
    assert refuse({key: value}).startswith("kbgen.yaml:1: ")


def test_a_document_that_is_no_mapping() -> None:
    assert "wants keys and values" in refuse(["stories"])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://github.com/o/r", "https://github.com/o/r"),
        ("https://github.com/o/r.git", "https://github.com/o/r"),
        ("http://git.example:8080/o/r/", "http://git.example:8080/o/r"),
        ("", ""),
    ],
)
def test_the_link_base_is_kept_plain(given: str, kept: str) -> None:
    assert load({"link_base": given}) == Config(link_base=kept)


def test_credentials_are_left_out_and_said() -> None:
    config = load({"link_base": "https://me:secret@github.com/o/r"}, link_base=4)
    assert config.link_base == "https://github.com/o/r"
    assert len(config.remarks) == 1
    assert config.remarks[0].startswith("kbgen.yaml:4: ")
    assert "secret" not in repr(config)


def test_a_refused_link_base_is_not_repeated() -> None:
    assert "secret" not in refuse({"link_base": "https://me:secret@x@github.com/o/r"})


def test_every_option_is_described_and_every_described_one_exists() -> None:
    options = {option.key: option for option in describe_options()}
    plain = {field.name for field in dataclasses.fields(Config)} - {"ids", "signals", "pages", "remarks"}
    sections = {"ids": IdsConfig, "signals": SignalsConfig, "pages": PagesConfig}
    nested = {f"{name}.{field.name}" for name, section in sections.items() for field in dataclasses.fields(section)}
    assert set(options) == plain | nested
    assert all(option.help.endswith(".") and option.type for option in options.values())
    assert options["rename_threshold"].default == "50"
    assert options["ids.prefixes"].default == "[]"
    assert options["mailmap"].default == "true"


def test_signal_rules_keep_their_lines_and_are_not_read_here() -> None:
    rule = {"id": "own", "match": {"call": ["emit"]}, "emit": {"kind": "event_emit"}}
    document = {"signals": {"rules": [rule, {"id": "second"}], "disable": "log"}}
    config = load_config(Document("kbgen.yaml", document, {("signals", "rules", 0): 4, ("signals", "rules", 1): 9}))
    assert config.signals == SignalsConfig(
        (
            SignalRule('{"id": "own", "match": {"call": ["emit"]}, "emit": {"kind": "event_emit"}}', 4),
            SignalRule('{"id": "second"}', 9),
        ),
        ("log",),
    )
    assert load({"signals.disable": ["log"]}).signals.disable == ("log",)


@pytest.mark.parametrize("given", ["log", ["log"], [1], 5])
def test_signal_rules_must_be_mappings(given: Any) -> None:
    message = refuse({"signals": {"rules": given}}, signals__rules=3)
    assert message == "kbgen.yaml:3: signals.rules wants a list of rules, each with id, match and emit"


def test_a_list_right_below_signals_is_told_where_rules_go() -> None:
    message = refuse({"signals": [{"id": "own"}]}, signals=2)
    assert message == "kbgen.yaml:2: signals wants keys of its own, such as `disable: [log]`"
