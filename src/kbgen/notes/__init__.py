"""One story's record and the page that shows it: what was built, decided, tested, left out and mended."""

from __future__ import annotations

from kbgen.notes.code import CodeReader
from kbgen.notes.page import NotesPage, build_page
from kbgen.notes.record import build_record

__all__ = ["CodeReader", "NotesPage", "build_page", "build_record"]
