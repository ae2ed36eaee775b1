"""Who uses what across files, told from tiny sources."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pytest

from kbgen.extractors import extract_file
from kbgen.join import Layout, find_unreached, find_unwired, find_uses, read_layout
from kbgen.model import FileFacts, SourceFile
from kbgen.paths import is_test


def read(files: Mapping[str, str]) -> dict[str, FileFacts]:
    return {
        path: extract_file(SourceFile(path, "b10b", textwrap.dedent(text)))
        for path, text in files.items()
        if not path.endswith(".json")
    }


def users(files: Mapping[str, str], path: str, name: str, layout: Layout | None = None) -> list[str]:
    """The files that use a symbol."""
    found = find_uses({path: [name]}, read(files), is_test, list(files), layout or Layout())
    return [evidence.path for evidence in found[path, name]]


CARD = {"web/src/ui/card.tsx": "export function Card() { return <a/> }\nexport default Card;\n"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("web/src/ui/list.tsx", "import { Card } from './card'; export const L = () => <Card/>;"),
        ("web/src/ui/list.tsx", "import { Card as C } from './card'; export const L = () => <C/>;"),
        ("web/src/ui/list.tsx", "import Any from './card'; export const L = () => <Any/>;"),
        ("web/src/ui/list.tsx", "import * as ui from './card'; export const L = () => <ui.Card/>;"),
        ("web/src/ui/list.ts", "import { Card } from './card.js'; export const L = [Card];"),
        ("web/src/a/list.tsx", "import { Card } from '@/ui/card'; export const L = () => <Card/>;"),
        ("web/src/a/list.tsx", "import type { Card } from '../ui/card'; export type L = typeof Card;"),
        ("web/src/a/list.tsx", "const C = lazy(() => import('../ui/card')); export const L = () => <C/>;"),
        ("web/src/a/list.tsx", "const C = dynamic(() => import('@/ui/card').then((m) => m.Card));"),
        ("web/src/a/list.js", "const { Card } = require('../ui/card'); module.exports = [Card];"),
        ("web/src/a/list.ts", "const loaders = { card: './../ui/card' };"),
    ],
)
def test_ways_to_use_an_export(path: str, text: str) -> None:
    assert users({**CARD, path: text}, "web/src/ui/card.tsx", "Card") == [path]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("web/src/ui/index.ts", "export { Card } from './card'; export * from './card';"),
        ("web/src/ui/list.tsx", "import { Card } from './card'; export const L = 1;"),
        ("web/src/ui/list.tsx", "import { Card } from './card'; export { Card };"),
        ("web/src/ui/list.tsx", "// uses <Card/>\nexport const L = 'a Card in prose';"),
        ("web/src/ui/list.tsx", "import { Card } from 'other-ui'; export const L = () => <Card/>;"),
        ("web/src/ui/list.tsx", "function Card() { return <a/> } export const L = () => <Card/>;"),
        ("web/src/ui/__tests__/card.test.tsx", "import { Card } from '../card'; it('x', () => <Card/>);"),
        ("web/src/ui/card.stories.tsx", "import { Card } from './card'; export const L = () => <Card/>;"),
    ],
)
def test_what_is_no_use(path: str, text: str) -> None:
    assert users({**CARD, path: text}, "web/src/ui/card.tsx", "Card") == []


def test_barrels_are_followed_and_same_names_told_apart() -> None:
    files = {
        "web/a/card.tsx": "export const Card = () => <a/>;",
        "web/b/card.tsx": "export const Card = () => <b/>;",
        "web/a/index.ts": "export * from './card';",
        "web/index.ts": "export { Card as Tile } from './a';",
        "web/use.tsx": "import { Tile } from '.'; export const U = () => <Tile/>;",
    }
    assert users(files, "web/a/card.tsx", "Card") == ["web/use.tsx"]
    assert users(files, "web/b/card.tsx", "Card") == []


def test_workspace_packages_and_tsconfig_paths_lead_to_their_files() -> None:
    files = {
        "packages/ui/package.json": '{"name": "@shop/ui", "main": "./dist/index.js"}',
        "web/tsconfig.json": '{ // comment\n "compilerOptions": {"paths": {"#lib/*": ["./library/*"]},}}',
        "packages/ui/src/index.ts": "export * from './card';",
        "packages/ui/src/card.tsx": "export const Card = () => <a/>;",
        "web/library/sum.ts": "export const sum = () => 1;",
        "web/page.tsx": """
            import { Card } from '@shop/ui';
            import { sum } from '#lib/sum';
            const x = () => <Card n={sum()}/>;
            """,
    }
    layout = read_layout({path: text for path, text in files.items() if path.endswith(".json")}, list(files))
    assert users(files, "packages/ui/src/card.tsx", "Card", layout) == ["web/page.tsx"]
    assert users(files, "web/library/sum.ts", "sum", layout) == ["web/page.tsx"]


def test_an_import_that_cannot_be_followed_counts_as_a_use() -> None:
    files = {
        "packages/ui/card.tsx": "export const Card = () => <a/>;",
        "web/page.tsx": "import { Card } from '@shop/ui'; export const P = () => <Card/>;",
    }
    assert users(files, "packages/ui/card.tsx", "Card") == ["web/page.tsx"]


def test_a_barrel_without_facts_leaves_the_import_in_doubt() -> None:
    files = {
        "web/a/card.tsx": "export const Card = () => <a/>;",
        "web/use.tsx": "import { Card } from './a'; export const U = () => <Card/>;",
    }
    found = find_uses({"web/a/card.tsx": ["Card"]}, read(files), is_test, [*files, "web/a/index.ts"])
    assert [evidence.path for evidence in found["web/a/card.tsx", "Card"]] == ["web/use.tsx"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("shop/pay.py", "from shop.cart import total\nX = total()\n"),
        ("shop/pay.py", "from .cart import total as t\nX = t()\n"),
        ("shop/pay.py", "from . import cart\nX = cart.total()\n"),
        ("shop/pay.py", "import shop.cart\nX = shop.cart.total()\n"),
        ("shop/pay.py", "from shop.cart import *\nX = total()\n"),
        ("shop/deep/pay.py", "from ..cart import total\ndef f():\n    return total()\n"),
        ("shop/pay.py", "def f():\n    from shop import total\n    return total()\n"),
        ("shop/pay.py", "HANDLERS = ['shop.cart.total']\n"),
        ("shop/pay.py", "m = importlib.import_module('shop.cart')\nm.total()\n"),
        ("shop/pay.py", "from cart import total\ntotal()\n"),
    ],
)
def test_ways_to_use_a_python_function(path: str, text: str) -> None:
    files = {
        "shop/__init__.py": "from .cart import total\n",
        "shop/cart.py": "def total():\n    return 1\n",
        path: text,
    }
    assert users(files, "shop/cart.py", "total") == [path]


def test_python_imports_alone_and_tests_are_no_use() -> None:
    files = {
        "shop/__init__.py": "from .cart import total\n__all__ = ['total']\n",
        "shop/cart.py": "def total():\n    return 1\n",
        "shop/other.py": "from shop.cart import total\n",
        "shop/third.py": "def total():\n    return 2\nX = total()\n",
        "tests/test_cart.py": "from shop.cart import total\ndef test_total():\n    assert total()\n",
    }
    assert users(files, "shop/cart.py", "total") == []


def test_methods_are_used_by_any_member_access_outside_their_file() -> None:
    cart = """
        class Cart:
            def add(self): return self.check()
            def check(self): return 1
            def idle(self): return 2
        """
    files = {"shop/cart.py": cart, "shop/pay.py": "def pay(cart):\n    cart.add()\n"}
    asked = {"shop/cart.py": ["Cart.add", "Cart.check", "Cart.idle"]}
    found = find_uses(asked, read(files), is_test)
    assert {name for (_, name), uses in found.items() if uses} == {"Cart.add"}
    assert ("shop/cart.py", "Cart.idle") in find_unwired(asked, read(files), is_test)


def test_wired_reaches_through_the_own_file() -> None:
    files = {
        "web/hooks.ts": """
            export interface Options { a: string }
            const helper = () => 1;
            export function useUsed(o: Options) { return helper() }
            export function useDead() { return onlyDead() }
            function onlyDead() { return 1 }
            """,
        "web/page.tsx": "import { useUsed } from './hooks'; export const P = () => <a b={useUsed({})}/>;",
    }
    names = ["Options", "helper", "useUsed", "useDead", "onlyDead", "unknown"]
    unwired = find_unwired({"web/hooks.ts": names}, read(files), is_test)
    assert {name for _, name in unwired} == {"useDead", "onlyDead"}


def test_members_of_an_enumeration_live_with_it() -> None:
    files = {
        "shop/state.py": """
            class State(Enum):
                NEW = 1
                OLD = 2
            class Dead(Enum):
                GONE = 1
            """,
        "shop/use.py": "from .state import State\nprint(list(State))\n",
    }
    asked = {"shop/state.py": ["State", "State.OLD", "Dead", "Dead.GONE"]}
    assert {name for _, name in find_unwired(asked, read(files), is_test)} == {"Dead", "Dead.GONE"}


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        (
            "web/app/cart/page.tsx",
            "export default function Cart() { return <a/> }\nexport const metadata = {};",
            "metadata",
        ),
        ("web/app/api/cart/route.ts", "export async function GET() {}", "GET"),
        ("web/next.config.ts", "const c = {}; export default c;", "c"),
        ("api/cart.controller.ts", "@Controller('x') export class C { @Get() list() { return 1 } }", "C"),
        ("api/cart.controller.ts", "@Controller('x') export class C { @Get() list() { return 1 } }", "C.list"),
        ("api/a.service.ts", "export class S { @OnEvent('x') // why\n on() { return 1 } }", "S.on"),
        ("shop/api.py", "@router.get('/x')\ndef show():\n    return 1\n", "show"),
        ("shop/tasks.py", "@app.task\ndef clean():\n    return 1\n", "clean"),
        ("shop/tools.py", "@tool\ndef search():\n    return 1\n", "search"),
        ("api/mail.ts", "export class P extends WorkerHost { async process(job) { return 1 } }", "P.process"),
        ("shop/main.py", "def main():\n    return 1\n", "main"),
        ("shop/migrations/001.py", "def upgrade():\n    return 1\n", "upgrade"),
    ],
)
def test_frameworks_find_these_by_convention(path: str, text: str, name: str) -> None:
    facts = read({path: text})
    evidence = find_uses({path: [name]}, facts, is_test)[path, name]
    assert evidence
    assert evidence[0].quote
    assert not find_unwired({path: [name]}, facts, is_test)


def test_a_method_named_like_a_hook_needs_a_base_class_that_may_call_it() -> None:
    files = {"api/mail.ts": "export class P { async process(job) { return 1 } }"}
    assert users(files, "api/mail.ts", "P.process") == []


def test_unreached_is_what_no_entry_point_leads_to() -> None:
    files = {
        "web/package.json": '{"name": "web", "scripts": {"start": "next start"}}',
        "web/app/page.tsx": "import { List } from '../ui'; export default function P() { return <List/> }",
        "web/ui/index.ts": "export * from './list'; export * from './panel';",
        "web/ui/list.tsx": "import { Card } from './card'; export const List = () => <Card/>;",
        "web/ui/card.tsx": "export const Card = () => <a/>;",
        "web/ui/panel.tsx": "import { Part } from './part'; export const Panel = () => <Part/>;",
        "web/ui/part.tsx": "export const Part = () => <a/>;",
        "lib/alone.py": "def alone():\n    return 1\n",
    }
    layout = read_layout({"web/package.json": files["web/package.json"]}, list(files))
    unreached = find_unreached(read(files), is_test, list(files), layout)
    # `lib` has no entry point that kbgen knows, so nothing is said of it.
    assert unreached == {("web/ui/panel.tsx", "Panel"), ("web/ui/part.tsx", "Part")}
    rooted = find_unreached(read(files), is_test, list(files), layout, ["web/ui/panel.tsx"])
    assert rooted == frozenset()


def test_manifests_tell_what_is_run() -> None:
    paths = [
        "api/src/main.ts",
        "agents/main.py",
        "agents/tools/clean.py",
        "scripts/seed.js",
        "pkg/src/pkg/cli.py",
        "a/b.py",
    ]
    texts = {
        "api/package.json": '{"name": "api", "scripts": {"start": "node dist/main.js"}}',
        "package.json": '{"scripts": {"seed": "node ./scripts/seed.js"}}',
        "agents/Dockerfile": 'CMD ["uvicorn", "main:app", "--port", "80"]',
        "Makefile": "clean:\n\tpython -m tools.clean\n",
        "pkg/pyproject.toml": '[project.scripts]\npkg = "pkg.cli:main"\n',
        "broken/package.json": "{nope",
    }
    assert read_layout(texts, paths).entries == (
        "agents/main.py",
        "agents/tools/clean.py",
        "api/src/main.ts",
        "pkg/src/pkg/cli.py",
        "scripts/seed.js",
    )


def test_order_of_the_input_changes_nothing() -> None:
    files = {**CARD, "web/src/b.tsx": "import { Card } from './ui/card'; const b = <Card/>;"}
    files["web/src/a.tsx"] = files["web/src/b.tsx"]
    there = find_uses({"web/src/ui/card.tsx": ["Card"]}, read(files), is_test)
    back = find_uses({"web/src/ui/card.tsx": ["Card"]}, dict(reversed(read(files).items())), is_test)
    assert there == back
    assert [evidence.path for evidence in there["web/src/ui/card.tsx", "Card"]] == ["web/src/a.tsx", "web/src/b.tsx"]


def test_a_function_that_an_object_registers_is_used() -> None:
    files = {
        "mesh/listener.py": """\
            import socketio

            sio = socketio.AsyncClient()


            @sio.on("decided")
            async def on_decided(message):
                return message


            @staticmethod
            def on_nothing(message):
                return message
            """
    }
    unwired = find_unwired({"mesh/listener.py": ["on_decided", "on_nothing"]}, read(files), is_test)
    assert unwired == {("mesh/listener.py", "on_nothing")}


def test_a_method_of_one_language_is_no_use_in_another() -> None:
    files = {
        "mesh/forecast.py": "class Forecast:\n    def record(self):\n        return 1\n",
        "web/schema.ts": "import { z } from 'zod';\nexport const names = z.record(z.string());\n",
        "mesh/other.py": "def ask(it):\n    return it.run()\n",
    }
    assert users(files, "mesh/forecast.py", "Forecast.record") == []
    files["mesh/other.py"] = "def ask(it):\n    return it.record()\n"
    assert users(files, "mesh/forecast.py", "Forecast.record") == ["mesh/other.py"]
