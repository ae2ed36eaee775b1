"""Options of configuration that is code, as written."""

from __future__ import annotations

import pytest

from kbgen.extractors.options import read_options

BODY = "{ testDir: './e2e', retries: process.env.CI ? 2 : 0, use: { baseURL: 'http://x' }, projects: [{ name: 'a' }] }"
FOUND = [
    ("testDir", "./e2e"),
    ("retries", "process.env.CI ? 2 : 0"),
    ("use.baseURL", "http://x"),
    ("projects[0].name", "a"),
]


@pytest.mark.parametrize(
    "text",
    [
        f"export default defineConfig({BODY})",
        f"export default {BODY}",
        f"module.exports = {BODY}",
        f"const config: Config = {BODY};\nexport default config",
        f"const config = {BODY} satisfies Config;\nexport default defineConfig(config)",
    ],
)
def test_options_of_the_exported_object(text: str) -> None:
    assert [(o.key, o.text) for o in read_options(text, "runner.config.ts")] == FOUND


def test_nothing_exported_has_no_options() -> None:
    assert read_options("const a = { b: 1 }", "a.ts") == ()
    assert read_options("export default a", "a.ts") == ()
    assert read_options("a: 1", "a.yml") == ()
