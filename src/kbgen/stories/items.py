"""What a project's documents ask for beyond stories, and which story takes what: gaps, recommendations, debt items.

**Definitions** stand in tables with a column of IDs (``REC-08``, ``TD-09``, or 1, 2, 3 in a list of gaps), in
headings that begin with such an ID, and in numbered lists under a heading that says what they are. **Namings** are the
lines with which a story or an epic says what it takes: a field (``**Gap Addressed:** Documentation Gap #1, REC-08``), a
list under a heading of that name, a sentence of the story's own section, or the item's own row that names a story.

Prefixes are found in the tables; none is built in. Pure functions of sections; which definition a naming means is
decided where all documents are known (`kbgen.trace`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from kbgen.ids import Grammar, find_mentions
from kbgen.model import Evidence, Section, StoryDocument, StoryKey
from kbgen.stories.reader import LABEL_LEVEL, Page, clean_inline, read_page
from kbgen.stories.references import (
    ItemKind,
    Reference,
    find_references,
    is_story_id,
    make_family,
    read_kind,
    read_prefix,
)

MAX_QUOTE = 300
MAX_GAP = 200
"""Lines between where a line was counted and where it stands: empty ones, comments."""
MAX_ROWS = 5_000
"""Definitions of one document; the largest real lists have a few hundred."""

Strength = Literal["field", "text", "row", "closed"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One place that says what an item is; several places may define the same item."""

    id: str
    """``REC-08``; for a member of a numbered list ``Documentation Gap #1``."""
    token: str
    """``REC-08``; empty for a member of a numbered list."""
    number: int
    kind: ItemKind | Literal[""]
    """Empty when neither prefix nor headings say: such a row is an item only if a story names it."""
    title: str
    source: Evidence
    """`symbol` is the heading, `quote` the row."""
    status: str = ""
    closed: bool = False
    """Whether row or heading say that nothing is left to do."""
    takes: tuple[StoryKey, ...] = ()
    """Stories that the row names as taking it."""
    epics: tuple[StoryKey, ...] = ()
    """Epics that the row names so."""
    listed: bool = True
    """False for members of lists in prose, which are items only where a story names them."""
    epic: StoryKey | None = None
    """The epic that the document belongs to."""
    document: str = ""
    """epic, tech-spec, retrospective, other …"""
    aims: tuple[StoryKey, ...] = ()
    """Epics that the headings above name: a list of recommendations for them."""


@dataclass(frozen=True, slots=True)
class Naming:
    """A line that says that a story, or an epic as a whole, takes an item."""

    by: StoryKey
    reference: Reference | None
    """None: a field that is there to name items and names none that can be read; `source.quote` has its words."""
    source: Evidence
    strength: Strength
    """``closed`` for a row that says that nothing is left to do: it takes nothing."""
    called: str = ""
    """What the line itself calls the item: ``TD-04: Redis persistence``."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A section cut into what the readers below ask for: lines outside fences, with the label above each."""

    section: Section
    page: Page

    def walk(self) -> Iterator[tuple[int, str, str]]:
        """(1-based line of the document, text, label above it or the section's title).

        Too early by the empty lines below the heading, which a section has not kept; `find_line` gives the true one.
        """
        label = self.section.title
        labels = {h.index: h.title for h in self.page.headings if h.level == LABEL_LEVEL}
        for n, text in enumerate(self.page.lines):
            if self.page.fence_at[n] >= 0:
                continue
            label = labels.get(n, label)
            if text.strip():
                yield self.section.line + (1 if self.section.level else 0) + n, text, label


def _open(section: Section) -> Lines:
    # Front matter was cut away with the document's own head; a rule at a section's start begins none.
    return Lines(section, read_page("\n" + section.text if section.text.startswith("---") else section.text))


def find_line(source: Evidence, lines: Sequence[str]) -> int:
    """The 1-based line of the document on which the quoted line stands, at or after the place that was counted."""
    for n in range(max(source.line - 1, 0), min(len(lines), source.line + MAX_GAP)):
        if lines[n].strip().startswith(source.quote):
            return n + 1
    return source.line


# ----------------------------------------------------------------------------------------- definitions

