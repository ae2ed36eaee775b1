"""The log stream read back whatever is in it, and the pull requests that a graph shows."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.history import (
    LogFormatError,
    MergeName,
    encode_path,
    group_pull_requests,
    is_sync_merge,
    parse_log,
    parse_mailmap,
    parse_merge_message,
    parse_raw_date,
    parse_record,
    read_message,
    split_log,
)
from kbgen.model import Change, Commit, Person

steady = settings(max_examples=60, deadline=None, derandomize=True)


# -------------------------------------------------------------------------------------- the stream


def encode_commit(commit: Commit) -> bytes:
    """What ``git log -z --raw`` prints for a commit."""
    sign = "-" if commit.authored_offset < 0 else "+"
    hours, minutes = divmod(abs(commit.authored_offset), 60)
    fields = [
        commit.sha.encode(),
        " ".join(commit.parents).encode(),
        commit.author.name.encode(),
        commit.author.email.encode(),
        f"{commit.authored} {sign}{hours:02}{minutes:02}".encode(),
        commit.committer.name.encode(),
        commit.committer.email.encode(),
        f"{commit.committed} +0000".encode(),
        commit.message.encode() + b"\n",
    ]
    for place, change in enumerate(commit.changes):
        score = "087" if change.status in "RC" else ""
        start = "\n:" if place == 0 else ":"
        fields.append(f"{start}100644 100755 {change.old_blob} {change.new_blob} {change.status}{score}".encode())
        fields += [encode_path(path) for path in (change.old_path, change.path) if path]
    return b"\0".join(fields) + b"\0"


hashes = st.binary(min_size=20, max_size=20).map(bytes.hex)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)
messages = st.one_of(
    texts,
    st.just(":100644 100644 " + "a" * 40 + " " + "b" * 40 + " M"),
    st.just("f" * 40),
    st.just("\n:000000 100644 looks like a change\x1b[31m\r\n\x07"),
).map(lambda text: text.rstrip("\n"))
paths = (
    st.binary(min_size=1, max_size=12)
    .filter(lambda b: b"\0" not in b)
    .map(lambda b: b.decode("utf-8", "surrogateescape"))
)
people = st.builds(Person, texts.map(lambda t: t.replace("\n", "")), texts.map(lambda t: t.replace("\n", "")))


@st.composite
def changes(draw: st.DrawFn) -> Change:
    status = draw(st.sampled_from("AMDTRC"))
    old_path = draw(paths) if status in "RC" else ""
    return Change(status, draw(paths), old_path, draw(hashes), draw(hashes))  # type: ignore[arg-type]


commits = st.builds(
    Commit,
    sha=hashes,
    parents=st.lists(hashes, max_size=3).map(tuple),
    author=people,
    authored=st.integers(-(2**33), 2**33),
    authored_offset=st.integers(-14 * 60, 14 * 60),
    committer=people,
    committed=st.integers(0, 2**33),
    message=messages,
    changes=st.lists(changes(), max_size=3).map(tuple),
)


@steady
@given(st.lists(commits, max_size=5), st.integers(1, 200))
def test_every_commit_is_read_back_whatever_the_chunks(written: list[Commit], size: int) -> None:
    stream = b"".join(map(encode_commit, written))
    assert list(parse_log(stream[at : at + size] for at in range(0, len(stream), size))) == written


@steady
@given(st.lists(commits, min_size=1, max_size=3), st.data())
def test_a_stream_cut_short_is_an_error_or_ends_at_a_whole_commit(written: list[Commit], data: st.DataObject) -> None:
    stream = b"".join(map(encode_commit, written))
    cut = data.draw(st.integers(0, len(stream) - 1))
    try:
        found = list(parse_log([stream[:cut]]))
    except LogFormatError:
        return
    # What git lists for a commit may end after any of its changes; nothing else may be missing.
    assert [c.sha for c in found] == [c.sha for c in written[: len(found)]]
    assert all(c.changes == w.changes[: len(c.changes)] for c, w in zip(found, written, strict=False))


def test_a_record_is_stored_as_its_fields_joined() -> None:
    commit = Commit("a" * 40, (), Person("A", "a@x"), 5, 60, Person("C", "c@x"), 6, "one\n\ntwo", (Change("A", "p"),))
    [fields] = split_log([encode_commit(commit)])
    record = b"\0".join(fields)
    assert parse_record(record).message == "one\n\ntwo"
    assert read_message(record) == "one\n\ntwo"


def test_bytes_that_are_no_utf8_are_replaced_in_messages_and_kept_in_paths() -> None:
    header = [b"a" * 40, b"", b"J\xf6rg", b"j@x", b"1 +0000", b"C", b"c@x", b"1 +0000", b"caf\xe9"]
    raw = [b"\n:100644 100644 " + b"1" * 40 + b" " + b"2" * 40 + b" M", b"caf\xe9.txt"]
    [commit] = parse_log([b"\0".join([*header, *raw]) + b"\0"])
    assert commit.author.name == "J�rg"
    assert commit.message == "caf�"
    assert encode_path(commit.changes[0].path) == b"caf\xe9.txt"


@pytest.mark.parametrize("stream", [b"abc", b"abc\0def\0", b"a\0b\0c\0d\0e\0f\0g\0h\0i\0:100644 x\0p\0"])
def test_what_is_no_log_is_an_error(stream: bytes) -> None:
    with pytest.raises(LogFormatError):
        list(parse_log([stream]))


def test_a_long_message_and_many_changes_take_linear_time() -> None:
    person = Person("A", "a@x")
    change = Change("M", "some/path.py", "", "1" * 40, "2" * 40)
    large = Commit("a" * 40, (), person, 1, 0, person, 1, "x" * 5_000_000, (change,) * 20_000)
    stream = encode_commit(large)
    begin_s = time.process_time()
    [found] = parse_log(stream[at : at + 4096] for at in range(0, len(stream), 4096))
    assert found == large
    assert time.process_time() - begin_s < 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"1700000000 +0530", (1_700_000_000, 330)),
        (b"1700000000 -0130", (1_700_000_000, -90)),
        (b"0 +0000", (0, 0)),
        (b"4102444800 +0000", (4_102_444_800, 0)),
        (b"-86400 +0000", (-86_400, 0)),
        (b"", (0, 0)),
        (b"soon", (0, 0)),
    ],
)
def test_dates_are_read_as_git_prints_them_raw(text: bytes, expected: tuple[int, int]) -> None:
    assert parse_raw_date(text) == expected


# ------------------------------------------------------------------------------------------ people


MAILMAP = b"""\
# Comment <is@no.entry>
Ada Lovelace <ada@old.example>
<grace@new.example> <grace@old.example>
Alan Turing <alan@new.example> <alan@old.example>
Edsger <e@new.example> Dijkstra <shared@old.example>
Barbara <b@new.example> Liskov <SHARED@old.example>
nonsense
"""


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (Person("ada", "ada@old.example"), Person("Ada Lovelace", "ada@old.example")),
        (Person("ada", "ADA@old.example"), Person("Ada Lovelace", "ADA@old.example")),
        (Person("Grace", "grace@old.example"), Person("Grace", "grace@new.example")),
        (Person("x", "alan@old.example"), Person("Alan Turing", "alan@new.example")),
        (Person("dijkstra", "shared@old.example"), Person("Edsger", "e@new.example")),
        (Person("Liskov", "shared@old.example"), Person("Barbara", "b@new.example")),
        (Person("Someone", "shared@old.example"), Person("Someone", "shared@old.example")),
        (Person("is", "is@no.entry"), Person("is", "is@no.entry")),
    ],
)
def test_mailmap_corrects_names(person: Person, expected: Person) -> None:
    assert parse_mailmap(MAILMAP).correct(person) == expected


# ----------------------------------------------------------------------------------- pull requests


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Merge pull request #40 from owner/epic/dm-01\n\nEpic DM-01", MergeName(40, "epic/dm-01", "", "Epic DM-01")),
        ("Merge pull request #7 from owner/main", MergeName(7, "main", "", "")),
        ("Merge pull request #9 in TEAM/repo from x to main", MergeName(9, "repo", "", "")),
        ("Merge branch 'story/04-12-x'", MergeName(None, "story/04-12-x", "", "")),
        ("Merge branch 'main' into epic/x", MergeName(None, "main", "epic/x", "")),
        (
            "Merge branch 'feature' into 'main'\n\nSpeed up the mesh\n\nSee merge request group/proj!12",
            MergeName(12, "feature", "main", "Speed up the mesh"),
        ),
        ("Merge branch 'x' into 'main'\n\nSee merge request g/p!3", MergeName(3, "x", "main", "")),
        ("Merged in fix/login (pull request #3)\n\nFix the login", MergeName(3, "fix/login", "", "Fix the login")),
        ("Merged PR 12: Add the key", MergeName(12, "", "", "Add the key")),
        ("Merge story/04-12-x", MergeName(None, "story/04-12-x", "", "")),
        ("Merge story/02-7-y: Workspace deletion", MergeName(None, "story/02-7-y", "", "Workspace deletion")),
        ("Merge story 14-4: Metrics Export", MergeName(None, "", "", "story 14-4: Metrics Export")),
        ("Merge remote-tracking branch 'origin/x' into x", MergeName(None, "x", "x", "")),
        ("Merge branch 'x' of git.example.com:a/b", MergeName(None, "x", "x", "")),
        ("Merge origin/main into epic/pm-04", MergeName(None, "main", "epic/pm-04", "")),
        ("Merge branches 'a' and 'b'", MergeName(None, "", "", "branches 'a' and 'b'")),
        ("", MergeName()),
    ],
)
def test_merge_messages_name_number_branch_and_title(message: str, expected: MergeName) -> None:
    assert parse_merge_message(message) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Merge branch 'main' into epic/x", True),
        ("Merge branch 'develop' into feature/x", True),
        ("Merge branch 'main' into develop", True),
        ("Merge remote-tracking branch 'origin/main' into epic/x", True),
        ("Merge origin/main into epic/pm-04", True),
        ("Merge branch 'x' of https://git.example.com/a/b into x", True),
        ("Merge branch 'main' of https://git.example.com/a/b", True),
        ("merge: sync main into epic/04", True),
        ("merge: resolve conflicts with main (Epic 08)", True),
        ("Merge pull request #3 from fork/main", False),
        ("Merge branch 'develop'", False),
        ("Merge branch 'develop' into main", False),
        ("Merge branch 'story/x' into epic/y", False),
        ("Merge story 14-4: sync engine", False),
    ],
)
def test_sync_merges_are_told_from_pull_requests(message: str, expected: bool) -> None:
    assert is_sync_merge(message) is expected


Graph = dict[str, Sequence[str]]


def collect(graph: Graph, tip: str, syncs: str = "") -> dict[str, tuple[str, set[str]]]:
    """merge -> (merge that it lies inside of or "", its commits, those of inner ones included)."""
    forest = group_pull_requests(graph, tip, set(syncs.split()).__contains__)
    return {
        merge: (
            forest.merges[forest.outer[number]] if forest.outer[number] >= 0 else "",
            {c for c, owner in forest.owner.items() if number <= owner <= forest.last[number]},
        )
        for number, merge in enumerate(forest.merges)
    }


def test_a_branch_inside_a_branch() -> None:
    """
    a ── b ───────────── M     main
     └── e1 ── E ── e2 ──┘     epic
          └ s1 ┘               story
    """
    graph = {"a": "", "b": "a", "e1": ["a"], "s1": ["e1"], "E": ["e1", "s1"], "e2": ["E"], "M": ["b", "e2"]}
    assert collect(graph, "M") == {"M": ("", {"e1", "s1", "E", "e2"}), "E": ("M", {"s1"})}


def test_a_sync_merge_claims_nothing() -> None:
    """
    a ── b ── c ─────── M
     └── e1 ── S ── e2 ─┘      S merges b
    """
    graph = {"a": "", "b": "a", "c": "b", "e1": ["a"], "S": ["e1", "b"], "e2": ["S"], "M": ["c", "e2"]}
    assert collect(graph, "M", "S") == {"M": ("", {"e1", "S", "e2"})}


def test_a_sync_merge_on_the_main_line_leaves_commits_to_the_main_line() -> None:
    """The epic was pushed as the new main, so first parents lead along the epic."""
    graph = {"a": "", "m1": ["a"], "p1": ["m1"], "P": ["m1", "p1"], "e1": ["a"], "S": ["e1", "P"], "e2": ["S"]}
    assert collect(graph, "e2", "S") == {"P": ("", {"p1"})}


def test_an_octopus_is_one_pull_request() -> None:
    graph = {"a": "", "x": "a", "y": "a", "y2": ["y"], "O": ["a", "x", "y2"]}
    assert collect(graph, "O") == {"O": ("", {"x", "y", "y2"})}


def test_a_merge_that_brings_nothing_is_no_pull_request() -> None:
    assert collect({"a": "", "b": "a", "M": ["b", "a"]}, "M") == {}


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, list[int]]:
    size = draw(st.integers(1, 25))
    graph: dict[int, list[int]] = {0: []}
    for number in range(1, size):
        parents = draw(st.lists(st.integers(0, number - 1), min_size=1, max_size=3, unique=True))
        graph[number] = parents
    return graph


def reach(graph: dict[int, list[int]], tips: Sequence[int]) -> set[int]:
    found: set[int] = set()
    waiting = list(tips)
    while waiting:
        commit = waiting.pop()
        if commit not in found:
            found.add(commit)
            waiting += graph[commit]
    return found


@steady
@given(graphs())
def test_grouping_loses_no_commit_and_agrees_with_the_definition(graph: dict[int, list[int]]) -> None:
    tip = max(graph)
    forest = group_pull_requests(graph, tip, lambda _: False)
    assert set(forest.owner) == reach(graph, [tip])
    for number, merge in enumerate(forest.merges):
        inside = {c for c, owner in forest.owner.items() if number <= owner <= forest.last[number]}
        brought = reach(graph, graph[merge][1:]) - reach(graph, graph[merge][:1])
        if forest.outer[number] < 0:
            assert inside == brought
        else:
            assert inside <= brought
            assert forest.outer[number] < number <= forest.last[forest.outer[number]]
        assert merge not in inside


def test_fifty_thousand_commits_are_grouped_in_less_than_half_a_second() -> None:
    graph: dict[int, Sequence[int]] = {0: ()}
    for number in range(1, 50_000):
        graph[number] = (number - 2, number - 1) if number % 3 == 0 else (number - 1,)
    begin_s = time.process_time()
    forest = group_pull_requests(graph, 49_999, lambda _: False)
    assert time.process_time() - begin_s < 0.5
    assert len(forest.owner) == 50_000


def test_fifty_thousand_nested_branches_do_not_recurse() -> None:
    depth = 20_000
    # Merge n joins n+1, whose own second parent is the next one in: one inside the other, all the way down.
    graph: dict[int, Sequence[int]] = {n: (depth, n + 1) for n in range(depth)}
    graph[depth] = ()
    forest = group_pull_requests(graph, 0, lambda _: False)
    assert len(forest.merges) == depth - 1
    assert forest.last[0] == depth - 2
