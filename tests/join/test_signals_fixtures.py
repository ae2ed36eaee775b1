"""Fixtures of browser tests by the shipped rules."""

from __future__ import annotations

from tests.join.signals import derive, show


def test_matchers_are_no_fixtures() -> None:
    text = (
        "import { test as base, expect as baseExpect } from '@playwright/test'\n"
        "export const test = base.extend({ parcel: async ({}, use) => { await use(1) } })\n"
        "export const expect = baseExpect.extend({ toBeSealed(box) { return { pass: true } } })\n"
    )
    assert [show(fact, "test") for fact in derive({"web/e2e/parts.ts": text}, "fixture")] == [("parcel", "test")]