_ROW = re.compile(r"^\s{0,3}\|(.*)\|?\s*$")
_RULE = re.compile(r"^\s{0,3}\|?[\s:|-]*-[\s:|-]*$")
_ID_HEADER = re.compile(
    r"^(?:id|ids|#|no\.?|nr\.?|num(?:ber)?|key|ref(?:erence)?|item id|(?:\w+ )?(?:gap|debt|rec) (?:id|#))$",
    re.IGNORECASE,
)
_TOKEN_CELL = re.compile(r"^[A-Z][A-Z0-9]{1,11}(?:-(?:\d{1,3}-)?[A-Z][A-Z0-9]{0,11}){0,3}-[A-Z]{0,2}\d{1,4}$")
_NUMBER_CELL = re.compile(r"^#?\d{1,3}$")
_STATUS_HEADER = re.compile(r"\b(?:status|state|resolution|progress|outcome|resolved|done)\b", re.IGNORECASE)
_TAKER_HEADER = re.compile(
    r"\b(?:stor(?:y|ies)|status|state|resolution|taken|addressed|resolved|assigned|target|planned|fix(?:ed)?|issue"
    r"|ticket|plan|sprint|owner story|covered)\b",
    re.IGNORECASE,
)
_ORIGIN_HEADER = re.compile(r"\b(?:source|origin|from|found in|raised)\b", re.IGNORECASE)
_CLOSED = re.compile(
    r"(?<!not )(?<!partially )(?<!partly )(?<!never )\b(?:done|fixed|resolved|closed|completed?|implemented|addressed"
    r"|won'?t ?fix|obsolete|duplicate|false positive|intentional(?: design)?|verified|rejected|dropped)\b|[✅☑✔]",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\bnot (?:yet )?(?:done|fixed|resolved|closed|complete|implemented|addressed)\b|\bpartial|\b(?:to|will) be\b"
    r"|\bneeds?\b|\bpending\b|\bopen\b|\bdeferred\b|\bunresolved\b",
    re.IGNORECASE,
)
_HEADING_ITEM = re.compile(r"^(?P<id>[A-Z][A-Z0-9-]{1,40}\d)\s*[:.–—-]\s*(?P<title>\S.*)$")
_NUMBERED_HEADING = re.compile(r"^(?P<number>\d{1,3})[.)]\s+(?P<title>\S.*)$")
_NUMBERED_LINE = re.compile(r"^\s{0,3}(?P<number>\d{1,3})[.)]\s+(?P<title>\S.*)$")
_ARROW = re.compile(r"(?:→|->|=>|⇒)\s*(?P<rest>.+)$")


