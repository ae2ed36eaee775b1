"""Which sentences state a decision: a choice with its reason, a constraint, an order, a default, a pattern followed.

Every sentence of the story's messages, documents and comments is scored by the cues of `CUES`; where it stands
(a heading "Design Decisions", a review's praise) raises or lowers the score. Nothing is rephrased: a decision is
its author's sentence, and the score only says how sure kbgen is that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kbgen.model import Decision, EpicDocument, Fact, Link, Story
from kbgen.notes.deferred import is_deferral
from kbgen.notes.sentences import Sentence, collect_sentences, find_words, looks_like_code, shorten
from kbgen.patterns import lazy


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that speak for or against a decision; of one family only the strongest counts."""

    family: str
    weight: float
    pattern: re.Pattern[str]


def _cue(family: str, weight: float, pattern: str, flags: int = re.IGNORECASE) -> Cue:
    return Cue(family, weight, re.compile(pattern, flags | re.VERBOSE))


CUES = (
    # Why.
    _cue(
        "reason",
        1.0,
        r"\b(?:because|so\s+that|in\s+order\s+to|due\s+to|the\s+reason|rationale|even\s+(?:if|when|though))\b",
    ),
    _cue(
        "reason",
        0.9,
        r"""\bto\s+(?:avoid|prevent|survive|preserve|minimi[sz]e|work\s+around|keep|guard|protect|reduce|break)\b
        | \bso\s+(?:the|a|an|we|it|they|users?|each|every|no
            |\w+\s+\w+\s+(?:can|survive|stay|remain|are|is|do|does|get)s?)\b""",
    ),
    _cue(
        "reason",
        0.8,
        r"\b(?:avoid(?:s|ing)|prevent(?:s|ing)|preserv(?:es|ing)|eliminat(?:es|ing)|guarantee(?:s|ing)?)\b",
    ),
    _cue("reason", 0.8, r"\b(?:otherwise|since\s+(?:the|it|we|they|this|there|all|both|only|most|no))\b"),
    _cue(
        "reason",
        0.45,
        r"""\bto\s+(?:allow|enable|ensure|support|simplify|match|make)\b
        | \b(?:allow|ensur|enabl|maintain)(?:e?s|ing)\b""",
    ),
    # Instead of what.
    _cue("instead", 1.1, r"\b(?:instead|rather\s+than|in\s+favou?r\s+of|in\s+place\s+of|as\s+opposed\s+to)\b"),
    _cue("instead", 0.8, r"\b(?:alternative(?:ly)?|substitut\w+|as\s+a\s+replacement|unlike|superseded)\b"),
    _cue(
        "instead",
        0.7,
        r"\b(?:replac(?:e|es|ed|ing)|(?:switch|migrat|mov)\w*\s+(?:to|from)|swap(?:ped)?|no\s+longer|manually|ourselves|(?:different|distinct|separate)\s+from)\b",
    ),
    _cue("instead", 0.6, r"\bwithout\s+(?:an?\s+)?(?:\w+ing|\w+ion)\b"),
    # Left out.
    _cue(
        "left-out",
        1.0,
        r"\b(?:deferred|postponed|out\s+of\s+scope|left\s+out|not\s+(?:yet\s+)?implemented|for\s+now|not\s+yet|(?:will|to)\s+be\s+replaced)\b",
    ),
    _cue(
        "left-out",
        1.0,
        r"\byet\b(?=\s*(?:$|[.:;(-]))|(?:^|\b(?:with|uses?|using|against|on|an?)\s)\s*mock(?:ed)?\s+(?:api|backend|data|endpoint|fetch|service|server|response)s?\b",
    ),
    _cue(
        "left-out",
        0.7,
        r"\b(?:simplified|simpler|temporar(?:y|ily)|hard-?coded)\b|\bplaceholder\s+(?:until|data|implementation)\b",
    ),
    _cue("left-out", 0.7, r"\b(?:exclud|omit|skip|ignor|discard)(?:e?s|t?ed|p?ed|t?ing|p?ing|e)?\b"),
    # What happens unless told otherwise.
    _cue("default", 0.8, r"\bdefault(?:s|ed|ing)?\b|\bopt-?(?:in|out)\b|\bbackwards?[\s-]+compatib\w+"),
    _cue(
        "default",
        0.85,
        r"\bfall(?:s|ing)?\s+back\b|\bfallback\s+(?:to|when|if|for|on)\b|\bfallback:|\bas\s+(?:a\s+)?fallback\b",
    ),
    _cue(
        "default",
        0.5,
        r"\b(?:fallbacks?|optional(?:ly)?|configurable|overrid(?:e|es|den|able)|graceful(?:ly)?|degrad(?:e|es|ed|ation))\b",
    ),
    # Which first.
    _cue("order", 1.0, r"\w\s+>\s+[\w\s\-]{2,40}\s>\s+\w|\w\s*(?:→|->)\s*[\w\s\-]{2,40}\s*(?:→|->)\s*\w"),
    _cue(
        "order",
        0.8,
        r"""\b(?:priority|priorities|prioriti[sz]\w+|preceden(?:ce|t)|prefer(?:s|red|ence|ring)?|wins?
        | tie(?:s|-break\w*)?|authoritative|source\s+of\s+truth|first,?\s+then)\b""",
    ),
    _cue(
        "order",
        0.9,
        r"\bweigh(?:s|t|ts|ted|ing)?\b.{0,40}\b(?:higher|lower|more|less|heavier)\b|\b(?:treat(?:ed|s)?|counts?)\b.{0,30}\bas\b",
    ),
    # What must or must not be.
    _cue(
        "constraint",
        0.9,
        r"""\b(?:[Mm]ust|MUST|[Nn]ever|[Cc]annot|[Cc]an't|at\s+most|at\s+least|[Dd]o(?:es)?\s+not|[Dd](?:oes|o)n't|[Dd]O\s+NOT
        | won't|not\s+persisted|NOT)\b""",
        0,
    ),
    _cue(
        "constraint",
        0.85,
        r"\bonly\s+(?:if|when|once|after|show|persist|send|allow|use|call|run|update|render|apply|keep|load|connect|one)\b|\bthe\s+only\b",
    ),
    _cue("constraint", 0.6, r"\bonly\b"),
    _cue(
        "constraint",
        0.6,
        r"""\b(?:always|requires?|required|enforc(?:e|es|ed|ing)|restrict(?:s|ed|ing)?|limit(?:s|ed|ing)?|capped|bounded
        | isolat(?:ed|es|ion)|scoped?|read-only|immutable|unchanged)\b""",
    ),
    # Whose example was followed.
    _cue(
        "pattern",
        0.9,
        r"""\b(?:(?:follow|mirror|reus|re-us)(?:e?s|ed|ing|e)?|match(?:es|ed|ing))\b.{0,60}
        (?:\b(?:existing|patterns?|conventions?|same)\b|(?-i:[a-z]\w{0,40}[A-Z])|`|\.[a-z]{2,4}\b)""",
    ),
    _cue(
        "pattern",
        0.9,
        r"\b(?:existing|established|same)\s+[\w\s/-]{0,40}\bpatterns?\b|\b(?:consistent|in\s+line|align(?:s|ed)?)\s+with\b|\bsame\s+as\b|\bpattern\s+(?:for|from|with|to)\b",
    ),
    _cue("pattern", 0.6, r"\bpatterns?\b|\bconventions?\b|\bstrateg(?:y|ies)\b|\bapproach\b|\bbased\s+on\b"),
    # Chosen on purpose.
    _cue(
        "choice",
        1.2,
        r"""\b(?:intentional(?:ly)?|deliberate(?:ly)?|on\s+purpose|by\s+design|trade-?offs?|chose|chosen|choice|decided|decision
        | opted|work-?arounds?)\b""",
    ),
    # How, by a means that has a name of its own.
    _cue(
        "means",
        0.6,
        r"""\b(?:[Vv]ia|[Uu]sing|[Uu]ses?|[Uu]sed|through|backed\s+by|powered\s+by|built\s+on|on\s+top\s+of|[Bb]ased\s+on)\s+(?:[\w\-]+\s+){0,2}?
        (?:`|[A-Z@]|\w+[._/]\w|\w*\d|[a-z]+[A-Z]|[a-z]+\(|[a-z]+\s+(?:with|for)\b)""",
        0,
    ),
    _cue("means", 0.35, r"\bwith\s+(?:`|[A-Z]\w|\w+[._/]\w|[a-z]+[A-Z]|\d)", 0),
    _cue(
        "technique",
        0.5,
        r"""\b(?:lazy|lazily|singleton|debounc\w+|throttl\w+|optimistic|idempoten\w+|atomic(?:ally|ity)?|deep\s*-?cop\w+
        | lock(?:s|ing|ed)?|mutex|backoff|circuit\s+breaker|SSR-?safe|thread-?safe\w*|race\s+conditions?|circular
        | cach(?:e|ed|es|ing)
        | TTL|poll(?:s|ing)|eviction|LRU|pool(?:ing|ed)?|non-?blocking|soft\s+delete|exponential|transaction\w*
        | serializable|memoi[sz]\w+|parallel|multiplex\w*|rollback
        | dedup\w*|(?:multi-)?tenant|sandbox\w*|retr(?:y|ies)|rate\s+limit\w*)\b""",
    ),
    _cue(
        "value",
        0.45,
        r"\([^()]{0,30}\d[^()]{0,30}\)|\b\d+(?:\.\d+)?\s?-?(?:ms|s|sec(?:ond)?s?|min(?:ute)?s?|h|hours?|days?|%|KB|MB|GB)(?!\w)",
    ),
    # A list that says all there is.
    _cue(
        "closed-list",
        0.8,
        r"^(?!Features|Changes|Includes|Components|Added|Files|Tests)[A-Z][\w/()-]*(?:\s[\w/()-]+){0,4}:\s[^,.;:]{2,40}(?:,\s[^,.;:]{2,40}){2,12}\.?$",
        0,
    ),
    _cue("closed-list", 0.4, r"\b(?:constants|enum|schema|thresholds?)\b"),
)

