"""What the headings above a line say of the paths below: a list of files, a plan, a record of work, mere references."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from kbgen.stories.reader import LABEL_LEVEL, Heading, Page

Intent = Literal["create", "modify", "delete", "unclear"]
Zone = Literal["files", "plan", "neutral", "record", "reference"]

_CREATE_TITLE = re.compile(
    r"\b(?:files?|tests?|components?|modules?|hooks?|types|pages?|services?|scripts?|schemas?|utilities|documents?)\b"
    r"[^.]{0,40}?\bto (?:be )?(?:create|add)(?:d)?\b|\bto (?:be )?created?$"
    r"|^(?:\W|\d)*(?:create )?new (?:[\w/-]+ ){0,2}(?:files?|components?|modules?|hooks?|tests?|pages?|documents?)\b",
    re.I,
)
_MODIFY_TITLE = re.compile(
    r"\b(?:files?|tests?|components?|modules?|hooks?|types|pages?|services?|schemas?|documents?)\b[^.]{0,40}?"
    r"\bto (?:be )?(?:modif(?:y|ied)|updated?|changed?|edit(?:ed)?|extend(?:ed)?|touch(?:ed)?)\b"
    r"|\bto (?:be )?(?:modif(?:y|ied)|updated?)$"
    r"|^(?:\W|\d)*(?:modify|update|change|edit|extend) (?:the )?(?:existing )?(?:files?|components?)\b",
    re.I,
)
_DELETE_TITLE = re.compile(
    r"\bfiles?\b[^.]{0,20}\bto (?:be )?(?:deleted?|removed?)\b|^(?:delete|remove) (?:old |obsolete "
    r"|existing )?files?\b",
    re.I,
)
_FILES_TITLE = re.compile(
    r"\bfiles? (?:locations?|structure|paths?|plan|organi[sz]ation|layout|tree)\b"
    r"|^(?:\W|\d)*(?:key |main |implementation |test |source |core |backend |frontend |affected |target |impacted )*"
    r"files?(?: affected| involved| impacted)?(?: \([^)]*\))?$"
    r"|\b(?:directory|folder|project|module|package|component|code|page|routing|test|team|agent)s? (?:structure"
    r"|layout)(?:\W|\(.*\))*$"
    r"|\b(?:proposed|expected|target) (?:structure|layout)\b|\bsource tree\b|^deliverables$"
    r"|\b(?:components?|modules|hooks|services|pages) to (?:build|implement|write)\b",
    re.I,
)
_BOTH_TITLE = re.compile(
    r"\bto (?:be )?(?:create|add)(?:d)?\s*(?:/|&|and|or|,)\s*(?:to )?(?:modif|updat|chang|edit)"
    r"|\bto (?:be )?(?:modif(?:y|ied)|updated?|changed?)\s*(?:/|&|and|or|,)\s*(?:create|add)",
    re.I,
)
_NEUTRAL_TITLE = re.compile(
    r"^(?:\W|\d)*(?:files? (?:created?|added|new)\s*(?:/|&|and|or|,)\s*(?:modif|updat|chang)\w*"
    r"|files? (?:modified|updated|changed)\s*(?:/|&|and|or|,)\s*(?:creat|add)\w*"
    r"|files? chang(?:es|ed)|(?:new|created)\s*(?:/|&|and)\s*(?:modified|updated|changed) files"
    r"|file changes?(?: summary)?)\b",
    re.I,
)
_PAST_FILES_TITLE = re.compile(
    r"\b(?:files?|components?|tests?|pages?|hooks?|services?|modules?|documents?|dtos|models|enums|interfaces)\b"
    r"[^.]{0,12}\b(?:created|modified|changed|updated|added|deleted|removed|reviewed|verified|touched|used"
    r"|implemented)\b"
    r"|^(?:\W|\d)*(?:created|modified|changed|updated|added|deleted|removed|reviewed|verified)"
    r"(?: (?:files?|components?|tests?|by .*))?(?: \(.*\))?$|^(?:\W|\d)*file list\b",
    re.I,
)
_RECORD_TITLE = re.compile(
    r"\b(?:code|senior developer|developer|dev|peer|qa|security|performance|final|pr|architect\w*|story|ai"
    r"|human|self|technical|"
    r"implementation|adversarial|quality)[ -]reviews?(?:er)?\b(?! (?:queue|page|panel|ui|screen|agent|checklist"
    r"|workflow))"
    r"|^\W*reviews?\W*(?:\(.*\)\W*)?$|\breview(?:er)? (?:notes?|summary|findings|feedback|outcome|results?"
    r"|comments|decision|"
    r"verdict|history|log|status|date|follow-?ups?|round|iteration)\b|^\W*review:"
    r"|\b(?:dev|development) agent record\b|\bagent model\b|\bcompletion notes?\b|\bchange ?log\b|\bchanges made\b"
    r"|\bdebug log\b|\bimplementation (?:summary|record|results?|status|date|complete|report|completed)\b"
    r"|\bwhat was (?:implemented|built|done|delivered)\b|\bacceptance criteria (?:verification|status|review"
    r"|validation|"
    r"assessment|coverage|met|check)\b|\b(?:verification|test|testing|validation|build) results?\b"
    r"|\btest coverage summary\b"
    r"|\bretrospective\b|\blessons? learned\b|\bfindings\b|\bverdict\b|\bissues? (?:found|fixed|resolved)\b"
    r"|\bresolution\b"
    r"|\bdeviations? from\b|\bsummary of changes\b|\bchanges summary\b|\brevision history\b|\bsign-?off\b"
    r"|\bqa results\b"
    r"|\bimplementation verification\b|\btriage\b|\bdefinition of done verification\b"
    r"|\bwork(?:flow)? (?:progress|history)\b|\bpost-implementation\b",
    re.I,
)
_NOTES_TITLE = re.compile(
    r"^(?:\W|\d)*(?:implementation|development|developer|dev|completion)(?: (?:notes?|details"
    r"|log))?(?: \(.*\))?$",
    re.I,
)
"""Heads a plan in one story and a record in the next; `_is_record` looks into it."""
_DONE_MARK = re.compile(
    r"^\W{0,6}(?:implemented|completed|implementation date|completion date|implemented by|implemented on"
    r"|date completed|"
    r"completed by|developed by|developer)\b[^:\n]{0,20}(?:\*\*)?:|^#+ .*\b(?:files|components"
    r"|tests) (?:created|modified|"
    r"changed|updated|added)\b|^\W{0,6}all (?:acceptance criteria|tests) (?:have been |were |are )?(?:met|pass"
    r"|implemented)"
    r"|^\W{0,6}successfully (?:implemented|completed)",
    re.I,
)
_REFERENCE_TITLE = re.compile(
    r"\breferences?\b|\brelated\b|\bdependenc(?:y|ies)\b|\bprerequisites?\b|\bdepends on\b|\bblocks\b|\bblocked\b"
    r"|\bsources?\b(?! (?:tree|files|code to))|\bexisting\b|\bdocumentation (?:links|references)\b"
    r"|\bcontext reference\b"
    r"|\bwireframes?\b|\bdesign reference\b|\bpatterns? to (?:follow|reuse)\b|\bbackground\b|\bcurrent (?:state"
    r"|behaviou?r|"
    r"implementation|code|situation)\b|\bproblem(?: statement)?\b|\bfrom (?:[A-Z]+-)?\d|\blearnings?\b"
    r"|\bprevious story\b"
    r"|\btraceability\b|\bout of scope\b|\bsee also\b|\bresources\b|\bfuture\b|\bcode map\b|\bto reference\b"
    r"|\bbefore\b"
    r"|\bfiles? to (?:investigate|review|read|check|verify|consult|inspect)\b|\balready\b|\bexamples?\b|\busage\b"
    r"|\bnext (?:steps?|stories)\b|\bstory context\b|\bstakeholders?\b|\brisks?\b|\broot cause\b|\balternatives?\b",
    re.I,
)
LEADING = re.compile(r"^(?:[\s\W\d]|(?:task|step|phase|part|ac|subtask)\s*[-#]?[\d.]+\s*[:.)-]?)*", re.I)
_HEADING_CREATE = re.compile(r"^(?:create|new|build|scaffold|write)\b", re.I)
_HEADING_MODIFY = re.compile(
    r"^(?:update[ds]?|modif(?:y|ied)|extend(?:ed)?|enhance[ds]?|refactor|fix|edit|change|wire|rewrite|migrate"
    r"|integrate|adjust)\b"
    r"|^add .+ to (?!the (?:project|repo))|\b(?:updates?|modifications?|changes|additions?|enhancements?"
    r"|integration)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the headings above a line say: the zone, and the intent that a list there has."""

    zone: Zone
    intent: Intent
    verb: Intent
    """What the nearest heading's own verb says of a file named below it: "Create X", "Update Y"."""


