"""What a call is handed in an object, and what runs when a member of it is called."""

from __future__ import annotations

import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.callbacks import find_member, read_given, read_locals, read_members, read_taken


def _lines(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


HOOK = _lines(
    """
    export function Panel() {
      const [open, setOpen] = useState(false);
      const show = useCallback(() => { setOpen(true); }, []);
      useTool({
        name: 'show',
        render: ({ args, respond }) => {
          show();
          const later = () => { forget(); };
          return <Card onClick={() => respond(args)} />;
        },
      });
      return <p>{open}</p>;
    }
    """
)


def test_a_member_says_what_it_calls_itself_names_and_shows() -> None:
    members = {member.name: member for member in read_members(HOOK, "a.tsx", 4)}
    assert list(members) == ["name", "render"]
    render = members["render"]
    assert (render.first, render.last, render.runs) == (6, 10, True)
    assert render.calls == ("show",)  # what runs later, or on a click, is not called by it
    assert "respond" in render.names
    assert render.elements == ("Card",)
    assert not members["name"].runs


def test_locals_are_what_functions_call_and_what_sets_state() -> None:
    local = read_locals(HOOK, "a.tsx")
    assert local.setters == frozenset({"setOpen"})
    assert local.functions["show"] == ("setOpen",)
    assert local.functions["Panel"] == ("useState", "useCallback", "useTool")


def test_members_of_an_object_that_wrapped_functions_return() -> None:
    store = _lines(
        """
        export const useThings = create<Things>()(
          persist(watch((set, get) => ({
            items: [],
            add: (item: Item, at = 0) =>
              set((state) => ({ items: [...state.items, item] })),
            clear() { set({ items: [] }); },
          })), { name: 'things' })
        );
        """
    )
    members = read_members(store, "store.ts", 1)
    assert [(m.name, m.runs, m.parameters) for m in members] == [
        ("items", False, ()),
        ("add", True, ("item", "at")),
        ("clear", True, ()),
    ]
    assert find_member(members, 5) == "add"
    assert find_member(members, 2) == ""


def test_an_object_that_a_function_returns_after_other_steps() -> None:
    text = "create((set) => {\n  const a = 1;\n  return { a, b: () => set({}) };\n});\n"
    assert [member.name for member in read_members(text, "s.ts", 1)] == ["b"]


def test_names_taken_out_of_a_call() -> None:
    text = "const { a, b: c, d = 1 } = useStore();\nconst e = useStore();\n"
    assert read_taken(text, "x.ts", 1) == ("a", "b", "d")
    assert read_taken(text, "x.ts", 2) == ()


def test_names_that_a_function_among_the_arguments_is_given() -> None:
    text = "use((s) => s.a);\nuse(wrap(({ a, b: c }) => a), 1);\nuse(pick);\n"
    assert read_given(text, "x.ts", 1) == ("s",)
    assert read_given(text, "x.ts", 2) == ("a", "c")
    assert read_given(text, "x.ts", 3) == ()


def test_other_languages_have_none() -> None:
    assert read_members("f({'a': 1})", "a.py", 1) == ()
    assert read_taken("a = f()", "a.py", 1) == ()
    assert read_locals("def f(): g()", "a.py").functions == {}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.text(alphabet="useA({}) =>,;:[]`'\n<x/>", max_size=60), st.integers(1, 4))
def test_any_text_is_read(text: str, line: int) -> None:
    members = read_members(text, "a.tsx", line)
    assert all(1 <= member.first <= member.last for member in members)
    read_taken(text, "a.tsx", line)
    read_given(text, "a.tsx", line)
    read_locals(text, "a.tsx")
