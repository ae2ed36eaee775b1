"""One word in many spellings is one word; two words of two texts are none."""

from __future__ import annotations

import pytest

from kbgen.merge import EDGE, covers, fold_words, has_phrase


@pytest.mark.parametrize("text", ["WebSockets", "web-socket", "Web Socket", "`websocket`", "**WebSocket**"])
def test_spellings_of_one_word_are_found(text: str) -> None:
    assert has_phrase(fold_words(f"Safe {text} use"), "websocket")
    assert has_phrase(fold_words(f"Safe {text} use"), "Web Sockets")


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("HTTP/2 deployment", "http/2", True),
        ("http2-deployment.md", "HTTP/2", True),
        ("End-to-End tests", "end to end", True),
        ("Open Telemetry", "opentelemetry", True),
        ("Keyboard rotation", "key", False),
        ("Monkey business", "key", False),
        ("Policies", "policy", True),
        ("Status of access", "statu", False),
        ("[MCP](docs/cache.md) servers", "cache", False),
        ("Servers <!-- cache -->", "cache", False),
        ("anything", "", False),
    ],
)
def test_a_phrase_is_whole_words_in_a_row(text: str, phrase: str, found: bool) -> None:
    assert has_phrase(fold_words(text), phrase) is found


def test_no_phrase_reaches_over_an_edge() -> None:
    assert has_phrase(("key", "rotation"), "key rotation")
    assert not has_phrase(("key", EDGE, "rotation"), "key rotation")


def test_a_subject_needs_every_part_in_one_of_its_spellings() -> None:
    subject = (("websocket", "socket.io"), ("security", "hardening"))
    assert covers(fold_words("Hardening of Socket.IO"), subject)
    assert not covers(fold_words("Socket.IO"), subject)
    assert not covers(fold_words("Socket.IO"), ())
