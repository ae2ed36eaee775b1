"""Fields of validation schemas, as written."""

from __future__ import annotations

from kbgen.extractors.validation import SchemaField, read_schemas

TEXT = """
import { z } from 'zod'

const Crate = z.object({
  code: z.string().min(2).regex(/^[a-z]+$/, { message: 'lower case' }),
  level: z.enum(LEVELS),
  labels: stringMap('Labels', { maxEntries: 20, prefixes: ['BOX_'] }).optional().default({}),
  weight: z.number().int().max(90).default(3),
}).refine((c) => c.weight > 0, { message: 'A crate weighs something' })

const total = z.number().min(1)
"""


def test_each_field_has_its_type_rules_and_default() -> None:
    (schema,) = read_schemas(TEXT, "web/crates.ts")
    assert (schema.name, schema.line, schema.messages) == ("Crate", 4, ("A crate weighs something",))
    assert schema.fields == (
        SchemaField("code", "string", ("min(2)", "regex(/^[a-z]+$/)"), True, ""),
        SchemaField("level", "enum(LEVELS)", (), True, ""),
        SchemaField("labels", "stringMap", ("maxEntries: 20", "prefixes: ['BOX_']"), False, "{}"),
        SchemaField("weight", "number", ("int()", "max(90)"), False, "3"),
    )


def test_only_files_that_import_such_a_library_are_read() -> None:
    assert read_schemas(TEXT.replace("zod", "./zed"), "web/crates.ts") == ()
    assert read_schemas(TEXT, "crates.py") == ()


def test_broken_text_gives_what_there_is() -> None:
    assert read_schemas("import { z } from 'zod'\nconst A = z.object({ a: z.string(", "a.ts") == ()