PLAIN = Scope("plan", "unclear", "unclear")


def find_scopes(page: Page, start: int, end: int) -> dict[int, Scope]:
    """Place of a heading -> its scope, its ancestors minded, for the headings of a range of lines.

    What stands above the range has no say: a story's section of an epic is read like a file of its own.
    """
    scopes: dict[int, Scope] = {}
    for place in page.places_in(start, end):
        heading = page.headings[place]
        scopes[place] = _scope_of(page, heading, scopes.get(heading.parent, PLAIN))
    return scopes


_STORY_TITLE = re.compile(
    r"^\W*(?:\d+(?:\.\d+)*[.)]?\s+)?(?:(?:user )?story\b|[A-Z][A-Z0-9]{0,11}-\d+(?:[.-]\d+)*\b)", re.I
)


def _scope_of(page: Page, heading: Heading, above: Scope) -> Scope:
    title = heading.title
    if heading.level < LABEL_LEVEL and above.zone == "plan" and re.search(r"\d", title) and _STORY_TITLE.match(title):
        # "Story 3: Create Code Review Page" names a story; its words say nothing of the lines below it.
        return Scope("plan", "unclear", "unclear")
    verb = find_verb(title)
    if above.zone == "record":
        return Scope("record", _past_intent(title) if _past_intent(title) != "unclear" else above.intent, "unclear")
    if _RECORD_TITLE.search(title) and heading.level > 1:
        return Scope("record", _past_intent(title), "unclear")
    if heading.level > 1 and _NOTES_TITLE.match(title) and _is_record(page, heading):
        return Scope("record", "unclear", "unclear")
    if _BOTH_TITLE.search(title):
        return Scope("files", "unclear", "unclear")
    # The words for a list of work done head a planned list where they stand below one: Files to
    # Create/Modify > Modified Files.
    in_files = above.zone in {"files", "neutral"}
    if _NEUTRAL_TITLE.search(title):
        return Scope(above.zone if in_files else "neutral", "unclear", "unclear")
    if _CREATE_TITLE.search(title):
        return Scope(above.zone if in_files else "files", "create", "create")
    if _MODIFY_TITLE.search(title):
        return Scope(above.zone if in_files else "files", "modify", "modify")
    if _DELETE_TITLE.search(title):
        return Scope("files", "delete", "delete")
    if _PAST_FILES_TITLE.search(title):
        return Scope(above.zone if in_files else "record", _past_intent(title), "unclear")
    if in_files and re.match(r"\W*(?:new|create)\W*$", title, re.I):
        return Scope(above.zone, "create", "create")
    if in_files and re.match(r"\W*(?:modify|update|existing)\W*$", title, re.I):
        return Scope(above.zone, "modify", "modify")
    if _REFERENCE_TITLE.search(title) and verb == "unclear" and heading.level > 1:
        return Scope("reference", "unclear", "unclear")
    if _FILES_TITLE.search(title):
        return Scope("files" if above.zone != "neutral" else "neutral", above.intent, verb)
    if above.zone in {"files", "neutral", "reference"}:
        return Scope(above.zone, above.intent, verb)
    return Scope("plan", "unclear", verb if heading.level > 1 else "unclear")


def _past_intent(title: str) -> Intent:
    lower = title.lower()
    new = bool(re.search(r"\b(?:new|created?|added)\b", lower))
    changed = bool(re.search(r"\b(?:modified|changed|updated|modify|update)\b", lower))
    gone = bool(re.search(r"\b(?:deleted|removed)\b", lower))
    if new + changed + gone != 1:
        return "unclear"
    return "create" if new else "modify" if changed else "delete"


def find_verb(title: str) -> Intent:
    rest = LEADING.sub("", title, count=1)
    if _HEADING_CREATE.match(rest):
        return "create"
    return "modify" if _HEADING_MODIFY.search(rest) else "unclear"


def _is_record(page: Page, heading: Heading) -> bool:
    if re.search(r"\d{4}-\d\d-\d\d", heading.title):
        return True
    return any(page.fence_at[n] < 0 and _DONE_MARK.search(page.lines[n]) for n in range(heading.index + 1, heading.end))
