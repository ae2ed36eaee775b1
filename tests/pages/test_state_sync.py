"""The pages on state that is kept in step, of a tiny front end with a server."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kbgen.pages.criteria import PageState, judge
from kbgen.pages.state.parts import find_parts
from tests.pages.pages import get_pack, make_sources, render_page

ROOT = {
    "package.json": '{"name": "top", "private": true, "workspaces": ["web", "api"]}',
    "web/package.json": """
        {"name": "web", "scripts": {"test": "vitest run"},
         "dependencies": {"next": "15", "zustand": "5", "socket.io-client": "4", "lz-string": "^1.5.0"}}
    """,
    "api/package.json": '{"name": "api", "dependencies": {"@nestjs/core": "10", "ioredis": "5"}}',
    ".env.example": "PORT=3000\n",
}
CLIENT = {
    "web/src/lib/limits.ts": """
        export const SYNC = {
          SEND_DEBOUNCE_MS: 150,
          MAX_CHANGE_SIZE: 2048,
          MAX_RETRIES: 3,
          TAB_KEY: 'cart:tab',
          CARRIED_PATHS: ['lines', 'couponCode'],
        } as const;
    """,
    "web/src/lib/cart-schema.ts": """
        export const STATE_VERSION = 2;
        export interface CartState { lines: string[]; couponCode: string | null; }
        export function createInitialCart(): CartState {
          return { lines: [], couponCode: null };
        }
    """,
    "web/src/lib/state-migrations.ts": """
        import { STATE_VERSION } from './cart-schema';
        export interface MigrationStep { version: number; migrate: (state: unknown) => unknown }
        const migrations: MigrationStep[] = [];
        export function migrateState(state: unknown, from: number) {
          if (from >= STATE_VERSION) { return state; }
          return migrations.reduce((s, m) => m.migrate(s), state);
        }
        export function registerMigration(step: MigrationStep) { migrations.push(step); }
    """,
    "web/src/lib/state-compression.ts": """
        import { compressToUTF16 } from 'lz-string';
        /** Packs a state when it is larger than the packing threshold (64KB). */
        export const PACKING_THRESHOLD = 8 * 1024;
        export function packState(text: string) {
          return text.length > PACKING_THRESHOLD ? compressToUTF16(text) : text;
        }
    """,
    "web/src/stores/cart-store.ts": """
        import { create } from 'zustand';
        import { subscribeWithSelector } from 'zustand/middleware';
        import { createInitialCart } from '../lib/cart-schema';
        import { migrateState } from '../lib/state-migrations';
        import { saveCart } from '../lib/cart-state-api';
        export const useCartStore = create()(subscribeWithSelector((set, get) => ({
          ...createInitialCart(),
          revision: 0,
          setCouponCode: (couponCode: string) => {
            set((state) => ({
              couponCode,
              revision: state.revision + 1,
              dataVersion: state.dataVersion + 1,
            }));
          },
          applyRemote: (path: string, value: unknown, version: number) => {
            if (version < get().dataVersion) {
              console.warn('[Cart] Ignoring stale change');
              return;
            }
            set(migrateState({ [path]: value }, 1));
          },
          push: async () => { await saveCart({ ...get() }, get().schemaVersion); },
        })));
    """,
    "web/src/lib/cart-state-api.ts": """
        export async function saveCart(state: unknown, version: number) {
          return fetch('/api/cart-state', { method: 'POST', body: JSON.stringify({ state, version }) });
        }
    """,
    "web/src/lib/sync-client.ts": """
        import { io } from 'socket.io-client';
        import { SYNC } from './limits';
        export function getTabId() {
          let id = sessionStorage.getItem(SYNC.TAB_KEY);
          if (!id) { id = crypto.randomUUID(); sessionStorage.setItem(SYNC.TAB_KEY, id); }
          return id;
        }
        export class SyncClient {
          private tabId = getTabId();
          private socket = io('http://localhost:4000');
          connect() {
            this.socket.on('connect', this.handleConnect);
            this.socket.on('cart.state.changed', this.handleChanged);
          }
          handleConnect = () => { this.askAll(); };
          handleChanged = (data) => {
            if (data.sourceTabId === this.tabId) { return; }
            this.listener(data);
          };
          sendChange(change, version: number) {
            this.pending.push(change);
            setTimeout(() => { this.flush(version); }, SYNC.SEND_DEBOUNCE_MS);
          }
          flush(version: number) {
            if (!this.socket.connected) {
              console.warn('[Sync] Socket is away, dropping changes');
              return;
            }
            const payload = { path: 'lines', version, sourceTabId: this.tabId };
            if (JSON.stringify(payload).length > SYNC.MAX_CHANGE_SIZE) { return; }
            this.socket.emit('cart.state.update', payload);
          }
          askAll() { this.socket.emit('cart.state.request', { lastKnownVersion: 0 }); }
        }
    """,
    "web/src/hooks/use-cart-sync.ts": """
        import { useEffect } from 'react';
        import { SYNC } from '../lib/limits';
        import { packState } from '../lib/state-compression';
        import { SyncClient } from '../lib/sync-client';
        import { useCartStore } from '../stores/cart-store';
        export function useCartSync() {
          useEffect(() => {
            const client = new SyncClient();
            client.connect();
            const stop = useCartStore.subscribe(
              (state) => ({ lines: state.lines, couponCode: state.couponCode }),
              (current, previous) => {
                if (current.couponCode !== previous.couponCode) {
                  client.sendChange('couponCode', current.dataVersion);
                }
              },
            );
            const channel = new BroadcastChannel('cart-tabs');
            channel.postMessage({ type: 'cart_changed', text: packState('x') });
            return stop;
          }, []);
        }
    """,
}
PAGE = {
    "web/src/app/page.tsx": """
        import { useCartSync } from '../hooks/use-cart-sync';
        export default function Page() { useCartSync(); return <main />; }
    """
}
IDLE = {"web/src/app/page.tsx": "export default function Page() { return <main />; }"}
SERVER = {
    "api/src/main.ts": """
        import { NestFactory } from '@nestjs/core';
        import { AppModule } from './app.module';
        async function bootstrap() { const app = await NestFactory.create(AppModule); await app.listen(4000); }
        bootstrap();
    """,
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common';
        import { CartGateway } from './cart.gateway';
        import { CartStateController } from './cart-state.controller';
        import { CartStateService } from './cart-state.service';
        @Module({ controllers: [CartStateController], providers: [CartGateway, CartStateService] })
        export class AppModule {}
    """,
    "api/src/cart.gateway.ts": """
        import { Logger } from '@nestjs/common';
        import { Server, Socket } from 'socket.io';
        import { WebSocketGateway, WebSocketServer, SubscribeMessage, MessageBody } from '@nestjs/websockets';
        import { CartStateService } from './cart-state.service';
        import { CartChangeSchema, getCartRoom } from './cart.types';
        @WebSocketGateway()
        export class CartGateway {
          private readonly logger = new Logger('cart');
          private readonly MAX_CHANGE_BYTES = 4096;
          private readonly MAX_VISITORS = 9;
          @WebSocketServer() server: Server;
          constructor(private readonly states: CartStateService) {}
          @SubscribeMessage('cart.state.update')
          async handleUpdate(client: Socket, @MessageBody() raw: unknown) {
            const userId = client.data.userId;
            if (JSON.stringify(raw).length > this.MAX_CHANGE_BYTES) {
              this.logger.warn('Cart change is too large');
              return;
            }
            const change = CartChangeSchema.parse(raw);
            const room = getCartRoom(userId);
            this.server.to(room).emit('cart.state.changed', change);
            await this.states.saveState(userId, { version: change.version, state: { [change.path]: change.value } });
          }
          @SubscribeMessage('cart.state.request')
          async handleRequest(client: Socket, @MessageBody() raw: unknown) {
            const stored = await this.states.loadState(client.data.userId);
            client.emit('cart.state.whole', stored);
          }
        }
    """,
    "api/src/cart.types.ts": """
        import { z } from 'zod';
        export const CARRIED = ['lines', 'couponCode'] as const;
        export const CartChangeSchema = z.object({
          path: z.string().max(100),
          version: z.number(),
        });
        export function getCartRoom(userId: string): string { return `cart:${userId}`; }
    """,
    "api/src/cart-state.service.ts": """
        import { Injectable } from '@nestjs/common';
        import { Redis } from 'ioredis';
        const DEFAULT_TTL_SECONDS = 24 * 60 * 60;
        const SAVE_SCRIPT = `
        local old = redis.call('GET', KEYS[1])
        if old and tonumber(old) > tonumber(ARGV[1]) then
          return 0
        end
        redis.call('SET', KEYS[1], ARGV[2])
        `;
        @Injectable()
        export class CartStateService {
          private readonly redis = new Redis();
          private readonly ttlSeconds: number;
          constructor() {
            const raw = process.env.CART_STATE_TTL;
            const ttl = raw ? parseInt(raw, 10) : DEFAULT_TTL_SECONDS;
            this.ttlSeconds = ttl;
          }
          private keyOf(userId: string) { return `shop:cart:${userId}`; }
          async saveState(userId: string, dto: { version: number; state: unknown }) {
            const key = this.keyOf(userId);
            await this.redis.set(key, JSON.stringify(dto), 'EX', DEFAULT_TTL_SECONDS);
          }
          async loadState(userId: string) { return this.redis.get(this.keyOf(userId)); }
          pickWinner(a: { version: number }, b: { version: number }) { return a.version > b.version ? a : b; }
        }
    """,
    "api/src/cart-state.controller.ts": """
        import { Controller, Get, UseGuards } from '@nestjs/common';
        import { CartStateService } from './cart-state.service';
        import { SessionGuard } from './session.guard';
        @Controller('cart-state')
        @UseGuards(SessionGuard)
        export class CartStateController {
          constructor(private readonly states: CartStateService) {}
          @Get()
          load() { return this.states.loadState('me'); }
        }
    """,
}
MIRROR = {
    "agent/cart_state.py": """
        from pydantic import BaseModel
        class CartState(BaseModel):
            lines: list[str] = []
            coupon_code: str | None = None
    """,
}
TESTS = {
    "web/src/stores/cart-store.test.ts": """
        import { useCartStore } from './cart-store';
        it('sets the couponCode', () => { useCartStore.getState().setCouponCode('A'); });
    """,
}
ALL = ROOT | CLIENT | PAGE | SERVER | MIRROR | TESTS


