"""The stories and epics that a message, a branch name or a comment names.

The text is searched for digits; what stands left of them is matched backwards, within bounds, what stands right of
them forwards, each from a fixed place: so the time taken is linear whatever the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kbgen.ids.grammar import SERIES_AFTER, WORDS, Grammar, Rules, format_key, prepare
from kbgen.model import Mention, MentionForm, StoryKey
from kbgen.patterns import lazy

MAX_RANGE = 50
"""A range over more members is no range but two numbers that happen to stand so."""

MAX_PLACES = 50_000
MAX_MENTIONS = 20_000
"""Bounds on one text: no message written by people comes near, a hostile one must not cost minutes."""

# Starts with one set, so that the engine skips to the digits; the rest throws out, before any Python runs, digits
# that can begin no ID: inside a word, after a dot, after a word that is neither story nor epic.
_PLACE = lazy(
    r"""[0-9](?<![A-Za-z0-9.$%=+@~\\<>^|][0-9])
    (?: (?<=[-_/\#([:*`'"\n][0-9]) | (?<=\A[0-9]) | (?<=[yscYSC\#:*]\ [0-9]) | (?<=[-*\]]\ [0-9]) | (?<=\ for\ [0-9])
      | (?=[0-9]{0,2}-[0-9]{1,3}[a-z]?-[a-z*]) )""",
    re.VERBOSE,
)
_NUMBERS = lazy(r"([0-9]++)(?:([.\-_])([0-9]++)([A-Za-z]?)(?![A-Za-z0-9]))?")


def _reverse(words: str) -> str:
    return "|".join(word[::-1] for word in words.split())


# The left context is matched backwards, from the digit: bounded, and anchored where it matters.
_LEFT = 64
_PREFIX_BACKWARDS = lazy(r"[-_]([A-Za-z0-9]{1,32}+)([-_/]|[ :#*`\[(]{0,3})([A-Za-z]{0,20}+)")
_WORD_BACKWARDS = lazy(rf"[ :#/_*`\[(\-]{{1,3}}({_reverse('stories story epics epic')})(?![A-Za-z0-9])", re.IGNORECASE)
_FOLDER_BACKWARDS = lazy(
    rf"/(?:{_reverse('features feature feat hotfix bugfix fix task chore docs wip dev')})(?![A-Za-z0-9])"
)
_BRANCH_BACKWARDS = lazy(rf"' {_reverse('branch')}(?![A-Za-z0-9])")
_STORY_FOR_BACKWARDS = lazy(
    rf" rof (?:[A-Za-z]{{1,20}} ){{0,3}}(?:{_reverse('stories story')})(?![A-Za-z0-9])", re.IGNORECASE
)
_LINE_BACKWARDS = lazy(r"(?: ?[*\-•]| ?\][ xX]\[ [*\-])?[ \t]{0,8}(?:\n|\Z)")
_OPENING_BACKWARDS = lazy(r"([^()\[\]\n]{0,48})[(\[]")

_SCOPE = lazy(r"\s{0,8}[A-Za-z]{1,20}\(([^()\n]{1,80})\)!?:")
_BRACKETED = lazy(r"[^()\[\]\n]{0,64}[)\]]")
_YEAR_AFTER = lazy(r"[-_](?:19|20)[0-9]{2}(?![0-9])")
_SLUG = lazy(r"[-_][A-Za-z*][\w*]*|-[0-9][\w]*[A-Za-z]")
_FILE_NAME = lazy(r"-[\w*.\-]{1,120}\.(?:md|mdx|xml|yaml|yml|txt)(?![A-Za-z0-9])")
_AMOUNT = lazy(
    r"[ -]?(?:%|of\b|points?\b|pts?\b|sp\b|stor(?:y|ies)\b|epics?\b|files?\b|tests?\b|lines?\b|hours?\b|hrs?\b|days?\b"
    r"|weeks?\b|months?\b|minutes?\b|mins?\b|sec(?:ond)?s?\b|ms\b|x\b|[kKMG]i?[bB]\b|commits?\b|items?\b|times\b"
    r"|releases?\b|beta\b|rc\b|final\b|version\b)",
    re.IGNORECASE,
)
_EPIC_AMOUNT = lazy(r"%|\ of\b")
_AFTER_LAST = lazy(
    r"[)\].,;:!?\"'`\n]|\Z|\ *(?:[-–—(|]|\Z|\n)"
    r"|\ (?:and|or|to|in|into|on|onto|for|from|as|by|of\ epic|are|is|was|were|be|been|have|has|had|will|with|done"
    r"|completed?|merged|implemented|now|only|too|both|via|stor(?:y|ies))\b"
)
_NEXT = lazy(
    r"""(?: (?P<range> \ ?(?:\.{2,3}|…|–|—)\ ? | -(?!\ ) | \ -\ | \ (?:to|through|thru|until)\ )
          | (?P<list> ,?\ (?:and|&|or)\ | ,\ ? | \ ?[/&+]\ ? ) )
    (?:(?P<word>stor(?:y|ies)|epics?)[\ :\-]\ ?)?
    (?:(?P<prefix>[A-Za-z][A-Za-z0-9]{0,31}+)[-_])?
    (?P<a>[0-9]++)(?:(?P<sep>[.\-_])(?P<b>[0-9]++))?(?P<suffix>[a-z]?)
    (?![A-Za-z0-9%]|\.[0-9]|-[A-Za-z0-9])""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(slots=True)
class _Named:
    """One ID as it stands in a text, before what follows it is read."""

    prefix: str
    numbers: tuple[int, ...]
    suffix: str
    sep: str
    start: int
    end: int
    word: str = ""
    """story, stories, epic or epics, where it leads a number without prefix or is glued to the ID."""
    glued: bool = False
    """The word stands right at the number: ``epic-15``, ``epic/15``."""


def find_mentions(text: str, grammar: Grammar) -> tuple[Mention, ...]:
    """Every story and epic that a message, branch name or comment names, sorted by place, then key.

    A range or list gives a mention for each member; the members of a range share the range's own place. Takes time
    linear in the length of the text; at most `MAX_PLACES` numbers are looked at and `MAX_MENTIONS` given.
    """
    rules = prepare(grammar)
    found: list[Mention] = []
    scope = _SCOPE.match(text)
    scope_end = scope.end(1) if scope else -1
    done = 0
    for count, place in enumerate(_PLACE.finditer(text)):
        start = place.start()
        if start < done:
            continue
        if count >= MAX_PLACES or len(found) >= MAX_MENTIONS:
            break
        named = _read_named(text, start, start < scope_end, rules)
        if named is None:
            continue
        mentions = _read_following(text, named, start < scope_end, rules)
        found += mentions
        done = max(mention.end for mention in mentions) if mentions else named.end
    found.sort(key=lambda mention: (mention.start, mention.key))
    return tuple(found)


def _read_named(text: str, at: int, in_scope: bool, rules: Rules) -> _Named | None:
    """The ID whose first digit stands at `at`."""
    before = text[at - 1] if at else ""
    left = text[max(0, at - _LEFT) : at][::-1]
    if before == "#" and rules.issues:
        return _read_issue(text, at, left)
    if before == "-" or before == "_":
        backwards = _PREFIX_BACKWARDS.match(left)
        if backwards is None:
            return None
        lead = backwards[1][::-1]
        if lead.lower() not in WORDS:
            return _read_prefixed(text, at, lead, backwards[2], backwards[3][::-1], in_scope, rules)
    word = _WORD_BACKWARDS.match(left)
    if word is not None:
        return _read_after_word(text, at, word, in_scope)
    return _read_bare(text, at, left, in_scope) if rules.bare else None


def _read_issue(text: str, at: int, left: str) -> _Named | None:
    """``#123``, but no pull request's number, no anchor of a URL, no issue of another repository, no colour."""
    if len(left) > 1 and (left[1].isalnum() or left[1] in "/_&#?=-"):
        return None
    if re.match(r"# *(?:tseuqer *(?:llup|egrem)|[rR][pPmM])\b", left, re.IGNORECASE):
        return None
    numbers = _NUMBERS.match(text, at)
    assert numbers is not None
    end = numbers.end(1)
    if len(numbers[1]) > 7 or numbers[1][0] == "0" or text[end : end + 1].isalnum():
        return None
    return _Named("#", (int(numbers[1]),), "", "", at - 1, end)


def _read_numbers(text: str, at: int, single: bool) -> tuple[tuple[int, ...], str, str, int] | None:
    """(numbers, suffix, separator, end) of what begins at `at`; None for versions, years and other long things.

    `single`: a second number after a dash belongs to a slug.
    """
    match = _NUMBERS.match(text, at)
    assert match is not None
    a, sep, b = match[1], match[2], match[3]
    if len(a) > 7:
        return None
    end = match.end(1)
    if sep and not (single and sep != "."):
        if len(a) <= 3 and len(b) <= 3:
            end = match.end()
            if sep == "." and text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit():
                return None
            return (int(a), int(b)), match[4].lower(), sep, end
        if sep == "." or (len(a) == 4 and len(b) <= 2):
            return None
    if sep == "." or _glued_on(text, end):
        return None
    return (int(a),), "", "", end


def _glued_on(text: str, end: int) -> bool:
    """The number goes on as a word or a decimal: ``2xl``, ``1.2px``."""
    after = text[end : end + 1]
    return after.isalnum() or (after == "." and text[end + 1 : end + 2].isdigit())


def _read_prefixed(
    text: str, at: int, lead: str, gap: str, further: str, in_scope: bool, rules: Rules
) -> _Named | None:
    """``DM-01.6`` and its kin; `lead` is the word glued to the number, `further` the word before it."""
    prefix = lead.upper()
    start = at - 1 - len(lead)
    joined = gap in ("-", "_") and further != ""
    if joined and f"{further}-{lead}".upper() in rules.known:
        prefix, start, joined = f"{further}-{lead}".upper(), start - 1 - len(further), False
    led = further.lower() in WORDS
    known = prefix in rules.known
    numbers = _read_numbers(text, at, prefix in rules.trackers and prefix not in rules.prefixes)
    if numbers is None or not rules.allows(prefix, text[start : numbers[3]]):
        return None
    if joined and not led and further.isupper() and lead.isupper():
        return None  # TEST-DM-01: a series of its own
    single = len(numbers[0]) == 1
    if single and SERIES_AFTER.match(text, numbers[3]):
        return None  # PM-04-TEST-1: likewise
    if not known and not _fits_unknown(text, start, lead, single, led, joined, in_scope, rules):
        return None
    if prefix in rules.trackers and prefix not in rules.prefixes and not single:
        return None  # ZOOKEEPER-3.5: a version
    return _Named(prefix, numbers[0], numbers[1], numbers[2], start, numbers[3], further.lower() if led else "")


def _fits_unknown(
    text: str, start: int, lead: str, single: bool, led: bool, joined: bool, in_scope: bool, rules: Rules
) -> bool:
    """Whether a prefix that the grammar does not know can be one: it looks like an ID and stands where IDs stand."""
    if not 2 <= len(lead) <= 10 or not lead[0].isalpha():
        return False
    if led:
        return lead.isupper() or not single
    if rules.known or joined:
        return False
    if lead.isupper():
        return not single or in_scope
    if single:
        return False
    if in_scope or (start == 0 and not re.search(r"\s", text[:200])):
        return True
    left = text[max(0, start - _LEFT) : start][::-1]
    return bool(_FOLDER_BACKWARDS.match(left) or _WORD_BACKWARDS.match(left))


def _read_after_word(text: str, at: int, word: re.Match[str], in_scope: bool) -> _Named | None:
    """``Story 11.9``, ``story-11.9``, ``stories/07-3``, ``Epic 15``, ``epic/06-name``."""
    spelled = word[1][::-1].lower()
    gap = word.end() - len(word[1])
    glued = gap == 1 and text[at - 1] in "-_/"
    epic = spelled.startswith("epic")
    numbers = _read_numbers(text, at, single=epic)
    if numbers is None:
        return None
    values, suffix, sep, end = numbers
    if len(values) == 1 and values[0] > 999:
        return None
    if len(values) == 1 and spelled == "stories" and (text[at - 1] == "/" or not _NEXT.match(text, end)):
        return None
    if not glued and (_EPIC_AMOUNT if epic else _AMOUNT).match(text, end):
        return None
    if _date_after(text, values, sep, end):
        return None
    if spelled == "stories" and sep == "-" and not glued and not _NEXT.match(text, end) and not _SLUG.match(text, end):
        return None  # "Stories 1-5": one story or five
    return _Named("", values, suffix, sep, at - word.end(), end, spelled, glued)


def _date_after(text: str, values: tuple[int, ...], sep: str, end: int) -> bool:
    """``12-30-2025``"""
    return len(values) == 2 and sep == "-" and _YEAR_AFTER.match(text, end) is not None


def _read_bare(text: str, at: int, left: str, in_scope: bool) -> _Named | None:
    """Numbers alone, where they can be nothing but a name: see the opening of this module."""
    numbers = _read_numbers(text, at, single=False)
    if numbers is None or len(numbers[0]) != 2:
        return None
    values, suffix, sep, end = numbers
    if sep == "_" or suffix > "c" or values[1] == 0 or _date_after(text, values, sep, end):
        return None
    if values[0] == 0 and text[at : at + 2] != "00":
        return None  # 0.5 is a decimal, 00-2 is a story of epic 0
    named = _Named("", values, suffix, sep, at, end)
    slug = sep == "-" and _SLUG.match(text, end) is not None
    before = left[:1]
    if sep == "-" and before in " /`'\"\n(" and _FILE_NAME.match(text, end):
        return named
    if before == "/" or before == "'":
        folder = _FOLDER_BACKWARDS.match(left) or _BRANCH_BACKWARDS.match(left)
        return named if slug and folder else None
    if in_scope:
        return named
    if before == " " and _STORY_FOR_BACKWARDS.match(left):
        return None if _AMOUNT.match(text, end) else named  # "story context for 16-25"
    if before in ("(", "["):
        return named if _closes_at_once(text, end) or _starts_range(text, end, sep) else None
    if not _LINE_BACKWARDS.match(left):
        return None
    rest = text[end : end + 3]
    if rest[:1] in (":", ")", "]", "\n", "") or rest[:2] == " -" or rest[:2] in (" –", " —") or slug:
        return None if rest[1:2].isdigit() else named
    if left == "" and rest[:1] == " " and not _AMOUNT.match(text, end):
        return named
    return None


def _closes_at_once(text: str, end: int) -> bool:
    """Nothing but IDs up to the bracket's end; ``(9.5/10)`` is a mark."""
    rest = _BRACKETED.match(text, end)
    return rest is not None and "/" not in rest[0] and _only_ids(rest[0][:-1])


def _starts_range(text: str, end: int, sep: str) -> bool:
    """``(14-7 through 14-10 of the backlog)``: two whole dashed numbers, so neither versions nor amounts."""
    following = _NEXT.match(text, end)
    return following is not None and following["range"] is not None and sep == "-" == following["sep"]


def _only_ids(content: str) -> bool:
    return all(
        any(c.isdigit() for c in token) or token.lower() in WORDS or token.lower() in ("and", "to", "through", "-", "–")
        for token in re.split(r"[\s,;&+/:]+", content)
        if token
    )


def _read_following(text: str, named: _Named, in_scope: bool, rules: Rules) -> list[Mention]:
    """The mentions of an ID and of the range or list that goes on from it."""
    first = StoryKey(named.prefix, named.numbers, named.suffix)
    form = _find_form(text, named, in_scope)
    found = [Mention(first, form, text[named.start : named.end], named.start, named.end)]
    last, start, end = first, named.start, named.end
    while (match := _NEXT.match(text, end)) is not None and not last.suffix:
        if match["range"] is not None:
            members = _read_range(match, named, last)
            if not members:
                break
            # the range stands for its first member too, which a list or the ID itself gave already
            found[-1:] = [Mention(key, "range", text[start : match.end()], start, match.end()) for key in members]
            last = members[-1]
        else:
            following = _read_list_member(text, match, named, last)
            if following is None:
                break
            last = following
            start = match.start("a")
            found.append(Mention(last, "list", text[start : match.end()], start, match.end()))
        end = match.end()
        if len(found) >= MAX_MENTIONS:
            break
    if rules.ignored is not None:
        found = [mention for mention in found if not rules.ignored.match(format_key(mention.key))]
    return found


def _find_form(text: str, named: _Named, in_scope: bool) -> MentionForm:
    if named.prefix == "#":
        return "issue"
    if not named.prefix and not named.word:
        return "bare"
    if in_scope or _stands_in_brackets(text, named):
        return "scope"
    return "id" if named.prefix else "word"


def _stands_in_brackets(text: str, named: _Named) -> bool:
    """Alone or among other IDs: ``(DM-09.8)``, ``[Story 1.2, 1.3]``; not ``(see DM-09.8)``."""
    opening = _OPENING_BACKWARDS.match(text[max(0, named.start - _LEFT) : named.start][::-1])
    if opening is None:
        return False
    closing = _BRACKETED.match(text, named.end)
    return closing is not None and _only_ids(opening[1][::-1]) and _only_ids(closing[0][:-1])


def _read_range(match: re.Match[str], named: _Named, last: StoryKey) -> tuple[StoryKey, ...]:
    """The keys from `last` to the range's other end, both included; () when it is no range."""
    if match["suffix"] or len(match["a"]) > 7 or (match["b"] and len(match["b"]) > 3):
        return ()
    between = match["range"]
    prefix = (match["prefix"] or "").upper()
    if prefix and prefix != last.prefix:
        return ()
    whole = match["b"] is not None or prefix != ""
    if between == "-":
        # DM-01.6-8, DM-02.5-DM-02.9, Epic 12-14; but dm-01-6-8 and epic-15-16 are slugs
        complete = named.sep == "." or (named.word.startswith("epic") and not named.glued)
        if not complete and not prefix:
            return ()
    elif between.startswith(" ") and not whole and not named.word.endswith("s"):
        return ()  # "DM-01.6 to 8 workers"
    right = (int(match["a"]),) if match["b"] is None else (int(match["a"]), int(match["b"]))
    if len(right) < len(last.numbers):
        if prefix:
            return ()
        right = (*last.numbers[:-1], *right)
    if len(right) != len(last.numbers) or right[:-1] != last.numbers[:-1]:
        return ()
    size = right[-1] - last.numbers[-1] + 1
    if not 2 <= size <= MAX_RANGE:
        return ()
    return tuple(StoryKey(last.prefix, (*right[:-1], n)) for n in range(last.numbers[-1], right[-1] + 1))


def _read_list_member(text: str, match: re.Match[str], named: _Named, last: StoryKey) -> StoryKey | None:
    """``7`` of ``DM-01.6, 7 and 8``, ``15.2`` of ``Stories 15.1 and 15.2``; None for a fresh ID or an amount."""
    if match["word"] or match["prefix"] or len(match["a"]) > 7 or _AMOUNT.match(text, match.end()):
        return None
    if match["b"] is not None:
        if len(last.numbers) != 2 or match["sep"] != named.sep or len(match["a"]) > 3 or len(match["b"]) > 3:
            return None
        return StoryKey(last.prefix, (int(match["a"]), int(match["b"])), match["suffix"].lower())
    number = int(match["a"])
    if match["suffix"] or not last.numbers[-1] < number <= last.numbers[-1] + MAX_RANGE:
        return None
    if not (named.prefix or named.word) or (match["list"].strip() != "/" and not _ends_list(text, match.end())):
        return None
    return StoryKey(last.prefix, (*last.numbers[:-1], number))


def _ends_list(text: str, end: int) -> bool:
    """What follows a lone number shows that it is no amount: an end, a function word, or a further member."""
    return _AFTER_LAST.match(text, end) is not None
