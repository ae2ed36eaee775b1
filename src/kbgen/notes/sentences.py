"""What people wrote about a story, cut into sentences that can be quoted: messages, documents, code comments.

The cutting is the same for prose and Markdown: paragraphs are split into sentences, a list item stays whole,
wrapped lines are joined. A line that only introduces a list (it ends with ":") is also given once with its items
behind it. Code fences, tables, HTML comments and kbgen's own managed blocks are never quoted. Everything here is
linear in the text, and no text is read beyond a fixed size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kbgen.model import EpicDocument, Evidence, Fact, Link, Section, Story, StoryKey
from kbgen.paths import classify_path
from kbgen.patterns import lazy

Origin = Literal["message", "story", "epic", "comment"]
Place = Literal["subject", "prose", "item", "box", "lead"]

_MAX_TEXT = 60_000
"""Characters of one message or section that are looked at; real ones stay far below."""
_MAX_UNIT = 1_500
"""Characters of one sentence or list item that are looked at."""
_MAX_COMMENTS = 4_000

TEXT_LIMIT = 400
"""Longest text that is shown."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or list item as its author wrote it, and where."""

    text: str
    """As shown: white space folded, list marker and emphasis left out."""
    evidence: Evidence
    """`quote` is the source's own run of characters, white space folded."""
    source: str
    origin: Origin
    place: Place
    """``subject`` of a message, ``box`` an item with a checkbox, ``lead`` a line with the list that it introduces."""
    headings: tuple[str, ...] = ()
    """Outermost first, the document's title before all; a bold line on its own counts as a heading."""
    lead: str = ""
    """The line that introduces the list of this item."""
    nested: bool = False
    """An item below an item."""
    group: int = -1
    """Items and the lead that holds them share a number; -1 for a sentence that stands alone."""
    role: str = ""
    """Role of the link whose message this is."""
    marker: str = ""
    """Of a comment: ``TODO``, ``NOTE`` …"""
    docstring: bool = False
    planned: bool = False
    """Written before the work: the section is one of plans, not of a record."""


# ------------------------------------------------------------------------------------------------ text

_SPACE = lazy(r"\s+")
_BOLD_WORDS = lazy(r"(?<![*\w/])\*\*(?=[^\s*/])([^*\n]{1,300})(?<=\S)\*\*(?!\*)")
_LINK = lazy(r"!?\[([^\[\]\n]{1,200})\]\([^()\s]{1,400}\)")
_WORD = lazy(r"[^\W_]{2,}(?:['’_-][^\W_]+)*")


def fold(text: str) -> str:
    """White space folded to single blanks, ends trimmed; control characters count as blanks."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return _SPACE.sub(" ", text).strip()


def strip_marks(text: str) -> str:
    """Bold marks and link targets left out; everything else is the author's."""
    return _LINK.sub(r"\1", _BOLD_WORDS.sub(r"\1", text)).strip()


def find_words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def shorten(text: str, limit: int = TEXT_LIMIT) -> str:
    """At most `limit` characters: cut after a sentence if that keeps half of it, else between words, with ``…``."""
    if len(text) <= limit:
        return text
    room = text[: limit - 2]
    end = max((found.end() for found in _SENTENCE_END.finditer(room)), default=0)
    if end >= limit // 2:
        return room[:end].rstrip() + " …"
    space = room.rfind(" ")
    return (room[:space] if space > 0 else room).rstrip(" ,;:-–—") + " …"


_SENTENCE_END = lazy(r"[.!?][\"”’)\]`*]{0,3}(?=\s+[\"“‘(\[`*]{0,3}[A-Z0-9])")
_NO_END = lazy(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|no|fig|dr|mr|ms|st)|\b[A-Z]|^\d+)\.$", re.IGNORECASE)
_LEANS = lazy(
    r"(?:this|it|that|these|those|they|which|so|hence|therefore|thus|instead|otherwise|however|but|because)\b",
    re.IGNORECASE,
)


def split_sentences(text: str) -> tuple[str, ...]:
    """Sentences of folded text; one that leans on the sentence before it ("This was …") stays with it."""
    pieces: list[str] = []
    start = 0
    for found in _SENTENCE_END.finditer(text):
        if not _NO_END.search(text[max(0, found.start() - 8) : found.start() + 1]):
            pieces.append(text[start : found.end()].strip())
            start = found.end()
    pieces.append(text[start:].strip())
    joined: list[str] = []
    for piece in filter(None, pieces):
        if joined and _LEANS.match(piece) and len(joined[-1]) + len(piece) < TEXT_LIMIT:
            joined[-1] += " " + piece
        else:
            joined.append(piece)
    return tuple(joined)