VARIANTS = {
    "all": ALL,
    "idle": ALL | IDLE,
    "plain": {path: text for path, text in ALL.items() if "migrations" not in path and "schema" not in path},
}


@lru_cache
def _render(name: str, variant: str = "all") -> str:
    return render_page(name, VARIANTS[variant])


def _flat(page: str) -> list[str]:
    return page.splitlines()


def _find(page: str, *words: str) -> str:
    """The first line that has all of the words."""
    return next((line for line in _flat(page) if all(word in line for word in words)), "")


def _section(page: str, heading: str) -> str:
    start = page.index(f"## {heading}")
    end = page.find("\n## ", start + 1)
    return page[start : end if end > 0 else len(page)]


def test_parts_are_found_from_events_and_channels() -> None:
    parts = find_parts(make_sources(ALL))
    assert parts is not None
    assert [f.name for f in parts.stores] == ["useCartStore"]
    assert {"web/src/hooks/use-cart-sync.ts", "web/src/lib/state-compression.ts"} <= parts.client
    assert "web/src/app/page.tsx" not in parts.client
    assert parts.services == {"api/src/cart-state.service.ts", "api/src/cart-state.controller.ts"}
    assert parts.mirrors == (("agent/cart_state.py", "CartState"),)
    exchanges = {e.name: (e.side, len(e.emits), len(e.handlers)) for e in parts.exchanges}
    assert exchanges["cart.state.update"] == ("client", 1, 1)
    assert exchanges["cart.state.changed"] == ("server", 1, 1)
    assert exchanges["cart.state.whole"] == ("server", 1, 0)