def read_definitions(
    path: str,
    blob: str,
    sections: Sequence[Section],
    grammar: Grammar,
    epic: StoryKey | None = None,
    document: str = "",
) -> tuple[Definition, ...]:
    """The items that a document's sections define, in order."""
    found: list[Definition] = []
    chain: list[Section] = []
    for section in sections:
        while chain and chain[-1].level >= section.level:
            chain.pop()
        chain.append(section)
        # The document's own title says what it is about, not what each of its tables lists.
        titles = [s.title for s in chain if s.level > 1]
        place = _Place(path, blob, titles, epic, document, grammar)
        found += place.read_heading(section, chain)
        if section.text:
            found += place.read_body(section)
        if len(found) > MAX_ROWS:
            return tuple(found[:MAX_ROWS])
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where definitions are read: the titles above, outermost first."""

    path: str
    blob: str
    titles: list[str]
    epic: StoryKey | None
    document: str
    grammar: Grammar

    def read_heading(self, section: Section, chain: Sequence[Section]) -> Iterator[Definition]:
        """``### TD-04: Title``, and ``### 2. Title → DM-10.12`` below a heading that says what the numbers count."""
        title = clean_inline(section.title)
        match = _HEADING_ITEM.match(title)
        if match is not None and _TOKEN_CELL.match(match["id"]) and section.level > 1:
            if not is_story_id(match["id"], self.grammar):
                kind = read_prefix(match["id"]) or _find_kind([s.title for s in chain[:-1]])
                yield self._define(match["id"], kind or "", match["title"], section.line, section.title, section, "")
            return
        match = _NUMBERED_HEADING.match(title)
        if match is not None and len(self.titles) > 1:
            yield from self._define_member(
                int(match["number"]), match["title"], self.titles[:-1], section.line, section.title
            )

    def read_body(self, section: Section) -> Iterator[Definition]:
        if "|" in section.text:
            yield from self._read_tables(section)
        if any(read_kind(title) for title in self.titles) and re.search(r"^\s{0,3}\d{1,3}[.)]\s", section.text, re.M):
            for line, text, label in _open(section).walk():
                match = _NUMBERED_LINE.match(text)
                if match is not None:
                    titles = self.titles if label == section.title else [*self.titles, label]
                    yield from self._define_member(int(match["number"]), match["title"], titles, line, text)

    def _define_member(
        self, number: int, text: str, titles: Sequence[str], line: int, quote: str
    ) -> Iterator[Definition]:
        title = next((t for t in reversed(titles) if read_kind(t) and make_family(t)), "")
        kind = read_kind(title)
        # "3. TD-23: …" in a list speaks of an item that has an ID of its own.
        if kind is None or find_references(text, self.grammar):
            return
        arrow = _ARROW.search(text)
        aims = _find_keys(" ".join(titles), self.grammar, stories=False)
        head = re.match(r"(?:~~)?\*\*(?P<bold>[^*]{1,200}?):?\*\*", text)
        said = head["bold"] if head else text[: arrow.start()] if arrow else text
        yield Definition(
            id=f"{make_family(title)} #{number}",
            token="",
            number=number,
            kind=kind,
            title=_clean(said),
            source=self._cite(line, quote, titles[-1]),
            closed=_is_closed(text),
            takes=_find_keys(arrow["rest"], self.grammar) if arrow else (),
            listed=False,
            epic=self.epic,
            document=self.document,
            aims=aims,
        )

    def _read_tables(self, section: Section) -> Iterator[Definition]:
        lines = _open(section)
        page = lines.page
        n = 0
        offset = section.line + (1 if section.level else 0)
        while n + 1 < len(page.lines):
            if page.fence_at[n] >= 0 or not _ROW.match(page.lines[n]) or not _RULE.match(page.lines[n + 1]):
                n += 1
                continue
            header = _split_row(page.lines[n])
            labels = [h.title for h in page.headings if h.level == LABEL_LEVEL and h.index < n]
            titles = [*self.titles, labels[-1]] if labels else self.titles
            rows = []
            n += 2
            while n < len(page.lines) and page.fence_at[n] < 0 and _ROW.match(page.lines[n]):
                rows.append((offset + n, page.lines[n], _split_row(page.lines[n])))
                n += 1
            yield from self._read_rows(header, rows, titles)

    def _read_rows(
        self, header: Sequence[str], rows: Sequence[tuple[int, str, Sequence[str]]], titles: Sequence[str]
    ) -> Iterator[Definition]:
        columns = _read_columns(header, [cells for _, _, cells in rows], self.grammar)
        for line, quote, cells in rows:
            title = columns.get(cells, columns.title)
            said = " ; ".join(cells[c] for c in columns.takers if c < len(cells))
            takes = _find_keys(said, self.grammar)
            named = self._name_row(columns, cells, titles, title if takes else "")
            if named is None:
                continue
            id, token, number, kind = named
            status = columns.get(cells, columns.status)
            struck = columns.title < len(cells) and "~~" in cells[columns.title]
            yield Definition(
                id=id,
                token=token,
                number=number,
                kind=kind,
                title=title,
                source=self._cite(line, quote, titles[-1] if titles else ""),
                status=status,
                closed=_is_closed(status) or struck or any(_is_closed(t) for t in titles),
                takes=takes,
                epics=_find_keys(said, self.grammar, stories=False),
                epic=self.epic,
                document=self.document,
            )

    def _name_row(
        self, columns: _Columns, cells: Sequence[str], titles: Sequence[str], title: str
    ) -> tuple[str, str, int, ItemKind | Literal[""]] | None:
        """(ID, token, number, kind) of a row; None for a row that is no item.

        In a table without IDs only a row that says which story takes it (then `title` is not empty) is one.
        """
        id = columns.get(cells, columns.id)
        if columns.id < 0:
            return (title, "", 0, columns.kind) if title and columns.kind and columns.is_titled else None
        if _TOKEN_CELL.match(id):
            if is_story_id(id, self.grammar):
                return None
            return id, id, 0, read_prefix(id) or columns.kind or _find_kind(titles) or ""
        if _NUMBER_CELL.match(id):
            # Only a table that lists nothing else: an action or a lesson below a heading of gaps is none.
            kind = columns.kind or read_kind(titles[-1] if titles else "")
            if kind is None:
                return None
            heading = next((t for t in reversed(titles) if read_kind(t)), "")
            family = make_family(heading) if read_kind(heading) == kind else ""
            number = int(id.lstrip("#"))
            return f"{family or kind.capitalize()} #{number}", "", number, kind
        references = find_references(id, self.grammar)
        if len(references) != 1 or references[0].token:
            return None
        return references[0].spelled, "", references[0].number, references[0].kind

    def _define(
        self, id: str, kind: ItemKind | Literal[""], text: str, line: int, quote: str, section: Section, status: str
    ) -> Definition:
        arrow = _ARROW.search(text)
        rows = [_split_row(row) for row in section.text.split("\n")[:30] if _ROW.match(row)]
        fields = {cells[0].strip("* ").lower(): cells[1] for cells in rows if len(cells) == 2}
        status = _clean(next((value for name, value in fields.items() if _STATUS_HEADER.search(name)), ""))
        said = " ; ".join(
            value for name, value in fields.items() if name in ("story", "stories", "story id", "taken by")
        )
        return Definition(
            id=id,
            token=id,
            number=0,
            kind=kind,
            title=_clean(text[: arrow.start()] if arrow else text),
            source=self._cite(line, quote, section.title),
            status=status,
            closed=_is_closed(status) or any(_is_closed(t) for t in self.titles),
            takes=_find_keys(f"{arrow['rest'] if arrow else ''} ; {said}", self.grammar),
            epic=self.epic,
            document=self.document,
        )

    def _cite(self, line: int, quote: str, heading: str) -> Evidence:
        return Evidence(
            path=self.path, symbol=clean_inline(heading), hash=self.blob, line=line, quote=quote.strip()[:MAX_QUOTE]
        )


