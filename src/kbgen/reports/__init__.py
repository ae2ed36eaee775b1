"""Values as documented JSON, and as text for a terminal."""

from __future__ import annotations

from kbgen.reports.json import (
    report_backfill,
    report_demo,
    report_init,
    report_path,
    report_record,
    report_stories,
)

__all__ = ["report_backfill", "report_demo", "report_init", "report_path", "report_record", "report_stories"]