# ---------------------------------------------------------------------------------------------- blocks


@dataclass(slots=True)
class _Block:
    """A paragraph, list item or bold line while it is being read; `line` is 0-based in the text."""

    kind: Literal["para", "item", "box", "bold"]
    lines: list[str]
    line: int
    indent: int

    @property
    def text(self) -> str:
        return fold(" ".join(self.lines))[:_MAX_UNIT]


_FENCE = lazy(r"\s*(?:[-*+]\s+|\d+[.)]\s+)?(`{3,}|~{3,})")
_ITEM = lazy(r"([ \t]*)(?:[-*+•‣]|\(?\d{1,3}[.)]|\(?[a-z][)])[ \t]+(\[[ xX~-]?\][ \t]*)?(\S.*)")
_BOLD = lazy(r"\s*(?:\*\*[^*\n]{2,90}\*\*|__[^_\n]{2,90}__)\s*:?\s*$")
_LABEL = lazy(r"[A-Z][\w()-]*(?: [\w()/&-]+){0,3}: ")
_RULE = lazy(r"\s*(?:[-=_*~#.─━═]\s*){3,}$")
_HEADING = lazy(r"\s{0,3}#{1,6}\s+(\S.*)")


@dataclass(slots=True)
class _Skips:
    """Text that is nobody's words, which may run on from one section to the next."""

    managed: bool = False
    comment: bool = False

    def take(self, line: str) -> str | None:
        """What of the line may be read; None for a line to pass over."""
        if self.managed:
            self.managed = "kbgen:end" not in line
            return None
        if "kbgen:begin" in line:
            self.managed = True
            return None
        if self.comment:
            _, closed, line = line.partition("-->")
            if not closed:
                return None
            self.comment = False
        kept = []
        while line:
            head, opened, rest = line.partition("<!--")
            kept.append(head)
            if not opened:
                break
            _, closed, line = rest.partition("-->")
            if not closed:
                self.comment = True
        return "".join(kept)


def _read_blocks(text: str, skips: _Skips, narrow: bool) -> list[_Block]:
    blocks: list[_Block] = []
    current: _Block | None = None
    fence = ""
    for number, raw in enumerate(text[:_MAX_TEXT].split("\n")):
        line = raw.rstrip()[: 4 * _MAX_UNIT]
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        readable = skips.take(line)
        if readable is None:
            current = None
            continue
        line = readable
        opened = _FENCE.match(line)
        if opened:
            fence, current = opened[1], None
            continue
        line = line.lstrip("> ") if line.lstrip().startswith(">") else line
        if not line.strip() or line.lstrip().startswith("|") or _RULE.match(line):
            current = None
            continue
        heading = _HEADING.match(line)
        if heading or _BOLD.match(line):
            blocks.append(_Block("bold", [heading[1] if heading else line], number, len(line) - len(line.lstrip())))
            current = None
            continue
        item = _ITEM.match(line)
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        if item:
            current = _Block("box" if item[2] else "item", [item[3]], number, indent)
            blocks.append(current)
        elif current is not None and not _stands_alone(line, current, narrow):
            current.lines.append(line)
        else:
            current = _Block("para", [line], number, indent)
            blocks.append(current)
    return blocks


# A line that ends on one of these goes on in the next, however short it is.
_GOES_ON = lazy(
    r"(?:[,;(–—/&+=-]|\b(?:a|an|and|as|at|by|for|from|in|into|is|of|on|or|so|that|the|to|via|when|with))$", re.I
)


def _stands_alone(line: str, current: _Block, narrow: bool) -> bool:
    """Whether a line begins a block of its own without a blank line before it: ``Reviewed by: Ann``.

    In messages and comments (`narrow`) so does a capital letter after a line that ends well before any margin.
    """
    last, bare = current.lines[-1].rstrip(), line.lstrip()
    if current.kind == "para":
        if _LABEL.match(line) or last.endswith(":"):
            return True
        ended = len(last) < 50 and not _GOES_ON.search(last)
        return narrow and ended and bare[:1].isupper() and bare[1:2].islower()
    return current.indent >= len(line) - len(bare) and bool(_LABEL.match(line))


