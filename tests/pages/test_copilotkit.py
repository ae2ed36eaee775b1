"""The guide to CopilotKit's patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack, render_page

PAGE = "copilotkit_patterns"
MANIFEST = '{"name": "web", "dependencies": {"@copilotkit/react-core": "^1.50.0"}}'
PROVIDER = """
    import { CopilotKit } from '@copilotkit/react-core';
    import { Approvals } from './approvals';
    export function Assistant({ children }) {
      const url = process.env.NEXT_PUBLIC_AGENT_URL ? `${process.env.NEXT_PUBLIC_AGENT_URL}/agui` : '/api/copilot';
      return <CopilotKit runtimeUrl={url}><Approvals />{children}</CopilotKit>;
    }
"""
LAYOUT = """
    import { Assistant } from '../copilot/provider';
    import { Slots } from '../copilot/slots';
    import { usePageContext } from '../copilot/context';
    import { useBoard } from '../copilot/board';
    export default function Layout({ children }) {
      usePageContext({ id: 1 });
      useBoard();
      return <Assistant><Slots />{children}</Assistant>;
    }
"""
SLOTS = """
    import { useCopilotAction } from '@copilotkit/react-core';
    import { find, CARDS } from './card-list';
    export interface SlotsProps { mode?: 'full' | 'plain'; size?: number }
    export function Slots({ mode }: SlotsProps) {
      const reset = () => { clear(); };
      useCopilotAction({
        name: 'show_card',
        description: 'Shows a card',
        parameters: [
          { name: 'kind', type: 'string', required: true },
          { name: 'body', type: 'object', required: false },
        ],
        available: 'disabled',
        render: ({ args }) => {
          if (!args.kind) {
            return <ErrorCard message="No kind given" onRetry={reset} />;
          }
          find(args.kind);
          return <InfoCard body={args.body} />;
        },
      });
      return null;
    }
"""
CARDS = """
    import { InfoCard, TaskCard } from './cards';
    export const CARDS = {
      Info: InfoCard,
      Task: TaskCard,
    };
    const LATE = {};
    export function registerCard(name, card) { LATE[name] = card; }
    export const find = (name) => LATE[name];
"""
CONTEXT = """
    import { useMemo } from 'react';
    import { useCopilotReadable } from '@copilotkit/react-core';
    const SECRET_FIELDS = ['password', 'token'];
    export function filterSecrets(data) {
      return Object.fromEntries(Object.entries(data).filter(([key]) => !SECRET_FIELDS.includes(key)));
    }
    export interface PageInfo { id: number; names: string[] }
    export function usePageContext(page: PageInfo) {
      const value = useMemo(() => {
        return { id: page.id, names: page.names.slice(0, 5) };
      }, [page]);
      useCopilotReadable({ description: 'The page', value });
    }
    export function useWholePage(page: PageInfo) {
      useCopilotReadable({ description: 'All of the page', value: page });
    }
    export function useSafePage(page: PageInfo) {
      const safe = filterSecrets(page);
      useCopilotReadable({ description: 'Safe', value: safe });
    }
"""
APPROVALS = """
    import { useHumanInTheLoop } from '@copilotkit/react-core';
    import { PayCard } from './pay-card';
    export interface Limits { timeoutSeconds: number }
    function useApproval({ name, show }) {
      useHumanInTheLoop({
        name: `ask_${name}`,
        parameters: [{ name: 'amount', type: 'number', required: true }],
        render: ({ args, respond }) => show({ args, respond }),
      });
    }
    function usePay() {
      useApproval({
        name: 'pay_bill',
        show: ({ args, respond }) => (
          <PayCard
            amount={args.amount}
            onYes={() => respond?.({ approved: true })}
            onNo={(reason) => respond?.({ approved: false, reason })}
          />
        ),
      });
    }
    export function Approvals() {
      usePay();
      return null;
    }
