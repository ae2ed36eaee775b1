"""How is the same thing done to many files at once? In worker processes, each watched, none trusted to come back.

A worker gets a few tasks at a time and answers each by itself, so that when it dies it is known over which task. The
task is tried once more alone, then given up; the others go on in a fresh worker. Processor time, not the clock, limits
a task: a busy machine is no reason to give up. Where processes cannot be started, or a handful of tasks is not worth
one, the work is done here.

Forking takes milliseconds but is safe only on Linux and while no other thread runs; elsewhere workers are started anew,
which takes as long as importing kbgen does.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from types import FrameType
from typing import TYPE_CHECKING, Any

from kbgen.ports import Result, Task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

LIMIT_S = 30.0
"""Processor time of one task. A large source file takes a tenth of a second."""
MEMORY_BYTES = 2 << 30
"""Address space of a worker: a file that needs more is given up before the machine is in need."""

_MAX_WORKERS = 8
_BATCH = 12
"""Tasks that a worker gets at once: enough to keep it busy while the others are served."""
_MIN_FORKED = 8
_MIN_STARTED = 64
"""Fewer tasks are done sooner than workers are there."""
_GRACE_S = 1.0
"""For a process that has closed its pipe to be gone."""


class ProcessWorkers:
    """Serves the `Workers` port."""

    def __init__(
        self, *, limit_s: float = LIMIT_S, processes: int | None = None, begin: Callable[[], None] | None = None
    ) -> None:
        """`processes` is for tests; None: as many as the machine has processors. `begin` is called once in every
        worker of `run_shared`: there it lets go of what two processes must not share."""
        self._limit_s = limit_s
        self._processes = processes
        self._begin = begin

    def run(
        self, work: Callable[[Task], Result], tasks: Iterable[Task], count: int
    ) -> Iterator[tuple[Task, Result | None, str]]:
        processes = self._processes if self._processes is not None else _count_processors()
        if processes >= 2 and count >= (_MIN_FORKED if _can_fork() else _MIN_STARTED):
            pool = _Pool(work, iter(tasks), self._limit_s)
            yield from pool.run(min(processes, _MAX_WORKERS, -(-count // 2)))
        else:
            yield from _run_here(work, tasks, self._limit_s)

    def run_shared(
        self, work: Callable[[Task], Result], tasks: Iterable[Task], count: int
    ) -> Iterator[tuple[Task, Result | None, str]]:
        processes = self._processes if self._processes is not None else _count_processors()
        if processes >= 2 and count >= 2 and _can_fork():
            pool = _Pool(work, iter(tasks), self._limit_s, shared=True, begin=self._begin)
            yield from pool.run(min(processes, _MAX_WORKERS, count))
        else:
            yield from _run_here(work, tasks, self._limit_s)


def _can_fork() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


def _count_processors() -> int:
    """Those that this process may use. A worker has no workers of its own: multiprocessing forbids it."""
    module = sys.modules.get("multiprocessing.process")
    if module is not None and module.current_process().daemon:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# -------------------------------------------------------------------------------------- in this process


def _run_here(
    work: Callable[[Task], Result], tasks: Iterable[Task], limit_s: float
) -> Iterator[tuple[Task, Result | None, str]]:
    for task in tasks:
        with _limit_time(limit_s):
            result, why = _attempt(work, task)
        yield task, result, why


def _attempt(work: Callable[[Task], Result], task: Task) -> tuple[Result | None, str]:
    try:
        return work(task), ""
    except _TooLongError as error:
        return None, str(error)
    except Exception as error:
        # One file that kbgen stumbles over is no reason to leave all others unread; the note names the fault.
        return None, f"kbgen failed on it: {type(error).__name__}: {error}"


class _TooLongError(BaseException):
    """Past every ``except Exception`` of the work."""


@contextlib.contextmanager
def _limit_time(limit_s: float) -> Iterator[None]:
    """Raise in the work when it has had its time. Works between two steps of Python code, in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TooLongError(_describe_time(limit_s))

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _describe_time(limit_s: float) -> str:
    return f"took more than {limit_s:g} seconds to read"


# ------------------------------------------------------------------------------------ in worker processes


_END = object()


class _Worker:
    """A process, our end of the pipe to it, and the tasks that it has not answered yet, in order."""

    def __init__(self, process: BaseProcess, pipe: Connection) -> None:
        self.process = process
        self.pipe = pipe
        self.waiting: deque[Any] = deque()
        self.is_ready = False
        self.is_retrying = False

    def end(self) -> int:
        """Its exit code. It has ended already, or is not wanted any more."""
        self.pipe.close()
        self.process.join(_GRACE_S)
        self.process.kill()
        self.process.join()
        return self.process.exitcode or 0


