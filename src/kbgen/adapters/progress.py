"""Progress on stderr for a person; nothing at all where stderr is no terminal or the user asked for quiet."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# Work that is done sooner needs no bar, and rich need not be imported for it.
_SILENT_S = 1.0


class NoProgress:
    """Serves the port where nobody watches."""

    def start(self, label: str, total: int | None) -> None:
        pass

    def advance(self, steps: int = 1) -> None:
        pass

    def finish(self) -> None:
        pass


class TerminalProgress:
    """A bar that appears when the work has taken a second."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._label, self._total, self._done, self._began_s = "", 0, 0, 0.0

    def start(self, label: str, total: int | None) -> None:
        self.finish()
        self._label, self._total, self._done = label, total or 0, 0
        self._began_s = time.monotonic()

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        if self._bar is None and time.monotonic() - self._began_s > _SILENT_S:
            self._show()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self._label, total=self._total or None)
        self._bar.start()

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None


def open_progress(*, quiet: bool) -> NoProgress | TerminalProgress:
    """The fitting one of the two."""
    return TerminalProgress() if sys.stderr.isatty() and not quiet else NoProgress()
