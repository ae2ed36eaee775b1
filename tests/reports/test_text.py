"""What a person reads at a terminal: short answer first, nothing that acts on the terminal, columns that align."""

from __future__ import annotations

from dataclasses import replace

from kbgen.model import BackfillReport, BuildReport, PathReport, SkippedFile, StoryRow
from kbgen.reports.layout import Line
from kbgen.reports.text import show_backfill, show_demo, show_path_report, show_record, show_stories
from tests.reports.test_json import BARE, COMMIT, PATH, RECORD, ROWS, STORY


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


def test_a_story() -> None:
    lines = show_record(RECORD)
    assert texts(lines) == [
        "DM-01.6 Rules",
        "done, 8 points, docs/dm-01-6.md",
        "",
        "Commits",
        "efefefefefef  implements: feat: rules",
        "    the subject names it",
        "",
        "Files",
        "Change   Lines  Plan     Now    File",
        "renamed  +3 -1  planned  moved  src/b.py -> src/a.py -> src/c.py",
        "",
        "Tests",
        "Cases added  Cases now  Test file",
        "3            gone       tests/a.py",
        "",
        "Decisions",
        "- “because” (commit ef)",
        "",
        "Deviations",
        "- mock: a stand-in",
        "",
        "Deferred",
        "- “later” (commit ef)",
        "",
        "Acceptance criteria",
        "Evidence  AC   Text",
        "yes       AC1  It works",
        "",
        "Not read whole",
        "- big.bin: too big",
    ]
    assert [line.text for line in lines if line.is_title][:3] == ["DM-01.6 Rules", "Commits", "Files"]


def test_a_story_with_nothing() -> None:
    assert texts(show_record(BARE)) == ["DM-01.7", "No work of its own found."]


def test_an_inferred_link_shows_its_score() -> None:
    link = replace(RECORD.links[0], role="follow-up", explicit=False, score=0.954, reasons=("one", "two"))
    lines = texts(show_record(replace(RECORD, links=(link,))))
    assert "efefefefefef  follow-up, inferred (0.95): feat: rules" in lines
    assert lines[lines.index("    one") + 1] == "    two"
    assert "No work of its own found." in lines


def test_a_path() -> None:
    assert texts(show_path_report(PATH)) == [
        "a.py",
        "Owners: @me",
        "",
        "Stories",
        "Story    Role        Commits       Title",
        "DM-01.6  implements  efefefefefef  Rules",
        "",
        "Decisions",
        "- DM-01.6: “because” (commit ef)",
        "",
        "Commits with no story",
        "- efefefefefef feat: rules",
    ]
    nothing = PathReport("gone.py", False, (), (), (), ())
    assert texts(show_path_report(nothing)) == [
        "gone.py",
        "Not there at this revision.",
        "Owners: none recorded",
        "No story found.",
    ]


def test_stories() -> None:
    idle = StoryRow(STORY, 0, 0, "hand")
    assert texts(show_stories((*ROWS, idle), (COMMIT,))) == [
        "Story    Status  Commits  Follow-ups  Notes  Title",
        "DM-01.6  done    1        2           kbgen  Rules",
        "DM-01.7          0        0           none",
        "DM-01.6  done    0        0           hand   Rules",
        "",
        "3 stories: 1 with commits, 2 with notes.",
        "Done, with no commit found (1): DM-01.6",
        "",
        "Commits with no story (1)",
        "- efefefefefef feat: rules",
    ]
    assert texts(show_stories(ROWS[:1], None))[-1] == "1 story: 1 with commits, 1 with notes."
    assert texts(show_stories((), ())) == ["0 stories: 0 with commits, 0 with notes."]


def test_backfill_and_demo() -> None:
    report = BackfillReport(("a.md",), ("b.md", "c.md"), (), (), ())
    assert texts(show_backfill(report)) == ["written: a.md", "1 written, 2 unchanged, 0 left out"]
    assert texts(show_backfill(report, check=True)) == ["stale: a.md", "1 stale, 2 unchanged, 0 left out"]
    assert texts(show_backfill(report, dry_run=True))[0] == "would be written: a.md"
    built = BuildReport(("mesh.md", "mesh.excalidraw"), (), (), (), (), ())
    assert texts(show_demo("yard", "ab" * 20, report, built))[:4] == [
        "Made a sample project in yard (HEAD abababababab) and wrote the notes of 1 story:",
        "  a.md",
        "It built the knowledge base, 1 file:",
        "  mesh.md",
    ]


def test_nothing_acts_on_the_terminal_or_breaks_a_line() -> None:
    evil = "a\x1b[2Jb\r\nc\x07\u202ed\x9be\u2028f\tg"
    record = replace(
        RECORD,
        story=replace(STORY, id=evil, title=evil, status=evil, path=evil),
        links=(replace(RECORD.links[0], commit=replace(COMMIT, message=evil), reasons=(evil,)),),
        files=(replace(RECORD.files[0], path=evil, old_path=evil, now_path=evil),),
        skipped=(SkippedFile(evil, evil),),
    )
    path = replace(PATH, path=evil, owners=(evil,), unlinked=(replace(COMMIT, message=evil),))
    report = BackfillReport((evil,), (), (), (), ())
    demo = show_demo(evil, "", report, BuildReport((evil,), (), (), (), (), ()))
    for lines in (show_record(record), show_path_report(path), show_backfill(report), demo):
        for line in lines:
            assert not set("\x1b\r\n\x07\u202e\x9b\u2028\t") & set(line.text)


def test_markup_and_emoji_codes_are_plain_text() -> None:
    commit = replace(COMMIT, message=":bug: [bold]x[/bold] [/] \\[y]")
    record = replace(RECORD, links=(replace(RECORD.links[0], commit=commit),))
    assert "efefefefefef  implements: :bug: [bold]x[/bold] [/] \\[y]" in texts(show_record(record))


def test_columns_align_where_characters_are_wide_or_combine() -> None:
    rows = tuple(
        StoryRow(replace(STORY, id=name, title="|"), 1, 0, "none") for name in ("日本", "e\u0301e", "abcd")
    )  # fmt: skip
    lines = texts(show_stories(rows, None))[1:4]
    assert lines[0].startswith("日本   done")
    assert lines[1].startswith("e\u0301e     done")
    assert lines[2].startswith("abcd   done")
