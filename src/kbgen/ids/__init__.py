"""Which stories a text, a file name or an argument names: the grammar of story IDs in all their spellings.

An ID has a prefix or none, one number or two, and sometimes a letter: ``DM-01.6``, ``dm-01-6``, ``11-9``, ``15.18a``,
``ZOOKEEPER-4767``. Between prefix and numbers stands ``-`` or ``_``, between two numbers ``.``, ``-`` or ``_``.

Where a spelling can be read in two ways, this room decides so, always on the side of naming too little:

- ``PM-04-6`` is story 6 of epic 4, never a range of epics; ``DM-01.6-8`` is a range, because its story part is
  already complete; ``dm-01-6-8`` is story ``dm-01-6`` and a slug that begins with 8.
- After the word Epic a dash begins a slug or, after a space, a range: ``epic-15-16-audit`` and ``epic/15-audit`` name
  epic 15, ``Epic 12-14`` three epics.
- ``Stories 1-5`` alone could be one story or five: it names none.
- ``DM-01.6.2`` names no story (a deeper numbering, or a version), ``PM-04-TEST-1`` no epic (a numbering of its own).
- Numbers alone (``1.2``, ``11-9``) are named only at the start of a text or line, in a scope, or alone in brackets,
  as a file or branch name, or after "story … for": anywhere else they are versions, dates and decimals.
"""

from __future__ import annotations

from kbgen.ids.discovery import discover_grammar
from kbgen.ids.grammar import DENIED, GRAMMAR_VERSION, Grammar, format_key, matches
from kbgen.ids.mentions import MAX_RANGE, find_mentions
from kbgen.ids.selection import select_stories
from kbgen.ids.spelling import parse_id, parse_path

__all__ = [
    "DENIED",
    "GRAMMAR_VERSION",
    "MAX_RANGE",
    "Grammar",
    "discover_grammar",
    "find_mentions",
    "format_key",
    "matches",
    "parse_id",
    "parse_path",
    "select_stories",
]