class _Pool:
    """Workers for one run, fed and watched by the process that asked for them."""

    def __init__(
        self,
        work: Callable[[Any], Any],
        tasks: Iterator[Any],
        limit_s: float,
        *,
        shared: bool = False,
        begin: Callable[[], None] | None = None,
    ) -> None:
        """`shared`: the work uses what is in memory here, so that only a forked worker can do it; each task is long."""
        self._work = work
        self._shared = shared
        self._begin = begin
        self._batch = 1 if shared else _BATCH
        self._tasks = tasks
        self._limit_s = limit_s
        self._workers: list[_Worker] = []
        self._returned: deque[Any] = deque()
        """Tasks of a worker that died before it came to them."""
        self._suspects: deque[Any] = deque()
        """Tasks over which a worker died once; memory may have been short, or the task may be at fault."""

    def run(self, processes: int) -> Iterator[tuple[Any, Any, str]]:
        from multiprocessing.connection import wait

        try:
            for _ in range(processes):
                self._start()
            while self._workers:
                idle = [worker for worker in self._workers if worker.is_ready and not worker.waiting]
                for worker in idle:
                    self._send(worker)
                if idle and not any(worker.waiting for worker in self._workers):
                    return
                for pipe in wait([w.pipe for w in self._workers if w.waiting or not w.is_ready]):
                    yield from self._receive(next(w for w in self._workers if w.pipe is pipe))
            yield from self._finish_here()
        finally:
            for worker in self._workers:
                worker.process.kill()
                worker.end()

    def _start(self) -> None:
        """One worker more, if the system lets us have one."""
        from multiprocessing import get_context

        # Asked each time: a progress bar may have begun its thread since.
        forks = _can_fork()
        if self._shared and not forks:
            return
        context: BaseContext = get_context("fork" if forks else "spawn")
        ours, theirs = context.Pipe()
        # A forked process has copies of all that is open here: a worker that holds another's pipe would not notice
        # that we are gone.
        inherited = [ours, *(worker.pipe for worker in self._workers)] if forks else []
        arguments = (theirs, self._work, self._limit_s, inherited, self._begin)
        process = context.Process(target=_serve, args=arguments, daemon=True)  # type: ignore[attr-defined]
        try:
            # ^C reaches all processes of a terminal; who asked for the work decides what becomes of it. Workers
            # inherit what is blocked.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        except OSError:
            ours.close()
        else:
            self._workers.append(_Worker(process, ours))
        finally:
            theirs.close()

    def _send(self, worker: _Worker) -> None:
        """Give an idle worker something to do, if anything is left."""
        batch: list[Any] = []
        worker.is_retrying = bool(self._suspects)
        if self._suspects:
            batch.append(self._suspects.popleft())
        while not worker.is_retrying and len(batch) < self._batch:
            task = self._returned.popleft() if self._returned else next(self._tasks, _END)
            if task is _END:
                break
            batch.append(task)
        if batch:
            worker.waiting.extend(batch)
            # It may be dead already, which shows when its answer is read.
            with contextlib.suppress(OSError):
                worker.pipe.send(batch)

    def _receive(self, worker: _Worker) -> Iterator[tuple[Any, Any, str]]:
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._bury(worker)
            return
        if worker.is_ready:
            yield worker.waiting.popleft(), *answer
        worker.is_ready = True

    def _bury(self, worker: _Worker) -> Iterator[tuple[Any, Any, str]]:
        """Let another worker do what the dead one leaves behind."""
        code = worker.end()
        self._workers.remove(worker)
        if worker.waiting:
            task = worker.waiting.popleft()
            if code == -signal.SIGPROF:
                yield task, None, _describe_time(self._limit_s)
            elif worker.is_retrying:
                yield task, None, _describe_death(code)
            else:
                self._suspects.append(task)
            self._returned.extend(worker.waiting)
        if worker.is_ready:
            # One that never came up would not the second time.
            self._start()

    def _finish_here(self) -> Iterator[tuple[Any, Any, str]]:
        """No worker could be had, or none in place of a dead one."""
        yield from _run_here(self._work, chain(self._returned, self._tasks), self._limit_s)
        for task in self._suspects:
            yield task, None, "kbgen was ended over it"


def _describe_death(code: int) -> str:
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"exit code {code}"
    return f"ended the process that read it, twice ({name})"


def _serve(
    pipe: Connection,
    work: Callable[[Any], Any],
    limit_s: float,
    inherited: Iterable[Connection],
    begin: Callable[[], None] | None,
) -> None:
    """What a worker does until nobody gives it anything any more."""
    if begin is not None:
        begin()
    for other in inherited:
        other.close()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    # What was there before the fork stays shared with the parent as long as nobody writes to it.
    gc.freeze()
    with contextlib.suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            for task in pipe.recv():
                signal.setitimer(signal.ITIMER_PROF, limit_s)
                answer = _attempt(work, task)
                signal.setitimer(signal.ITIMER_PROF, 0)
                pipe.send(answer)
