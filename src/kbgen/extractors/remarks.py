"""What comments say: which of them are worth keeping, and which admit that code is a stand-in.

Shared by all languages: an extractor finds the comments, this module judges their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kbgen.extractors.base import shorten
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

TEXT_LIMIT = 500
_JUDGED = 10_000
"""Characters of one remark that are searched for an admission."""


class Remark(NamedTuple):
    """One comment block or docstring, its comment signs taken off."""

    line: int
    end_line: int
    text: str
    form: str
    """``comment`` or ``docstring``."""


class CommentLine(NamedTuple):
    line: int
    own: bool
    """Nothing but the comment stands on the line."""
    text: str
    """Without the comment sign."""


def join_lines(comments: Iterable[CommentLine]) -> Iterator[Remark]:
    """Consecutive lines that hold only a comment make one remark."""
    block: list[CommentLine] = []
    for comment in comments:
        if block and not (comment.own and block[-1].own and comment.line == block[-1].line + 1):
            yield _make_block(block)
            block = []
        block.append(comment)
    if block:
        yield _make_block(block)


def _make_block(block: list[CommentLine]) -> Remark:
    return Remark(block[0].line, block[-1].line, "\n".join(c.text.strip() for c in block).strip(), "comment")


_DIRECTIVE = LazyPattern(
    r"^\s*(?:noqa\b|type:\s*ignore|pragma:|pylint:|mypy:|ruff:|fmt:|isort:|flake8:|pyright:|-\*-|vim:|!/|"
    r"eslint|@ts-|prettier-|istanbul\s|c8\s|v8\s|jshint|global\s|biome-|webpack\w*:|@vite-|<reference|/\s*<|"
    r"@jsx|#?(?:end)?region\b|sourceMappingURL)",
    re.IGNORECASE,
)
_LICENCE = LazyPattern(
    r"\b(?:SPDX-License|Licensed under|All rights reserved|Copyright\s+(?:\(c\)|©|\d{4})|Permission is hereby granted|"
    r"without warrant(?:y|ies))\b|\(c\)\s*\d{4}",
    re.IGNORECASE,
)
_LICENCE_HINTS = ("licen", "right", "permission", "warrant", "(c)")
_CODE_LINE = LazyPattern(
    r"""^\s*[)\]}]+[,;]?\s*$ | ^\s*(?:const|let|var|return|import|from|await|async|def|class|export)
            \s+[\w{*'"(]
      | ^\s*(?:if|for|while|else|elif|switch|try|except|with)\b.*[:{]\s*$ | ^\s*[\w.\[\]'"]+\s*(?:=|\+=|:=|=>)\s*\S
      | ^\s*@?[\w.]+\(.*\)?[;,]?\s*$ | ^\s*</?[A-Za-z][^>]*>?\s*$ | ^\s*['"]?[\w-]+['"]?\s*:\s*[^\s].*,\s*$""",
    re.VERBOSE,
)
_WORDS = LazyPattern(r"[^\W\d_][\w'’-]*")
_NAMES_WORK = LazyPattern(r"\b(?:story|stories|epic|ticket|issue|task)\b|\b[A-Za-z]{2,}-\d|#\d", re.IGNORECASE)
_RULER = LazyPattern(r"^[\s=\-*#~_/+.─━═]+$")


def is_code(text: str) -> bool:
    """Commented-out code: more than half of the lines read as statements."""
    lines = [line for line in text.split("\n") if line.strip()]
    code = sum(line.rstrip()[-1] in ";{}" or _CODE_LINE.match(line) is not None for line in lines)
    return bool(lines) and code * 2 > len(lines)


def clean_block(text: str) -> str:
    """The words of a block comment or docstring: no leading stars, no rulers, no blank edges."""
    lines = []
    for line in text.split("\n"):
        bare = line.strip()
        if bare.startswith("*"):
            bare = bare[1:].strip()
        if not _RULER.match(bare):
            lines.append(bare)
    return "\n".join(lines).strip()


def is_worth_keeping(remark: Remark) -> bool:
    """Sentences of four words or more, or the name of a piece of work; no directives, licences, dead code."""
    text = remark.text
    if not text or _DIRECTIVE.match(text) or (_mentions(text, _LICENCE_HINTS) and _LICENCE.search(text[:1500])):
        return False
    if len(_WORDS.findall(text)) < 4 and not _NAMES_WORK.search(text):
        return False
    return remark.form == "docstring" or not is_code(text)


_MARKERS = LazyPattern(r"\b(TODO|FIXME|XXX|HACK|NOTE|WARNING|DEPRECATED)\b")
_SOFT_MARKERS = LazyPattern(
    r"\b(mock|placeholder|not (?:yet )?implemented|stub|hard-?coded|deprecated|workaround)", re.I
)


_SOFT_HINTS = ("mock", "placeholder", "implemented", "stub", "coded", "deprecated", "workaround")


def find_marker(text: str) -> str:
    match = _MARKERS.search(text) or (_SOFT_MARKERS.search(text) if _mentions(text, _SOFT_HINTS) else None)
    return match.group(1) if match else ""


def _mentions(text: str, hints: Iterable[str]) -> bool:
    """Whether any of a pattern's words is there at all: most comments have none, and looking so is far quicker."""
    folded = text.casefold()
    return any([hint in folded for hint in hints])  # noqa: C419 - a list of a few is quicker than a generator


_STAND_IN = LazyPattern(
    r"""
    \b(?: mock(?:ed|s)?\s+(?:data|response|result|implementation|fetch|update|create|delete|save|api|call|function|
            value|list|object|user|service|client|provider|request|query|mutation|version|generation|return|endpoint|for|until)s?
      | (?:using|use|returns?|returning|generate[sd]?|with|is|are|currently|temporar(?:y|ily))\s+(?:an?\s+|the\s+)?
            (?:mock(?:ed)?|fake|dummy|stub(?:bed)?|placeholder)(?!\w|\s+(?:text|prop|attribute|string|while|when|skeleton))
      | (?:fake|dummy|stub(?:bed)?)\s+
            (?:data|response|implementation|api|value|result|for|until|method|function|service)s?
      | placeholder\s+(?:implementation|data|response|value|logic|result|function|method|component|until|
            for\s+now|for\s+(?:future|actual|real)|-|–|—)
      | (?:an?|as|just|this\s+is\s+a)\s+placeholder\b(?!\s+(?:text|while|when|for\s+(?:the\s+)?(?:input|field)))
      | simulat(?:e|es|ed|ing)\s+(?:an?\s+|the\s+|some\s+)?(?:api|network|server|backend|async|request|response|latency|
            call|upload|fetch|delay|processing|loading|save|success)\b
      | hard-?coded\s+(?:for\s+now|until|temporar|values?\s+for\s+now|mock|placeholder|data|response|list\s+for\s+now)
      | replace[ds]?\s+(?:this\s+|it\s+|me\s+|\w+\s+){0,3}(?:with|by)\s+(?:an?\s+|the\s+)?(?:actual|real|proper)\b
      | (?:will|would|should|to)\s+be\s+(?:replaced|implemented|wired|connected|hooked)\b
            (?=.*\b(?:when|once|later|with|in|after|by|future|real|actual)\b)
      | (?:connect|wire|hook)(?:\s+up)?\s+(?:\w+\s+){0,3}to\s+(?:an?\s+|the\s+)?(?:actual|real)\b
      | in\s+(?:an?\s+|the\s+)?(?:real|actual)\s+(?:app|application|implementation|world|system|scenario)
      | in\s+production,?\s+(?:this|we|you|it)\s+(?:would|should|will|might|could)\b
      | (?:not|isn't|is\s+not|never)\s+(?:yet\s+|been\s+|currently\s+|fully\s+)*implemented(?:\s+yet)?\b
      | todo\b[:\s(]*(?:\w+\)?:?\s*)?implement\b
      | for\s+now,?\s+(?:just\s+|we\s+|we'll\s+|simply\s+)?
            (?:return|log|use\s+(?:mock|static|fake|dummy|hard)|stub|mock|fake)
    )""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_STAND_IN_HINTS = (
    "mock", "fake", "dummy", "stub", "placeholder", "simulat", "coded", "replace", "implement", "wired", "connected",
    "hooked", "real", "actual", "production", "now",
)  # fmt: skip
_STARTS_STAND_IN = LazyPattern(
    r"^(?:TODO:?\s*)?(?:mock|fake|stub|placeholder|dummy|simulated?)\b(?!\s+(?:text|prop))", re.I
)
_NEGATED = LazyPattern(
    r"\b(?:no|not|never|without|avoid|avoids|avoiding|instead\s+of|rather\s+than|replac(?:e[sd]?|ing)|remov(?:e[sd]?|ing)|"
    r"unlike|don't|do\s+not|prevents?|reject(?:s|ed)?|detect(?:s|ed)?)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_ABOUT_TESTS = LazyPattern(
    r"\b(?:tests?|testing|specs?|jest|vitest|pytest|storybook|stories|fixtures?|can\s+be\s+mocked|easy\s+to\s+mock)\b",
    re.I,
)


def find_stand_in(text: str) -> str:
    """The sentence in which a comment admits that the code stands in for the real thing, or ``""``.

    Written for precision: bare "mock" or "placeholder" is not enough, since inputs have placeholders and
    products simulate; a negated or test-related sentence does not count.
    """
    if not _mentions(text, _STAND_IN_HINTS):
        return ""
    for sentence in split_sentences(text):
        match = _STARTS_STAND_IN.search(sentence) or _STAND_IN.search(sentence)
        if match is None or _ABOUT_TESTS.search(sentence):
            continue
        says_missing = "implement" in match.group(0).lower() or "replace" in match.group(0).lower()
        if not says_missing and _NEGATED.search(sentence[: match.start()]):
            continue
        return shorten(sentence, 200)
    return ""


_SENTENCE_END = LazyPattern(r"(?<=[.!?])\s+(?=[A-Z(\"'`])|\n\s*\n|\n(?=\s*(?:[-*•@]|\d+[.)]|TODO|FIXME|NOTE))")


def split_sentences(text: str) -> list[str]:
    return [sentence for part in _SENTENCE_END.split(text) if (sentence := " ".join(part.split()))]


def make_facts(path: str, remark: Remark, symbol: str) -> Iterator[Fact]:
    """The facts of one remark: the text, further pieces of work named beyond the limit, a stand-in admitted."""
    if not is_worth_keeping(remark):
        return
    text = remark.text[:TEXT_LIMIT]
    marker = find_marker(text)
    attrs = (("marker", marker),) if marker else ()
    yield Fact("comment", remark.form, path, remark.line, text, symbol, "", attrs)
    if len(remark.text) > TEXT_LIMIT:
        start = remark.text.rfind("\n", 0, TEXT_LIMIT) + 1
        for offset, line in enumerate(remark.text[start:].split("\n")):
            if offset and _NAMES_WORK.search(line):
                yield Fact("comment", remark.form, path, remark.line, line[:TEXT_LIMIT], symbol, "", (("part", "yes"),))
    words = find_stand_in(remark.text[:_JUDGED])
    if words:
        yield Fact("mock", symbol.rpartition(".")[2], path, remark.line, words, symbol, "", (("reason", "comment"),))


_STRING_STAND_IN = LazyPattern(
    r"\bnot (?:yet )?implemented\b|\b(?:using|returning|with) (?:mock|fake|dummy|placeholder|stub)\w* ?"
    r"(?:data|response|value|result|implementation)?|\bmock(?:ed)? (?:response|data|result|implementation)\b|"
    r"\bplaceholder (?:implementation|response|data)\b",
    re.IGNORECASE,
)


def says_stand_in(text: str) -> bool:
    """Whether a message that the program prints or raises says that it is a stand-in."""
    match = _STRING_STAND_IN.search(text)
    return match is not None and not _NEGATED.search(text[: match.start()])
