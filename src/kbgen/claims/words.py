"""What the words around a name say of it: that it is there, was there, is not there, or is wished for.

A rule reads the sentence that a name stands in (for a table cell the whole row) and the titles of the sections above
it. In doubt a statement is a wish or an example, which nothing refutes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kbgen.claims.base import Mode
from kbgen.claims.passages import Passage
from kbgen.patterns import lazy

_REACH = 200
_END = lazy(r"[.!?;](?=\s)(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!vs\.)|\n(?=\s*\n)")
_BLANKS = lazy(r"\s+")


def find_sentence(passage: Passage, start: int, end: int) -> tuple[str, int]:
    """The sentence around a name, at most 200 characters to either side, and the name's offset in it."""
    if passage.form == "code":
        first = passage.text.rfind("\n", 0, start) + 1
        last = passage.text.find("\n", end)
        last = len(passage.text) if last < 0 else last
        first = max(first, start - _REACH)
        return passage.text[first : min(last, end + _REACH)], start - first
    text = passage.text
    first, last = max(0, start - _REACH), min(len(text), end + _REACH)
    before = [m.end() for m in _END.finditer(text, first, start)]
    after = _END.search(text, end, last)
    if before:
        first = before[-1]
    return text[first : after.end() if after else last], start - first


def drop_names(sentence: str) -> str:
    """The sentence without its code, targets and paths: ``src/old.py`` does not say that anything is old."""
    return _NAMED.sub(" · ", sentence)


_NAMED = lazy(r"`[^`\n]*`|\]\([^)\s]{0,300}\)|[^\s`]{0,300}/[^\s`]{0,300}")


def fold_sentence(text: str) -> str:
    """A sentence in one line, without the marks of emphasis, for ids and display."""
    return _BLANKS.sub(" ", text.replace("**", "")).strip(" |-*")


_ABSENT = lazy(
    r"\b(?:no longer|never|nowhere|not yet|missing|absent|lacks?|nonexistent|non-existent|no such|without|unlike|"
    r"there (?:is|are|was|were) no|no [^.]{0,40}\bfound|not found|instead of|rather than|"
    r"discrepan\w+|deviat\w+|changed from|mentions?|mentioned|actual|"
    r"(?:does|do|did|is|are|was|were|has|have|had|could|can|would)(?: not|n['’]t)|cannot|can['’]t)\b",
    re.IGNORECASE,
)
_WAS = lazy(
    r"\b(?:removed?|removes|removing|deleted?|deletes|deleting|dropped|drops|replaced?|replaces|replacing|renamed?|moved?|"
    r"moves|moving|migrated?|formerly|previous(?:ly)?|used to|old|legacy|deprecated?|obsolete|retired|superseded|gone|"
    r"originally|extracted from|split from|merged into|consolidated)\b",
    re.IGNORECASE,
)
_WISH = lazy(
    r"\b(?:will|would|shall|should|could|may|might|must|can be|to be|plan(?:s|ned|ning)?|propos\w*|intend\w*|future|"
    r"later|upcoming|eventually|todo|tbd|next steps?|need(?:s|ed)? to|want(?:s|ed)? to|going to|consider|recommend\w*|"
    r"suggest\w*|specif(?:y|ied|ies)|expect(?:s|ed)?|optional(?:ly)?|if you|you can|your|let['’]s|suppose|imagine|"
    r"hypothetical\w*)\b",
    re.IGNORECASE,
)
_EXAMPLE = lazy(
    r"\b(?:e\.g\.|i\.e\.|for example|for instance|example|such as|like|similar to|sample|placeholder|imaginary)",
    re.IGNORECASE,
)
_COMMAND = lazy(
    r"^[\s>*\-+\d.)\[\]xX|:#]{0,20}(?:\*\*|__)?(?:step \d+:? ?)?(?:\*\*|__)?(?:create|add|write|copy|generate|make|"
    r"place|save|put|touch|define|introduce|implement|build|set up|scaffold|extract|move|rename|delete|remove|refactor|"
    r"split|migrate|replace|ensure|open|run|configure|edit|update|extend|start)\b",
    re.IGNORECASE,
)
_DONE = lazy(
    r"\b(?:created|added|wrote|written|generated|defined|implemented|built|introduced|updated|modified)\b",
    re.IGNORECASE,
)

