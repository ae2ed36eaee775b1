"""What runs under a lock, and what is asked for and then made."""

from __future__ import annotations

import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.critical import Asked, Critical, read_critical


def read(text: str) -> Critical:
    return read_critical(textwrap.dedent(text).lstrip("\n"))


def test_a_lock_is_told_with_what_changes_under_it() -> None:
    found = read("""
        class Box:
            async def put(self, key, value):
                async with self._lock:
                    self._items[key] = value
                    self._order.append(key)
                    local = 1
                self.count += 1
    """)
    (held,) = found.held
    assert (held.lock, held.function, held.first, held.last) == ("self._lock", "Box.put", 3, 6)
    assert held.changes == ("self._items", "self._order")
    assert held.outer == ()


def test_a_lock_inside_another_knows_the_outer_one() -> None:
    found = read("""
        def move():
            with source_lock, target_lock:
                with log_mutex:
                    pass
            with open("clock") as clock:
                pass
    """)
    assert [(h.lock, h.outer) for h in found.held] == [
        ("source_lock", ()),
        ("target_lock", ("source_lock",)),
        ("log_mutex", ("source_lock", "target_lock")),
    ]


def ask(text: str) -> Asked:
    (asked,) = read(text).asked
    return asked


def test_double_checked_locking_asks_before_the_lock_and_under_it() -> None:
    asked = ask("""
        async def get():
            global _client
            if _client is None:
                async with _lock:
                    if _client is None:
                        _client = Client()
            return _client
    """)
    assert (asked.name, asked.function, asked.line, asked.made) == ("_client", "get", 3, 6)
    assert asked.twice
    assert asked.locks == ("_lock",)
    assert not asked.waits


def test_asking_once_under_the_lock_is_no_double_check() -> None:
    asked = ask("""
        async def get(cls):
            async with cls._lock:
                if cls._one is None:
                    cls._one = cls()
            return cls._one
    """)
    assert not asked.twice
    assert asked.locks == ("cls._lock",)
    assert not asked.waits


def test_an_await_between_question_and_making_is_a_gap() -> None:
    assert ask("""
        class Pool:
            async def get(self):
                if self._pool is None:
                    self._pool = await connect()
                return self._pool
    """).waits
    assert ask("""
        class Pool:
            async def get(self, key):
                if key in self._open:
                    return self._open[key]
                made = await connect(key)
                self._open[key] = made
    """).waits


def test_making_at_once_is_no_gap() -> None:
    assert not ask("""
        class Pool:
            async def get(self):
                await ready()
                if not self._pool:
                    self._pool = Pool()
                await self._pool.warm()
    """).waits


def test_what_is_asked_of_a_local_is_asked_of_what_it_was_read_from() -> None:
    asked = ask("""
        class Cache:
            async def get(self, key):
                found = self._known.get(key)
                if found:
                    return found
                self._known[key] = await load(key)
    """)
    assert (asked.name, asked.waits) == ("self._known", True)


def test_clearing_and_what_is_not_shared_are_no_making() -> None:
    assert (
        read("""
        async def stop(self):
            if self._task is not None:
                self._task = None
            if done is None:
                done = await finish()
    """).asked
        == ()
    )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.text(alphabet="if with:self._lock()=None \n\tawait", max_size=80))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(read_critical(text), Critical)
