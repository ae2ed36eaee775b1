"""package.json: package, dependencies, scripts."""

from __future__ import annotations

from tests.extractors.reading import one, pairs, read, whys


def test_what_a_package_is_and_needs() -> None:
    facts = read(
        "apps/web/package.json",
        '{"name": "@shop/web", "bin": "cli.js", "workspaces": {"packages": ["a/*"]},\n'
        ' "peerDependencies": {"react": ">=18"}, "dependencies": {"ui": "file:../ui"}, "jest": {"rootDir": "src"}}',
    )
    assert one(facts, "package", "@shop/web").attr("workspaces") == "a/*"
    assert pairs(facts, "script") == {"web": "cli.js"}
    assert one(facts, "dependency", "react").attrs == (("section", "peerDependencies"),)
    assert one(facts, "dependency", "ui").attr("local") == "yes"
    assert pairs(facts, "config") == {"jest.rootDir": "src"}


def test_a_broken_file_gives_what_it_can() -> None:
    facts = read("package.json", '{"name": "x",\n "scripts": {"a": "b",\n  oops }')
    assert pairs(facts, "script") == {"a": "b"}
    assert whys(facts) == ["JSON syntax error in line 3"]


def test_odd_shapes_give_no_error() -> None:
    for text in ("[]", "{}", "3", '{"scripts": [1], "bin": 2, "dependencies": {"a": {"b": 1}}}'):
        assert whys(read("package.json", text)) == []


def test_credentials_in_versions_are_covered() -> None:
    facts = read("package.json", '{"dependencies": {"x": "git+https://bot:9f3a1c@example.com/x.git"}}')
    assert pairs(facts, "dependency") == {"x": "git+https://bot:…@example.com/x.git"}
