"""The guide to events, futures, locks and tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.model import Change, Commit, Person
from kbgen.pages import load_context
from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack, make_sources, render_page

DESK = """
    import asyncio
    import threading

    ANSWER_TTL_SECONDS = 900

    class Desk:
        def __init__(self):
            self._lock = asyncio.Lock()
            self._waiting = {}
            self._answers = {}

        async def ask(self, key, timeout: float = 30.0):
            future = asyncio.get_event_loop().create_future()
            async with self._lock:
                if key in self._answers:
                    early = self._answers.pop(key)
                    return early
                if key in self._waiting:
                    raise ValueError("Somebody asks already")
                self._waiting[key] = future
            try:
                return await asyncio.wait_for(future, timeout=timeout)
            except asyncio.CancelledError:
                raise

        async def answer(self, key, value):
            async with self._lock:
                if key in self._waiting:
                    future = self._waiting[key]
                    if not future.done():
                        future.set_result(value)
                else:
                    self._answers[key] = value

    _desk = None
    _guard = asyncio.Lock()
    _thread_guard = threading.Lock()

    async def get_desk():
        global _desk
        if _desk is None:
            async with _guard:
                if _desk is None:
                    _desk = Desk()
        return _desk

    def get_desk_sync():
        global _desk
        with _thread_guard:
            if _desk is None:
                _desk = Desk()
        return _desk
"""
LOOP = """
    import asyncio
    from shop.desk import Desk

    PAUSE_SECONDS = 5 * 60

    class Sweeper:
        def __init__(self):
            self._task = None
            self._ghost = None

        async def start(self):
            self._task = asyncio.create_task(self._run())

        async def _run(self):
            while True:
                await asyncio.sleep(PAUSE_SECONDS)

        async def stop(self):
            self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                pass

        async def fetch(self, jobs):
            return await asyncio.gather(*jobs, return_exceptions=True)

        async def pool(self):
            if self._pool is None:
                self._pool = await connect()
            return self._pool
"""
SCRIPT = """
    export class Store {
      constructor(private readonly redis: Redis) {}
      async lock(id: string) {
        return this.redis.set(`lock:${id}`, id, 'EX', 15, 'NX')
      }
      async all(ids: string[]) {
        const results = await Promise.allSettled(
          ids.map((id) => this.lock(id)),
        )
        return results
      }
    }