def _find_kind(titles: Sequence[str]) -> ItemKind | None:
    """The kind that the innermost title names."""
    return next((kind for title in reversed(titles) if (kind := read_kind(title))), None)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns of a table hold what; -1 for none."""

    id: int
    title: int
    status: int
    takers: tuple[int, ...]
    """Those whose stories take the row's item; where it was found or what it is about is not among them."""
    kind: ItemKind | None
    """What one of the first columns' names says that the rows are."""
    is_titled: bool
    """Whether it is the first column that says so."""

    def get(self, cells: Sequence[str], column: int) -> str:
        return _clean(cells[column]) if 0 <= column < len(cells) else ""


def _read_columns(header: Sequence[str], rows: Sequence[Sequence[str]], grammar: Grammar) -> _Columns:
    found = _find_id_column(header, rows, grammar)
    id = -1 if found is None else found
    title = next((c for c in range(len(header)) if c != id), -1)
    return _Columns(
        id=id,
        title=title,
        status=next((c for c, name in enumerate(header) if _STATUS_HEADER.search(name)), -1),
        takers=tuple(
            c
            for c, name in enumerate(header)
            if c not in (id, title) and _TAKER_HEADER.search(name) and not _ORIGIN_HEADER.search(name)
        ),
        kind=next((kind for name in header[:3] if (kind := read_kind(name))), None),
        is_titled=bool(header) and read_kind(header[0]) is not None,
    )


def _find_id_column(header: Sequence[str], rows: Sequence[Sequence[str]], grammar: Grammar) -> int | None:
    """The column of IDs: one that calls itself so and holds some, else the first whose cells are all tokens."""
    for column, name in enumerate(header[:3]):
        cells = [_clean(row[column]) for row in rows if column < len(row)]
        said = bool(_ID_HEADER.match(name.strip("* `")))
        looks = [bool(_TOKEN_CELL.match(cell)) or (said and _is_member(cell, grammar)) for cell in cells]
        if cells and ((said and any(looks)) or (len(cells) > 1 and all(looks))):
            return column
    return None


def _is_member(cell: str, grammar: Grammar) -> bool:
    if _NUMBER_CELL.match(cell):
        return True
    references = find_references(cell, grammar)
    return len(references) == 1 and not references[0].token


def _split_row(line: str) -> list[str]:
    match = _ROW.match(line)
    inner = match[1] if match else line
    inner = inner.rstrip().removesuffix("|")
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", inner)]


def _clean(cell: str) -> str:
    text = clean_inline(cell.replace("~~", ""))
    return re.sub(r"\s+", " ", text.strip("*_ ")).strip()


def _is_closed(text: str) -> bool:
    return bool(_CLOSED.search(text)) and not _OPEN.search(text)


def _find_keys(text: str, grammar: Grammar, *, stories: bool = True) -> tuple[StoryKey, ...]:
    """The stories, or the epics, that a cell or a heading names."""
    keys = [mention.key for mention in find_mentions(text, grammar) if mention.key.prefix != "#"]
    if stories and "`" in text:
        # A story named by its file: `02-8-title-of-the-story`.
        names = re.findall(r"`([^`\s]{3,120})`", text)
        keys += [m.key for name in names for m in find_mentions(f"({name})", grammar)]
    return tuple(dict.fromkeys(key for key in keys if (len(key.numbers) > 1) == stories))


