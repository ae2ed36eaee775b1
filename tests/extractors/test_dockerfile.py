"""Dockerfiles: stages, ports, commands, copied folders."""

from __future__ import annotations

import pytest

from kbgen.model import FileFacts
from tests.extractors.reading import one, pairs, pick, read


def dockerfile(text: str) -> FileFacts:
    return read("Dockerfile", text)


def test_stages_are_told_apart_and_the_shipped_one_is_marked() -> None:
    facts = dockerfile(
        """\
        FROM golang:1.26 AS build
        EXPOSE 1
        FROM build
        FROM scratch as final
        COPY --from=build /bin/app /app
        EXPOSE 8080/tcp 53/udp
        CMD /app --serve
        """
    )
    assert [(f.name, f.value, f.attr("stage"), f.attr("last")) for f in pick(facts, "base")] == [
        ("golang:1.26", "build", "build", ""),
        ("build", "", "1", ""),
        ("scratch", "final", "final", "yes"),
    ]
    assert [(f.name, f.attr("protocol"), f.attr("last")) for f in pick(facts, "port")] == [
        ("1", "", ""),
        ("53", "udp", "yes"),
        ("8080", "", "yes"),
    ]
    assert one(facts, "copy", "/bin/app").attr("from") == "build"
    assert one(facts, "script", "cmd").value == "/app --serve"


def test_arguments_and_variables_fill_in_images_and_ports() -> None:
    facts = dockerfile(
        'ARG TAG=3.12\nFROM python:${TAG}-slim\nENV PORT="8000" MODE=a\\ b\nENV OLD old value\nEXPOSE $PORT\n'
    )
    assert pairs(facts, "base") == {"python:3.12-slim": ""}
    assert pairs(facts, "port") == {"8000": ""}
    assert pairs(facts, "setting") == {"TAG": "3.12", "PORT": "8000", "MODE": "a\\ b", "OLD": "old value"}


def test_continued_lines_comments_and_here_documents() -> None:
    facts = dockerfile(
        """\
        FROM a
        RUN one \\
            # EXPOSE 1
            two
        RUN <<EOF
        EXPOSE 2
        EOF
        CMD ["a", \\
             "b"]
        """
    )
    assert pick(facts, "port") == []
    assert (one(facts, "script", "cmd").value, one(facts, "script", "cmd").line) == ("a b", 8)


def test_another_escape_character() -> None:
    facts = dockerfile("# escape=`\nFROM a\nCOPY x `\n  C:\\\\to\\\\\nEXPOSE 80\n")
    assert one(facts, "copy", "x").value == "C:\\\\to\\\\"
    assert pairs(facts, "port") == {"80": ""}


@pytest.mark.parametrize("text", ["FROM", "ENV", "EXPOSE x y", "COPY x", "CMD", "HEALTHCHECK NONE", "\\", "RUN <<A"])
def test_odd_lines_give_no_error(text: str) -> None:
    assert dockerfile(f"FROM a\n{text}").facts[0].name == "a"
