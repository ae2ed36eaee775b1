"""What is said of the project's own documents on the subject of a page."""

from __future__ import annotations

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.model import Claim, Judgement, Verdict
from kbgen.pages.related import Checked, RelatedPage, RelatedRow, count, make_row


def make_judgement(value: str, verdict: Verdict) -> Judgement:
    claim = Claim(id="c", file="docs/a.md", line=1, text=value, kind="path", value=value)
    return Judgement(claim, verdict)


def test_only_what_is_decided_counts_and_each_name_is_told_once() -> None:
    found = count(
        make_judgement(value, verdict)
        for value, verdict in (
            ("a.py", "holds"),
            ("b.py", "refuted"),
            ("b.py", "refuted"),
            ("c.py", "moved"),
            ("d.py", "unverifiable"),
            ("e.py", "doubtful"),
        )
    )
    assert found == Checked(1, 3, ("b.py", "c.py"))


def test_long_lists_are_cut_and_counted() -> None:
    row = make_row("Gates", "gates.md", "", Checked(2, 7, tuple(f"{n}.py" for n in range(7))))
    assert (row.checked, row.holds, row.refuted, row.more) == (9, 2, ("0.py", "1.py", "2.py", "3.py", "4.py"), 2)


def test_the_words() -> None:
    rows = (
        RelatedRow("Gates | old", "gates.md", "", 3, 2, ("yard/gone.py",), 1),
        RelatedRow("Doors", "doors.md", "Keys", 0, 0, (), 0),
        RelatedRow("Walls", "walls.md", "", 4, 4, (), 0),
    )
    text = JinjaTemplates().render("part_related.md.j2", RelatedPage(rows))
    gates, doors, walls = (line for line in text.splitlines() if line.startswith("- "))
    assert gates.endswith("3 names and numbers in it can be checked, 2 hold; not borne out: `yard/gone.py` and 1 more.")
    assert doors == "- [Doors](doors.md), section “Keys”."
    assert walls.endswith("can be checked, and all hold.")