@dataclass(frozen=True, slots=True)
class _Unit:
    quote: str
    text: str
    line: int
    place: Place
    headings: tuple[str, ...]
    lead: str
    group: int
    nested: bool = False


def _cut(text: str, skips: _Skips, groups: Iterator[int], narrow: bool = False) -> Iterator[_Unit]:
    """Units of one text in source order; `line` is 0-based in it."""
    blocks = _read_blocks(text, skips, narrow)
    bold: tuple[str, ...] = ()
    leads: list[tuple[int, str, int, bool]] = []
    """(indent, text, group, is it a paragraph) of the leads that are open, outermost first."""
    for index, block in enumerate(blocks):
        whole = block.text
        plain = strip_marks(whole)
        if block.kind == "bold":
            bold, leads = (plain.rstrip(": "),), []
            continue
        if block.kind == "para":
            leads = [lead for lead in leads if lead[0] < block.indent]
        else:
            leads = [lead for lead in leads if lead[0] < block.indent or (lead[3] and lead[0] == block.indent)]
        lead, group = (leads[-1][1], leads[-1][2]) if leads else ("", -1)
        nested = block.kind != "para" and any(not is_para for *_, is_para in leads)
        context = (bold, lead, group, nested)
        place: Place = "prose" if block.kind == "para" else block.kind
        pieces = (whole,) if block.kind != "para" else split_sentences(whole)
        if pieces and pieces[-1].endswith(":"):
            yield from (_unit(piece, block.line, place, context) for piece in pieces[:-1])
            children = _find_children(blocks, index)
            own = next(groups)
            if children:
                listed = "; ".join(strip_marks(child.text).rstrip(" ;.") for child in children)
                title = strip_marks(pieces[-1])
                yield _Unit(pieces[-1], f"{title} {listed}", block.line, "lead", bold, lead, own, nested)
            else:
                # What it introduces is code or a table.
                yield _Unit(pieces[-1], strip_marks(pieces[-1]).rstrip(": "), block.line, place, *context)
            leads.append((block.indent, strip_marks(pieces[-1]), own, block.kind == "para"))
        else:
            yield from (_unit(piece, block.line, place, context) for piece in pieces)
            if block.kind != "para":
                leads.append((block.indent, plain, -1, False))


def _unit(quote: str, line: int, place: Place, context: tuple[tuple[str, ...], str, int, bool]) -> _Unit:
    headings, lead, group, nested = context
    return _Unit(quote, strip_marks(quote), line, place, headings, lead, group, nested)


def _find_children(blocks: Sequence[_Block], index: int) -> list[_Block]:
    """The items of the first level that follow a lead, at most 12."""
    owner = blocks[index]
    children: list[_Block] = []
    for block in blocks[index + 1 :]:
        deeper = block.indent > owner.indent or (owner.kind == "para" and block.indent == owner.indent)
        if block.kind not in ("item", "box") or not deeper or len(children) == 12:
            break
        if not children or block.indent <= children[0].indent:
            children.append(block)
    return children


# --------------------------------------------------------------------------------------------- sources


def collect_sentences(
    story: Story, links: Sequence[Link], epics: Sequence[EpicDocument], comments: Sequence[Fact]
) -> tuple[Sentence, ...]:
    """Everything quotable: messages, then the story's documents, then comments, then epic documents that name it."""
    groups = iter(range(1_000_000_000))
    return (
        *_read_messages(links, groups),
        *_read_story(story, groups),
        *_read_comments(comments, links, groups),
        *_read_epics(story, epics, groups),
    )


def _read_messages(links: Sequence[Link], groups: Iterator[int]) -> Iterator[Sentence]:
    for link in links:
        if link.role not in ("implements", "follow-up"):
            continue
        commit = link.commit
        source = f"commit {commit.sha[:12]}"
        subject = fold(commit.subject[:_MAX_UNIT])
        yield Sentence(
            subject, Evidence(commit=commit.sha, quote=subject), source, "message", "subject", role=link.role
        )
        for unit in _cut(commit.body, _Skips(), groups, narrow=True):
            yield Sentence(
                text=unit.text,
                evidence=Evidence(commit=commit.sha, quote=unit.quote),
                source=source,
                origin="message",
                place=unit.place,
                headings=unit.headings,
                lead=unit.lead,
                nested=unit.nested,
                group=unit.group,
                role=link.role,
            )