"""
FILES = {"shop/desk.py": DESK, "shop/sweeper.py": LOOP, "web/src/store.ts": SCRIPT}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page("async_patterns", FILES)


def has_line(page: str, *words: str) -> bool:
    return any(all(word in line for word in words) for line in page.splitlines())


def test_an_event_set_before_wait_is_not_lost(page: str) -> None:
    assert "is **not** lost" in page
    assert "`asyncio.Event()` is instantiated nowhere in production code" in page


def test_the_way_of_a_future_is_told_step_by_step(page: str) -> None:
    assert "creates a Future (`asyncio.get_event_loop().create_future()`)" in page
    assert "registers it in `_waiting` under `_lock`" in page
    assert "`timeout (30.0)`" in page
    assert has_line(page, "A second waiter", "`ValueError`", "Somebody asks already", "`key in self._waiting`")
    assert has_line(page, "Result-before-wait", "`_answers`")
    assert has_line(page, "`future.set_result`", "under the same lock", "`not future.done()`", "stores the result in")
    assert has_line(page, "`ANSWER_TTL_SECONDS`", "`900`")


def test_locks_stand_with_kind_scope_and_what_they_guard(page: str) -> None:
    assert has_line(page, "| `_lock` | `asyncio.Lock` | instance | `_answers`, `_waiting` |", "`Desk`")
    assert has_line(page, "| `_thread_guard` | `threading.Lock` | module-level | `_desk` |")


def test_double_checks_and_two_locks_for_one_thing(page: str) -> None:
    assert has_line(page, "- `_desk` under `_guard`", "`get_desk`")
    assert has_line(page, "2 different locks", "`asyncio.Lock _guard`", "`threading.Lock _thread_guard`")


def test_no_nesting_is_said_only_where_there_is_none(page: str) -> None:
    assert "lock ordering is not exercised in this code" in page
    nested = render_page(
        "async_patterns",
        {
            "a.py": """
        import asyncio
        class Bank:
            def __init__(self):
                self._from = asyncio.Lock()
                self._to_lock = asyncio.Lock()
                self._log_lock = asyncio.Lock()
            async def move(self):
                async with self._to_lock:
                    await self.note()
                    asyncio.create_task(self.later())
            async def note(self):
                async with self._log_lock:
                    pass
            async def later(self):
                async with self._from_lock:
                    pass
    """
        },
    )
    assert has_line(nested, "| `Bank._to_lock` | `Bank._log_lock` | `Bank.note` |")
    assert "later" not in nested.partition("## Lock ordering")[2].partition("### Rules")[0]


def test_gaps_tasks_and_their_end(page: str) -> None:
    assert has_line(page, "- `_pool` in", "`Sweeper.pool`")
    assert has_line(page, "| `_task` | `_run`, sleeps `PAUSE_SECONDS = 300` |", "`stop`")
    assert has_line(page, "swallowed by the canceller: `_task`", "`Sweeper.stop`")
    assert has_line(page, "`gather(return_exceptions=True)`", "`Sweeper.fetch`")


def test_a_future_in_a_dict_that_both_sides_fill_is_told_truly() -> None:
    page = render_page(
        "async_patterns",
        {
            "a.py": """
        import asyncio
        class Desk:
            def __init__(self):
                self.guard = asyncio.Lock()
                self.waiting = {}
            async def ask(self, key):
                async with self.guard:
                    future = self.waiting.setdefault(key, asyncio.get_running_loop().create_future())
                try:
                    return await asyncio.wait_for(future, timeout=9)
                except TimeoutError:
                    raise LookupError("nobody answers") from None
        async def main():
            watching = asyncio.create_task(watch())
            watching.cancel()
    """
        },
    )
    assert has_line(page, "registers it in `waiting` under `guard`", "timeout `9`")
    assert has_line(page, "| Raises | `LookupError` “nobody answers” |")
    assert "A second waiter" not in page
    assert has_line(page, "| `watching` | `watch` |", "| `main` |")
    assert has_line(page, "- `watching` is cancelled and not awaited")


def test_typescript_has_its_calls_and_locks(page: str) -> None:
    assert has_line(page, "| `Promise.allSettled` |", "`Store.all`")
    assert has_line(page, "| `lock:{id}` | `SET … NX EX 15` | its time to live alone |", "`Store.lock`")
    assert "```typescript\nasync all(ids: string[]) {\n  const results = await Promise.allSettled(" in page


def make_commit(number: int, message: str, path: str, blob: str) -> Commit:
    who = Person("A", "a@example.org")
    change = Change("M", path, "", "0" * 40, blob)
    return Commit(f"{number:040x}", (), who, number * 86_400, 0, who, number * 86_400, message, (change,))


def render_history(files: Mapping[str, str], commits: Sequence[Commit], blobs: Mapping[str, str]) -> str:
    templates = JinjaTemplates()
    pack = get_pack("async_patterns", templates)
    sources = make_sources(files, commits).for_page(pack.path)
    sources = replace(sources, read_blobs=lambda wanted: {b: blobs[b] for b in wanted if b in blobs})
    return re.sub(r"\n{3,}", "\n\n", templates.render(pack.template, load_context(pack.context)(sources, pack)))


def test_a_conversion_is_read_from_the_versions_of_a_file() -> None:
    commits = [
        make_commit(1, "feat: wait for answers", "shop/desk.py", "one"),
        make_commit(
            2, "fix: race\n\n- Fix race condition in the desk:\n  asyncio.Event becomes a Future", "shop/desk.py", "two"
        ),
        make_commit(3, "docs: plan\n\n- a race condition should be looked at", "shop/desk.py", "two"),
    ]
    blobs = {
        "one": "import asyncio\nready = asyncio.Event()\n",
        "two": "# asyncio.Event() was here\nf = loop.create_future()\n",
    }
    page = render_history(FILES, commits, blobs)
    assert has_line(
        page,
        "`000000000000` (1970-01-02",
        "introduced `asyncio.Event` (`ready = asyncio.Event()`)",
        "replaced it by `asyncio.Future`",
    )
    races = page.partition("### Races in this project's history")[2].partition("## ")[0]
    assert "Fix race condition in the desk: asyncio.Event becomes a Future" in races
    assert "looked at" not in races


def test_without_races_no_history_is_told_and_the_criterion_is_unmet(page: str) -> None:
    assert "Races in this project's history" not in page
    outcomes = {c.label: judge("S", c, PageState(page, "", {}, ())).state for c in get_pack("async_patterns").criteria}
    assert outcomes == {"AC1": "met", "AC2": "met", "AC3": "unmet", "AC4": "met", "AC5": "met"}


def test_events_are_listed_with_what_is_done_to_them() -> None:
    page = render_page(
        "async_patterns",
        {
            "a.py": """
        import asyncio
        class Gate:
            def __init__(self):
                self._open = asyncio.Event()
            def open(self):
                self._open.set()
            async def enter(self):
                await self._open.wait()
    """
        },
    )
    assert has_line(page, "| `self._open` | `asyncio.Event` | set in open, wait in enter |")
    assert "instantiated nowhere" not in page


def test_a_comment_that_believes_in_lost_signals_is_contradicted() -> None:
    page = render_page(
        "async_patterns",
        {
            "a.py": """
        import asyncio
        class Desk:
            '''Hands answers over.

            With an Event the signal is lost if nobody waits yet.
            '''
            def __init__(self):
                self._lock = asyncio.Lock()
    """
        },
    )
    assert has_line(page, "“With an Event the signal is lost if nobody waits yet.”", "this is wrong")


def test_a_class_that_is_dead_as_a_whole_is_named_once() -> None:
    depot = """
        import asyncio

        class Depot:
            def __init__(self):
                self._lock = asyncio.Lock()

            async def put(self):
                async with self._lock:
                    return 1

            async def take(self):
                async with self._lock:
                    return 2
    """
    main = """
        from fastapi import FastAPI
        from shop.desk import get_desk

        app = FastAPI()

        @app.get("/desk")
        async def desk():
            return await get_desk()
    """
    page = render_page(
        "async_patterns", {**FILES, "shop/__init__.py": "", "shop/main.py": main, "shop/depot.py": depot}
    )
    line = next(line for line in page.splitlines() if line.startswith("Named below"))
    assert line.count("shop/depot.py") == 1
    assert "[`Depot`](../../shop/depot.py)" in line
    assert "Desk" not in line


def test_no_primitive_no_page() -> None:
    assert render_page("async_patterns", {"app/main.py": "print('hello')"}) == ""
