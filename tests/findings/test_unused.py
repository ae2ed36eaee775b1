"""What is defined and not used: metrics, settings, variables, definitions, callbacks; and names that stand twice."""

from __future__ import annotations

import pytest

from kbgen.model import Finding
from tests.findings.systems import find, show, worker

METRICS = """
    from prometheus_client import Counter

    JOBS_DONE = Counter("jobs_done_total", "Jobs done")
    JOBS_LOST = Counter("jobs_lost_total", "Jobs lost")

    def count_lost():
        JOBS_LOST.inc()
"""
COUNTING = """
    from metrics import JOBS_DONE

    async def work():
        JOBS_DONE.inc()
"""


def test_a_metric_that_only_dead_code_records() -> None:
    found = find(worker(metrics=METRICS, jobs=COUNTING), "never-recorded")
    assert show(found) == [
        ("suspect", "1 metric of `worker/metrics.py` is defined and never recorded: `jobs_lost_total`")
    ]
    assert found[0].detail == "Only `count_lost` would, and nothing that runs calls it."


def test_a_metric_that_no_code_names_is_told_apart_from_one_that_dead_code_would_record() -> None:
    more = METRICS + '    JOBS_OPEN = Gauge("jobs_open", "Jobs under way")\n'
    metrics = more.replace("import Counter", "import Counter, Gauge")
    found = find(worker(metrics=metrics, jobs=COUNTING), "never-recorded")
    assert show(found)[0][1].startswith("2 metrics of `worker/metrics.py` are defined and never recorded:")
    assert found[0].detail == (
        "No code names `jobs_open`. Only `count_lost` would record the other, and nothing that runs calls it."
    )
    alone = metrics.replace("        JOBS_LOST.inc()", "        pass")
    assert find(worker(metrics=alone, jobs=COUNTING), "never-recorded")[0].detail == "No code names them."


def test_recorded_metrics_are_fine() -> None:
    jobs = COUNTING.replace("import JOBS_DONE", "import JOBS_DONE, count_lost").replace(
        "inc()", "inc()\n        count_lost()"
    )
    assert find(worker(metrics=METRICS, jobs=jobs), "never-recorded") == []


SETTINGS = """
    from pydantic_settings import BaseSettings

    class Settings(BaseSettings):
        retries: int = 3
        patience: int = 5

    settings = Settings()
"""
READING = """
    from settings import settings

    async def work():
        return {reads}
"""


def test_a_setting_that_nothing_reads() -> None:
    found = find(worker(settings=SETTINGS, jobs=READING.format(reads="settings.retries")), "never-read")
    assert show(found) == [("suspect", "`patience` of `Settings` is never read")]


def test_settings_that_are_handed_on_whole_are_fine() -> None:
    assert find(worker(settings=SETTINGS, jobs=READING.format(reads="settings.model_dump()")), "never-read") == []


def test_a_variable_of_an_example_that_nothing_names() -> None:
    files = worker(jobs=ENV.format(name="PAINT_COLOUR")) | {
        "worker/.env.example": "PAINT_COLOUR=red\nPAINT_GLOSS=high\n"
    }
    found = find(files, "never-read")
    assert show(found) == [("note", "`PAINT_GLOSS` is declared in `worker/.env.example` and read by nothing")]


ENV = """
    import os

    async def work():
        return os.environ["{name}"]
"""


def test_a_required_variable_that_no_example_declares() -> None:
    files = worker(jobs=ENV.format(name="PAINT_COLOUR")) | {"worker/.env.example": "PAINT_GLOSS=high\n"}
    found = find(files, "undeclared-variable")
    assert show(found) == [("note", "`PAINT_COLOUR` is required by `worker` and declared in no example")]


def test_a_declared_variable_is_fine() -> None:
    files = worker(jobs=ENV.format(name="PAINT_COLOUR")) | {"worker/.env.example": "PAINT_COLOUR=red\n"}
    assert find(files, "undeclared-variable") == []
    assert find(files, "never-read") == []


HELPERS = """
    import functools

    def used():
        return helper()

    def helper():
        return 1

    def unused():
        return 2

    def noisy(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)
        return wrapper
"""
USING = """
    from helpers import used

    async def work():
        return used()
"""


def test_definitions_that_nothing_reaches() -> None:
    found = find(worker(helpers=HELPERS, jobs=USING), "never-used")
    assert show(found) == [
        ("dead", "Nothing that runs uses the function `unused`"),
        ("dead", "The decorator `noisy` decorates nothing"),
    ]


