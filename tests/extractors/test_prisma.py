"""Prisma schemas."""

from __future__ import annotations

from tests.extractors.reading import one, pairs, read, whys


def test_models_enums_and_where_the_data_is() -> None:
    facts = read(
        "schema.prisma",
        """\
        datasource main { // the database
          provider = "mysql"
          url = "mysql://shop:hunter2@db/shop"
        }
        model Cart { // }
          id    Int @id
          lines Line[]
          owner User?
          @@map(name: "carts")
        }
        enum Kind { A }
        enum Size {
          S
          L @map("large")
        }
        """,
    )
    assert one(facts, "datasource", "main").value == "mysql://shop:…@db/shop"
    cart = one(facts, "schema", "Cart")
    assert (cart.value, cart.attr("table"), cart.attr("relations")) == ("id, lines, owner", "carts", "Line User")
    assert pairs(facts, "schema")["Size"] == "S, L"


def test_columns_with_type_default_and_name() -> None:
    facts = read(
        "schema.prisma",
        """\
        model Cart {
          id      String @id @default(uuid())
          limit   Int? @default(30) @map("max_items")
          note    String @default("none") @db.Text
          state   State @default(OPEN)
          tags    String[] @default([])
          open    Boolean @default(true)
          owner   User @relation(fields: [ownerId], references: [id])
          lines   Line[]
        }
        model User {
          id Int
        }
        model Line {
          id Int
        }
        enum State { OPEN }
        """,
    )
    columns = {f.name: (f.value, f.attr("type"), f.attr("column")) for f in facts.facts if f.symbol == "Cart"}
    assert columns == {
        "id": ("", "String", ""),
        "limit": ("30", "Int?", "max_items"),
        "note": ('"none"', "String", ""),
        "state": ('"OPEN"', "State", ""),
        "tags": ("", "String[]", ""),
        "open": ("true", "Boolean", ""),
    }


def test_an_open_block_is_said() -> None:
    facts = read("schema.prisma", "model A {\n  id Int\n")
    assert pairs(facts, "schema") == {"A": "id"}
    assert whys(facts) == ["the block in line 1 has no end"]
