"""What was left for later, in the words that said so: messages, the story's record, comments, retrospectives.

Precision comes first: a wish list written before the work is no deferral unless an item says that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kbgen.model import Deferred, EpicDocument, Fact, Link, Story
from kbgen.notes.sentences import Sentence, collect_sentences, find_words, shorten
from kbgen.patterns import lazy

# Said of the work itself, wherever it stands.
_SAID = lazy(
    r"""
    \b(?:is|was|were|are|been|being|intentionally|explicitly|\d+|left|items?|[-–—(:,])\s*deferred\b
    | \bdeferred\s+(?:to|until|till|for|because|as|since|due|\(|[-–—]|in\s+favou?r)
    | \bdeferred\s*[):.,]?$ | ^deferred\b(?!\s+(?:load|import|execut|evaluat|promis|value|render))
    | \b(?:postponed|punted|pushed\s+(?:back|out|to)|left\s+(?:for|to)\s+(?:a\s+)?(?:later|future|follow))\b
    | (?:\b(?:in|to|until|with|by|as|for)\s+(?:an?\s+|the\s+)?|\()(?:dedicated\s+)?
      (?:follow-?up|future|later|separate|subsequent|next)\s+(?:story|epic|sprint|pr|pull\s+request|release|iteration|phase)\b
    | \bnot\s+(?:yet\s+)?(?:been\s+)?(?:implemented|wired|integrated|migrated)\b
    | \bnot\s+(?:supported|connected)\s+yet\b | \bnot\s+yet\s+(?:supported|connected)\b
    | \b(?:integration|implementation|support)\s+yet\b
    | \bout\s+of\s+scope\s+(?:for|of)\s+th(?:is|e)\b
    | \b(?:will|to)\s+be\s+(?:added|implemented|replaced|wired|integrated|connected|handled|migrated|removed|done|built
      |completed)\s+(?:in|by|with|when|once|later|after|as\s+part|during)\b
    | \bwill\s+be\s+replaced\b
    | \b(?:once|until)\s+[^.;]{2,60}\b(?:is|are|becomes?)\s+
      (?:ready|available|implemented|completed?|merged|in\s+place|deployed)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Enough in a comment, where it speaks of the code beside it.
_IN_CODE = lazy(
    r"""
    \bfor\s+now\b | \bin\s+(?:a\s+)?production\b[^.;]{0,40}\b(?:would|will)\b | \bnot\s+yet\b
    | \b(?:temporarily|temporary\s+(?:solution|fix|workaround|hack|measure))\b
    | \bplaceholder\s+(?:until|implementation|value|data)\b
    | \bmock(?:ed)?\b[^.;]{0,60}\b(?:until|for\s+now|replace[d]?|real)\b
    | \b(?:could|can|will|should|to)\s+be\s+(?:extended|improved|optimi[sz]ed|replaced|moved|added)\s+
      (?:later|in\s+(?:the\s+)?future)\b
    | \bfull\s+(?:\w+\s+)?(?:implementation|support|retry|version)\b[^.;]{0,60}\b(?:require|need|will|later)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOTES_OF_WORK = lazy(r"\bfull\s+\w+\b.{0,60}\b(?:requires|needs)\b|\bnot\s+yet\b|\byet\b.{0,4}$", re.IGNORECASE)
_LABELLED = lazy(r"[A-Z][\w ]{1,20}:\s")
_REVIEW = lazy(r"\b(?:review|issues?|assessment)\b", re.IGNORECASE)
_TODO = lazy(r"^(?:TODO|FIXME|XXX|HACK)\b[\s:(\-]*", re.IGNORECASE)
_MARKERS = frozenset({"TODO", "FIXME", "XXX"})

_HEADING = lazy(r"\b(?:deferred|postponed|not implemented|left for later|out of scope|remaining work)\b", re.IGNORECASE)
_UNFIT_HEADING = lazy(
    r"""
    \b(?:
      acceptance\scriteria | user\sstor | testing? | tests? | test\s(?:plan|cases?|strategy)
      | definition\sof\sdone | references? | tasks?(?:\s*/\s*subtasks)? | subtasks | example | usage
      | file\slist | files?\s | problem | gap\saddressed | background | risks? | checklist
      | recommendations? | review\s+summary | prerequisites
      | dependenc\w+
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_STATUS_OF_CRITERIA = lazy(r"\b(?:criteria|requirements?)\s+(?:status|verification|review|met)\b", re.IGNORECASE)
_NEGATED = lazy(
    r"""
    \b(?:no|not|nothing|none|zero|without|never)\s+(?:\w+\s+){0,2}(?:deferred|todos?|postponed)\b
    | \bundeferred\b | \bthis\sstory\s(?:fills|completes|implements|adds|replaces)\b
    | \bpreviously\s+deferred\b | \bdeferred\s+(?:items?\s+)?from\b
    | \b(?:fix(?:es|ed)?|resolve[sd]?|implement(?:s|ed)?|address(?:es|ed)?|complete[sd]?)\s+(?:the\s+)?
      (?:deferred|todos?)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# "Resolves X: button not wired" is what was mended, not what remains.
_DONE = lazy(r"(?:fix(?:e[sd])?|resolve[sd]?|close[sd]?|address(?:es|ed)?|recommendation)\b", re.IGNORECASE)
_NOT_LATER = lazy(
    r"""
    \b(?:if|when|unless|whether|while)\b[^.;]{0,60}\bnot\b
    | \bdeferred\s*(?:promise|<|\(\)|import|loading|render|execution)
    | \bnot\simplemented\s(?:error|exception)\b | \b501\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


# What every deferral says; two are the same thing only by their other words.
_LATER = find_words(
    "deferred postponed to the for of in as is was be will not yet and future story later follow-up note with done"
)


def find_deferred(
    story: Story,
    links: Sequence[Link],
    epics: Sequence[EpicDocument],
    comments: Sequence[Fact],
    *,
    limit: int = 20,
) -> tuple[Deferred, ...]:
    """Statements that something is left for later: messages first, then documents, comments, epic documents."""
    return select_deferred(collect_sentences(story, links, epics, comments), limit)


def select_deferred(sentences: Iterable[Sentence], limit: int) -> tuple[Deferred, ...]:
    """The deferrals among sentences already collected, one for each thing said, in their order."""
    found: list[tuple[frozenset[str], Deferred]] = []
    groups: set[int] = set()
    for sentence in sentences:
        if not is_deferral(sentence) or (sentence.place != "lead" and sentence.group in groups):
            continue
        words = find_words(sentence.text) - _LATER
        if any(len(words & seen) >= 0.5 * min(len(words), len(seen)) for seen, _ in found):
            continue
        if sentence.place == "lead":
            groups.add(sentence.group)
        text = shorten(_TODO.sub("", sentence.text) if sentence.origin == "comment" else sentence.text)
        found.append((words, Deferred(text, sentence.source, sentence.evidence)))
        if len(found) == limit:
            break
    return tuple(deferred for _, deferred in found)


def is_deferral(sentence: Sentence) -> bool:
    """Whether the sentence leaves something for later, rather than asks, plans or denies it."""
    text = sentence.text
    if len(find_words(text)) < 3 or "?" in text[-2:] or _NEGATED.search(text) or _NOT_LATER.search(text):
        return False
    if sentence.origin == "comment":
        return bool(
            sentence.marker in _MARKERS
            or _TODO.match(sentence.evidence.quote)
            or _SAID.search(text)
            or _IN_CODE.search(text)
        )
    if sentence.place == "subject" or _DONE.match(text):
        return False
    headings = sentence.headings[1:]
    if any(_UNFIT_HEADING.search(h) and not _STATUS_OF_CRITERIA.search(h) for h in headings):
        return False
    if _SAID.search(text):
        return True
    if headings and _HEADING.search(headings[-1]) and not sentence.planned and not _LABELLED.match(text):
        return sentence.place in ("prose", "lead") and not any(_REVIEW.search(heading) for heading in headings)
    if sentence.origin != "story" or sentence.planned or any(_REVIEW.search(heading) for heading in headings):
        return False
    return bool(_NOTES_OF_WORK.search(text))