AGAINST = (
    _cue(
        "praise",
        0.8,
        r"""\b(?:excellent|well-?(?:structured|documented|designed|organi[sz]ed|defined|written|tested)|production-ready|best\s+practices?
        | robust|clean(?:ly)?|solid|great|good|nice(?:ly)?|high[- ]quality|seamless(?:ly)?|powerful|elegant
        | intelligent(?:ly)?|smart|modern|advanced|demonstrates?|cornerstone)\b""",
    ),
    _cue(
        "praise",
        0.5,
        r"\b(?:may\s+not|might\s+not|comprehensive(?:ly)?|proper(?:ly)?|correct(?:ly)?|successful(?:ly)?|thorough|appropriate(?:ly)?)\b",
    ),
    _cue(
        "wish",
        0.6,
        r"""\b(?:consider|should|could|might|may\s+(?:need|want)|would|recommend\w*|suggest\w*|ideally|we\s+need|need\s+to|in\s+the\s+future
        | future\s+enhancement)\b""",
    ),
    _cue(
        "task",
        0.35,
        r"""^\W{0,2}(?:add|create|implement|update|write|export|register|define|build|set\s+up|install|remove|verify|document|move|rename)
        (?:ed|d|s|es)?\b""",
    ),
    _cue(
        "describes",
        0.45,
        r"""^\W{0,2}(?:allows?\s+users|provides?|displays?|shows?|returns?|gets?|handles?|renders?|called|fetch(?:es)?|check(?:s)?|contains?|maximum|minimum
        | number\s+of|these\b|this\s+(?:is|component|hook|module|file|function|class|service|endpoint|enables|provides)
        | use\s+this|used\s+(?:by|for|to)
        | hook\s+(?:for|that)|component\s+(?:for|that)|whether|optional|the\s+\w+\s+(?:is|provides|handles)\b)""",
    ),
    _cue("tests", 0.8, r"\b(?:tests?|testing|coverage|specs?|vitest|jest|pytest|playwright|fixtures?|storybook)\b"),
    _cue(
        "process",
        0.6,
        r"""\b(?:type-?check|lint(?:ing|er)?|eslint|review(?:ed|er)?|sprint|epics?|acceptance|criteria|documentation|docs?|README|barrel
        | re-?exports?)\b""",
    ),
)

