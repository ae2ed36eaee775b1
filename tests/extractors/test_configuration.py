"""Keys of any configuration file."""

from __future__ import annotations

from tests.extractors.reading import one, pairs, pick, read, whys


def test_yaml_json_toml_ini_and_properties_alike() -> None:
    want = {"server.port": "8080", "server.name": "shop"}
    assert pairs(read("a.yaml", "server:\n  port: 8080\n  name: shop\n"), "config") == want
    assert pairs(read("a.json", '{"server": {"port": 8080, "name": "shop"}}'), "config") == want
    assert pairs(read("a.toml", '[server]\nport = 8080\nname = "shop"\n'), "config") == want
    assert pairs(read("a.ini", "; note\n[server]\nport = 8080\nname: shop\n"), "config") == want
    assert pairs(read("a.properties", "# note\nserver.port=8080\nserver.name: shop\n"), "config") == want


def test_values_that_go_on() -> None:
    assert pairs(read("a.properties", "list=a,\\\n  b\nnext=1\n"), "config") == {"list": "a, b", "next": "1"}
    assert pairs(read("a.ini", "[s]\nlist =\n  a\n  b\n\nnext = 1\n"), "config") == {"s.list": "a b", "s.next": "1"}


def test_long_values_are_cut_and_secrets_covered() -> None:
    facts = read("a.json", '{"long": "' + "x" * 500 + '", "db": {"password": "9f3a1c77"}, "key": "plain"}')
    assert len(one(facts, "config", "long").value) == 200
    assert pairs(facts, "config")["db.password"] == "…"
    assert pairs(facts, "config")["key"] == "plain"


def test_what_a_person_wrote_is_cut_with_a_note_and_rows_without() -> None:
    mapping = "\n".join(f"k{n}: {n}" for n in range(400))
    rows = "\n".join(f"- {n}" for n in range(400))
    assert (len(read("a.yaml", mapping).facts), whys(read("a.yaml", mapping))) == (
        300,
        ["only the first 300 keys are read"],
    )
    assert (len(read("a.yaml", rows).facts), whys(read("a.yaml", rows))) == (300, [])


def test_lock_files_have_no_facts_and_large_files_a_note() -> None:
    assert read("package-lock.json", '{"a": 1}').facts == ()
    assert read("pnpm-lock.yaml", "a: 1\n").facts == ()
    assert whys(read("a.json", '{"a": "' + "x" * 300_000 + '"}')) == [
        "larger than 300,000 characters: data, not read for configuration"
    ]


def test_an_api_description_is_told_by_its_operations() -> None:
    facts = read(
        "openapi.yaml",
        """\
        openapi: 3.1.0
        servers: [{url: https://api.example.com}]
        paths:
          /users/{id}:
            parameters: []
            get: {operationId: getUser}
            delete: {summary: Remove}
        components: {schemas: {A: {type: object}}}
        """,
    )
    assert pairs(facts, "config") == {
        "openapi": "3.1.0",
        "servers[0].url": "https://api.example.com",
        "paths./users/{id}.get": "getUser",
        "paths./users/{id}.delete": "Remove",
    }


def test_mcp_servers_of_editors_and_agents() -> None:
    for path, text in {
        ".vscode/mcp.json": '{"servers": {"docs": {"command": "npx", "args": ["-y", "x"]}}, "inputs": []}',
        "settings.json": '{"mcp": {"servers": {"docs": {"command": "npx", "args": ["-y", "x"]}}}}',
        "config.toml": '[mcp_servers.docs]\ncommand = "npx"\nargs = ["-y", "x"]\n',
    }.items():
        (server,) = (fact for fact in pick(read(path, text), "config") if fact.attr("mcp"))
        assert server.name.endswith(".docs")
        assert (server.value, server.attr("args")) == ("npx", "-y x")
    assert not [f for f in read("a.json", '{"servers": {"a": {"command": "x"}}, "other": 1}').facts if f.attr("mcp")]
