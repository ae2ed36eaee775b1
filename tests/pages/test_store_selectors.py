"""The guide to store selectors."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.pages.pages import get_pack, render_page

PAGE = "store_selectors"
STORE = """
    import { create } from 'zustand';
    import { subscribeWithSelector, persist } from 'zustand/middleware';
    import { LIMITS } from './limits';
    const MAX_NOTE_AGE_MS = 60 * 1000;
    function trim(notes) {
      return notes.filter((note) => note.age < MAX_NOTE_AGE_MS);
    }
    export const useBoard = create()(
      subscribeWithSelector((set, get) => ({
        notes: [],
        openNotes: [],
        title: '',
        addNote: (note) =>
          set((state) => {
            const notes = [note, ...trim(state.notes)].slice(0, LIMITS.MAX_NOTES);
            const openNotes = notes.filter((n) => n.open);
            return { notes, openNotes };
          }),
        setNotes: (notes) => set({ notes: notes, title: 'all' }),
        sortNotes: () => {
          const sorted = get().notes.map((n) => n);
          set({ notes: sorted, openNotes: [] });
        },
        load: (saved) => set({ ...saved, title: 'loaded' }),
        rename: (title) => set((state) => ({ ...state, title })),
      }))
    );
"""
PREFERENCES = """
    import { create } from 'zustand';
    import { persist } from 'zustand/middleware';
    export const usePreferences = create()(
      persist(
        (set) => ({ dark: false, wide: false, setDark: (dark) => set({ dark }) }),
        { name: 'app-preferences', partialize: (state) => ({ dark: state.dark }) }
      )
    );
"""
HOOKS = """
    import { useShallow } from 'zustand/react/shallow';
    import { useBoard } from './board-store';
    export function useOpenNotes() {
      return useBoard(useShallow((state) => state.openNotes));
    }
    export function useTitle() {
      return useBoard((state) => state.title);
    }
    export function useActions() {
      return useBoard((state) => ({ addNote: state.addNote, load: state.load }));
    }
    const selectOld = (state) => state.notes.filter((n) => n.age > 1);
    export function useOldNotes() {
      return useBoard(selectOld);
    }
    export function useNotesOrNone() {
      return useBoard((state) => state.notes ?? []);
    }
    export function useNote(id) {
      return useBoard((state) => state.notes.find((n) => n.id === id) ?? null);
    }
    export function useSteps() {
      return useBoard((state) => {
        let sum = 0;
        for (const note of state.notes) sum += note.age;
        return sum > 1 ? pick(state) : other;
      });
    }
"""
PAGE_FILE = """
    import { useBoard } from '../board-store';
    import { usePreferences } from '../preferences';
    import { useOpenNotes, useTitle } from '../hooks';
    export default function Page() {
      const { title, addNote } = useBoard();
      const dark = usePreferences((s) => s.dark);
      const notes = useOpenNotes();
      useEffect(() => useBoard.subscribe((s) => s.title, console.log), []);
      return <p onClick={addNote}>{title}{useTitle()}</p>;
    }
