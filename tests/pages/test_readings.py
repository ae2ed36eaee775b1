"""What short readings of a file's text show."""

from __future__ import annotations

from textwrap import dedent

from kbgen.pages.shared.readings import (
    find_caught_throws,
    find_collected,
    find_comparisons,
    find_member,
    find_options,
    find_raises,
    find_script_conditions,
    work_out,
)

STORE = dedent(
    """
    export const useCart = create((set, get) => ({
      add: (item) => set((s) => ({ items: [...s.items, item], revision: s.revision + 1 })),
      apply: (remote) => {
        if (remote.revision < get().revision) {
          return;
        }
        set(remote);
      },
      total: () => get().items.length > 0 ? 1 : 0,
    }));
    export class Sender {
      private count = 0;
      send = useCallback(() => { this.count++; });
    }
    """
)


def test_a_comparison_in_a_condition_has_the_action_around_it_and_the_lines_that_it_guards() -> None:
    (found,) = [c for c in find_comparisons(STORE, "cart.ts") if "revision" in c.text]
    assert (found.text, found.member) == ("remote.revision < get().revision", "apply")
    first, last = found.body
    assert "return;" in "\n".join(STORE.splitlines()[first - 1 : last])


def test_a_comparison_outside_a_condition_guards_nothing() -> None:
    (found,) = [c for c in find_comparisons(STORE, "cart.ts") if "length" in c.text]
    assert (found.member, found.body) == ("total", (0, 0))


def test_python_comparisons_have_their_function() -> None:
    text = "def check(a, b):\n    if a.version >= b:\n        return None\n    return a in KNOWN\n"
    rows = find_comparisons(text, "check.py")
    assert [(c.text, c.member, c.body) for c in rows] == [
        ("a.version >= b", "check", (3, 3)),
        ("a in KNOWN", "check", (0, 0)),
    ]


def test_raised_numbers_have_their_action() -> None:
    assert [(r.name, r.member) for r in find_raises(STORE, "cart.ts")] == [("revision", "add"), ("count", "send")]


def test_the_innermost_named_function_around_a_line() -> None:
    line = next(i for i, text in enumerate(STORE.splitlines(), start=1) if "return;" in text)
    assert find_member(STORE, "cart.ts", line) == "apply"
    assert find_member(STORE, "cart.ts", 1) == ""


def test_only_scripts_of_a_store_have_conditions() -> None:
    script = "local v = redis.call('GET', KEYS[1])\nif v and tonumber(v) > tonumber(ARGV[1]) then\n  return 0\nend\n"
    assert find_script_conditions(script) == ("v and tonumber(v) > tonumber(ARGV[1])",)
    assert find_script_conditions("if a then b end") == ()


def test_messages_that_a_check_collects() -> None:
    text = "errors.push(`No entry for ${name}`);\nnames.push('x');\nwarnings.push('Order differs here');\n"
    assert find_collected(text, "check.ts") == ("No entry for {name}", "Order differs here")
    assert find_collected('problems.append(f"no entry for {name}")\n', "check.py") == ("no entry for {name}",)


def test_a_throw_that_a_catch_of_the_same_function_takes() -> None:
    text = dedent(
        """
        function save() {
          try { if (bad) {
              throw new Error('taken');
          } } catch (e) { log(e); }
          try {
            throw new Error('passed on');
          } catch (e) { throw e; }
          throw new Error('free');
        }
        function outer() { try { run(() => {
              throw new Error('of another function');
        }); } catch (e) {} }
        """
    )
    (line,) = find_caught_throws(text, "save.ts")
    assert "taken" in text.splitlines()[line - 1]
    assert find_caught_throws("raise X()", "save.py") == frozenset()


def test_broken_and_foreign_files_have_nothing() -> None:
    assert find_comparisons("def (:", "a.py") == ()
    assert find_comparisons("if (a < b) {}", "a.rb") == ()
    assert find_raises("x = x + 1", "a.py") == ()
    assert find_member("x", "a.py", 1) == ""
    assert find_collected("def (:", "a.py") == ()


def test_options_of_a_call_are_as_written() -> None:
    text = "ask({ key: ['a'], wait: LIMIT / 2,\n  run: () => 1 }, 3)\nask(4)\n"
    assert find_options(text, "web/ask.ts", 1) == {"key": "['a']", "wait": "LIMIT / 2", "run": "() => 1"}
    assert find_options(text, "web/ask.ts", 3) == {}
    assert find_options(text, "web/ask.py", 1) == {}


def test_plain_arithmetic_is_worked_out_and_nothing_else() -> None:
    values = {"LIMIT": "30000", "times.HALF": "0.5", "NAME": "box"}

    def find_value(name: str) -> str:
        return values.get(name, "")

    shown = ("LIMIT / 2", "5 * 60 * 1000", "LIMIT * times.HALF - 1", "(1 + 2) * LIMIT", "3 / 2", "10_000")
    assert [work_out(text, find_value) for text in shown] == ["15000", "300000", "14999", "90000", "1.5", "10000"]
    others = (
        "LIMIT / 0",
        "rate() * 2",
        "NAME + 1",
        "UNKNOWN / 2",
        "live ? 1 : 2",
        "'a' * 3",
        "2 ** 99",
        "",
        "1e999 * 2",
    )
    assert [work_out(text, find_value) for text in others] == [""] * len(others)