_REJECT = lazy(
    r"""
    ^(?:as\s+an?\s+\W*\w+[^.]{0,80},?\s*\W*i\s+want|given\b|then\b|and\s+i\b|i\s+want|so\s+that\s+(?:i|we|users?)\b)
    | (?-i:\b(?:APPROVED?|PASS(?:ED)?|FAIL(?:ED)?|VERIFIED|LGTM)\b) | ✅ | ❌ | ⚠
    | ^(?:code\s+review|acceptance\s+criteria|story|epic|points?|status|reviewe[rd]|review\s+date|date|outcome|verdict
        | decision|recommendation|files?|location|see|ref(?:erence)?s?|source|author|co-authored-by|signed-off-by
        | closes|fixes|resolves|refs|related|type|estimate\w*|depends\s+on|dependenc\w+|blocks|implementation\s+date
        | issue|tests?|evidence|example)\s*(?::|\#)
    | \b\d+\s+(?:\w+\s+)?(?:failures|errors|warnings)\b | \bi\s+(?:cannot|can't|would|approve|recommend)\b
    | ^lines?\s+\d | ^\W*AC\W?\d | \bgenerated\s+(?:with|by)\s+\[?[A-Z] | https?://\S+$ | ^@\w+
    | \b\d+\s+(?:unit\s+|new\s+|e2e\s+|integration\s+)?tests?\b | \btests?\s+(?:pass|cover|suite|file)
    | \bstory\s+file\b | \bready\s+for\s+implementation\b
    | \bmeets?\s+(?:all\s+)?(?:the\s+)?(?:acceptance|requirements) | \bno\s+(?:issues|changes|deviations?)\b
    | \b(?:follows?|match(?:es)?|per|as)\s+(?:in\s+)?(?:the\s+)?(?:\w+\s+)?spec(?:ifi(?:cation|ed))?\b
    | \bready\s+(?:for|to)\s+(?:review|merge|commit|production)
    | ^(?:excellent|great|good|nice|strong|test|verif(?:y|ied)|manual(?:ly)?\s+(?:test|verif)\w*
        |click|navigate|expected)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BEST_HEADING = lazy(
    r"""
    \b(?:
      (?:key|design|technical|architect\w+|implementation|important|main)\s+(?:\w+\s+)?(?:decisions?|choices?)
      | decisions?\s+made | ^decisions?$ | trade-?offs? | deviations? | rationale | alternatives?
      | patterns?\s+used | known\s+limitations? | limitations? | constraints?
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_GOOD_HEADING = lazy(
    r"""
    \b(?:
      implementation\s+(?:notes?|details?|summary) | completion\s+notes? | dev(?:elopment|eloper)?\s+notes?
      | dev\s+agent\s+record | technical\s+(?:notes?|details?|considerations?) | ^notes?$ | lessons
      | design\s+patterns? | key\s+(?:\w+\s+)?(?:details?|features?|points?) | technical\s+implementation
      | changes\s+made | deferred | error\s+handling | solution | architecture | design
      | approach | strateg(?:y|ies) | configuration
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_UNFIT_HEADING = lazy(
    r"""
    \b(?:
      acceptance\s+criteria | criteria | tests? | testing | coverage | qa | scenarios? | definition\s+of\s+done
      | dod | checklist | references? | related | dependenc\w+ | prerequisites? | depends\s+on
      | files?\s+(?:to\s+)?(?:create[d]?|modif\w+|change[sd]?|list|review\w+|structure)
      | file\s+(?:list|structure|changes) | (?:created|modified|new|changed)\s+files? | tasks? | subtasks?
      | (?:implementation|next)\s+(?:steps|plan|tasks?) | user\s+stor\w+ | user\s+flows? | usage\s+examples?
      | ^usage$ | examples? | change\s*-?log | status$ | verification | verified | sign-?off | metrics
      | timeline | estimat\w+ | risks? | problem | root\s+cause | initial\s+state | before | background | gaps?
      | targets? | results? | verdict
      | outcome | recommendations? | strengths? | what\s+looks\s+good | highlights? | positive
      | issues?(?:\s+found)? | suggestions? | api\s+(?:reference|endpoints?) | interface\s+definitions?
      | ^interfaces?$ | props | wireframes? | screenshots? | agent\s+model | context\s+reference | debug\s+log
      | exports? | summary\s+of\s+review | findings? | retro\w*\s+items? | action\s+items? | code\s+quality
      | review\s+quality | blocks | goals? | success(?:es)? | went\s+well | wins | velocity | team | processes
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# In a record of finished work these hold what its author found worth saying beyond the list of changes.
_NOTE_HEADING = lazy(
    r"^(?:technical|developer|additional|important)\s+notes?$|\bgotchas?\b|\bcaveats?\b", re.IGNORECASE
)
_WISH_HEADING = lazy(
    r"\b(?:future|next\s+(?:steps|phase|iteration|version)|ideas|nice[- ]to[- ]have|improvements|enhancements)\b",
    re.IGNORECASE,
)
_OVERVIEW_HEADING = lazy(r"^(?:story\s+)?(?:description|overview|summary|context)$", re.IGNORECASE)
_REVIEW_HEADING = lazy(
    r"\b(?:review|assessment|compliance|validation|analysis|conclusion|observations?|approval|verdict)\b", re.IGNORECASE
)

_SURE = 0.8
"""From here on a sentence is shown for its own sake."""
_LIKELY = 0.5
"""A bullet of an implementing message from here on fills up a short list; see `_FILL`."""
_FILL = 6
"""Sentences that are only likely are added until this many stand in the list."""
_MOST = {"comment": 6, "epic": 4}
"""Of these sources at most so many are quoted: the story's own words come first."""
_POOL = 300


def find_decisions(
    story: Story,
    links: Sequence[Link],
    epics: Sequence[EpicDocument],
    comments: Sequence[Fact],
    *,
    limit: int = 20,
) -> tuple[Decision, ...]:
    """Sentences that state a choice with its reason, best first, in their authors' own words.

    `epics` are the story's epic documents, of which only what names the story is read; `comments` are facts of
    kind ``comment`` on lines that the story's commits added (attribute ``commit``), code of the same line in ``code``.
    """
    return select_decisions(collect_sentences(story, links, epics, comments), limit)


def select_decisions(sentences: Sequence[Sentence], limit: int) -> tuple[Decision, ...]:
    """The decisions among sentences already collected, best first."""
    dropped = _find_dropped(sentences)
    scored = [
        (score, order, sentence)
        for order, sentence in enumerate(sentences)
        if (score := score_sentence(sentence, dropped)) >= _LIKELY
    ]
    scored.sort(key=lambda entry: (-round(entry[0], 6), entry[1]))
    return tuple(_select(scored[:_POOL], limit))


def _select(scored: Sequence[tuple[float, int, Sentence]], limit: int) -> list[Decision]:
    """Best first; near-same sentences, items of a quoted list and what exceeds its source's share are passed over."""
    chosen: list[Decision] = []
    seen: list[frozenset[str]] = []
    groups: dict[int, str] = {}
    counts: dict[str, int] = {}
    for score, _, sentence in scored:
        if len(chosen) == limit:
            break
        if score < _SURE and (len(chosen) >= _FILL or sentence.role != "implements"):
            continue
        kind = "lead" if sentence.place == "lead" else "item"
        if sentence.group >= 0 and groups.get(sentence.group, kind) != kind:
            continue
        if counts.get(sentence.origin, 0) >= _MOST.get(sentence.origin, limit):
            continue
        words = find_words(sentence.text)
        if any(_say_the_same(words, other) for other in seen):
            continue
        seen.append(words)
        counts[sentence.origin] = counts.get(sentence.origin, 0) + 1
        if sentence.group >= 0:
            groups[sentence.group] = kind
        chosen.append(
            Decision(shorten(sentence.text), sentence.source, sentence.evidence, round(min(score / 2, 1.0), 2))
        )
    return chosen


def _say_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    shared, shorter, longer = len(one & other), min(len(one), len(other)), max(len(one), len(other))
    # A longer text that holds a shorter one says more, unless it holds all of it.
    return shared >= 0.7 * shorter and (2 * shorter >= longer or shared >= 0.9 * shorter)


def _find_dropped(sentences: Iterable[Sentence]) -> frozenset[str]:
    """Names that the work's own record defers and builds nowhere: what a plan says with them was not decided so."""
    deferred: set[str] = set()
    built: set[str] = set()
    for sentence in sentences:
        names = set(_NAME.findall(sentence.text))
        if is_deferral(sentence) and not sentence.planned:
            deferred |= set(_NAME.findall(_BEFORE_REASON.split(sentence.text, maxsplit=1)[0]))
        elif sentence.origin == "message":
            built |= names
    return frozenset(deferred - built)


_NAME = lazy(r"\b[A-Z][A-Za-z0-9]{3,}\b")
_BEFORE_REASON = lazy(r"\b(?:because|since|requires?|instead|due|rather)\b|[(;]", re.IGNORECASE)


def score_sentence(sentence: Sentence, dropped: frozenset[str] = frozenset()) -> float:
    """How surely the sentence states a decision: 0 no, `_SURE` and above yes; open at the top."""
    place = _weigh_place(sentence)
    quote = sentence.evidence.quote
    if not place.weight or len(find_words(quote)) < 4 or _REJECT.search(sentence.text) or _UNFINISHED.search(quote):
        return 0.0
    if sentence.origin == "comment" and (looks_like_code(quote) or sentence.marker in ("TODO", "FIXME", "XXX")):
        return 0.0
    if sentence.origin in ("story", "epic") and len(find_words(quote)) < 5:
        return 0.0
    # A list is judged by the line that introduces it, a trailing comment without its code.
    judged = sentence.text if sentence.place != "lead" and sentence.origin != "comment" else quote
    cues = _weigh_cues(CUES, judged)
    against = _weigh_cues(AGAINST, judged)
    if sentence.origin == "comment" and (_DECLARES.search(quote) or not _gives_reason(cues)):
        return 0.0
    if sentence.origin != "message":
        cues.pop("closed-list", None)
    elif sentence.role == "implements":
        # "Create X with a mock API" in a message reports what was done.
        against.pop("task", None)
    if sentence.planned and cues.get("constraint", 0.0) and not _STRICT.search(judged):
        cues["constraint"] = min(cues["constraint"], 0.5)
    if sentence.docstring:
        against["docstring"] = 0.25
    total = sum(cues.values()) + (0.0 if sentence.nested else place.bonus)
    if sentence.planned and dropped & set(_NAME.findall(sentence.text)):
        total -= 2.0
    return max(0.0, total * place.weight - sum(against.values()))


_UNFINISHED = lazy(r"(?:\?|\b(?:because|since|and|or|the|an?|to|of|with|that))$", re.IGNORECASE)
# What a parameter's or a type's description says is in the code beside it.
_DECLARES = lazy(
    r"""\(\s*(?:[^()]{0,40}\W)?defaults?\b | ^default\b | \bin\s+(?:milli)?(?:seconds|minutes|bytes|ms)\b
    | \b(?:use\s+this|useful|called\s+(?:by|when)|returned\s+(?:by|when))\b""",
    re.IGNORECASE | re.VERBOSE,
)
# Of a requirement in a plan only the emphatic one is more than a wish.
_STRICT = lazy(r"\b(?:MUST|NEVER|NOT|ONLY|only\s+(?:if|when|persist|one)|cannot|can't)\b")
_REASONS = {
    "reason": 0.8,
    "instead": 0.6,
    "left-out": 0.7,
    "order": 0.8,
    "constraint": 0.6,
    "choice": 1.0,
    "pattern": 0.9,
    "default": 0.85,
}


def _gives_reason(cues: Mapping[str, float]) -> bool:
    """A comment that only names a technique or a number describes its line."""
    return any(cues.get(family, 0.0) >= weight for family, weight in _REASONS.items())


def _weigh_cues(cues: Sequence[Cue], text: str) -> dict[str, float]:
    """Family to the weight of its strongest cue in the text."""
    best: dict[str, float] = {}
    for cue in cues:
        if cue.weight > best.get(cue.family, 0.0) and cue.pattern.search(text):
            best[cue.family] = cue.weight
    return best


@dataclass(frozen=True, slots=True)
class _Place:
    weight: float
    """Times the cues; 0 when nothing that stands there is a decision."""
    bonus: float = 0.0
    """What standing there says by itself."""


def _weigh_place(sentence: Sentence) -> _Place:
    """How much a sentence counts for where it stands."""
    if sentence.origin == "comment":
        return _Place(1.0)
    if sentence.origin == "message":
        return _Place(_weigh_message(sentence))
    nearest = sentence.headings[-1] if sentence.headings else ""
    # The title names the story, not what kind of section this is.
    above = sentence.headings[1:]
    best = any(_BEST_HEADING.search(heading) for heading in above)
    if not _BEST_HEADING.search(nearest) and any(_UNFIT_HEADING.search(heading) for heading in above):
        return _Place(0.0)
    if any(_REVIEW_HEADING.search(heading) for heading in above):
        return _Place(0.6)
    if sentence.place == "box":
        return _Place(0.6)
    if any(_WISH_HEADING.search(heading) for heading in above):
        return _Place(1.0) if is_deferral(sentence) else _Place(0.6)
    if sentence.origin == "epic":
        return _Place(1.0, 0.5) if best else _Place(0.7)
    if best:
        return _Place(1.3, 0.45 if sentence.planned else 0.7) if not sentence.nested else _Place(0.8)
    if not sentence.planned and _NOTE_HEADING.search(nearest):
        return _Place(1.1, 0.8)
    if any(_GOOD_HEADING.search(heading) for heading in above):
        return _Place(1.0 if sentence.planned else 1.1)
    return _Place(0.5 if _OVERVIEW_HEADING.search(nearest) else 0.8)


_MENDS_HOW = lazy(
    r"\bby\s+\w+ing\b|\binstead\b|\brather\s+than\b|\bso\s+that\b|\bto\s+(?:avoid|prevent)\b|:\s+\w+|\(\s*use\b|\bby\s+\w+",
    re.I,
)
_MENDS = lazy(r"^(?:fix(?:e[sd])?|address(?:ed)?|resolve[sd]?|correct(?:ed)?|remove[sd]?)\b", re.IGNORECASE)


def _weigh_message(sentence: Sentence) -> float:
    if sentence.place == "subject":
        cues = _weigh_cues(CUES, sentence.text)
        return 0.8 if max(cues.get("reason", 0.0), cues.get("instead", 0.0)) >= 0.8 else 0.0
    # "Files changed:" is a heading; "Add task classification:" is a sentence.
    titles = [title for title in (*sentence.headings, sentence.lead) if len(find_words(title)) <= 3]
    if any(_UNFIT_HEADING.search(title) for title in titles):
        return 0.0
    if _MENDS.match(sentence.text) and not _MENDS_HOW.search(sentence.text):
        return 0.0
    return 1.1 if sentence.role == "implements" else 0.8
