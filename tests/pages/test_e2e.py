"""The guide to browser tests."""

from __future__ import annotations

import pytest

from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack, render_page

CONFIG = """
    import { defineConfig } from '@playwright/test';

    export default defineConfig({
      testDir: './tests/e2e',
      timeout: 40 * 1000,
      retries: process.env.CI ? 3 : 0,
      use: { baseURL: process.env.YARD_URL || 'http://localhost:4999' },
      projects: [{ name: 'chromium' }, { name: 'looks', testDir: './tests/visual' }],
    });
"""

PAGES = """
    import { Page, Locator } from '@playwright/test';

    export abstract class BasePage {
      protected readonly page: Page;
      readonly header: Locator;

      constructor(page: Page, path: string) {
        this.page = page;
        this.header = page.locator('header');
      }

      async goto(): Promise<void> {
        await this.page.goto('/');
      }

      async waitForReady(): Promise<void> {
        await this.header.waitFor();
      }
    }
"""

DOCK = """
    import { Page } from '@playwright/test';
    import { BasePage } from './base.page';

    export class DockPage extends BasePage {
      constructor(page: Page) {
        super(page, '/docks');
      }

      async goto(): Promise<void> {
        await super.goto();
        await this.waitForReady();
      }

      async openGate(): Promise<void> {
        await this.page.click('button');
      }
    }
"""

FIXTURES = """
    import { test as base, mergeTests } from '@playwright/test';
    import { DockPage } from '../pages/dock.page';
    import { CraneFactory } from './cranes';

    type Login = {
      loginAs: (name: string) => Promise<void>;
    };

    const loginFixture = base.extend<{ login: Login }>({
      login: async ({ page }, use) => {
        const loginAs = async (name: string) => {
          await page.fill('input', name);
        };
        await use({ loginAs });
      },
    });

    const craneFixture = base.extend<{ cranes: CraneFactory }>({
      cranes: async ({}, use) => {
        const factory = new CraneFactory();
        await use(factory);
        await factory.removeAll();
      },
    });

    interface DockFixtures {
      dockPage: DockPage;
      gotoDock: () => Promise<DockPage>;
    }

    const dockFixture = base.extend<DockFixtures>({
      dockPage: async ({ page }, use) => {
        await use(new DockPage(page));
      },
      gotoDock: async ({ page }, use) => {
        const navigate = async () => {
          const dock = new DockPage(page);
          return dock;
        };
        await use(navigate);
      },
    });

    export const test = mergeTests(loginFixture, craneFixture, dockFixture);
"""

MOCKS = """
    import { test as base, Page } from '@playwright/test';

    export interface MockConfig {
      url: string;
      status?: number;
    }

    export interface ApiMock {
      mockApi: (config: MockConfig) => Promise<void>;
    }

    export const apiMockFixture = base.extend<{ apiMock: ApiMock }>({
      apiMock: async ({ page }, use) => {
        // Streams are only a placeholder here, nothing is sent for now
        const mockApi = async (config: MockConfig) => {
          await page.route(config.url, (route) => route.fulfill({ status: config.status }));
        };
        await use({ mockApi });
      },
    });

    export async function mockDocks(page: Page, docks: unknown[], delay = 0): Promise<void> {
      await page.route('**/api/docks**', (route) => route.fulfill({ status: 200 }));
    }
"""

SPEC = """
    import { expect } from '@playwright/test';
    import { test } from '../support/fixtures';
    import { mockDocks } from '../support/fixtures/mocks';

    test.describe('docks', () => {
      test('shows a closed gate', async ({ page, dockPage, login }) => {
        await login.loginAs('keeper');
        await mockDocks(page, [
          { id: 'dock-one', state: 'closed', cranes: ['north', 'south'], keeper: 'nobody', depth: 'eleven metres' },
        ]);
        await dockPage.goto();
        await page.waitForTimeout(500);
      });

      test('opens', async ({ dockPage }) => {
        await dockPage.openGate();
        expect(1).toBe(1);
      });

      test.skip('later', async () => {});
    });
"""

VISUAL = """
    import { test } from '@playwright/test';
    import percySnapshot from '@percy/playwright';

    test('quay', async ({ page }) => {
      if (!process.env.PERCY_TOKEN) return;
      await percySnapshot(page, 'Quay at night');
    });
"""

WORKFLOW = """
    name: Browser
    on: {pull_request: {branches: [main]}}
    jobs:
      browser:
        name: Browser tests
        timeout-minutes: 15
        strategy: {matrix: {shard: [1, 2]}}
        steps:
          - name: Install browsers
            run: pnpm --filter harbour exec playwright install chromium
          - name: Run
            run: |
              echo start
              pnpm --filter harbour test:e2e --shard=${{ matrix.shard }}/2
            env: {CI: "true"}
      lint:
        steps:
          - run: pnpm lint
"""

