"""Loading rules, and what each part of a rule does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from kbgen.config import SignalRule, SignalsConfig
from kbgen.errors import ConfigError
from kbgen.join.rules import Rule, RuleText
from kbgen.join.signals import derive_facts, load_project_rules, load_rules, read_shipped_rules, select_rules
from kbgen.model import Fact
from tests.join.programs import make_program

PLAIN = "- {id: own, match: {call: [send]}, emit: {kind: sent, name: 0}}"


def derive(rule: str, files: Mapping[str, str]) -> list[Fact]:
    return list(derive_facts(make_program(files), load_rules([rule])))


def shown(rule: str, source: str, path: str = "svc/code.py") -> list[tuple[str, dict[str, str]]]:
    return [(f.name, {k: v for k, v in f.attrs if k not in ("rule", "role")}) for f in derive(rule, {path: source})]


def refuse(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_rules([RuleText("kbgen.yaml", text, (7,))])
    assert caught.value.hint
    return caught.value.message


# ------------------------------------------------------------------------------------------- loading


def test_the_shipped_rules_load_and_their_ids_are_words() -> None:
    rules = load_rules([read_shipped_rules()]).rules
    assert len(rules) > 250
    assert all(rule.emits for rule in rules)


def test_a_rule_of_the_project_comes_after_the_shipped_ones_and_some_can_be_left_out() -> None:
    rule = SignalRule('{"id": "own", "match": {"call": ["send"]}, "emit": {"kind": "sent"}}', 12)
    rules = load_project_rules(SignalsConfig((rule,), ("log",))).rules
    ids = [rule.id for rule in rules]
    assert ids[-1] == "own"
    assert "log" not in ids


def test_a_wrong_rule_of_the_project_is_told_with_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        load_project_rules(SignalsConfig((SignalRule('{"id": "log"}', 12), SignalRule('{"id": "own"}', 15)), ("lgo",)))
    first, second, third = caught.value.message.split("\n")
    assert first.startswith("kbgen.yaml:12: rule log wants keys and values in match")
    assert second.startswith("kbgen.yaml:15: rule own wants keys and values in match")
    assert third == "signals.disable: no rule has the id lgo"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- {id: own, mach: {}, emit: {}}", "rule own has the key mach; allowed are id, languages, match, from,"),
        ("- {id: Own, match: {call: [f]}}", "rule Own wants an id of lower-case letters"),
        ("- {match: {call: [f]}}", "rule number 1 wants an id"),
        ("- 5", "rule number 1 wants keys and values"),
        ("- {id: own, match: {call: [f], jsx: [g]}, emit: {kind: k}}", "rule own wants exactly one of call, decorator"),
        ("- {id: own, match: {call: []}, emit: {kind: k}}", "rule own wants at least one name in match.call"),
        ("- {id: own, match: {calls: [f]}, emit: {kind: k}}", "rule own has match.calls; allowed are call,"),
        ("- {id: own, match: {symbol: '('}, emit: {kind: k}}", "rule own has a bad regular expression in match.symbol"),
        (
            "- {id: own, match: {call: [f]}, from: '[', emit: {kind: k}}",
            "rule own has a bad regular expression in from",
        ),
        ("- {id: own, match: {fact: f}, emit: {kind: k}}", "rule own wants match.kind, the raw kinds, with fact"),
        ("- {id: own, match: {call: [f]}}", "rule own wants keys and values in emit"),
        ("- {id: own, match: {call: [f]}, emit: {kind: K}}", "rule own wants a kind in emit"),
        ("- {id: own, match: {call: [f]}, emit: {kind: k, role: both}}", "rule own wants role to be provides or uses"),
        (
            "- {id: own, match: {call: [f]}, emit: {kind: k, name: [$nme]}}",
            "rule own has $nme in name; there are $callee",
        ),
        (
            "- {id: own, match: {call: [f]}, emit: {kind: k, name: [-1]}}",
            "rule own wants positions, keywords and $words",
        ),
        (
            "- {id: own, match: {call: [f]}, emit: {kind: k, args: [key]}}",
            "rule own keeps something as key, which every",
        ),
        ("- {id: own, match: {call: [f]}, emit: {kind: k, keys: ['k:{id}']}}", "rule own has {id} in a key"),
        (
            "- {id: own, match: {call: [f]}, emit: {kind: k, keys: ['{name}']}}",
            "rule own wants keys such as queue:{name}",
        ),
        (
            "- {id: own, match: {call: [f]}, where: {shape: {0: [tuple]}}, emit: {kind: k}}",
            "rule own wants where.shape",
        ),
        (
            "- {id: own, match: {call: [f]}, tests: never, emit: {kind: k}}",
            "rule own wants tests to be no, only or also",
        ),
        (
            "- {id: own, languages: [go], match: {call: [f]}, emit: {kind: k}}",
            "rule own names the language go; there are",
        ),
    ],
)
def test_what_is_wrong_is_told_with_the_rule_and_what_is_allowed(text: str, expected: str) -> None:
    assert refuse(text).startswith(f"kbgen.yaml:7: {expected}")


def test_all_problems_are_told_at_once() -> None:
    assert len(refuse(f"{PLAIN}\n{PLAIN}\n- {{id: other}}").split("\n")) == 2


def test_text_that_is_no_yaml_or_no_list() -> None:
    assert refuse("- {id: [}").startswith("kbgen.yaml:1: is no YAML:")
    assert refuse("id: own") == "kbgen.yaml: wants a list of rules"
    assert load_rules([""]).rules == ()


def test_every_pattern_of_the_shipped_rules_compiles() -> None:
    def patterns(rule: Rule) -> Iterator[object]:
        wheres = [rule.where, *(emit.when for emit in rule.emits)]
        yield from (rule.origin, rule.match.pattern, rule.match.value)
        for where in wheres:
            if where is not None:
                yield from (pattern for _, pattern in (*where.text, *where.not_text))
                yield from (where.class_base, where.class_decorator, where.parameter)
        for emit in rule.emits:
            yield from (pattern for row in emit.lookup for pattern, _ in row.like)

    found = [pattern for rule in load_rules([read_shipped_rules()]).rules for pattern in patterns(rule) if pattern]
    assert len(found) > 250
    for pattern in found:
        pattern.search("")  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------- matching


def test_the_fact_has_rule_role_keys_and_arguments_in_this_order() -> None:
    rule = (
        "- {id: own, match: {call: [send]}, emit: "
        "{kind: sent, role: uses, name: 0, keys: ['queue:{name}'], args: [data], set: {via: post}}}"
    )
    (fact,) = derive(rule, {"svc/code.py": "def run():\n    send('a', data=[1])\n"})
    assert (fact.kind, fact.name, fact.path, fact.line, fact.symbol) == ("sent", "a", "svc/code.py", 2, "run")
    assert fact.hash
    assert fact.attrs == (
        ("rule", "own"),
        ("role", "uses"),
        ("key", "queue:a"),
        ("data", '=["list",1]'),
        ("via", "post"),
    )


def test_what_a_name_holds_is_the_text_and_what_is_not_known_is_a_star_in_keys() -> None:
    rule = "- {id: own, match: {call: [send]}, emit: {kind: sent, name: 0, keys: ['queue:{name}', 'sure:{name!}']}}"
    source = "KIND = 'mail'\ndef run(x):\n    send(KIND)\n    send(f'to.{x}')\n    send(x)\n"
    assert shown(rule, source) == [
        ("mail", {"key": "sure:mail"}),
        ("to.{x}", {"key": "queue:to.*"}),
        ("{x}", {"key": "queue:*"}),
    ]


def test_a_bare_name_is_no_method_unless_it_comes_through_an_import() -> None:
    source = (
        "import lib\nfrom lib import send as post\ndef run(x):\n    send('a')\n    x.send('b')\n    lib.send('c')\n"
    )
    assert [name for name, _ in shown(PLAIN, source)] == ["a"]
    rule = "- {id: own, match: {call: [send]}, from: ^lib, emit: {kind: sent, name: 0}}"
    assert [name for name, _ in shown(rule, source)] == ["c"]
    method = "- {id: own, match: {call: [.send]}, emit: {kind: sent, name: 0}}"
    assert [name for name, _ in shown(method, source)] == ["b", "c"]


def test_the_longer_name_must_stand_at_the_end() -> None:
    rule = "- {id: own, match: {call: [Runner.run]}, emit: {kind: sent, name: 0}}"
    assert [name for name, _ in shown(rule, "Runner.run('a')\nlib.Runner.run('b')\nrun('c')\nMyRunner.run('d')\n")] == [
        "a",
        "b",
    ]


def test_wildcards() -> None:
    rule = "- {id: own, match: {call: ['*Store', 'make_?']}, emit: {kind: sent, name: $last}}"
    assert [name for name, _ in shown(rule, "MyStore()\nmake_a()\nmake_ab()\n")] == ["MyStore", "make_a"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{given: [1]}", ["b"]),
        ("{missing: [1]}", ["a", "c"]),
        ("{any: [1, key]}", ["b", "c"]),
        ("{text: {0: '^[ab]'}}", ["a", "b"]),
        ("{not_text: {0: '^[ab]'}}", ["c"]),
        ("{shape: {1: [list]}}", ["b"]),
        ("{shape: {key: [literal]}}", ["c"]),
        ("{literals: [NX]}", ["c"]),
        ("{own: true}", []),
    ],
)
def test_conditions(where: str, expected: list[str]) -> None:
    rule = f"- {{id: own, match: {{call: [send]}}, where: {where}, emit: {{kind: sent, name: 0}}}}"
    assert [name for name, _ in shown(rule, "send('a')\nsend('b', [1])\nsend('c', key='NX')\n")] == expected


def test_each_item_of_a_list_or_dict_is_a_fact() -> None:
    rule = (
        "- {id: own, match: {call: [send]}, emit: "
        "[{kind: sent, each: all, name: [$key, id], args: [url]}, {kind: first, name: 0}]}"
    )
    source = (
        "EXTRA = {'id': 'y', 'url': '/y'}\nsend('n', all=[{'id': 'x', 'url': '/x'}])\nsend('m', all={'k': EXTRA})\n"
    )
    assert shown(rule, source) == [("n", {}), ("x", {"url": "/x"}), ("m", {}), ("k", {})]


def test_deep_finds_a_key_wherever_it_stands() -> None:
    rule = "- {id: own, match: {call: [send]}, emit: {kind: sent, each: {deep: [to]}, name: $item, args: [what]}}"
    source = "calls = [{'to': 'x', 'what': 'a'}, {'to': 'y'}]\nsend(calls)\nsend(to='z', what='b')\n"
    assert shown(rule, source) == [("x", {"what": "a"}), ("y", {}), ("z", {"what": "b"})]


def test_arguments_of_what_made_the_receiver_and_of_its_other_calls() -> None:
    rule = (
        "- {id: own, match: {call: [.add]}, from: ^lib, emit: "
        "{kind: sent, name: 0, args: {queue: '$made:0', host: '$also:.connect:host', where: $place, type: $type}}}"
    )
    source = """
        from lib import Queue

        class Sender:
            def __init__(self):
                self.queue = Queue('mail')
                self.queue.connect(host='h')

            def send(self):
                self.queue.add('job')
    """
    assert shown(rule, source) == [
        ("job", {"queue": "mail", "host": "h", "where": "svc/code.py::Sender.queue", "type": "Queue"})
    ]


def test_decorators_of_a_parameter_and_of_the_class() -> None:
    rule = (
        "- {id: own, match: {call: [.add]}, from: ^lib, emit: "
        "{kind: sent, name: 0, args: {queue: '@InjectQueue:0', path: '@Controller:0'}}}"
    )
    source = """
        import { Queue } from 'lib'
        @Controller('tasks')
        export class Sender {
          constructor(@InjectQueue('mail') private readonly queue: Queue) {}
          send() { this.queue.add('job') }
        }
    """
    assert shown(rule, source, "api/src/sender.ts") == [("job", {"queue": "mail", "path": "tasks"})]


def test_a_lookup_takes_the_exact_word_then_the_first_pattern_then_the_rest() -> None:
    rule = (
        "- {id: own, match: {call: [send]}, emit: {kind: sent, name: 0, lookup: "
        "{code: {of: 0, in: {a: one}, like: {'^(\\d+)-': 'n\\1'}, else: none}}}}"
    )
    assert [attrs["code"] for _, attrs in shown(rule, "send('a')\nsend('12-x')\nsend('b')\n")] == ["one", "n12", "none"]


def test_a_fact_can_stand_at_the_definition_around_it_once() -> None:
    rule = "- {id: own, match: {call: [wraps]}, emit: {kind: made, name: $self, at: symbol}}"
    source = "\ndef outer():\n    def a(): pass\n    wraps(a)\n    wraps(a)\n"
    (fact,) = derive(rule, {"svc/code.py": source})
    assert (fact.name, fact.line) == ("outer", 2)


def test_a_reference_is_named_as_written_where_its_text_is_not_known() -> None:
    rule = "- {id: own, match: {call: [.use]}, emit: {kind: used, name: ['$ref:0']}}"
    source = "app.use(Gate)\napp.use(make_gate(1))\napp.use('/path')\n"
    assert [name for name, _ in shown(rule, source)] == ["Gate", "make_gate", "/path"]


def test_literals_wherever_they_stand_but_not_twice() -> None:
    rule = "- {id: own, match: {literal: [a, b]}, emit: {kind: found, name: [a], args: {under: $key}}}"
    source = "X = {'one': {'a': 'x', 'b': 1}, 'two': {'a': 'no'}}\ndef f():\n    return g(h({'a': 'y', 'b': 2}))\n"
    assert shown(rule, source) == [("x", {"under": "one"}), ("y", {})]


def test_test_files_are_left_out_unless_asked_for() -> None:
    files = {"svc/code.py": "send('a')\n", "svc/tests/test_code.py": "send('b')\n"}
    for tests, expected in (("no", ["a"]), ("only", ["b"]), ("also", ["a", "b"])):
        rule = f"- {{id: own, match: {{call: [send]}}, tests: {tests}, emit: {{kind: sent, name: 0}}}}"
        assert [fact.name for fact in derive(rule, files)] == expected


def test_languages() -> None:
    files = {"svc/code.py": "send('a')\n", "web/code.ts": "send('b')\n"}
    rule = "- {id: own, languages: [typescript], match: {call: [send]}, emit: {kind: sent, name: 0}}"
    assert [fact.name for fact in derive(rule, files)] == ["b"]


def test_paths_bases_symbols_and_raw_kinds() -> None:
    files = {
        "svc/cards/agent.json": "{}",
        "svc/code.py": "from lib import Base\nclass Mine(Base):\n    size: int = 3\n",
    }
    assert [
        f.name for f in derive("- {id: p, match: {path: ['**/agent.json']}, emit: {kind: k, name: $path}}", files)
    ] == ["svc/cards/agent.json"]
    assert [
        f.name for f in derive("- {id: b, match: {base: [Base]}, from: ^lib, emit: {kind: k, name: $self}}", files)
    ] == ["Mine"]
    assert [
        f.name for f in derive("- {id: s, match: {symbol: ^M, kinds: [class]}, emit: {kind: k, name: $self}}", files)
    ] == ["Mine"]
    rule = (
        "- {id: f, match: {fact: ^s, kind: [field]}, where: {class_base: ^lib}, emit: {kind: k, name: $name, value: 0}}"
    )
    assert [(f.name, f.value) for f in derive(rule, files)] == [("size", "3")]


def test_only_the_kinds_asked_for() -> None:
    text = (
        "- {id: a, match: {call: [send]}, emit: [{kind: sent, name: 0}, {kind: seen, name: 0}]}\n"
        "- {id: b, match: {call: [send]}, emit: {kind: kept, name: 0}}\n"
    )
    rules = select_rules(load_rules([text]), {"seen"})
    assert [rule.id for rule in rules.rules] == ["a"]
    assert [fact.kind for fact in derive_facts(make_program({"a.py": "send('x')\n"}), rules)] == ["seen"]


def test_the_order_of_files_changes_nothing() -> None:
    files = {"b.py": "send('x')\n", "a.py": "send('y')\nsend('x')\n"}
    found = derive(PLAIN, files)
    assert found == derive(PLAIN, dict(reversed(files.items())))
    assert [(fact.path, fact.line) for fact in found] == [("a.py", 1), ("a.py", 2), ("b.py", 1)]
