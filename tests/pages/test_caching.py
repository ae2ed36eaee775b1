"""The guide to caching, of a tiny platform that keeps things in four places."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tests.pages.pages import get_pack, render_page

FILES = {
    "web/package.json": '{"name": "web", "dependencies": {"next": "15", "@tanstack/react-query": "^5.1.0"}}',
    "api/package.json": '{"name": "api", "dependencies": {"ioredis": "5"}}',
    ".env.example": "ORDERS_CACHE_TTL=60\n",
    "web/src/app/page.tsx": """
        import { OrderList } from '../orders';
        export default function Page() { return <OrderList />; }
    """,
    "web/src/app/providers.tsx": """
        import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
        export function Providers({ children }) {
          const client = new QueryClient({ defaultOptions: { queries: { staleTime: 45_000, retry: 2 } } });
          return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
        }
    """,
    "web/src/times.ts": """
        const DEFAULT_STALE = 12_000;
        export const ORDER_TIMES = {
          staleTime: toNumber(process.env.NEXT_PUBLIC_ORDER_STALE_TIME) ?? DEFAULT_STALE,
          gcTime: 90_000,
          refetchOnWindowFocus: false,
        } as const;
    """,
    "web/src/orders.tsx": """
        import { useQuery, useMutation, useQueryClient } from '@tanstack/react-query';
        import { ORDER_TIMES } from './times';
        export function useOrders() {
          return useQuery({ queryKey: ['orders'], queryFn: loadOrders, staleTime: 30_000, refetchInterval: 60_000 });
        }
        export function useStock() {
          return useQuery({
            queryKey: ['stock'],
            queryFn: loadStock,
            staleTime: 5_000,
          });
        }
        export function useNotes() {
          return useQuery({ queryKey: ['notes'], queryFn: loadNotes, ...ORDER_TIMES });
        }
        export function useSend() {
          const client = useQueryClient();
          return useMutation({
            mutationFn: send,
            onSuccess: () => {
              client.invalidateQueries({ queryKey: ['orders'] });
              client.invalidateQueries({ queryKey: ['order-list'] });
            },
          });
        }
        export function OrderList() { useOrders(); useStock(); useNotes(); useSend(); return <ul />; }
    """,
    "api/src/orders.service.ts": """
        import { Redis } from 'ioredis';
        const ORDERS_TTL_SECONDS = 60;
        export class OrdersService {
          private readonly redis = new Redis();
          async list(tenant: string) {
            const key = `orders:${tenant}`;
            await this.redis.set(key, 'x', 'EX', ORDERS_TTL_SECONDS);
            await this.redis.set(`lock:${tenant}`, '1', 'PX', 500, 'NX');
          }
          async clearOrderCache(tenant: string) { await this.redis.del(`orders:${tenant}`); }
        }
        export class OrdersListener {
          constructor(private readonly orders: OrdersService) {}
          onChange(tenant: string) { return this.orders.clearOrderCache(tenant); }
        }
    """,
    "agent/settings.py": """
        import os
        from functools import lru_cache

        MENU_CACHE_TTL_SECONDS = 300
        RATE_TTL = 20

        @lru_cache(maxsize=4)
        def load_menu(name: str) -> str:
            return name

        class Menus:
            def __init__(self):
                self._menu_cache = {}
                self.cache_ttl = int(os.getenv("ORDERS_CACHE_TTL", "60"))

            def left(self):
                return RATE_TTL
    """,
}


@lru_cache
def _render() -> str:
    return render_page("caching", FILES)


def _find(text: str, *words: str) -> str:
    return next((line for line in text.splitlines() if all(word in line for word in words)), "")


def _section(page: str, heading: str) -> str:
    start = page.index(f"## {heading}")
    end = page.find("\n## ", start + 1)
    return page[start : end if end > 0 else len(page)]


def test_caches_of_servers_with_keys_and_lifetimes() -> None:
    servers = _section(_render(), "Caches on the servers")
    assert "No class is named for a cache" in servers
    assert "`ORDERS_TTL_SECONDS = 60` s | value" in _find(servers, "`orders:{tenant}`")
    assert "`500` ms | only where nothing is there" in _find(servers, "`lock:{tenant}`")
    assert "| `lru_cache` | `4` |" in _find(servers, "`load_menu`")
    assert "| `dict` | no number given |" in _find(servers, "`_menu_cache`")


def test_a_class_that_is_named_for_a_cache_is_found() -> None:
    page = render_page("caching", FILES | {"app/kept.py": "class PageCache:\n    size = 3\n"})
    assert "Classes that are named for a cache: [`app/kept.py`]" in page


def test_lifetimes_with_variables_and_those_that_nothing_reads() -> None:
    lifetimes = _section(_render(), "Lifetimes")
    assert "| `20` | – |" in _find(lifetimes, "| `RATE_TTL`")
    assert "| `60` | `ORDERS_CACHE_TTL` |" in _find(lifetimes, "| `cache_ttl`")
    unread = lifetimes[lifetimes.index("Read by nothing") :]
    assert "`MENU_CACHE_TTL_SECONDS` = `300`" in unread
    listed = _find(lifetimes, "- `ORDERS_CACHE_TTL`, default `60`")
    assert listed
    assert "no env example" not in listed
    assert "default `DEFAULT_STALE = 12000`; no env example file lists it" in _find(lifetimes, "ORDER_STALE_TIME")


def test_queries_with_defaults_shared_options_and_own_times() -> None:
    queries = _section(_render(), "Queries in the front end")
    assert "`@tanstack/react-query` `^5.1.0`" in queries
    assert "`staleTime` `45000`, `retry` `2`" in _find(queries, "**Default**")
    shared = _find(queries, "`ORDER_TIMES`")
    assert "`gcTime` `90000`" in shared
    assert "`staleTime` `12000`" in shared
    assert "`useNotes`" in shared
    assert "| `30000` | 1 | `orders` |" in queries
    assert "| `orders` | `30000` | – | `60000` |" in queries
    assert "queryKey: ['stock']," in queries


def test_what_ends_a_query_and_a_key_that_no_query_has() -> None:
    ends = _section(_render(), "Staleness and invalidation")
    assert "`invalidateQueries` in 2 places" in ends
    assert "| 1 | 1 place |" in _find(ends, "| `orders` |")
    assert "- `order-list` (" in ends
    assert "- `orders` (" not in ends
    never = _find(ends, "**Never ended by name.**")
    assert "`stock`" in never
    assert "`orders`" not in never
    assert "called by" in _find(ends, "`OrdersService.clearOrderCache`")


def _render_with(text: str) -> str:
    """The page with one more file of the front end, which the list of orders calls."""
    orders = FILES["web/src/orders.tsx"].replace("useSend(); return", "useSend(); useMore(); return")
    orders = orders.replace("import { ORDER", "import { useMore } from './more';\n        import { ORDER")
    return render_page("caching", FILES | {"web/src/orders.tsx": orders, "web/src/more.ts": text})


def test_stopping_a_request_ends_no_query() -> None:
    page = _render_with("""
        import { useQuery, useQueryClient } from '@tanstack/react-query';
        export function useMore() {
          const client = useQueryClient();
          useQuery({ queryKey: ['late'], queryFn: loadLate });
          client.cancelQueries({ queryKey: ['orders'] });
          client.cancelQueries({ queryKey: ['late'] });
        }
    """)
    ends = _section(page, "Staleness and invalidation")
    assert "| 1 | 1 place |" in _find(ends, "| `orders` |")
    assert "| `late` |" not in ends
    assert "`late`" in _find(ends, "**Never ended by name.**")
    assert "`cancelQueries`, in 2 places, only stops a request under way" in ends
    assert "cancelQueries" not in _section(_render(), "Staleness and invalidation")


def test_times_that_are_worked_out_or_shown_as_written() -> None:
    page = _render_with("""
        import { useQuery } from '@tanstack/react-query';
        const POLL_MS = 8_000;
        export function useMore(live: boolean, pause: number) {
          useQuery({ queryKey: ['half'], queryFn: a, staleTime: POLL_MS / 2, refetchInterval: POLL_MS });
          useQuery({
            queryKey: ['odd'],
            queryFn: b,
            staleTime: POLL_MS * rate(),
            refetchInterval: live ? false : undefined,
          });
          useQuery({ queryKey: ['some'], queryFn: c, refetchInterval: live ? false : pause });
        }
    """)
    queries = _section(page, "Queries in the front end")
    assert "| `4000` | – | `8000` |" in _find(queries, "| `half` | `4000`")
    assert "| `POLL_MS * rate()` | – | never |" in _find(queries, "| `odd` | `")
    assert "| – | – | `pause` or never |" in _find(queries, "| `some` |")


def test_only_metrics_of_caches_are_said_to_show_nothing() -> None:
    metrics = """
        from prometheus_client import Counter

        CACHE_HITS = Counter("cache_hits_total", "Found")
        DOORS_OPENED = Counter("doors_opened_total", "Opened")

        def count_cache_hit():
            CACHE_HITS.inc()

        def count_door():
            DOORS_OPENED.inc()
    """
    project = {"agent/pyproject.toml": "[project]\nname = 'agent'\n", "agent/metrics.py": metrics}
    main = "from fastapi import FastAPI\nimport metrics\nimport settings\napp = FastAPI()\n"
    page = render_page("caching", FILES | project | {"agent/main.py": main})
    line = _find(page, "never recorded")
    assert "`cache_hits_total`" in line
    assert "only `count_cache_hit` would" in line
    assert "door" not in page


def test_holes_of_keys_have_the_names_that_the_code_gives() -> None:
    service = """
        import { Redis } from 'ioredis';
        import { createHash } from 'crypto';
        const PREFIX = 'shop:lock:';
        export class LockService {
          private readonly redis = new Redis();
          private keyOf(cart: string) { return `${PREFIX}${cart}`; }
          async lock(name: string) {
            const key = createHash('md5').update(name).digest('hex');
            const lockKey = this.keyOf(key);
            await this.take(lockKey);
          }
          private async take(lockKey: string) { await this.redis.set(lockKey, '1', 'EX', 9, 'NX'); }
        }
    """
    page = render_page("caching", FILES | {"api/src/lock.service.ts": service})
    assert "| `shop:lock:{cart}` | `9` s |" in page
    assert "{}" not in page


def test_every_topic_has_its_heading_and_the_template_names_no_project() -> None:
    for topic, heading in get_pack("caching").topics:
        assert f"# {heading}" in _render(), topic
    text = (Path(__file__).parents[2] / "src/kbgen/templates/page_caching.md.j2").read_text()
    assert "apps/" not in text


def test_nothing_kept_no_page() -> None:
    assert render_page("caching", {"app/main.py": "print('hello')"}) == ""


def test_a_server_without_a_front_end_has_no_section_on_queries() -> None:
    page = render_page("caching", {"agent/settings.py": FILES["agent/settings.py"]})
    assert "## Caches on the servers" in page
    assert "## Queries in the front end" not in page
    assert "## Staleness and invalidation" not in page
