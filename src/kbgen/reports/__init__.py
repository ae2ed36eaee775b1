"""Values as documented JSON, and as text for a terminal."""

from __future__ import annotations

from kbgen.reports.json import (
    report_backfill,
    report_demo,
    report_fact,
    report_init,
    report_path,
    report_record,
    report_skipped,
    report_stories,
    write_fact,
)

__all__ = [
    "report_backfill",
    "report_demo",
    "report_fact",
    "report_init",
    "report_path",
    "report_record",
    "report_skipped",
    "report_stories",
    "write_fact",
]