def _read_story(story: Story, groups: Iterator[int]) -> Iterator[Sentence]:
    for document in story.documents:
        if document.kind != "status":
            yield from _read_sections(document.path, document.blob, document.sections, "story", groups)


def _read_sections(
    path: str, blob: str, sections: Sequence[Section], origin: Origin, groups: Iterator[int]
) -> Iterator[Sentence]:
    skips = _Skips()
    above: list[tuple[int, str]] = []
    title = ""
    for section in sections:
        above = [(level, name) for level, name in above if 0 < level < section.level]
        above.append((section.level, strip_marks(fold(section.title))))
        # The document's own title comes first, so that readers of `headings` can tell it from a section's.
        title = title or above[0][1]
        headings = (*(() if above[0][1] == title else ("",)), *(name for _, name in above))
        place = f"{path} ({headings[-1]})" if headings[-1] else path
        for unit in _cut(section.text, skips, groups):
            yield Sentence(
                text=unit.text,
                evidence=Evidence(
                    path=path, symbol=headings[-1], hash=blob, line=section.line + 1 + unit.line, quote=unit.quote
                ),
                source=place,
                origin=origin,
                place=unit.place,
                headings=(*headings, *unit.headings),
                lead=unit.lead,
                nested=unit.nested,
                group=unit.group,
                planned=not is_record((*headings[1:], *unit.headings)),
            )


