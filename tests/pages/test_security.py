"""The checklist for reviews of security-sensitive changes."""

from __future__ import annotations

import pytest

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.pages import load_context
from kbgen.pages.criteria import PageState, judge
from kbgen.pages.security.page import NEEDS, PATH
from tests.pages.pages import get_pack, make_sources, render_page

PACKAGE = '{"name": "shop", "dependencies": {"@nestjs/core": "10"}, "scripts": {"start": "nest start"}}'
GUARDS = """
    import { CanActivate, Injectable, UnauthorizedException } from '@nestjs/common'

    @Injectable()
    export class SessionGuard implements CanActivate {
      canActivate(context) {
        if (!context.token) throw new UnauthorizedException('no token')
        return true
      }
    }

    @Injectable()
    export class ServiceGuard implements CanActivate {
      private readonly token = process.env.SERVICE_TOKEN
      canActivate(context) {
        return this.timingSafeEqual(context.token, this.token)
      }
      private timingSafeEqual(a, b) {
        let diff = 0
        for (let i = 0; i < a.length; i++) diff |= a.charCodeAt(i) ^ b.charCodeAt(i)
        return diff === 0
      }
    }
"""
CONTROLLER = """
    import { Controller, Get, Post, UseGuards } from '@nestjs/common'
    import { Throttle } from '@nestjs/throttler'
    import { SessionGuard } from './guards'
    import { Public } from './public'

    @Controller('orders')
    @UseGuards(SessionGuard)
    export class OrdersController {
      @Get()
      list() { return [] }

      @Public()
      @Throttle({ default: { limit: 5, ttl: 60000 } })
      @Post('hook')
      hook() { return {} }
    }

    @Controller('status')
    export class StatusController {
      @Get()
      status() { return 'ok' }
    }
"""
GATEWAY = """
    import { WebSocketGateway, SubscribeMessage } from '@nestjs/websockets'
    import { Socket } from 'socket.io'

    const MAX_PAYLOAD_SIZE = 4096

    @WebSocketGateway({ namespace: '/live', cors: { origin: ['https://shop.test'], credentials: true } })
    export class LiveGateway {
      handleConnection(client: Socket) {
        const token = client.handshake.auth
        if (!token) {
          client.disconnect(true)
          return
        }
        client.join(`user:${client.userId}`)
      }

      @SubscribeMessage('cart.update')
      handleCart(client: Socket, raw: unknown) {
        const data = CartSchema.safeParse(raw)
        return data.success && raw.length < MAX_PAYLOAD_SIZE
      }

      @SubscribeMessage('cart.peek')
      handlePeek(client: Socket, raw: unknown) {
        return raw
      }

      afterInit() {
        if (process.env.NODE_ENV === 'production') {
          if (process.env.LIVE_ALLOW_COOKIE === 'true') {
            throw new Error('LIVE_ALLOW_COOKIE must be off in production')
          }
          if (process.env.LIVE_ALLOW_HEADER === 'true') {
            console.warn('LIVE_ALLOW_HEADER is on in production')
          }
        }
      }
    }
"""
CODE = """
    import { createHmac, timingSafeEqual } from 'crypto'
    import DOMPurify from 'dompurify'

    const secret = process.env.SHOP_SECRET || 'letmein'

    export function isSigned(body: string, given: string): boolean {
      const expected = createHmac('sha256', secret).update(body).digest('hex')
      return timingSafeEqual(Buffer.from(given), Buffer.from(expected))
    }

    export function isAdmin(givenToken: string, adminToken: string): boolean {
      return given.access_token === admin.access_token
    }

    export function cleanText(text: string): string {
      return DOMPurify.sanitize(text)
    }

    export async function load(db: Db, id: string) {
      return db.$queryRawUnsafe(`SELECT * FROM orders WHERE id = '${id}'`)
    }
"""
FILES = {
    "shop/package.json": PACKAGE,
    "shop/src/main.ts": """
        import { NestFactory } from '@nestjs/core'
        import { AppModule } from './app.module'

        async function bootstrap() {
          const app = await NestFactory.create(AppModule)
          app.enableCors({ origin: process.env.SITE || 'http://localhost:3000', credentials: true })
          await app.listen(3001)
        }
        bootstrap()
    """,
    "shop/src/app.module.ts": """
        import { Module } from '@nestjs/common'
        import { OrdersController, StatusController } from './orders.controller'
        import { LiveGateway } from './live.gateway'

        @Module({ controllers: [OrdersController, StatusController], providers: [LiveGateway] })
        export class AppModule {}
    """,
    "shop/src/guards.ts": GUARDS,
    "shop/src/orders.controller.ts": CONTROLLER,
    "shop/src/live.gateway.ts": GATEWAY,
    "shop/src/code.ts": CODE,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page("security_checklist", FILES)


def find_line(page: str, *words: str) -> str:
    return next(line for line in page.splitlines() if all(word in line for word in words))


def test_guards_are_listed_with_what_they_refuse(page: str) -> None:
    assert "| `SessionGuard` | 1 place | 401 |" in page
    assert "`ServiceGuard` is defined and put on no route" in page


def test_routes_without_a_guard_are_told_apart_from_public_ones(page: str) -> None:
    assert "2 of 3 routes without a guard or a check of their own" in page
    assert "“No guard”: on it or its class." in page
    assert ", no guard" in find_line(page, "`GET /status`")
    assert ", marked public" in find_line(page, "`POST /orders/hook`")
    assert not find_line(page, "`GET /status`").startswith("|"), "a cell is no place for a long list of routes"


def test_what_every_request_passes_is_said_beside_such_routes() -> None:
    main = """
        from fastapi import FastAPI
        from starlette.middleware.base import BaseHTTPMiddleware
        from starlette.responses import JSONResponse

        class TokenMiddleware(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                if "authorization" not in request.headers:
                    return JSONResponse(status_code=401, content={"error": "no token"})
                return await call_next(request)

        app = FastAPI()
        app.add_middleware(TokenMiddleware)

        @app.get("/stock")
        def stock():
            return 1
    """
    page = render_page("security_checklist", {"app/pyproject.toml": "[project]\nname = 'app'\n", "app/main.py": main})
    assert "; behind `TokenMiddleware`" in find_line(page, "`GET /stock`")


def test_a_limit_without_its_guard_enforces_nothing(page: str) -> None:
    assert "Limits that nothing enforces" in page
    assert "`OrdersController.hook`: default 5 per 60000 ms" in page


def test_origins(page: str) -> None:
    assert "`$SITE (http://localhost:3000)`" in find_line(page, "`enableCors`")
    assert "`https://shop.test`" in find_line(page, "`LiveGateway`", "with credentials")


def test_sockets_with_what_is_checked_and_what_is_not(page: str) -> None:
    assert "Disconnects clients at 1 place in `handleConnection`" in page
    assert "`user:{userId}`" in page
    assert "Checked against a schema: `cart.update` (`CartSchema`)." in page
    assert "`cart.peek` is checked against no schema in `LiveGateway.handlePeek`." in page
    assert "`MAX_PAYLOAD_SIZE` 4096" in page


def test_input(page: str) -> None:
    assert "- `cleanText` with `DOMPurify.sanitize`, no caller (" in page
    assert "SELECT \\* FROM orders WHERE id = '{id}'`, values put into the text" in page.replace(
        "SELECT *", "SELECT \\*"
    )
    assert "No call was found that runs a program or text as code" in page


def test_secrets_that_fall_back_to_a_text(page: str) -> None:
    assert "`SHOP_SECRET` falls back to `letmein`; no check for production there" in page


def test_comparisons(page: str) -> None:
    assert "| `isSigned` | `timingSafeEqual` |" in page
    by_hand = page.split("Written by hand, with no comparison of a library:")[1]
    assert "its class reads `$SERVICE_TOKEN`" in find_line(by_hand, "- `ServiceGuard.timingSafeEqual`")
    assert "Compared with an operator: `given.access_token === admin.access_token`" in page
    assert "From [`shop/src/code.ts`]" in page


def test_what_throws_in_production_and_what_only_warns(page: str) -> None:
    assert "throws `Error` | LIVE_ALLOW_COOKIE must be off in production" in find_line(page, "| `LIVE_ALLOW_COOKIE` |")
    assert "| warns |" in find_line(page, "| `LIVE_ALLOW_HEADER` |")


def test_what_a_message_is_filled_with_is_named_as_the_code_does() -> None:
    start = """
        export function start(): void {
          const found = check(process.env.BOX_SECRET)
          if (process.env.NODE_ENV === 'production') {
            const said = `BOX_SECRET is no good:\n${found.errors.map((e) => e.text).join(', ')}`
            throw new Error(said)
          }
        }
        start()
    """
    page = render_page("security_checklist", FILES | {"shop/src/start.ts": start})
    assert "BOX_SECRET is no good: {found.errors…} |" in find_line(page, "| `BOX_SECRET`")


def test_a_secret_that_a_long_message_names_late_is_found() -> None:
    long = "needs " + "many other things, " * 8 + "and a STORE_PASSWORD"
    text = f"export function open() {{ if (!process.env.STORE_PASSWORD) throw new Error('{long}') }}\nopen()\n"
    page = render_page("security_checklist", FILES | {"shop/src/open.ts": text})
    assert "- `STORE_PASSWORD`: `Error` ([`shop/src/open.ts`]" in page


def test_absences_are_said_where_nothing_is_there() -> None:
    page = render_page(
        "security_checklist",
        {"app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/x')\ndef x(): return 1\n"},
    )
    assert "No socket server was found in the code." in page
    assert "No code was found that throws or warns in production only." in page
    assert "No SQL put together as text was found" in page
    assert "1 of 1 route without a guard or a check of its own" in page


def test_nothing_to_secure_no_page() -> None:
    assert render_page("security_checklist", {"app/main.py": "def add(a, b):\n    return a + b\n"}) == ""


def test_criteria_are_met_by_the_page_and_unmet_without_it(page: str) -> None:
    pack = get_pack("security_checklist")
    names = {"socket_server": ("/live",)}
    state = PageState(page, "", names, {".github/PULL_REQUEST_TEMPLATE/security-sensitive.md"})
    assert [judge("S", c, state).state for c in pack.criteria] == ["met"] * 5
    without = PageState(page.split("## Timing attacks")[0], "", names, set())
    assert [judge("S", c, without).state for c in pack.criteria] == ["unmet", "unmet", "met", "unmet", "unmet"]


def test_the_template_for_such_changes_links_the_checklist_and_names_guards() -> None:
    pack = get_pack("security_checklist")
    texts = []
    for files in (FILES, {**FILES, ".github/CODEOWNERS": "* @yard\n"}):
        sources = make_sources(files).for_page(pack.files[0].path)
        texts.append(JinjaTemplates().render(pack.files[0].template, load_context(pack.context)(sources, pack)))
    without, text = texts
    assert without.strip() == ""
    assert "[Security Review Checklist](../blob/HEAD/docs/security/review-checklist.md)" in text
    assert "(guards here: `SessionGuard`)\n- [ ]" in text
    assert "`LiveGateway`" in text


def test_other_pages_know_where_it_is_and_when_it_is_written() -> None:
    pack = get_pack("security_checklist")
    assert (pack.path, pack.needs) == (PATH, NEEDS)