def test_the_overview_tells_what_runs() -> None:
    page = _render("state_sync")
    overview = _section(page, "Architecture overview")
    assert "Not switched on" not in overview
    assert "| store in the browser | `zustand` | yes |" in _find(overview, "`useCartStore`")
    assert "used by `Page`" in _find(overview, "`useCartSync`")
    assert "keeps the server's copy | `redis`" in _find(overview, "`CartStateService`")
    assert "```mermaid\nsequenceDiagram" in overview
    assert "cart.state.update" in overview
    assert "no client handles it" in _find(overview, "`cart.state.whole`")


def test_a_hook_that_nothing_uses_is_said_first() -> None:
    page = _render("state_sync", "idle")
    overview = _section(page, "Architecture overview")
    assert "**Not switched on.** Nothing that runs uses `useCartSync`" in overview
    assert "| no |" in _find(overview, "| `SyncClient`")
    assert "(client's end not reached)" in _find(overview, "| `cart.state.update` (")


def test_requests_that_no_route_serves_are_said() -> None:
    page = _render("state_sync")
    assert "`POST /api/cart-state`" in _find(page, "/api/cart-state", "saveCart")


def test_the_flow_has_every_step_with_what_ends_it() -> None:
    flow = _section(_render("state_sync"), "State flow")
    assert "`revision`" not in flow
    assert "raises `dataVersion` by one, in 1 action" in flow
    assert "`client.sendChange`" in _find(flow, "`lines`, `couponCode`")
    assert "after `SEND_DEBOUNCE_MS = 150` ms" in _find(flow, "`flush` is called")
    sent = _find(flow, "`cart.state.update` is sent")
    assert "`!this.socket.connected`" in sent
    assert "SYNC.MAX_CHANGE_SIZE" in sent
    received = _find(flow, "`cart.state.update` is received")
    assert "`JSON.stringify(raw).length > this.MAX_CHANGE_BYTES`" in received
    assert "room `cart:{userId}` from `getCartRoom`" in received
    assert "`CartStateService.saveState` is called" in flow
    assert "`data.sourceTabId === this.tabId`" in _find(flow, "`cart.state.changed` is received")
    assert "state: { [change.path]: change.value }" in flow
    assert "one key, `change.path`" in flow
    assert "path: z.string().max(100)," in flow


