"""Many tasks, several processes: every task answered once, whatever becomes of the worker that had it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kbgen.adapters import workers
from kbgen.adapters.workers import ProcessWorkers

Answer = tuple[int, str | None, str]


def work(number: int) -> str:
    return f"{number}@{os.getpid()}"


def nap(number: int) -> str:
    time.sleep(0.005)
    return work(number)


def leave(*_: object) -> None:
    os._exit(1)


def die_on_seven(number: int) -> str:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return str(number)


def die_once(task: tuple[int, str]) -> str:
    number, folder = task
    mark = Path(folder, "died")
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return str(number)


def spin_on_five(number: int) -> str:
    while number == 5:
        pass
    return str(number)


def fail_on_two(number: int) -> str:
    if number == 2:
        raise KeyError("hinge")
    return str(number)


def answer_at_length(number: int) -> str:
    return str(number) * 300_000


def take_all_memory(number: int) -> str:
    if number == 4:
        bytearray(workers.MEMORY_BYTES)
    return str(number)


def run(function: object, count: int = 40, *, limit_s: float = 20.0, processes: int = 2) -> list[Answer]:
    pool = ProcessWorkers(limit_s=limit_s, processes=processes)
    return sorted(pool.run(function, iter(range(count)), count))  # type: ignore[arg-type]


def is_whole(answers: list[Answer], *but: int) -> bool:
    """Every task once, all answered but those."""
    found = [number for number, _, _ in answers]
    return found == list(range(len(found))) and [n for n, result, _ in answers if result is None] == list(but)


def find_pids(answers: list[Answer]) -> set[str]:
    return {result.partition("@")[2] for _, result, _ in answers if result}


@pytest.fixture(params=["fork", "spawn"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to get a worker, where this machine has them."""
    if request.param == "fork" and sys.platform != "linux":
        pytest.skip("forks on Linux only")
    monkeypatch.setattr(workers, "_can_fork", lambda: request.param == "fork")
    monkeypatch.setattr(workers, "_MIN_STARTED", 8)
    return str(request.param)


def test_every_task_is_answered_by_another_process(method: str) -> None:
    answers = run(work)
    assert is_whole(answers)
    assert str(os.getpid()) not in find_pids(answers)


def test_tasks_are_shared(method: str) -> None:
    assert len(find_pids(run(nap, 400))) == 2


def test_a_crash_costs_one_task(method: str) -> None:
    answers = run(die_on_seven)
    assert is_whole(answers, 7)
    assert answers[7][2] == "ended the process that read it, twice (SIGKILL)"


def test_a_worker_that_was_killed_by_chance_is_made_good(tmp_path: Path, method: str) -> None:
    tasks = [(number, str(tmp_path)) for number in range(30)]
    answers = list(ProcessWorkers(processes=2).run(die_once, tasks, 30))
    assert sorted(result or "" for _, result, _ in answers) == sorted(map(str, range(30)))


def test_a_task_without_end_is_given_up(method: str) -> None:
    answers = run(spin_on_five, limit_s=0.2)
    assert is_whole(answers, 5)
    assert answers[5][2] == "took more than 0.2 seconds to read"


def test_a_task_that_wants_all_memory_is_given_up() -> None:
    answers = run(take_all_memory)
    assert is_whole(answers, 4)
    assert "MemoryError" in answers[4][2]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_exception_is_a_note(processes: int) -> None:
    answers = run(fail_on_two, processes=processes)
    assert is_whole(answers, 2)
    assert answers[2][2] == "kbgen failed on it: KeyError: 'hinge'"


def test_long_answers_and_long_tasks_block_nobody() -> None:
    answers = run(answer_at_length)
    assert is_whole(answers)
    assert len(answers[12][1] or "") == 600_000
    tasks = ["x" * 200_000 for _ in range(60)]
    assert len(list(ProcessWorkers(processes=2).run(len, tasks, 60))) == 60


@pytest.mark.parametrize(("count", "processes"), [(40, 1), (7, 2), (0, 2)])
def test_one_processor_or_few_tasks_are_worked_on_here(count: int, processes: int) -> None:
    answers = run(work, count, processes=processes)
    assert is_whole(answers)
    assert find_pids(answers) <= {str(os.getpid())}


def test_no_process_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", refuse)
    assert find_pids(run(work)) == {str(os.getpid())}


