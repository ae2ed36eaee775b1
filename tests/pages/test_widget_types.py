"""The guide to names that code of two languages shares, of a tiny shop."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tests.pages.pages import get_pack, render_page

FILES = {
    "package.json": '{"name": "top", "scripts": {"test": "vitest run"}}',
    "shared/panel-kinds.json": """
        {"description": "made from panels.ts", "kinds": ["StockList", "PriceChart", "OrderNote", "SupplierMap"]}
    """,
    "shared/panel-kinds.schema.json": """
        {"type": "object", "properties": {"kinds": {"minItems": 1, "items": {"pattern": "^[A-Z]"}}}}
    """,
    "shared/panels.ts": """
        export const PANEL_KINDS = {
          STOCK: 'StockList',
          PRICE: 'PriceChart',
          ORDER: 'OrderNote',
          SUPPLIER: 'SupplierMap',
        } as const;
        export type PanelKind = (typeof PANEL_KINDS)[keyof typeof PANEL_KINDS];
        export const PANEL_LIST = Object.values(PANEL_KINDS);
        export const UNRELATED = 3;
    """,
    "shared/index.ts": "export * from './panels';\n",
    "web/registry.tsx": """
        import type { PanelKind } from '../shared';
        export const PANELS: Record<PanelKind, unknown> = {
          StockList: StockPanel,
          PriceChart: PricePanel,
          OrderNote: NotePanel,
        };
    """,
    "agent/Dockerfile": "FROM python:3.12\nCOPY main.py .\nCOPY tools/ ./tools/\n",
    "agent/panels.py": """
        import json
        import logging
        from pathlib import Path

        logger = logging.getLogger(__name__)

        def read_kinds():
            path = Path(__file__).parent.parent / "shared" / "panel-kinds.json"
            try:
                return json.loads(path.read_text())["kinds"]
            except OSError as error:
                logger.warning(f"No panel kinds: {error}")
            return ["StockList", "PriceChart", "OrderNote", "SupplierMap"]

        PANEL_KINDS = read_kinds()

        def show(kind: str):
            if kind not in PANEL_KINDS:
                return {"error": "unknown"}
    """,
    "scripts/check-panels.ts": """
        import * as fs from 'fs';
        import { PANEL_LIST } from '../shared/panels';
        const errors: string[] = [];
        const held = JSON.parse(fs.readFileSync('shared/panel-kinds.json', 'utf-8')).kinds;
        for (const kind of PANEL_LIST) {
          if (!held.includes(kind)) { errors.push(`No entry for ${kind}`); }
        }
        process.exit(errors.length ? 1 : 0);
    """,
}


@lru_cache
def _render() -> str:
    return render_page("widget_types", FILES)


def _find(text: str, *words: str) -> str:
    return next((line for line in text.splitlines() if all(word in line for word in words)), "")


def _section(page: str, heading: str) -> str:
    start = page.index(f"## {heading}")
    end = page.find("\n## ", start + 1)
    return page[start : end if end > 0 else len(page)]


def test_the_source_with_its_names_and_every_copy() -> None:
    source = _section(_render(), "The source")
    assert "holds 4 names under `kinds`: `StockList`, `PriceChart`, `OrderNote`, `SupplierMap`" in source
    assert "Python and TypeScript code has them." in source
    assert "“made from panels.ts”. No code of this repository that writes it was found" in source
    assert "`items.pattern` `^[A-Z]`, `minItems` `1`; no code that names it was found" in source
    assert "| values of a table | TypeScript | 4 |" in _find(source, "| `PANEL_KINDS` |")
    assert "| keys of a table | TypeScript | 3, without `SupplierMap` |" in _find(source, "| `PANELS` |")
    assert "list that a function returns | Python | 4" in _find(source, "| `read_kinds` |")
    assert "**They differ:** `PANELS`" in source


def test_exports_with_their_users_over_a_file_that_hands_all_on() -> None:
    exports = _section(_render(), "Exports")
    assert "web/registry.tsx" in _find(exports, "| `PanelKind` |")
    assert "scripts/check-panels.ts" in _find(exports, "| `PANEL_LIST` |")
    assert "agent/panels.py" in _find(exports, "| `PANEL_KINDS` |")
    assert "UNRELATED" not in exports


def test_the_loader_and_what_it_falls_back_to() -> None:
    loading = _section(_render(), "Loading")
    reader = _find(loading, "- `read_kinds` (Python")
    assert "a list of its own, with 4 names" in reader
    assert "warning `No panel kinds: {error}`" in reader
    assert 'json.loads(path.read_text())["kinds"]' in loading


def test_a_check_that_nothing_runs() -> None:
    checks = _section(_render(), "Validation")
    assert "compares `shared/panel-kinds.json`, `shared/panels.ts` and ends with an exit code" in checks
    assert "**Nothing runs it:**" in checks
    assert "- `No entry for {kind}`" in checks


def test_a_check_that_a_script_runs() -> None:
    manifest = '{"name": "top", "scripts": {"check": "tsx scripts/check-panels.ts"}}'
    checks = _section(render_page("widget_types", FILES | {"package.json": manifest}), "Validation")
    assert "It is run by [`package.json`]" in checks
    assert "Nothing runs it" not in checks


def test_an_image_without_the_file() -> None:
    limits = _section(_render(), "The approach and its limits")
    assert "copies `main.py`, `tools/`: neither the file nor a folder with it" in limits
    whole = render_page("widget_types", FILES | {"agent/Dockerfile": "FROM python:3.12\nCOPY . .\n"})
    assert "neither the file" not in whole


def test_mismatches_and_what_to_do() -> None:
    table = _section(_render(), "Troubleshooting mismatches")
    assert "`kind not in PANEL_KINDS`" in _find(table, "a name is refused")
    assert "`No panel kinds: {error}`" in table
    assert "`PANELS` has no entry" in table


def test_topics_have_headings_and_the_template_names_no_project() -> None:
    for topic, heading in get_pack("widget_types").topics:
        assert f"# {heading}" in _render(), topic
    text = (Path(__file__).parents[2] / "src/kbgen/templates/page_widget_types.md.j2").read_text()
    assert "apps/" not in text
    assert "packages/" not in text


def test_names_of_one_language_alone_make_no_page() -> None:
    files = {path: text for path, text in FILES.items() if not path.startswith("agent/")}
    assert render_page("widget_types", files) == ""


def test_a_list_that_no_code_reads_makes_no_page() -> None:
    files = {path: text for path, text in FILES.items() if path not in ("agent/panels.py", "scripts/check-panels.ts")}
    assert render_page("widget_types", files) == ""
    assert render_page("widget_types", {"app/main.py": "print('hello')"}) == ""