def test_versions_are_compared_as_the_code_has_it() -> None:
    versions = _section(_render("state_sync"), "Version-based conflict detection")
    stale = _find(versions, "`version < get().dataVersion`")
    assert "`applyRemote`" in stale
    assert "stops there, logs `[Cart] Ignoring stale change`" in stale
    assert "SAVE_SCRIPT" in _find(versions, "tonumber(old) > tonumber(ARGV[1])")
    assert "`current.dataVersion` is given to `sendChange`" in versions
    assert "no call of this name stands outside tests" in _find(versions, "- ", "CartStateService.pickWinner")


def test_tabs_reconnection_and_storage() -> None:
    page = _render("state_sync")
    tabs = _section(page, "Tab IDs")
    assert "`crypto.randomUUID`" in _find(tabs, "`getTabId`")
    assert "key `cart:tab`" in _find(tabs, "`getTabId`")
    assert "`askAll`" in _find(_section(page, "Reconnection recovery"), "| `connect`")
    kept = _section(page, "Where state is kept")
    assert "`DEFAULT_TTL_SECONDS = 86400`" in _find(kept, "`shop:cart:{userId}`")
    assert "| `cart:tab` | sessionStorage |" in kept
    env = _find(kept, "`CART_STATE_TTL`")
    assert "`DEFAULT_TTL_SECONDS = 86400`" in env
    assert "no env example file lists it" in env
    assert "behind `SessionGuard`" in _find(kept, "`GET` `/cart-state`")


def test_compression_and_a_comment_that_disagrees() -> None:
    packed = _section(_render("state_sync"), "Compression")
    assert "`lz-string` `^1.5.0`" in packed
    assert "`compressToUTF16`" in packed
    assert "`PACKING_THRESHOLD` = `8192` (`8 * 1024`)" in packed
    assert "64KB is stated where `PACKING_THRESHOLD` is `8192`" in packed


def test_migrations_and_an_empty_registry() -> None:
    migrations = _section(_render("state_sync"), "Migrations")
    assert "`STATE_VERSION` = `2`" in migrations
    assert "No migration is registered: the list `migrations` is empty" in migrations
    assert "no call outside tests" in _find(migrations, "`registerMigration`")


