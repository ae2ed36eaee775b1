"""What time is it? Only cache housekeeping and `accept` may ask; no output holds the time of a run."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's clock, as the `Clock` port."""

    def get_current_time_s(self) -> int:
        return int(time.time())