def test_what_only_tests_use_is_dead_and_says_so() -> None:
    files = worker(helpers=HELPERS, jobs=USING) | {
        "worker/tests/test_helpers.py": "from helpers import unused\n\ndef test_it():\n    assert unused() == 2\n"
    }
    found = find(files, "never-used")
    assert "Tests use it." in found[0].detail


CALLBACK = """
    from typing import Callable

    def make(name: str, on_change: Callable | None = None):
        if on_change:
            notify(on_change)
        return name

    def notify(callback):
        callback()
"""


def test_a_callback_that_no_caller_gives() -> None:
    jobs = "\nfrom making import make\n\nasync def work():\n    return make('a')\n"
    found = find(worker(making=CALLBACK, jobs=jobs), "never-passed")
    assert show(found) == [("suspect", "No caller of `make` gives it `on_change`, which is for `notify`")]


def test_a_callback_that_one_caller_gives_is_fine() -> None:
    jobs = "\nfrom making import make\n\nasync def work():\n    make('b')\n    return make('a', on_change=print)\n"
    assert find(worker(making=CALLBACK, jobs=jobs), "never-passed") == []


def test_two_classes_of_one_name() -> None:
    one = "\nclass Shade:\n    depth = 1\n"
    jobs = """
        from light import Shade
        import dark_user

        async def work():
            return Shade(), dark_user.read()
        """
    user = "\nfrom dark import Shade\n\ndef read():\n    return Shade()\n"
    found = find(worker(light=one, dark=one, dark_user=user, jobs=jobs), "shadowed-name")
    assert show(found) == [("note", "`worker` has 2 classes named `Shade`: in `worker/dark.py` and `worker/light.py`")]


def test_a_class_in_two_units_is_fine() -> None:
    one = "\nclass Shade:\n    depth = 1\n"
    files = worker(light=one, jobs="\nfrom light import Shade\n\nasync def work():\n    return Shade()\n")
    other = {path.replace("worker/", "painter/"): text.replace("7000", "7001") for path, text in files.items()}
    assert find(files | other, "shadowed-name") == []


@pytest.mark.parametrize("own", ["self.depth = 2", "self.__dict__"])
def test_a_class_that_nobody_makes_is_dead_whatever_special_methods_it_has(own: str) -> None:
    shade = f"\nclass Shade:\n    def __init__(self):\n        {own}\n\ndef used():\n    return 1\n"
    found = find(worker(helpers=shade, jobs=USING), "never-used")
    assert show(found) == [("dead", "Nothing that runs uses the class `Shade`")]


def test_a_class_that_somebody_makes_is_fine() -> None:
    shade = "\nclass Shade:\n    def __init__(self):\n        self.depth = 2\n\ndef used():\n    return Shade()\n"
    assert find(worker(helpers=shade, jobs=USING), "never-used") == []


KEEPER = """
    class Keeper:
        def __init__(self, listener=None):
            self.listener = listener

        def tell(self):
            if self.listener:
                self.listener(1)

    keeper = Keeper()
"""
TELLING = """
    from keeping import keeper

    async def work():
        {first}
        return keeper.tell()
"""


def test_a_callback_that_an_object_keeps_and_nobody_gives() -> None:
    found = find(worker(keeping=KEEPER, jobs=TELLING.format(first="pass")), "never-passed")
    assert show(found) == [("suspect", "No caller of `Keeper` gives it `listener`, which is for `self.listener`")]


@pytest.mark.parametrize("first", ["keeper.listener = print", "setattr(keeper, 'listener', print)"])
def test_a_callback_that_is_set_later_is_fine(first: str) -> None:
    assert find(worker(keeping=KEEPER, jobs=TELLING.format(first=first)), "never-passed") == []


def test_two_classes_of_one_name_with_other_defaults() -> None:
    shade = """
        from dataclasses import dataclass

        @dataclass
        class Shade:
            depth: int = {depth}
            name: str = "{depth}"

        def {maker}():
            return Shade()
        """
    jobs = "\nfrom light import light\nfrom dark import dark\n\nasync def work():\n    return light(), dark()\n"

    def find_shades(depth: int) -> list[Finding]:
        light, dark = shade.format(depth=1, maker="light"), shade.format(depth=depth, maker="dark")
        return find(worker(light=light, dark=dark, jobs=jobs), "shadowed-name")

    found = find_shades(9)
    assert [finding.detail for finding in found] == [
        "Their `depth` is `9` in `worker/dark.py` and `1` in `worker/light.py`."
    ]
    assert find_shades(1) == []