_RECORD = lazy(
    r"""
    \b(?:
      implementation\s(?:notes?|summary|details?|decisions?|results?) | key\simplementation | completion
      | dev\sagent | (?:dev|development|developer)\s(?:notes?|record|log) | development | implemented
      | changes\smade | changes | deviations? | deferred | review | retrospective | lessons | limitations?
      | known\sissues | root\scause | solution | outcome | what\swas\sbuilt | actual | technical\sdecisions
      | technical\simplementation
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_record(headings: Sequence[str]) -> bool:
    """Whether a heading says that what follows was written with the work or after it."""
    return any(_RECORD.search(heading) for heading in headings)


_FORMS = ("comment", "docstring")
_OPENING_SIGN = lazy(r"\A(?:#+!?|//+!?|/\*+|\*+/?|<!--|--|;+)\s?")
_CLOSING_SIGN = lazy(r"(?:\*/|-->)$")
# Where a docstring goes over to describing parameters and results.
_REFERENCE = lazy(
    r"(?:Args|Arguments|Parameters|Params|Props|Returns?|Raises|Throws|Yields|Examples?|Usage|Attributes|Fields|Methods|Endpoints?)"
    r"\s*:?\s*$|:(?:param|returns?|raises|type)\b|@\w+|>>> ",
)


def _read_comment(value: str) -> str:
    """A comment's words: no comment signs, nothing from the first list of parameters or example on."""
    lines = []
    for line in value.split("\n"):
        bare = _OPENING_SIGN.sub("", line[:_MAX_UNIT].strip(), count=1)
        if _REFERENCE.match(bare):
            break
        lines.append(_CLOSING_SIGN.sub("", bare).rstrip())
    return "\n".join(lines)


def _read_comments(comments: Sequence[Fact], links: Sequence[Link], groups: Iterator[int]) -> Iterator[Sentence]:
    # One review commit often mends the files of many stories: only what stands in this one's files is its own.
    worked = {change.path for link in links if link.role == "implements" for change in link.commit.changes}
    follow_ups = {link.commit.sha for link in links if link.role == "follow-up"}
    for fact in _join_comments(comments):
        if worked and fact.path not in worked and fact.attr("commit") in follow_ups:
            continue
        if classify_path(fact.path) in ("test", "noise", "docs"):
            continue
        words = _read_comment(fact.value[:_MAX_TEXT])
        marker = fact.attr("marker") or (fact.name if fact.name not in _FORMS else "")
        code = fact.attr("code").strip()
        for unit in _cut(words, _Skips(), groups, narrow=True):
            yield Sentence(
                text=_with_code(unit.text, code, fact.path),
                evidence=Evidence(
                    path=fact.path,
                    symbol=fact.symbol,
                    hash=fact.hash,
                    line=fact.line + unit.line,
                    commit=fact.attr("commit"),
                    quote=unit.quote,
                ),
                source=f"{fact.path} ({fact.symbol})" if fact.symbol else fact.path,
                origin="comment",
                place=unit.place,
                lead=unit.lead,
                nested=unit.nested,
                group=unit.group,
                marker=marker.upper(),
                docstring=fact.name == "docstring",
            )


_HASH_SUFFIXES = (".py", ".pyi", ".rb", ".sh", ".bash", ".yaml", ".yml", ".toml", ".r", ".pl", ".ex", ".exs")


def _with_code(comment: str, code: str, path: str) -> str:
    """A trailing comment is read with its line: ``count += 2  # longer words weigh more``."""
    if not code or len(code) > 120:
        return comment
    sign = "#" if path.lower().endswith(_HASH_SUFFIXES) else "//"
    return f"{fold(code)} {sign} {comment}"


_CODE = lazy(
    r"[;{}]\s*$|^\w+\([^)]*\)$|^[\w.]+\s*=\s|=>|\w\(\.\.\.\)|^</?\w|"
    r"^\s*(?:const|let|var|import|return|def|class|if|for|await|from)\s[^\n]*[({:=;]"
)


def looks_like_code(text: str) -> bool:
    """Code that was commented out, a call, markup: nobody's sentence."""
    return bool(_CODE.search(text))


def _join_comments(comments: Sequence[Fact]) -> Iterator[Fact]:
    """Comment lines that run on in the next line are one comment; by path and line, whatever order they come in."""
    open_fact: Fact | None = None
    last_line = 0
    for fact in sorted(comments, key=lambda fact: (fact.path, fact.line, fact.value))[:_MAX_COMMENTS]:
        if (
            open_fact is not None
            and fact.path == open_fact.path
            and fact.line == last_line + 1
            and fact.symbol == open_fact.symbol
            and not fact.attr("marker")
            and fact.name in ("", "comment")
            and not fact.attr("code")
            and not open_fact.attr("code")
            and fact.value[:1].islower()
            and not looks_like_code(fact.value[:_MAX_UNIT])
            and not open_fact.value.rstrip().endswith((".", "!", "?"))
            and len(open_fact.value) < _MAX_UNIT
        ):
            open_fact = replace(open_fact, value=f"{open_fact.value} {fact.value}")
        else:
            if open_fact is not None:
                yield open_fact
            open_fact = fact
        last_line = fact.line + fact.value.count("\n")
    if open_fact is not None:
        yield open_fact


def _read_epics(story: Story, epics: Sequence[EpicDocument], groups: Iterator[int]) -> Iterator[Sentence]:
    names = build_name_pattern(story.key)
    anyone = build_any_pattern(story.key)
    own = frozenset(document.path for document in story.documents if document.kind == "file")
    for document in epics:
        if document.path in own or document.kind == "status":
            continue
        for sentence in _read_sections(document.path, document.blob, document.sections, "epic", groups):
            # The innermost heading that names a story says whose section it is; a sentence may name its own.
            named = next((h for h in reversed(sentence.headings) if anyone.search(h)), "")
            if names.search(sentence.text) or names.search(named):
                yield sentence


def build_any_pattern(key: StoryKey) -> re.Pattern[str]:
    """Finds the ID of any story that is numbered as this one is."""
    numbers = r"[.\-]".join(r"[0-9]{1,4}" for _ in key.numbers)
    lead = re.escape(key.prefix) + r"[-_ ]?" if key.prefix not in ("", "#") else r"(?:stor(?:y|ies)\W{0,3}|#)"
    return re.compile(rf"(?<![A-Za-z0-9]){lead}{numbers}(?![0-9A-Za-z])", re.IGNORECASE)


def build_name_pattern(key: StoryKey) -> re.Pattern[str]:
    """Finds this story's ID in a heading or sentence, in any of its spellings, and no longer ID that begins with it."""
    numbers = r"[.\-]".join(f"0*{number}" for number in key.numbers)
    if key.prefix == "#":
        body = "#" + numbers
    elif key.prefix:
        body = re.escape(key.prefix) + r"[-_ ]?" + numbers
    else:
        body = r"(?:stor(?:y|ies)\W{0,3})" + numbers
    return re.compile(rf"(?<![A-Za-z0-9]){body}{re.escape(key.suffix)}(?![0-9A-Za-z])(?![.\-][0-9])", re.IGNORECASE)
