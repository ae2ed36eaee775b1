"""What stands around a line of code."""

from __future__ import annotations

import textwrap

import pytest

from kbgen.extractors.handlers import find_handled, is_repeated

PYTHON = textwrap.dedent("""\
    def call(url):
        for attempt in range(3):
            try:
                send(url)
            except (TimeoutError, http.ConnectError):
                log("slow")
            except Exception:
                log("odd")
        log("done")

    def once(url):
        send(url)
    """)
SCRIPT = textwrap.dedent("""\
    async function call(url: string) {
      while (true) {
        try {
          await send(url);
        } catch (error) {
          log(error);
        }
      }
    }
    items.forEach((item) => {
      send(item);
    });
    """)


@pytest.mark.parametrize(
    ("line", "handled"),
    [(6, ("TimeoutError", "http.ConnectError")), (8, ("Exception",)), (4, None), (9, None), (12, None)],
)
def test_the_handler_around_a_line_of_python(line: int, handled: tuple[str, ...] | None) -> None:
    assert find_handled(PYTHON, "a.py", line) == handled


def test_a_loop_around_a_line_counts_only_in_its_own_function() -> None:
    assert is_repeated(PYTHON, "a.py", 4)
    assert not is_repeated(PYTHON, "a.py", 12)
    nested = "for x in xs:\n    def one():\n        send(x)\n"
    assert not is_repeated(nested, "a.py", 3)


def test_a_script_is_read_too() -> None:
    assert find_handled(SCRIPT, "a.ts", 6) == ()
    assert find_handled(SCRIPT, "a.ts", 4) is None
    assert is_repeated(SCRIPT, "a.ts", 4)
    assert not is_repeated(SCRIPT, "a.ts", 11)


def test_what_cannot_be_read_has_nothing_around() -> None:
    assert find_handled("def (", "a.py", 1) is None
    assert not is_repeated("body { }", "a.css", 1)
