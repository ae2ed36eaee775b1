"""How the IDs of one repository look, and when two of them are one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Literal

from kbgen.model import StoryKey
from kbgen.patterns import lazy

GRAMMAR_VERSION = 1
"""Kept with an index: mentions found by another version are found again."""

# Prefixes that number other things. Lists of requirements, debts and decisions; standards, codecs and models;
# words that people count with. A repository that does use one for its stories declares it.
_DENIED_WORDS = (
    "AC ADR AI ACTION ANNEX APPENDIX ASVS BATCH BUG CHAPTER CL COMMIT CR CVE CWE DAY DEBT DEC DECISION DOC FIG "
    "FIGURE FIX FR GAP GHSA GOAL HOTFIX ISSUE ITEM LAYER LEVEL LINE METRIC MILESTONE MR NFR OPT OPTION OWASP PART "
    "PATCH PERF PHASE PR PULL README REC RELEASE REQ RETRO REV REVISION RISK ROUND RULE SEC SECTION SLIDE SPRINT "
    "STAGE STEP SUITE TABLE TASK TC TD TEST THEME TODO TEAM TIER TIP UC USER VERSION VER WAVE WEEK ANSI ASCII ASN "
    "AVX BASE BCP CP CRC DES DH DIN ECMA ED EN EC ES FIPS GB GPT HMAC HTTP HTTPS IEC IEEE IP IPV ISO ITU JDK JPEG "
    "LATIN LLAMA MD MP MPEG NIST OAUTH PEP PKCS PQ PY PYTHON RC RFC RSA SHA SOC SOCKS SSE SSL STD TCP TLS UCS UDP "
    "UNICODE USB UTF VT WCAG WIN WINDOWS X XEP AES CLAUDE GEMINI SONNET OPUS NODE REACT NEXT VUE JAN FEB MAR APR "
    "MAY JUN JUL AUG SEP OCT NOV DEZ CHANGELOG HISTORY NOTE NOTES CONTEXT SPEC DRAFT EXAMPLE SAMPLE DEMO PAGE "
    "SCREEN FRAME WIREFRAME PLAN REPORT "
)
DENIED = frozenset(_DENIED_WORDS.split())

WORDS = frozenset({"story", "stories", "epic", "epics"})
"""What leads a number without prefix."""

SERIES_AFTER = lazy(r"-[A-Z]{1,16}-?[0-9]")
"""After a prefix and one number: a numbering of its own, ``PM-04-TEST-1``."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How the IDs of one repository look.

    `prefixes` and `trackers` are upper case; with neither known, any upper-case prefix counts that has two numbers
    (``AB-1.2``) and that does not number other things (`DENIED`). `trackers` have one number (``ZOOKEEPER-4767``).
    `not_stories` are prefixes (``TD``) or globs over a whole ID (``DM-99*``), and win over everything.
    """

    prefixes: tuple[str, ...] = ()
    trackers: tuple[str, ...] = ()
    not_stories: tuple[str, ...] = ()
    issues: bool = False
    """``#123`` names a story."""
    bare: bool = True
    """Numbers alone may name a story: the repository has stories without prefix, or it is not known."""
    padding: int = 2
    """Digits of an epic's number, ``DM-01.6``; 1 where the repository writes ``DM-1.6``."""

    @property
    def fingerprint(self) -> str:
        """Changes when the same text would be read otherwise: kept with an index beside its mentions."""
        return repr((GRAMMAR_VERSION, self.prefixes, self.trackers, self.not_stories, self.issues, self.bare))


@dataclass(frozen=True, slots=True)
class Rules:
    """A grammar made ready for looking up."""

    prefixes: frozenset[str]
    trackers: frozenset[str]
    known: frozenset[str]
    denied: frozenset[str]
    ignored: re.Pattern[str] | None
    issues: bool
    bare: bool

    def allows(self, prefix: str, spelled: str) -> bool:
        return prefix not in self.denied and not (self.ignored and self.ignored.match(spelled.upper()))


@lru_cache(maxsize=32)
def prepare(grammar: Grammar) -> Rules:
    prefixes = frozenset(p.upper() for p in grammar.prefixes)
    trackers = frozenset(p.upper() for p in grammar.trackers)
    ignored = [pattern.upper() for pattern in grammar.not_stories]
    words = frozenset(pattern.rstrip("-") for pattern in ignored if re.fullmatch(r"[A-Z][A-Z0-9]*-?", pattern))
    globs = [translate(pattern) for pattern in ignored if pattern.rstrip("-") not in words]
    return Rules(
        prefixes=prefixes - words,
        trackers=trackers - words,
        known=(prefixes | trackers) - words,
        denied=(DENIED - prefixes - trackers) | words,
        ignored=re.compile("|".join(globs)) if globs else None,
        issues=grammar.issues,
        bare=grammar.bare,
    )


def matches(mention_key: StoryKey, story_key: StoryKey) -> Literal["same", "unprefixed", "no"]:
    """Whether a mention can mean a story: the same identity, the same but for a missing prefix, or not.

    ``11-9`` may mean ``DM-11.9`` and ``PM-11.9``; which, the caller finds out from path, branch or files.
    """
    if mention_key == story_key:
        return "same"
    if not mention_key.prefix and mention_key.numbers == story_key.numbers and mention_key.suffix == story_key.suffix:
        return "unprefixed"
    return "no"


def format_key(key: StoryKey, grammar: Grammar | None = None) -> str:
    """How to show a key that no document spells: ``DM-01.6``, ``11.9``, ``DM-01``, ``ZOOKEEPER-4767``, ``#12``.

    Always a dot between two numbers; the epic's number is padded as the grammar says, a tracker's never.
    """
    if key.prefix == "#":
        return f"#{key.numbers[0]}"
    padding = 2 if grammar is None else grammar.padding
    if not key.prefix or (grammar is not None and key.prefix in grammar.trackers):
        padding = 1
    numbers = ".".join([f"{key.numbers[0]:0{padding}}", *map(str, key.numbers[1:])])
    return f"{key.prefix}-{numbers}{key.suffix}" if key.prefix else f"{numbers}{key.suffix}"
