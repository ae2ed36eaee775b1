"""What a repository's own files and subjects show of its grammar."""

from __future__ import annotations

from kbgen.ids import GRAMMAR_VERSION, Grammar, discover_grammar


def test_prefixes_padding_and_bare_numbers_come_from_the_stories() -> None:
    found = discover_grammar(["docs/stories/dm-01-1-a.md", "KB-02.3", "docs/stories/04-1-b.md"], [])
    assert found == Grammar(prefixes=("DM", "KB"), bare=True, padding=2)


def test_a_repository_of_prefixed_stories_has_no_bare_ones() -> None:
    found = discover_grammar(["DM-1.1", "DM-1.2"], [])
    assert found == Grammar(prefixes=("DM",), bare=False, padding=1)


def test_nothing_seen_leaves_everything_open() -> None:
    assert discover_grammar([], []) == Grammar()


def test_one_stray_prefix_among_many_stories_is_none() -> None:
    stories = [f"dm-01-{n}-a.md" for n in range(1, 30)]
    assert discover_grammar([*stories, "zebra-01-3.xml"], []).prefixes == ("DM",)


def test_common_numbering_is_a_prefix_only_when_the_stories_bear_it() -> None:
    debts = [f"TD-0{n}.md" for n in range(1, 5)]
    assert discover_grammar(debts, []).prefixes == ("TD",)
    assert discover_grammar([*debts[:2], *(f"dm-01-{n}.md" for n in range(1, 9))], []).prefixes == ("DM",)
    assert discover_grammar(["CVE-2024-1234.md", "2024-01-02-notes.md", "README.md"], []).prefixes == ()


def test_trackers_are_what_subjects_bear() -> None:
    subjects = [f"ZOOKEEPER-{n}: fix it" for n in range(4700, 4705)] + ["Use UTF-8", "Bump it"] * 20
    assert discover_grammar([], subjects) == Grammar(trackers=("ZOOKEEPER",), bare=False)
    assert discover_grammar([], subjects[:10]).trackers == ()
    assert discover_grammar([], [f"Fix CVE-2024-{n}, RFC-{n}" for n in range(40)]).trackers == ()


def test_an_epic_of_a_known_prefix_is_no_tracker() -> None:
    found = discover_grammar(["dm-01-1-a.md"], [f"docs: plan DM-{n:02}" for n in range(40)])
    assert (found.prefixes, found.trackers) == (("DM",), ())


def test_prefixes_come_from_subjects_where_no_file_shows_them() -> None:
    assert discover_grammar([], [f"AB-1.{n} add it" for n in range(1, 30)]).prefixes == ("AB",)


def test_the_fingerprint_changes_with_what_is_read_otherwise() -> None:
    plain = Grammar()
    assert plain.fingerprint == Grammar().fingerprint
    assert str(GRAMMAR_VERSION) in plain.fingerprint
    others = [Grammar(prefixes=("A",)), Grammar(trackers=("A",)), Grammar(not_stories=("A",)), Grammar(issues=True)]
    assert len({g.fingerprint for g in [plain, Grammar(bare=False), *others]}) == 6
