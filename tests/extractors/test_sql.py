"""SQL scripts: what they create, change and drop."""

from __future__ import annotations

import time

import pytest

from tests.extractors.reading import pick, read, whys


def test_names_in_every_quoting() -> None:
    facts = read(
        "a.sql",
        """\
        create table `a`.`b` (`id` int, PRIMARY KEY (`id`));
        CREATE TABLE [dbo].[C] ([Id] int NOT NULL);
        create temporary table if not exists d as select 1;
        CREATE MATERIALIZED VIEW v AS SELECT 1;
        CREATE POLICY p ON "public"."t" USING (true);
        CREATE INDEX CONCURRENTLY ON t (x);
        recreate table no;
        """,
    )
    assert [(f.name, f.value, f.attr("kind"), f.line) for f in pick(facts, "schema")] == [
        ("a.b", "id", "table", 1),
        ("dbo.C", "Id", "table", 2),
        ("d", "", "table", 3),
        ("v", "", "view", 4),
        ("p", "", "policy", 5),
    ]
    assert facts.facts[-1].attr("on") == "public.t"


def test_texts_comments_and_bodies_hold_no_definitions() -> None:
    facts = read(
        "a.sql",
        "-- create table a (x int);\nselect 'it''s create table b';\n"
        "/* create table c */\nDO $x$ create table d $x$;\n",
    )
    assert facts.facts == ()


def test_open_texts_do_not_hide_the_rest() -> None:
    assert [f.name for f in read("a.sql", "select 'open;\ncreate table a (x int);\n").facts] == ["a"]


@pytest.mark.parametrize(
    "text", ["/*" * 100_000, "".join(f"$a{n}$ " for n in range(30_000)), "'" * 100_001, "create " * 50_000]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    assert read("a.sql", text).facts == ()
    assert time.process_time() - started < 2


def test_a_dump_is_cut_with_a_note() -> None:
    facts = read("a.sql", "CREATE TABLE a (x int);\n" * 500)
    assert len(facts.facts) == 400
    assert whys(facts) == ["only the first 400 definitions are read"]