"""
CARD = """
    export interface PayCardProps { amount: number; onYes: () => void; onNo: () => void; onCancel?: () => void }
    export function PayCard({ amount, onYes, onNo, onCancel }: PayCardProps) {
      return <button onClick={onYes}>{amount}</button>;
    }
"""
BOARD = """
    import { useState } from 'react';
    import { useCoAgentStateRender } from '@copilotkit/react-core';
    export const BOARD_DEBOUNCE_MS = 250;
    export function useBoard() {
      const [board, setBoard] = useState(null);
      useCoAgentStateRender({
        name: 'planner',
        render: ({ state }) => {
          setBoard(state);
          return null;
        },
      });
      return board;
    }
"""
LAYOUTS = """
    import { useCopilotAction } from '@copilotkit/react-core';
    export interface OneLayout { type: 'one' }
    export interface TwoLayout { type: 'two'; ratio: number }
    export function useLayout() {
      useCopilotAction({
        name: 'compose',
        parameters: [],
        renderAndWaitForResponse: ({ args }) => <LayoutFrame layout={args} />,
      });
    }
"""
TOOLS = """
    from enum import Enum
    from functools import wraps
    from agno.agent import Agent

    def show_card(kind: str, title: str) -> dict:
        return {}

    def compose(count: int) -> dict:
        return {}

    def choose_layout(kind: str, count: int) -> str:
        if kind == "compare" and count == 2:
            return "two"
        return "one"

    def make_two_layout(left, right):
        return {}

    class Level(Enum):
        FREE = "free"
        ASK = "ask"

    def choose_level(amount: float) -> Level:
        if amount < 5:
            return Level.FREE
        else:
            return Level.ASK

    def ask(limit: int = 60):
        def wrap(function):
            @wraps(function)
            def inner(*args):
                return function(*args)
            return inner
        return wrap

    @ask(limit=120)
    def pay_bill(amount: float) -> dict:
        return {}

    def make_agent() -> Agent:
        return Agent(name="planner", tools=[show_card])