def test_limits_are_those_of_the_subject() -> None:
    limits = _section(_render("state_sync"), "Limits and times")
    assert "`MAX_CHANGE_BYTES` = `4096`" in limits
    assert "MAX_VISITORS" not in limits
    unread = limits[limits.index("read by nothing") :]
    assert "`SYNC.MAX_RETRIES` = `3`" in unread
    assert "SEND_DEBOUNCE_MS" not in unread


def test_the_guide_follows_a_field_in_order() -> None:
    guide = _render("state_sync_development")
    trail = _section(guide, "Add a field")
    assert "`couponCode` goes through these places" in trail
    rows = [line for line in _flat(trail) if line.startswith("| ") and line[2].isdigit()]
    kinds = [row.split(" | ")[1] for row in rows]
    assert kinds[0].startswith("the form")
    assert "another language" in kinds[-1]
    assert kinds.index("a value to begin with") < kinds.index("the store: field and actions")
    assert "cart_state.py" in rows[-1]
    assert "limits.ts" in trail
    assert "cart.types.ts" in trail
    assert "dataVersion: state.dataVersion + 1" in trail
    assert "if (current.couponCode !== previous.couponCode)" in trail


def test_the_guide_tells_what_is_dropped_and_how_to_look() -> None:
    guide = _render("state_sync_development")
    dropped = _section(guide, "What is dropped")
    assert "`!this.socket.connected`" in _find(dropped, "[Sync] Socket is away, dropping changes")
    assert "redis-cli --scan --pattern 'shop:cart:*'" in dropped
    tested = _section(guide, "Test it")
    assert "cart-store.test.ts" in tested
    assert "`vitest run`" in tested
    assert "`cart.state.whole` is sent and not handled" in guide


def test_criteria_are_met_by_what_is_there_and_unmet_without_it() -> None:
    for name, variant, expected in (
        ("state_sync", "all", ["met", "met", "met", "met"]),
        ("state_sync", "plain", ["met", "met", "met", "unmet"]),
        ("state_sync_development", "all", ["met"]),
    ):
        page = _render(name, variant)
        pack = get_pack(name)
        results = [judge(pack.story, c, PageState(page, "", {}, ())) for c in pack.criteria]
        assert [r.state for r in results] == expected, name


def test_every_topic_has_its_heading() -> None:
    for name in ("state_sync", "state_sync_development"):
        page = _render(name)
        for topic, heading in get_pack(name).topics:
            assert f"# {heading}" in page, topic


def test_a_channel_between_tabs_alone_makes_a_small_page() -> None:
    files = {
        "web/package.json": '{"name": "web", "dependencies": {"next": "15"}}',
        "web/src/seen.ts": """
            export function tell(id: number) {
              localStorage.setItem('seen', String(id));
              const channel = new BroadcastChannel('seen-tabs');
              channel.postMessage({ seen: id });
            }
        """,
    }
    page = render_page("state_sync", files)
    assert render_page("state_sync_development", files) == ""
    assert "channel between tabs" in _find(page, "`seen-tabs`")
    assert "| `seen` | localStorage |" in page
    for heading in ("State flow", "Tab IDs", "Compression", "Migrations", "Reconnection recovery", "Tests"):
        assert f"## {heading}" not in page


def test_nothing_kept_in_step_no_page() -> None:
    files = {
        "web/src/store.ts": """
            import { create } from 'zustand';
            export const useOpen = create((set) => ({ open: false }));
        """
    }
    assert render_page("state_sync", files) == ""
    assert render_page("state_sync_development", {"app/main.py": "print('hello')"}) == ""


def test_text_of_the_code_stays_text() -> None:
    files = {
        "web/src/seen.ts": """
            export function tell() {
              const channel = new BroadcastChannel('<script>|x');
              channel.postMessage({ type: 'a' });
            }
        """,
    }
    page = render_page("state_sync", files)
    assert "`<script>\\|x`" in page


def test_templates_name_no_project() -> None:
    folder = Path(__file__).parents[2] / "src/kbgen/templates"
    for name in ("page_state_sync.md.j2", "page_state_sync_development.md.j2", "_state.md.j2"):
        text = (folder / name).read_text()
        assert "localhost" not in text
        assert "apps/" not in text