FILES = {
    "package.json": '{"name": "root", "scripts": {"test:e2e": "pnpm --filter harbour test:e2e"}}',
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
    "web/package.json": '{"name": "harbour", "scripts": {"test:e2e": "playwright test", "lint": "eslint", '
    '"test:visual": "percy exec -- playwright test --project=looks"}, '
    '"devDependencies": {"@playwright/test": "^1.50.0", "@percy/playwright": "^1.0.0"}}',
    "web/playwright.config.ts": CONFIG,
    "web/.percy.yml": "version: 2\nsnapshot:\n  widths: [1280, 375]\n",
    "web/tests/support/pages/base.page.ts": PAGES,
    "web/tests/support/pages/dock.page.ts": DOCK,
    "web/tests/support/fixtures/index.ts": FIXTURES,
    "web/tests/support/fixtures/cranes.ts": "export class CraneFactory {\n  removeAll() {}\n}\n",
    "web/tests/support/fixtures/mocks.ts": MOCKS,
    "web/tests/e2e/docks.spec.ts": SPEC,
    "web/tests/visual/quay.spec.ts": VISUAL,
    ".github/workflows/browser.yml": WORKFLOW,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page("e2e_testing", FILES)


def get_section(page: str, heading: str) -> str:
    _, _, rest = page.partition(f"\n{heading}\n")
    assert rest, heading
    depth = len(heading.split(" ")[0])
    lines = rest.splitlines()
    ends = [n for n, line in enumerate(lines) if line.startswith("#") and len(line.split(" ")[0]) <= depth]
    return "\n".join(lines[: ends[0]] if ends else lines)


def test_specs_are_counted_by_folder_and_project(page: str) -> None:
    assert page.startswith("2 specs with 4 test cases, run by `playwright`. ")
    assert "1 e2e spec in `web/tests/e2e` (project `chromium`), 1 visual spec in `web/tests/visual`" in page
    assert "[`web/tests/e2e/docks.spec.ts`](../../web/tests/e2e/docks.spec.ts): 3" in page


def test_the_structure_of_a_test_with_a_real_one(page: str) -> None:
    section = get_section(page, "## Structure of a test")
    assert "1 spec takes `test` from [`web/tests/support/fixtures/index.ts`]" in section
    assert "1 spec takes `test` from `@playwright/test` itself, without the fixtures below" in section
    assert "It starts no server (no `webServer`): what answers at its base address must run already." in section
    assert "test('opens', async ({ dockPage }) => {" in section
    assert "`waitForTimeout` 1 time in 1 spec" in section


def test_page_objects_with_address_and_base(page: str) -> None:
    section = get_section(page, "## Page objects")
    assert "| `BasePage` (abstract) | – | – | 1 locator, 2 methods; 0 specs |" in section
    assert "| `DockPage` | `/docks` | `BasePage` | 0 locators, 2 methods; 1 spec |" in section
    assert "Every one that extends `BasePage` gets its fields `page` and `goto`, `waitForReady`." in section
    assert "await super.goto();" in get_section(page, "### Writing a page object")


def test_every_fixture_with_what_it_gives(page: str) -> None:
    section = get_section(page, "## Fixtures")
    assert "| `login` | `loginAs` | `Login` | 1 |" in section
    assert "| `cranes` | `CraneFactory`, then `factory.removeAll()` | `CraneFactory` | 0 |" in section
    assert "| `dockPage` | `DockPage` | `DockFixtures` | 1 |" in section
    assert "| `gotoDock` | `() => DockPage` | `DockFixtures` | 0 |" in section
    assert "No spec names `cranes`, `gotoDock`, `apiMock`." in section
    assert "`test` is `mergeTests` of `loginFixture`, `craneFixture`, `dockFixture`" in section
    assert "`apiMockFixture` is not merged" in section


def test_a_spec_counts_for_a_fixture_only_where_its_test_has_it() -> None:
    other = """
        import { test as base } from '@playwright/test';
        import { DockPage } from '../pages/dock.page';

        export const quayFixture = base.extend<{ dockPage: DockPage }>({
          dockPage: async ({ page }, use) => {
            await use(new DockPage(page));
          },
        });
    """
    section = get_section(
        render_page("e2e_testing", {**FILES, "web/tests/support/fixtures/quay.ts": other}), "## Fixtures"
    )
    row = next(line for line in section.splitlines() if "`quayFixture` |" in line)
    assert row.startswith("| `dockPage` | `DockPage` | ")
    assert " | 0 | " in row
    assert "| `dockPage` | `DockPage` | `DockFixtures` | 1 |" in section
    assert "`dockPage`" not in section.partition("No spec names ")[2].partition("\n")[0]
    deeper = other.replace("'@playwright/test'", "'./index'").replace("quayFixture", "test")
    chained = {**FILES, "web/tests/support/fixtures/quay.ts": deeper}
    spec = next(path for path, text in FILES.items() if "from '../support/fixtures'" in text)
    chained[spec] = FILES[spec].replace("'../support/fixtures'", "'../support/fixtures/quay'")
    assert "| `login` | `loginAs` | `Login` | 1 |" in get_section(render_page("e2e_testing", chained), "## Fixtures")


def test_mocks_with_what_they_answer(page: str) -> None:
    section = get_section(page, "## API mocking")
    assert "`MockConfig`: `url`, `status`." in section
    assert "| `mockDocks()` | `**/api/docks**` | `page, docks, delay=0` | 1 |" in section
    assert "**Not done for real**: `apiMock`, by what comments in" in section
    assert "“Streams are only a placeholder here, nothing is sent for now”" in section
    assert "await mockDocks(page, [" in section


def test_visual_tests_with_settings_and_commands(page: str) -> None:
    section = get_section(page, "## Visual tests")
    assert "`percySnapshot` from `@percy/playwright`, 1 call, such as `Quay at night`." in section
    assert "These specs read `PERCY_TOKEN`." in section
    assert "`snapshot.widths: 1280, 375`" in section
    assert "`pnpm --filter harbour test:visual`" in section


def test_commands_variables_and_options(page: str) -> None:
    section = get_section(page, "### Locally")
    assert "| `pnpm test:e2e` | `pnpm --filter harbour test:e2e` | [`package.json`](../../package.json) |" in section
    assert "| `pnpm --filter harbour test:e2e` | `playwright test` |" in section
    assert "eslint" not in section
    assert "| `YARD_URL` | `http://localhost:4999`: nothing here is known to listen on 4999 |" in section
    assert "| `retries` | `process.env.CI ? 3 : 0` |" in section


def test_jobs_of_ci(page: str) -> None:
    section = get_section(page, "### In CI")
    assert "#### Job `browser`" in section
    assert "- `pnpm --filter harbour test:e2e --shard=${{ matrix.shard }}/2` (Run)" in section
    assert "On pull_request main; at most 15 minutes." in section
    assert "Matrix: `shard` 1, 2 (2 shards or variants)." in section
    assert "Variables: `CI=true`." in section
    assert "lint" not in section


def test_every_criterion_is_met_and_every_topic_has_a_heading(page: str) -> None:
    pack = get_pack("e2e_testing")
    state = PageState(page, "", {}, ())
    results = [judge(pack.story, each, state) for each in pack.criteria]
    assert [(r.label, r.state, r.why) for r in results if r.state != "met"] == []
    headings = [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]
    assert [heading for _, heading in pack.topics if heading not in headings] == []


def test_what_is_not_there_is_said_and_leaves_its_criterion_unmet() -> None:
    kept = ("package.json", "web/package.json", "web/playwright.config.ts", "web/tests/e2e/docks.spec.ts")
    files = {path: FILES[path] for path in kept} | {"web/tests/e2e/docks.spec.ts": VISUAL.replace("percy", "tidy")}
    page = render_page("e2e_testing", files)
    assert "No extended `test` was found" in page
    assert "No helper that answers requests" in page
    assert "No call that compares pictures" in page
    assert "No job of a GitHub workflow runs these commands." in page
    pack = get_pack("e2e_testing")
    states = {each.label: judge(pack.story, each, PageState(page, "", {}, ())).state for each in pack.criteria}
    assert states == {"AC1": "unmet", "AC2": "unmet", "AC3": "unmet", "AC4": "met", "AC5": "unmet"}


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("yarn.lock", "yarn workspace harbour test:e2e"),
        ("package-lock.json", "npm --prefix web run test:e2e"),
        ("bun.lockb", "bun run --cwd web test:e2e"),
    ],
)
def test_commands_are_typed_as_the_package_manager_wants(lock: str, command: str) -> None:
    files = {path: text for path, text in FILES.items() if path != "pnpm-lock.yaml"} | {lock: ""}
    assert f"| `{command}` | `playwright test` |" in render_page("e2e_testing", files)


def test_unit_tests_alone_give_no_page() -> None:
    files = {
        "web/src/sum.test.ts": "import { test } from 'vitest'\ntest('adds', () => {})\n",
        "svc/tests/test_a.py": "def test_a():\n    assert 1\n",
    }
    assert render_page("e2e_testing", files) == ""


def test_shuffled_files_give_the_same_page(page: str) -> None:
    assert render_page("e2e_testing", dict(reversed(FILES.items()))) == page
