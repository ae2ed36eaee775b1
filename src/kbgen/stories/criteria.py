"""Acceptance criteria and tasks of a story, in the shapes that people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.model import Criterion, Evidence, Task
from kbgen.stories.reader import LABEL_LEVEL, Heading, Page, clean_inline

MAX_CRITERIA = 500
MAX_TASKS = 1_000

_MAIN_TITLE = re.compile(
    r"^(?:\W|\d)*(?:(?:detailed |core |functional |story )?acceptance (?:criteri(?:a|on)|tests?)|acs?)"
    r"(?:\W*(?:\((?!ai)[^)]*\)|[-:–—] (?!status|verif|review|valid|cover|check|met\b).*))?\W*$",
    re.I,
)
_SECOND_TITLE = re.compile(r"^(?:\W|\d)*(?:success criteria|requirements|user acceptance criteria)\W*$", re.I)
_NOT_MAIN = re.compile(
    r"\b(?:verification|status|review|validation|assessment|coverage|traceability|checklist|met)\b", re.I
)
_TASKS_TITLE = re.compile(
    r"^(?:\W|\d)*(?:(?:implementation |development |technical |story |dev |backend "
    r"|frontend )?(?:sub)?tasks?\b(?: ?[/&] ?"
    r"(?:sub-?tasks?|acceptance))?(?: (?:list|checklist|breakdown))?|implementation (?:steps|checklist)"
    r"|execution)\W*$",
    re.I,
)
_TASK_HEADING = re.compile(r"^(?:\W)*(?:task|step|phase)\s+[\d.]+\s*[:.)–—-]\s*(?P<text>\S.*)$", re.I)

_ONE_TASK = re.compile(r"^\W*task\s+[\d.]+\s*[:.)–—-]", re.I)

_ITEM = re.compile(r"^([ \t]*)([-*+]|\d{1,3}[.)])(?:[ \t]+(.*))?$")
_BOX = re.compile(r"^\[([^\]\n]?)\](?:[ \t]+(.*))?$")
_BOX_EMOJI = re.compile(r"^(✅|☑️?|✔️?|☒|❌|☐|⬜|⏳|🔲)️?\s*(.*)$")
_LABEL = re.compile(
    r"^(?:\*\*|__|`)?\[?(?P<label>AC[-_ #]?\d+(?:[.-]\d+)*[a-z]?|AC-[A-Z]+-?\d+(?:[.-]\d+)*)\]?(?P<close>\*\*|__|`)?"
    r"(?P<sep>[ \t]*(?:[:.)–—-](?:\*\*|__)?|\((?=[^)]*\)))?|$)[ \t]*(?P<rest>.*)$",
    re.I,
)
_STEP = re.compile(r"^\W*(?P<word>given|when|then|and|but)\b(?=[\s:*,]|$)", re.I)
_BOLD_STEP = re.compile(r"^(?:[-*+][ \t]+)?(?:\*\*|__)(?P<word>given|when|then|and|but)\b", re.I)
_TAIL_MARK = re.compile(
    r"\s*(?:[-–—]\s*)?(?:✅|☑️?|✔️?|✓|❌)\s*(?:pass(?:ed)?|done|complete[d]?|met|implemented)?\W*$", re.I
)


def read_criteria(page: Page, blob: str, path: str, start: int = 0, end: int | None = None) -> tuple[Criterion, ...]:
    """The criteria of the first acceptance-criteria section that has any, between two 0-based lines.

    `Criterion.text` holds the criterion's own line first; its details (Given/When/Then lines, nested
    bullets as ``- text``) follow, a line each. Later sections on their status or verification are not read.
    """
    stop = len(page.lines) if end is None else end
    for titles in (_MAIN_TITLE, _SECOND_TITLE):
        for heading in page.headings_in(start, stop):
            if not titles.match(heading.title):
                continue
            if _is_under_record(page, heading, start):
                continue
            drafts = _read_section(page, heading, min(heading.end, stop))
            if drafts:
                return _finish(drafts, page, blob, path)
    return ()


_RECORD = re.compile(
    r"\b(?:code|developer|qa|peer|story|final) review\b|^\W*(?:review|verification|status)\W*(?:\(.*\))?$"
    r"|\bdev agent record\b"
    r"|\bdefinition of done\b|^\W*retrospective\b|\b(?:verification|review|validation) (?:results?|notes|summary)\b",
    re.I,
)


def _is_under_record(page: Page, heading: Heading, start: int) -> bool:
    """Whether a heading, or one above it within the range read, says that what follows was checked, not asked for."""
    if heading.level < LABEL_LEVEL and _NOT_MAIN.search(re.sub(r"\(.*\)", "", heading.title)):
        return True
    return any(
        above.level > 1 and above.index > start and _RECORD.search(above.title) for above in page.chain(heading.parent)
    )


@dataclass(slots=True)
class _Draft:
    """A criterion while its lines come in."""

    index: int
    label: str
    head: str
    boxes: list[bool]
    details: list[str]
    step: bool = False
    """Begins with Given: further steps of the same list belong to it."""

    def add_line(self, text: str, *, wrapped: bool) -> None:
        """A further line: of its own, or the wrapped rest of the one before it."""
        if not wrapped:
            self.details.append(text)
        elif self.details:
            self.details[-1] = f"{self.details[-1]} {text}"
        else:
            self.head = f"{self.head} {text}".strip()

    def text(self) -> str:
        lines = [self.head, *self.details] if self.head else self.details
        return "\n".join(line for line in lines if line).strip()


def _finish(drafts: list[_Draft], page: Page, blob: str, path: str) -> tuple[Criterion, ...]:
    kept = [draft for draft in drafts if draft.text()][:MAX_CRITERIA]
    return tuple(
        Criterion(
            label=draft.label or str(place),
            text=draft.text(),
            checked=all(draft.boxes) if draft.boxes else None,
            source=Evidence(
                path=path,
                symbol=page.title_at(draft.index),
                hash=blob,
                line=draft.index + 1,
                quote=page.lines[draft.index].strip()[:300],
            ),
        )
        for place, draft in enumerate(kept, 1)
    )


def _read_section(page: Page, section: Heading, end: int) -> list[_Draft]:
    """Criteria of one section. A sub-heading is a criterion when it is labelled (``### AC1: …``) or when only
    Given/When/Then lines or plain text follow it; otherwise it groups the list below it.
    """
    subs = [
        h
        for h in page.headings_in(section.index + 1, end)
        if h.level <= LABEL_LEVEL and not (h.level == LABEL_LEVEL and _BOLD_STEP.match("**" + h.title))
    ]
    drafts: list[_Draft] = []
    first = subs[0].index if subs else end
    drafts.extend(_read_block(page, section.index + 1, first, None))
    inner_labelled = -1
    for place, sub in enumerate(subs):
        stop = subs[place + 1].index if place + 1 < len(subs) else end
        if sub.level == LABEL_LEVEL and section.level == LABEL_LEVEL:
            break
        own_end = min(sub.end, end)
        if sub.index < inner_labelled:
            continue
        match = _LABEL.match(sub.title)
        if match:
            draft = _draft_of(sub.index, sub.title)
            drafts.append(draft)
            inner_labelled = own_end
            _add_details(page, draft, sub.index + 1, own_end)
            continue
        if _is_aside(sub.title):
            continue
        drafts.extend(_read_block(page, sub.index + 1, stop, sub))
    return drafts


_ASIDE = re.compile(
    r"^\W*(?:notes?|definition of done|out of scope|dependencies|technical notes|references"
    r"|test(?:ing)? (?:notes|requirements"
    r"|strategy)|examples?|implementation|priority|story points|points|estimate|assumptions|non-goals|files?.*"
    r"|acceptance tests)\W*$",
    re.I,
)


def _is_aside(title: str) -> bool:
    return bool(_ASIDE.match(title))


def _draft_of(index: int, text: str, box: bool | None = None) -> _Draft:
    """A draft from a criterion's own line: its label, box and words told apart."""
    boxes = [] if box is None else [box]
    emoji = _BOX_EMOJI.match(text)
    if emoji and not boxes:
        boxes = [emoji[1][0] in "✅☑✔"]
        text = emoji[2]
    label = ""
    match = _LABEL.match(text)
    if match and (match["sep"] or match["close"] or not match["rest"] or match["rest"][:1].isupper()):
        label = re.sub(r"[ _#]", "", match["label"]).upper()
        text = match["rest"]
        # `**AC1: Title** more` leaves the closing mark of the bold part behind.
        if not match["close"] and text.count("**") % 2:
            text = text.replace("**", "", 1)
        text = text.lstrip(":–— \t")
        text = _BOX_EMOJI.sub(r"\2", text) if _BOX_EMOJI.match(text) else text
    tail = _TAIL_MARK.search(text)
    if tail:
        if not boxes:
            boxes = ["❌" not in tail[0]]
        text = text[: tail.start()]
    return _Draft(index, label, clean_inline(text).strip(), boxes, [])


def _lines_of(page: Page, start: int, end: int) -> Iterator[tuple[int, str]]:
    for n in range(start, end):
        if page.fence_at[n] < 0:
            yield n, page.lines[n]


def _add_details(page: Page, draft: _Draft, start: int, end: int) -> None:
    """All lines of a headed criterion; boxes below it count as its boxes."""
    for _, line in _lines_of(page, start, end):
        text = line.strip()
        if not text or text in {"---", "***", "___"}:
            continue
        if text.startswith("|"):
            draft.details.append(text)
            continue
        item = _ITEM.match(line)
        if item:
            box = _BOX.match(item[3] or "")
            if box:
                draft.boxes.append(box[1].lower() == "x")
                text = f"- {box[2] or ''}"
            else:
                text = f"- {item[3] or ''}"
        draft.details.append(clean_inline(text.lstrip("#")))


def _read_block(page: Page, start: int, end: int, group: Heading | None) -> list[_Draft]:
    """Criteria of a run of lines without sub-headings: list items, a table, or Given/When/Then paragraphs."""
    drafts: list[_Draft] = []
    paragraphs: list[tuple[int, str]] = []
    top = -1
    seen_item = False
    table: list[tuple[int, str]] = []
    blank = True
    for n, line in _lines_of(page, start, end):
        text = line.strip()
        if not text or text in {"---", "***", "___"}:
            blank = True
            continue
        if text.startswith("|"):
            table.append((n, text))
            continue
        item = _ITEM.match(line)
        if item:
            indent = len(item[1].expandtabs(4))
            if not seen_item or indent <= top:
                top = indent if not seen_item else min(top, indent)
                seen_item = True
                _add_item(drafts, n, item[2], item[3] or "")
            elif drafts:
                nested = item[3] or ""
                box = _BOX.match(nested)
                drafts[-1].details.append("- " + clean_inline((box[2] or "") if box else nested))
            blank = False
            continue
        if seen_item and drafts and (line[:1] in " \t" or not blank):
            drafts[-1].add_line(clean_inline(text), wrapped=not blank and not _STEP.match(text))
        else:
            paragraphs.append((n, text))
        blank = False
    if table and not drafts:
        drafts = _read_table(table)
    steps = _read_steps(paragraphs, group)
    if steps and not drafts:
        return steps
    if steps and all(draft.index > steps[0].index for draft in drafts):
        # Given/When/Then in paragraphs with a list below: the list completes the last step.
        if group is not None and not any(draft.boxes for draft in drafts):
            for draft in drafts:
                steps[-1].details.append("- " + draft.head)
                steps[-1].details.extend(draft.details)
            return steps
        if group is None:
            return sorted([*steps, *drafts], key=lambda one: one.index)
    if not drafts and group is not None and paragraphs and len(paragraphs) <= 6:
        only = _draft_of(group.index, _without_number(group.title))
        only.details = [clean_inline(text) for _, text in paragraphs]
        return [only]
    if not drafts and group is None and paragraphs:
        labelled = [(n, text, _LABEL.match(text)) for n, text in paragraphs]
        return [_draft_of(n, text) for n, text, match in labelled if match and match["sep"]]
    return drafts


def _without_number(title: str) -> str:
    return re.sub(r"^(?:\d+(?:\.\d+)*[.):]?|[A-Z][.)])\s+", "", title)


def _add_item(drafts: list[_Draft], n: int, mark: str, text: str) -> None:
    box: bool | None = None
    match = _BOX.match(text)
    if match:
        box, text = match[1].lower() == "x", match[2] or ""
    step = _STEP.match(text)
    numbered = mark[0].isdigit()
    if step and not numbered and drafts and drafts[-1].step and step["word"].lower() != "given":
        drafts[-1].details.append(clean_inline(text))
        if box is not None:
            drafts[-1].boxes.append(box)
        return
    draft = _draft_of(n, text, box)
    if numbered and not draft.label:
        draft.label = mark[:-1]
    draft.step = bool(step and step["word"].lower() == "given" and not numbered)
    drafts.append(draft)


def _read_steps(paragraphs: list[tuple[int, str]], group: Heading | None) -> list[_Draft]:
    """Given/When/Then paragraphs: each Given begins a criterion; below a heading that names it, all are one."""
    drafts: list[_Draft] = []
    for n, text in paragraphs:
        step = _STEP.match(text)
        if step is None:
            if drafts:
                drafts[-1].details.append(clean_inline(text))
            continue
        word = step["word"].lower()
        if word == "given" and not (group is not None and drafts):
            if group is not None:
                draft = _draft_of(group.index, _without_number(group.title))
                draft.details.append(clean_inline(text))
            else:
                draft = _draft_of(n, text)
            drafts.append(draft)
        elif drafts:
            drafts[-1].details.append(clean_inline(text))
        elif word == "when":
            draft = _draft_of(group.index, _without_number(group.title)) if group else _draft_of(n, text)
            if group:
                draft.details.append(clean_inline(text))
            drafts.append(draft)
    return drafts


def _read_table(rows: list[tuple[int, str]]) -> list[_Draft]:
    cells = [(n, [cell.strip() for cell in row.strip("|").split("|")]) for n, row in rows]
    if len(cells) < 3:
        return []
    header = [clean_inline(cell).lower() for cell in cells[0][1]]
    label = next(
        (i for i, name in enumerate(header) if re.match(r"^(?:acs?|ac ?#|id|#|no\.?|nr|criteri(?:on|a) id)$", name)), -1
    )
    words = next(
        (
            i
            for i, name in enumerate(header)
            if re.search(r"criteri|description|requirement|acceptance|scenario", name) and i != label
        ),
        -1,
    )
    if words < 0:
        words = label + 1 if label >= 0 else 0
    state = next(
        (i for i, name in enumerate(header) if re.match(r"^(?:status|done|met|state|✅|result|checked)$", name)), -1
    )
    drafts: list[_Draft] = []
    for n, row in cells[1:]:
        if words >= len(row) or not "".join(row).strip("-: "):
            continue
        draft = _draft_of(n, row[words])
        if 0 <= label < len(row) and row[label]:
            draft.label = re.sub(r"[*_` #]", "", row[label])
        if 0 <= state < len(row) and row[state]:
            draft.boxes = [
                bool(
                    re.search(
                        r"✅|☑|✔|✓|\[x\]|\b(?:done|met|pass(?:ed)?|complete[d]?|yes|implemented)\b", row[state], re.I
                    )
                )
            ]
        drafts.append(draft)
    return drafts


def read_tasks(page: Page, blob: str, path: str, start: int = 0, end: int | None = None) -> tuple[Task, ...]:
    """Tasks and subtasks of the task sections; a headed task (``### Task 2: …``) has the boxes below it."""
    stop = len(page.lines) if end is None else end
    sections = [
        h for h in page.headings_in(start, stop) if _TASKS_TITLE.match(h.title) and not _is_under_record(page, h, start)
    ]
    tasks: list[Task] = []
    done_until = start
    for section in sections:
        if section.index < done_until:
            continue
        upto = min(section.end, stop)
        done_until = upto
        tasks.extend(_read_task_section(page, section, upto, blob, path))
    if not tasks:
        heads = [h for h in page.headings_in(start, stop) if h.level < LABEL_LEVEL and _ONE_TASK.match(h.title)]
        tasks = [
            _task_of_heading(page, head, min(head.end, stop), blob, path)
            for head in heads
            if not _is_under_record(page, head, start)
        ]
    return tuple(tasks[:MAX_TASKS])


def _read_task_section(page: Page, section: Heading, end: int, blob: str, path: str) -> list[Task]:
    tasks: list[Task] = []
    plain: list[Task] = []
    for n, line in _lines_of(page, section.index + 1, end):
        item = _ITEM.match(line)
        if not item:
            continue
        box = _BOX.match(item[3] or "")
        source = Evidence(path=path, symbol=page.title_at(n), hash=blob, line=n + 1, quote=line.strip()[:300])
        if box and box[2]:
            tasks.append(Task(clean_inline(box[2]), box[1].lower() == "x", source))
        elif item[3] and not item[1]:
            plain.append(Task(clean_inline(item[3]), None, source))
    if tasks:
        return tasks
    heads = [h for h in page.headings_in(section.index + 1, end) if _TASK_HEADING.match(h.title)]
    if heads:
        return [_task_of_heading(page, head, min(head.end, end), blob, path) for head in heads]
    return plain


def _task_of_heading(page: Page, head: Heading, end: int, blob: str, path: str) -> Task:
    boxes = [
        box[1].lower() == "x"
        for _, line in _lines_of(page, head.index + 1, end)
        if (item := _ITEM.match(line)) and (box := _BOX.match(item[3] or ""))
    ]
    match = _TASK_HEADING.match(head.title)
    source = Evidence(
        path=path, symbol=head.title, hash=blob, line=head.index + 1, quote=page.lines[head.index].strip()[:300]
    )
    return Task(match["text"] if match else head.title, all(boxes) if boxes else None, source)