"""
FILES: Mapping[str, str] = {
    "web/package.json": MANIFEST,
    "web/src/copilot/provider.tsx": PROVIDER,
    "web/src/app/layout.tsx": LAYOUT,
    "web/src/app/api/copilot/route.ts": "export async function POST(request) { return Response.json({}); }\n",
    "web/src/copilot/slots.tsx": SLOTS,
    "web/src/copilot/card-list.ts": CARDS,
    "web/src/copilot/context.ts": CONTEXT,
    "web/src/copilot/approvals.tsx": APPROVALS,
    "web/src/copilot/pay-card.tsx": CARD,
    "web/src/copilot/board.ts": BOARD,
    "web/src/copilot/layout-hook.tsx": LAYOUTS,
    "server/tools.py": TOOLS,
    "server/main.py": """
        from server.tools import make_agent
        from fastapi import FastAPI
        app = FastAPI()
        make_agent()
    """,
    ".env.example": "NEXT_PUBLIC_AGENT_URL=http://localhost:9000\n# NEXT_PUBLIC_AGENT_URL=http://agents:9000\n",
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(PAGE, FILES)


def section(page: str, title: str) -> str:
    """The text below the first heading that ends so, up to the next heading of any level."""
    return page.partition(f"# {title}\n")[2].partition("\n#")[0]


def test_the_set_up_shows_where_the_runtime_address_leads(page: str) -> None:
    text = section(page, "Set-up")
    assert "`${NEXT_PUBLIC_AGENT_URL}/agui` or `/api/copilot`" in text
    assert "`http://localhost:9000` in [`.env.example`]" in text
    assert "`POST /api/copilot`: [`web/src/app/api/copilot/route.ts`]" in text
    assert "**No code makes a CopilotKit runtime**" in text
    assert "`^1.50.0`" in text


def test_a_runtime_that_is_made_is_shown() -> None:
    route = "import { CopilotRuntime } from '@copilotkit/runtime';\nexport const runtime = new CopilotRuntime({});\n"
    page = render_page(PAGE, {**FILES, "web/src/app/api/copilot/route.ts": route})
    assert "No code makes a CopilotKit runtime" not in page
    assert "The CopilotKit runtime is made in [`web/src/app/api/copilot/route.ts`]" in page


def test_actions_with_parameters_users_and_the_function_of_the_server(page: str) -> None:
    uses = section(page, "Uses")
    assert "| `show_card` | `kind`, `body` (optional) | `render`, `available:` `disabled` |" in uses
    assert "`Slots` | [`web/src/app/layout.tsx`](../../web/src/app/layout.tsx) `Layout` |" in uses
    assert "| `compose` |  | `renderAndWaitForResponse` |" in uses
    assert "The server has a function `show_card`: [`server/tools.py`]" in uses
    assert "`Slots` takes `mode`: `full`, `plain` ([`web/src/copilot/slots.tsx`]" in uses
    assert "useCopilotAction({\n" in uses


def test_errors_and_the_way_out_of_them(page: str) -> None:
    text = section(page, "Error handling")
    assert "`ErrorCard`" in text
    assert "shows `No kind given`; `onRetry` calls `clear`" in text
    assert "`show_card` calls [`web/src/copilot/card-list.ts`](../../web/src/copilot/card-list.ts) `find`" in text


def test_how_each_action_answers(page: str) -> None:
    text = section(page, "Response formatting")
    assert "`show_card` has no `handler`: it shows the call and answers nothing" in text
    assert "`compose` waits for an answer, and nothing in it gives one" in text


def test_context_with_fields_bounds_and_the_filter_that_nothing_uses(page: str) -> None:
    assert "| The page | `id`, `names` |" in page
    assert "| All of the page | `id`, `names`: all of `PageInfo` |" in page
    performance = section(page, "Performance considerations")
    assert "`names` is cut to its first 5" in performance
    assert "`usePageContext` make their value in `useMemo`, `useWholePage`, `useSafePage` do not" in performance
    filtering = section(page, "Filtering sensitive data")
    assert "`filterSecrets`: **nothing that runs calls it**" in filtering
    assert "`SECRET_FIELDS`" in filtering
    assert "`password, token`" in filtering


def test_no_filter_is_said_only_where_there_is_none() -> None:
    without = CONTEXT.replace("filterSecrets(page)", "page")
    page = render_page(PAGE, {**FILES, "web/src/copilot/context.ts": without})
    assert "No function that filters, redacts or masks" in page


def test_approvals_with_card_function_answers_and_limits(page: str) -> None:
    cards = section(page, "Approval card components")
    assert "| `ask_pay_bill` | `PayCard` | [`web/src/copilot/approvals.tsx`]" in cards
    assert "`usePay` | [`server/tools.py`](../../server/tools.py) `pay_bill` |" in cards
    assert "without the hook's addition" in cards
    assert "`choose_level` decides on the server: `Level.FREE` if `amount < 5`, `Level.ASK` otherwise" in cards
    limits = section(page, "Timeout handling")
    assert "`timeoutSeconds`" in limits
    assert "is read by no code of the approvals that runs" in limits
    assert "`limit=120`" in limits
    rejects = section(page, "Cancel and reject flows")
    assert "| `{approved: false, reason: reason}` | 1 |" in rejects
    assert "`PayCard` takes `onCancel`" in rejects
    assert "`onNo`" not in rejects


def test_an_approval_that_is_named_where_the_hook_is_called() -> None:
    direct = """
        import { useHumanInTheLoop } from '@copilotkit/react-core';
        import { PayCard } from './pay-card';
        export function Approvals() {
          useHumanInTheLoop({
            name: 'pay_bill',
            render: ({ respond }) => <PayCard onYes={() => respond({ ok: true })} />,
          });
          return null;
        }
    """
    page = render_page(PAGE, {**FILES, "web/src/copilot/approvals.tsx": direct})
    assert "| `pay_bill` | `PayCard` |" in section(page, "Approval card components")
    assert "without the hook's addition" not in page
    assert "No field, constant or timer of the approvals is named for a time limit." in page


def test_layouts_choices_and_lists_of_components(page: str) -> None:
    layouts = section(page, "Layout types and when to use each")
    assert "- `two`: `ratio` ([`web/src/copilot/layout-hook.tsx`]" in layouts
    assert "| `kind == 'compare' and count == 2` | `two` |" in layouts
    assert "| otherwise | `one` |" in layouts
    composition = section(page, "Dynamic widget composition")
    assert "`CARDS`" in composition
    assert "gives 2 components by name" in composition
    assert "`LATE`" in composition
    assert "`registerCard`, which nothing that runs calls, adds to it: at run time it **stays empty**" in composition
    assert "`make_two_layout`" in section(page, "Agent-driven UI patterns")


def test_state_with_agent_constant_and_store(page: str) -> None:
    text = section(page, "Pattern 5: State synchronization")
    assert "`useCoAgentStateRender` for the agent `planner` in [`web/src/copilot/board.ts`]" in text
    assert "The server makes the agent `planner` in [`server/tools.py`]" in text
    assert "`BOARD_DEBOUNCE_MS` = `250`" in text


def test_anti_patterns_that_the_code_has(page: str) -> None:
    text = section(page, "Found in this code")
    assert "`compose` waits for an answer (`renderAndWaitForResponse`) and **never calls `respond`**" in text
    assert "`planner` **changes state while it renders**, in `setBoard`" in text
    assert "The tool `show_card` is declared with `body`, the function of that name takes `title`" in text
    assert "In use **without a filter**: `usePageContext`" in text
    assert "**deprecated** `useCopilotAction`: `compose` in" in text
    assert "`ask_{name}` **changes state" not in text


def test_what_a_table_marks_as_not_reached_is_not_listed_again(page: str) -> None:
    assert re.search(r"`useSafePage` \| \*\*not reached\*\* \|", page)
    assert "**Not reached**" not in section(page, "Found in this code")
    button = "export function ChatButton() { return <button />; }\n"
    found = section(render_page(PAGE, {**FILES, "web/src/copilot/button.tsx": button}), "Found in this code")
    assert "besides what the tables mark so: `ChatButton` in [`web/src/copilot/button.tsx`]" in found
    assert "`useSafePage`" not in found


def test_nothing_found_is_said_with_what_was_looked_for() -> None:
    provider = (
        "import { CopilotKit } from '@copilotkit/react-core';\nexport const App = () => <CopilotKit runtimeUrl='/x' />;"
    )
    page = render_page(PAGE, {"web/src/app.tsx": provider})
    assert "Looked for and not found: waiting tools without an answer" in page
    assert "No code calls `useCopilotReadable`." in page
    assert "No code calls `useHumanInTheLoop`." in page
    assert "No code calls `useCoAgent`" in page


def test_without_copilotkit_there_is_no_page() -> None:
    assert render_page(PAGE, {"web/src/app.tsx": "export const App = () => <CopilotKit />;", "a.py": "x = 1\n"}) == ""


def test_criteria_are_met_by_a_page_with_all_patterns_and_unmet_without_examples(page: str) -> None:
    states = {c.label: judge("S", c, _state(page)).state for c in get_pack(PAGE).criteria}
    assert states == {"AC1": "met", "AC2": "met", "AC3": "met", "AC4": "met", "AC5": "needs a person"}
    bare = render_page(PAGE, {k: FILES[k] for k in ("web/src/copilot/board.ts", "web/src/app/layout.tsx")})
    states = {c.label: judge("S", c, _state(bare)).state for c in get_pack(PAGE).criteria}
    assert (states["AC1"], states["AC3"], states["AC4"]) == ("unmet", "unmet", "met")


def _state(text: str) -> PageState:
    return PageState(text, "", {}, ())


def test_every_topic_has_its_heading(page: str) -> None:
    headings = [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]
    for _, heading in get_pack(PAGE).topics:
        assert any(heading in line for line in headings), heading