# -------------------------------------------------------------------------------------------- namings

_TAKING_FIELD = re.compile(
    r"^(?:[\w/-]+ ){0,3}(?:gaps?|items?|recommendations?|debts?|issues?|findings?)\s+"
    r"(?:addressed|resolved|closed|covered|fixed|taken)(?: by this (?:story|epic))?$"
    r"|^(?:addresses|resolves|closes|covers|traces to|traceability|sources?|origin|derived from|deferred from)$",
    re.IGNORECASE,
)
_MUST_NAME = re.compile(r"\b(?:gaps?|recommendations?|debts?|items?)\b", re.IGNORECASE)
"""A field of such a name holds items and nothing else; one that holds none that can be read is loose."""
_FIELD = re.compile(
    r"^\s{0,3}(?:[-*+>]\s+)?(?P<mark>\*\*|__)?(?P<name>[A-Za-z][A-Za-z /&-]{2,60}?)"
    r"(?(mark)(?:\s*:\s*(?:\*\*|__)|(?:\*\*|__)\s*:)|\s*:)\s*(?P<value>\S.*)?$"
)
_FIELD_ROW = re.compile(
    r"^\s{0,3}\|\s*[*_]{0,2}(?P<name>[A-Za-z][A-Za-z /-]{2,60}?)[*_:]{0,3}\s*\|(?P<value>[^|]+)\|\s*$"
)
_LIST_ITEM = re.compile(r"^\s{0,6}(?:[-*+]|\d{1,3}[.)])\s+(?P<text>\S.*)$")
_ASIDE_TITLE = re.compile(
    r"\b(?:references?|related|dependenc(?:y|ies)|prerequisites?|out of scope|future|next (?:steps?|stories)|deferred"
    r"|blocked|blocks|not included|new (?:tech(?:nical)? )?debt"
    r"|(?:tech(?:nical)? )?debt (?:incurred|identified|created)|see also|follow-?ups?|remaining)\b",
    re.IGNORECASE,
)
_ASIDE_LINE = re.compile(
    r"\b(?:defer(?:s|red)?|out of scope|not (?:in|part of|covered|addressed|included)|except|excluding|unrelated"
    r"|blocked (?:by|on)|depends on|see also|separately|later|future)\b",
    re.IGNORECASE,
)
_TAKING_VERB = re.compile(
    r"\b(?:address(?:es|ed|ing)?|resolv(?:es?|ed|ing)|clos(?:es?|ed|ing)|fix(?:es|ed|ing)?|cover(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)
MAX_STATUS = 80
"""Characters of a cell that can be a status; a longer one is a sentence."""
_CELL_OF_ITEM = re.compile(r"^\(?[A-Z][A-Z0-9-]{1,40}\d\)?(?:\s*:.*)?$")
_HINT = re.compile(r"[A-Z]-?\d|gap|recommend|debt", re.IGNORECASE)


def read_story_namings(document: StoryDocument, grammar: Grammar) -> tuple[Naming, ...]:
    """The items that a story file or an epic's section of the story says the story takes."""
    if document.kind == "status":
        return ()
    found: list[Naming] = []
    for section in document.sections:
        # Most sections of most stories name nothing: only what might is cut into lines.
        if _HINT.search(section.title) or _HINT.search(section.text):
            found += _read_section(document.path, document.blob, section, document.key, grammar, document.kind)
    return _strongest(found)


def read_epic_namings(
    path: str, blob: str, sections: Iterable[Section], epic: StoryKey, grammar: Grammar
) -> tuple[Naming, ...]:
    """What an epic as a whole lists (``**Items Addressed:** …``), and lines that name an item and a story together."""
    found: list[Naming] = []
    for section in sections:
        if not _HINT.search(section.text):
            continue
        if epic.numbers:
            found += [n for n in _read_section(path, blob, section, epic, grammar, "epic") if n.strength == "field"]
        if _ASIDE_TITLE.search(section.title):
            continue
        for line, text, _ in _open(section).walk():
            if _ROW.match(text):
                found += _read_closing(path, blob, section, line, text, epic, grammar)
                continue
            match = _LIST_ITEM.match(text)
            if match is None or _ASIDE_LINE.search(text):
                continue
            references = find_references(match["text"], grammar)
            stories = _find_keys(match["text"], grammar) if references else ()
            source = Evidence(path, section.title, blob, line, quote=text.strip()[:MAX_QUOTE])
            found += [
                Naming(key, reference, source, "text", _find_name(text, reference))
                for key in stories
                for reference in references
            ]
    return _strongest(found)


def _read_closing(
    path: str, blob: str, section: Section, line: int, text: str, by: StoryKey, grammar: Grammar
) -> Iterator[Naming]:
    """A row of another table, of actions or results, that names an item and says that it is done."""
    cells = _split_row(text)
    if not any(len(cell) <= MAX_STATUS and _is_closed(cell) for cell in cells[1:]):
        return
    source = Evidence(path, section.title, blob, line, quote=text.strip()[:MAX_QUOTE])
    for cell in cells:
        # A cell that is an item's ID, or its ID and its name; not a sentence that mentions one.
        for reference in find_references(cell, grammar) if _CELL_OF_ITEM.match(_clean(cell)) else ():
            yield Naming(by, reference, source, "closed", _find_name(cell, reference))


def _find_name(text: str, reference: Reference) -> str:
    """What stands after the item's ID and a colon, up to a mark that ends it."""
    place = text.find(reference.token or f"#{reference.number}")
    if place < 0:
        return ""
    rest = text[place + len(reference.token or f"#{reference.number}") :]
    match = re.match(r"\s*(?:\*\*|__)?\s*:\s*(?:\*\*|__)?\s*(?P<name>[^→⇒|;*]{3,160})", rest)
    return match["name"].strip() if match else ""


def _read_section(
    path: str, blob: str, section: Section, by: StoryKey, grammar: Grammar, kind: str
) -> Iterator[Naming]:
    under_field = section.title if _TAKING_FIELD.match(_strip_title(section.title)) else ""
    aside = bool(_ASIDE_TITLE.search(section.title)) and not under_field
    for line, text, label in _open(section).walk():
        source = Evidence(path, section.title, blob, line, quote=text.strip()[:MAX_QUOTE])
        name, value = _read_field(text)
        if name and _TAKING_FIELD.match(name):
            under_field = "" if value else name
            references = find_references(value, grammar) if value else ()
            for reference in references:
                yield Naming(by, reference, source, "field", _find_name(text, reference))
            if value and not references and _MUST_NAME.search(name):
                yield Naming(by, None, source, "field")
            continue
        item = _LIST_ITEM.match(text)
        if under_field and item is not None:
            references = find_references(_before_colon(item["text"]), grammar) or find_references(item["text"], grammar)
            for reference in references:
                yield Naming(by, reference, source, "field", _find_name(text, reference))
            if not references and _MUST_NAME.search(under_field) and not text.startswith("  "):
                yield Naming(by, None, source, "field")
            continue
        if under_field and label != section.title and not _TAKING_FIELD.match(_strip_title(label)):
            under_field = ""
        if aside or _ASIDE_LINE.search(text) or (label != section.title and _ASIDE_TITLE.search(label)):
            continue
        # A section of an epic speaks of its story alone; a story file also of what others did and will do.
        if kind == "epic-section" or _TAKING_VERB.search(text):
            for reference in find_references(text, grammar):
                if reference.token or "#" in text:
                    yield Naming(by, reference, source, "text", _find_name(text, reference))


def _read_field(text: str) -> tuple[str, str]:
    match = _FIELD_ROW.match(text) or _FIELD.match(text)
    if match is None:
        return "", ""
    return match["name"].strip(), (match["value"] or "").strip()


def _strip_title(title: str) -> str:
    return re.sub(r"^[\W\d]+|[\W\d]+$", "", title)


def _before_colon(text: str) -> str:
    """``**Testing Gap #3:** tests of 4 flows``: what stands before the colon names, the rest describes."""
    return text.split(":", 1)[0]


def _strongest(found: Sequence[Naming]) -> tuple[Naming, ...]:
    """Each (story, item) once, by its strongest line, in order of place."""
    best: dict[tuple[StoryKey, bool, object], Naming] = {}
    for naming in found:
        words = naming.reference if naming.reference is not None else naming.source.quote
        key = (naming.by, naming.strength == "closed", words)
        old = best.get(key)
        if old is None or (old.strength != "field" and naming.strength == "field"):
            best[key] = naming
    return tuple(sorted(best.values(), key=lambda n: (n.source.path, n.source.line, n.by)))
