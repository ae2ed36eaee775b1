"""How a gap became a document: items joined with the stories that take them, their work and their documents.

`resolve` decides which item a line means, `book` holds what was found at one revision, `chains` joins it into rows and
says what hangs loose at either end.
"""

from __future__ import annotations

from kbgen.trace.book import Item, Taking, TraceBook, TracedDocument, TracedStory, Unknown
from kbgen.trace.chains import LOOSE_KINDS, Chain, LooseEnd, LooseKind, Trace, join_trace

__all__ = [
    "LOOSE_KINDS",
    "Chain",
    "Item",
    "LooseEnd",
    "LooseKind",
    "Taking",
    "Trace",
    "TraceBook",
    "TracedDocument",
    "TracedStory",
    "Unknown",
    "join_trace",
]