"""
FILES: Mapping[str, str] = {
    "web/package.json": '{"name": "web", "dependencies": {"zustand": "^5.0.1"}}',
    "web/src/board-store.ts": STORE,
    "web/src/preferences.ts": PREFERENCES,
    "web/src/limits.ts": "export const LIMITS = { MAX_NOTES: 40 } as const;\n",
    "web/src/hooks.ts": HOOKS,
    "web/src/app/page.tsx": PAGE_FILE,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(PAGE, FILES)


def section(page: str, title: str) -> str:
    return page.partition(f" {title}\n")[2].partition("\n#")[0]


def test_selectors_are_counted_by_what_they_give(page: str) -> None:
    assert "Zustand `^5.0.1`" in page
    assert "| one field as it is stored | 2 | – |" in page
    assert "| a value worked out in the selector, no new object | 1 |" in page
    assert "| more than one step, not read here | 1 |" in page
    assert "| the whole store, no selector | 1 | – |" in page
    assert "| a new object or array at every call | 2 |" in page


def test_stores_with_middleware_and_what_is_kept(page: str) -> None:
    text = section(page, "Stores")
    assert "| `useBoard` | `subscribeWithSelector` | 5 | 8 | [`web/src/board-store.ts`]" in text
    assert "| `usePreferences` | `persist`, kept as `app-preferences` | 1 | 1 |" in text
    assert (
        "`usePreferences` ([`web/src/preferences.ts`](../../web/src/preferences.ts) `usePreferences`) keeps `dark`"
        in text
    )
    assert "`Page` subscribes to `useBoard` outside of rendering, with a selector" in text


def test_derived_state_with_the_actions_that_forget_it(page: str) -> None:
    text = section(page, "Pre-computed derived state")
    assert "`openNotes` of `useBoard`" in text
    assert "is worked out with `notes.filter`" in text
    assert "- Written by `addNote`, `sortNotes`" in text
    assert "- **Not written by** `setNotes`, which write its source" in text
    assert "`useOpenNotes`, through `useShallow`" in text
    assert "const openNotes = notes.filter((n) => n.open);" in text


def test_bounds_and_the_actions_without_them(page: str) -> None:
    text = section(page, "Bounds of collections")
    assert "| `LIMITS.MAX_NOTES` | `40` | `addNote` |" in text
    assert "| `MAX_NOTE_AGE_MS` | `60000` (`60 * 1000`) | `addNote` through `trim` |" in text
    assert "- `setNotes` of `useBoard` writes the collection as given, **without** `LIMITS.MAX_NOTES`" in text
    assert "- `load` of `useBoard` put in state from elsewhere and **name no bound**" in text
    assert "`rename`" not in text  # spreads only its own state
    assert "`sortNotes`" not in text  # writes what it made itself


def test_new_values_and_whole_stores(page: str) -> None:
    new = section(page, "New value at every call, without useShallow")
    assert "| `useBoard` | `{…}` | `addNote`, `load` | [`web/src/hooks.ts`]" in new
    assert "| `useBoard` | `.filter()` in `selectOld` | `notes` |" in new
    assert "With Zustand 5" in new
    assert "`useNotesOrNone` gives a new `[]` while `notes` is missing" in new
    assert "`useNote`" not in new
    whole = section(page, "Whole stores")
    assert "`Page` | `useBoard` | `title`, `addNote` |" in whole


def test_before_and_after_are_real(page: str) -> None:
    text = section(page, "Before and after")
    assert "const { title, addNote } = useBoard();" in text
    assert "return useBoard((state) => state.title);" in text
    assert "return useBoard((state) => ({ addNote: state.addNote, load: state.load }));" in text
    assert "return useBoard(useShallow((state) => state.openNotes));" in text


def test_an_equality_function_counts_as_comparison_and_version_4_does_not_loop() -> None:
    hooks = HOOKS.replace("load: state.load }))", "load: state.load }), shallow)")
    files = {
        **FILES,
        "web/src/hooks.ts": hooks,
        "web/package.json": FILES["web/package.json"].replace("5.0.1", "4.5.0"),
    }
    new = section(render_page(PAGE, files), "New value at every call, without useShallow")
    assert "`{…}`" not in new
    assert "render without end" not in new


def test_a_plain_store_says_what_was_looked_for() -> None:
    store = """
        import { create } from 'zustand';
        export const useOne = create((set) => ({ on: false, flip: () => set({}) }));
    """
    page = render_page(PAGE, {"web/src/one.ts": store})
    assert "No store works out a field from others" in page
    assert "No action of a store names a constant for a largest size" in page
    assert "Every use of a store has a selector." in page


def test_without_zustand_there_is_no_page() -> None:
    context = "import { createContext } from 'react';\nexport const Theme = createContext(null);\n"
    assert render_page(PAGE, {"web/src/theme.ts": context}) == ""


def test_every_topic_has_its_heading(page: str) -> None:
    headings = [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]
    for _, heading in get_pack(PAGE).topics:
        assert any(heading in line for line in headings), heading
