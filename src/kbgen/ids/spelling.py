"""One ID that is a whole text of its own: an argument, a heading, a file name."""

from __future__ import annotations

import re

from kbgen.ids.grammar import SERIES_AFTER, WORDS, Grammar, Rules, prepare
from kbgen.model import StoryKey
from kbgen.patterns import lazy

_LONGEST = 120
_WHOLE = lazy(
    r"""(?:(?:user[ ])?(?P<word>stor(?:y|ies)|epics?)\s*[:#/_\-]?\s*)?
    (?:(?P<prefix>[A-Za-z][A-Za-z0-9]*+(?:-[A-Za-z][A-Za-z0-9]*+){0,2}?)\s?[-_ ])?
    (?P<a>[0-9]{1,7})(?:(?P<sep>[.\-_])(?P<b>[0-9]{1,3})(?P<suffix>[A-Za-z])?)?""",
    re.VERBOSE | re.IGNORECASE,
)


def parse_id(text: str, grammar: Grammar) -> StoryKey | None:
    """The key of one whole spelling, as an argument or a heading gives it: ``Story DM-01.6``, ``11-9``, ``#12``.

    A prefix that the grammar does not know is taken, too, when it is upper case or two numbers follow it, and when
    it does not number other things.
    """
    if len(text) > _LONGEST:
        return None
    rules = prepare(grammar)
    spelled = text.strip().strip("`*'\"[]()").rstrip(":.").strip()
    if re.fullmatch(r"#[1-9][0-9]{0,6}", spelled):
        return StoryKey("#", (int(spelled[1:]),))
    match = _WHOLE.fullmatch(spelled)
    if match is None or _is_epic_with_slug(match):
        return None
    return _make_key(match, match["b"] is None, rules)


def _is_epic_with_slug(match: re.Match[str]) -> bool:
    """``epic-15-16-audit``: epic 15, then a slug."""
    return (match["word"] or "").lower().startswith("epic") and match["sep"] == "-" and not match["prefix"]


def _make_key(match: re.Match[str], single: bool, rules: Rules) -> StoryKey | None:
    prefix = (match["prefix"] or "").upper()
    if prefix:
        spelled = match[0][match.start("prefix") - match.start() :]
        if not rules.allows(prefix, spelled) or prefix in WORDS:
            return None
        if prefix not in rules.known:
            if len(prefix) > 10 or "-" in prefix or len(prefix) < 2:
                return None
            if single and not (match["prefix"].isupper() or match["word"]):
                return None
        elif prefix not in rules.prefixes and not single:
            return None
    elif single and not match["word"]:
        return None
    if not single and len(match["a"]) > 3:
        return None
    if single:
        return StoryKey(prefix, (int(match["a"]),))
    return StoryKey(prefix, (int(match["a"]), int(match["b"])), (match["suffix"] or "").lower())


_DATED = lazy(r"(?:19|20)[0-9]{2}[-_.]?[01][0-9](?![0-9]*[a-z])|[0-9]{1,2}[-_.][0-9]{1,2}[-_.](?:19|20)[0-9]{2}")
_NAMED_FILE = lazy(
    r"""(?:.{0,60}?(?<![A-Za-z0-9])(?P<word>story|epic)[-_. ])?
    (?:(?P<prefix>[A-Za-z][A-Za-z0-9]*+(?:-[A-Za-z][A-Za-z0-9]*+){0,2}?)[-_])?
    (?P<a>[0-9]{1,7})
    (?:(?P<sep>[.\-_])(?P<b>[0-9]{1,3})(?P<suffix>[A-Za-z])?(?![A-Za-z0-9])(?!\.[0-9]))?
    (?=[-_. ]|\Z)(?![.][0-9])""",
    re.VERBOSE | re.IGNORECASE,
)


def parse_path(path: str, grammar: Grammar) -> StoryKey | None:
    """The key that a file's name begins with, or gives after the word story or epic; never of a file named by date.

    ``docs/dm-01-6-routing.md``, ``story-1.2-name.md``, ``04-1-name.context.xml``, ``1.2.story.md``, ``KG-01.md``,
    ``tech-spec-epic-dm-01.md``. One number counts only with a prefix or a word.
    """
    name = path.rsplit("/", 1)[-1]
    if len(name) > 255 or _DATED.match(name):
        return None
    match = _NAMED_FILE.match(name)
    if match is None:
        return None
    if match["b"] is None and SERIES_AFTER.match(name, match.end()):
        return None
    return _make_key(match, match["b"] is None or _is_epic_with_slug(match), prepare(grammar))