_TO_DO_TITLE = lazy(
    r"\bto (?:be )?(?:create|modify|change|add|build|implement|update|delete|fix)d?\b|\bmissing\b|\baction items?\b|"
    r"\bnot (?:yet )?(?:implemented|done|built)\b|\brequired? (?:tests?|fix\w*|changes?|actions?)\b|\bmust fix\b|"
    r"\bneeded\b",
    re.IGNORECASE,
)
_PLAN_TITLE = lazy(
    r"\b(?:plan(?:s|ned|ning)?|propos\w+|future|roadmap|next steps?|todo|tasks?|subtasks?|backlog|requirements?|"
    r"acceptance|criteria|scope|goals?|non-goals|technical (?:notes|approach|spec\w*|details)|dev notes|dependenc\w+|"
    r"recommend\w*|risks?|open questions?|ideas?|alternatives?|options?|definition of done|deliverables|approach|"
    r"(?:expected|proposed|target|suggested) \w+|design|migration|strategy|deferred)\b",
    re.IGNORECASE,
)
_RECORD_TITLE = lazy(
    r"\b(?:implementation notes?|implementation summary|dev agent record|completion notes?|file list|"
    r"files? (?:created|changed|modified|added|touched|updated|deleted)|(?:created|changed|modified) files|"
    r"what was (?:built|done)|change ?log|code review|review (?:notes|outcome|findings)|senior developer review|"
    r"key implementation details|technical decisions|completion summary|delivered|post-?mortem)\b",
    re.IGNORECASE,
)
_EXAMPLE_TITLE = lazy(
    r"\b(?:examples?|samples?|templates?|tutorial|adding|creating|writing|extending|custom\w*|your own|new|"
    r"quick ?start|getting started|how to|naming|conventions?|best practices|anti-?patterns?)\b",
    re.IGNORECASE,
)


def read_mode(sentence: str, offset: int, length: int) -> Mode:
    """What the sentence says of the name at `offset`: ``absent`` and ``was`` need their words, ``is`` is the rest."""
    around = drop_names(f"{sentence[:offset]} · {sentence[offset + length :]}")
    if _ABSENT.search(around):
        return "absent"
    if _WAS.search(around):
        return "was"
    return "is"


@lru_cache(maxsize=1024)
def is_wish(sentence: str) -> bool:
    """The sentence tells what to do or what may come, not what there is."""
    if _WISH.search(sentence):
        return True
    return bool(_COMMAND.match(sentence)) and not _DONE.search(sentence)


@lru_cache(maxsize=1024)
def is_example(sentence: str) -> bool:
    """The sentence introduces what it names as one of several, or as made up."""
    return bool(_EXAMPLE.search(sentence))


def read_stage(passage: Passage) -> str:
    """What kind of section it is: ``record`` of work done, ``plan``, ``example``, or "" for a plain description.

    The innermost title that says anything decides, but nothing below "files to create" is done.
    """
    lead = passage.lead.strip(" *_\n")[-120:]
    titles = [lead if lead.endswith(":") else "", *reversed(passage.headings)]
    if passage.form == "heading":
        titles.insert(0, passage.text)
    if any(map(_TO_DO_TITLE.search, titles)) or (titles[0] and is_wish(titles[0])):
        return "plan"
    for title in titles:
        if _RECORD_TITLE.search(title):
            return "record"
        if _PLAN_TITLE.search(title):
            return "plan"
        if _EXAMPLE_TITLE.search(title):
            return "example"
    return ""
