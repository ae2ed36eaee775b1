"""Compose files: services, ports, variables, dependencies."""

from __future__ import annotations

import pytest

from kbgen.extractors import place_facts
from kbgen.model import FileFacts
from tests.extractors.reading import one, pairs, pick, read, whys


def compose(text: str) -> FileFacts:
    return read("deploy/docker-compose.yml", text)


def read_port(written: str) -> list[tuple[str, str, str, str]]:
    facts = compose(f"services:\n  web:\n    image: x\n    ports:\n      - {written}\n")
    return [(f.name, f.value, f.attr("protocol"), f.attr("host")) for f in pick(facts, "port")]


@pytest.mark.parametrize(
    ("written", "ports"),
    [
        ("80", [("80", "", "", "")]),
        ('"8080:80"', [("80", "8080", "", "")]),
        ("22:22", [("22", "22", "", "")]),  # a number of base 60 in YAML 1.1
        ('"127.0.0.1:8080:80/udp"', [("80", "8080", "udp", "127.0.0.1")]),
        ('"127.0.0.1::80"', [("80", "", "", "127.0.0.1")]),
        ('"[::1]:8080:80"', [("80", "8080", "", "::1")]),
        ('"${PORT:-8080}:80"', [("80", "8080", "", "")]),
        ('"${PORT}:80"', [("80", "${PORT}", "", "")]),
        ('"3000-3001:4000-4001"', [("4000", "3000", "", ""), ("4001", "3001", "", "")]),
        ('"1000-9000:1000-9000"', [("1000-9000", "1000-9000", "", "")]),
        ("{target: 80, published: '8080', protocol: tcp}", [("80", "8080", "", "")]),
        ("{target: 80, host_ip: 0.0.0.0, protocol: udp}", [("80", "", "udp", "0.0.0.0")]),
        ("[odd]", []),
        ('"a:b:c:d:e"', []),
    ],
)
def test_ports_in_every_form(written: str, ports: list[tuple[str, str, str, str]]) -> None:
    assert read_port(written) == ports


def test_build_context_is_told_from_the_top_of_the_repository() -> None:
    text = """\
        services:
          api: {build: ../api}
          web: {build: {context: ./web, dockerfile: Dockerfile.dev}}
          here: {build: {target: x}}
          far: {build: https://example.com/repo.git}
          out: {build: ../../elsewhere}
          set: {build: "${API_DIR:-../api}"}
    """
    facts = compose(text)
    assert {f.name: (f.value, f.attr("context")) for f in pick(facts, "service")} == {
        "api": ("../api", "api"),
        "web": ("./web", "deploy/web"),
        "here": (".", "deploy"),
        "far": ("https://example.com/repo.git", ""),
        "out": ("../../elsewhere", ""),
        "set": ("../api", "api"),
    }
    moved = place_facts(facts, "docker-compose.yml")
    assert moved is not None
    assert one(moved, "service", "web").attr("context") == "web"
    assert one(moved, "service", "here").attr("context") == "."
    assert one(moved, "service", "api").attr("context") == ""


def test_variables_as_list_and_as_mapping() -> None:
    facts = compose(
        """\
        services:
          a:
            image: x
            environment: ["MODE=fast=er", HOME, "URL=http://${HOST:-b}:80"]
          b:
            image: x
            environment: {PORT: 80, TOKEN: , FLAG: true}
        """
    )
    assert pairs(facts, "setting") == {
        "MODE": "fast=er",
        "HOME": "",
        "URL": "http://${HOST:-b}:80",
        "PORT": "80",
        "TOKEN": "",
        "FLAG": "true",
    }
    assert one(facts, "setting", "HOME").attrs == (
        ("service", "a"), ("source", "compose"), ("passed", "yes"), ("ref", "HOME")
    )  # fmt: skip
    assert one(facts, "setting", "URL").attr("default") == "http://b:80"


def test_a_service_takes_what_the_one_it_extends_has_but_not_its_needs() -> None:
    facts = compose(
        """\
        services:
          base:
            image: x
            environment: {A: 1, B: 2}
            depends_on: [db]
          child:
            extends: base
            environment: {B: 3}
          loop:
            extends: {service: loop}
            image: y
          other:
            extends: {file: common.yml, service: base}
        """
    )
    mine = {f.name: f.value for f in pick(facts, "setting") if f.attr("service") == "child"}
    assert mine == {"A": "1", "B": "3"}
    assert one(facts, "service", "child").value == "x"
    assert [f.attr("service") for f in pick(facts, "depends")] == ["base"]
    assert one(facts, "service", "other").attr("extends") == "common.yml:base"


def test_a_compose_file_is_known_by_what_it_holds() -> None:
    text = "services:\n  web:\n    image: nginx\n"
    assert one(read("infra/dev.yml", text), "service", "web").value == "nginx"
    assert pick(read("infra/dev.yml", "services:\n  web:\n    url: x\n"), "service") == []
    assert pick(read("infra/dev.yml", f"{text}other: 1\n"), "service") == []


def test_odd_shapes_give_facts_and_no_error() -> None:
    facts = compose(
        "services:\n  a: null\n  b: [1]\n  c: {ports: x, environment: y, depends_on: z, links: 1}\n  d: text\n"
    )
    assert [f.name for f in pick(facts, "service")] == ["a", "b", "c", "d"]
    assert compose("services: []\n").facts == ()


def test_what_could_not_be_read_is_said() -> None:
    assert whys(compose("services:\n  a:\n    image: x\n    image: y\n")) == [
        "key image again in line 4: the last one counts"
    ]
    many = "\n".join(f"      l{n}: x" for n in range(400))
    cut = compose(f"services:\n  a:\n    image: x\n    labels:\n{many}\n")
    assert whys(cut) == ["only the first 300 keys are read"]
    assert one(cut, "service", "a").value == "x"