def test_workers_that_never_come_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a program that starts workers anew has no way to import what they run."""
    monkeypatch.setattr(workers, "_serve", leave)
    assert is_whole(run(work))


def test_a_task_without_end_in_this_process_is_given_up() -> None:
    before = signal.getsignal(signal.SIGPROF)
    answers = run(spin_on_five, processes=1, limit_s=0.1)
    assert is_whole(answers, 5)
    assert answers[5][2] == "took more than 0.1 seconds to read"
    assert signal.getsignal(signal.SIGPROF) == before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_in_another_thread_there_is_no_limit_but_an_answer() -> None:
    found: list[Answer] = []
    thread = threading.Thread(target=lambda: found.extend(run(work, processes=1)))
    thread.start()
    thread.join()
    assert is_whole(found)


def test_whoever_stops_asking_leaves_no_process_behind() -> None:
    before = count_children()
    answers = ProcessWorkers(processes=2).run(work, iter(range(400)), 400)
    next(answers)
    assert count_children() == before + 2
    answers.close()  # type: ignore[attr-defined]
    assert count_children() == before


def count_children() -> int:
    import multiprocessing

    return len(multiprocessing.active_children())


PROGRAM = """
import os, time
from kbgen.adapters.workers import ProcessWorkers

def work(number):
    time.sleep(0.02)
    return os.getpid()

seen = set()
for _, pid, _ in ProcessWorkers(processes=2).run(work, range(10_000), 10_000):
    if pid not in seen:
        seen.add(pid)
        print(pid, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_run(number: signal.Signals) -> None:
    """Killed outright, nobody can tell them: they notice when nobody takes their answer."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=heed_interruptions,
    )
    assert parent.stdout is not None
    with parent, parent.stdout as stdout:
        pids = [int(stdout.readline()), int(stdout.readline())]
        parent.send_signal(number)
        parent.wait(10)
    assert all(has_ended(pid) for pid in pids)


def heed_interruptions() -> None:
    """A shell's background job, such as the tests may run in, is deaf to them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def has_ended(pid: int) -> bool:
    last_s = time.monotonic() + 5
    while time.monotonic() < last_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="process groups")
def test_an_interruption_at_the_terminal_is_the_run_s_alone() -> None:
    """^C goes to the whole group; the workers say nothing."""
    program = PROGRAM.replace(
        "import os, time", "import os, sys, time\nsys.excepthook = lambda *_: print('interrupted', flush=True)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interruptions,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    os.killpg(parent.pid, signal.SIGINT)
    out, err = parent.communicate(timeout=10)
    assert out.splitlines()[-1] == b"interrupted"
    assert err == b""


def test_the_tests_own_limits_are_as_they_were() -> None:
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != workers.MEMORY_BYTES


class TestShared:
    """Work that reads what is in memory here: only a forked process has it too."""

    needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="forking is safe on Linux only")

    @needs_fork
    def test_each_worker_has_what_is_here_and_begins_once(self, tmp_path: Path) -> None:
        here = {number: f"gate {number}" for number in range(6)}

        def begin() -> None:
            Path(tmp_path, str(os.getpid())).touch(exist_ok=False)

        def ask(number: int) -> str:
            time.sleep(0.02)
            return f"{here[number]}@{os.getpid()}"

        found = list(ProcessWorkers(processes=2, begin=begin).run_shared(ask, range(6), 6))
        assert sorted((task, str(text).partition("@")[0], why) for task, text, why in found) == [
            (number, f"gate {number}", "") for number in range(6)
        ]
        processes = {str(text).partition("@")[2] for _, text, _ in found}
        assert processes == {path.name for path in tmp_path.iterdir()}
        assert len(processes) == 2
        assert str(os.getpid()) not in processes

    @needs_fork
    def test_a_worker_does_the_work_of_workers_itself(self) -> None:
        def ask(number: int) -> list[str]:
            inner = range(workers._MIN_STARTED)
            return sorted({str(text).partition("@")[2] for _, text, _ in ProcessWorkers().run(work, inner, len(inner))})

        for _, pids, why in ProcessWorkers(processes=2).run_shared(ask, range(4), 4):
            assert why == ""
            assert pids is not None
            assert len(pids) == 1
            assert pids != [str(os.getpid())]

    @needs_fork
    def test_a_crash_costs_one_task(self) -> None:
        found = {task: (text, bool(why)) for task, text, why in ProcessWorkers(processes=2).run_shared(
            die_on_seven, range(6, 10), 4
        )}  # fmt: skip
        assert found == {6: ("6", False), 7: (None, True), 8: ("8", False), 9: ("9", False)}

    @pytest.mark.parametrize(("count", "processes"), [(1, 2), (4, 1)])
    def test_one_task_or_one_processor_is_worked_on_here(self, count: int, processes: int) -> None:
        found = list(ProcessWorkers(processes=processes).run_shared(work, range(count), count))
        assert [text for _, text, _ in found] == [f"{number}@{os.getpid()}" for number in range(count)]

    def test_beside_another_thread_nothing_is_forked(self) -> None:
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            found = list(ProcessWorkers(processes=2).run_shared(work, range(4), 4))
        finally:
            done.set()
            thread.join()
        assert [text for _, text, _ in found] == [f"{number}@{os.getpid()}" for number in range(4)]
