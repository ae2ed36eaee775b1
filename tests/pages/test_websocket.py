"""The guide to WebSocket security, and its section in the deployment document."""

from __future__ import annotations

import re

import pytest

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.pages import load_context
from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack, make_sources, render_page

ROOMS = """
    import { z } from 'zod'
    export const ALLOWED_FIELDS = ['title', 'notes']
    export const NoteSchema = z.object({
      field: z.string().refine((f) => ALLOWED_FIELDS.includes(f), { message: 'Field is not allowed' }),
    })
    export function getTeamRoom(teamId: string): string { return `team:${teamId}` }
    export function getUserRoom(userId: string): string { return `user:${userId}` }
    export function getShelfRoom(shelfId: string): string { return `shelf:${shelfId}` }
"""
GATEWAY = """
    import { WebSocketGateway, SubscribeMessage, MessageBody, ConnectedSocket } from '@nestjs/websockets'
    import { Logger } from '@nestjs/common'
    import { Socket } from 'socket.io'
    import { getTeamRoom, getUserRoom, NoteSchema } from './live.rooms'

    const NOTE_RATE_LIMIT = 40
    const NOTE_RATE_WINDOW_MS = 60_000
    const MAX_NOTE_SIZE = 8 * 1024

    @WebSocketGateway({
      namespace: '/live',
      cors: {
        origin: (origin, callback) => {
          const isProduction = process.env.NODE_ENV === 'production'
          const isLocal = (value) => /^https?:\\/\\/localhost(:\\d+)?$/.test(value)
          if (isProduction && !process.env.LIVE_ORIGINS) {
            callback(new Error('No origins configured'), false)
            return
          }
          if (!isProduction && isLocal(origin)) {
            callback(null, true)
            return
          }
          callback(new Error('Origin not allowed'), false)
        },
        credentials: true,
      },
      transports: ['websocket'],
      pingInterval: 20000,
    })
    export class LiveGateway {
      private readonly logger = new Logger(LiveGateway.name)
      constructor(private readonly prisma: PrismaService) {}

      afterInit() {
        if (process.env.NODE_ENV === 'production') {
          if (process.env.LIVE_ALLOW_COOKIE === 'true') {
            throw new Error('LIVE_ALLOW_COOKIE must be off in production')
          }
        }
      }

      async handleConnection(client: Socket) {
        const token = this.findToken(client)
        if (!token) {
          this.logger.warn({ message: 'Refused: no token' })
          client.emit('status', { state: 'refused' })
          client.disconnect(true)
          return
        }
        await client.join(getUserRoom(client.data.userId))
      }

      handleDisconnect(client: Socket) {
        this.untrack(client.id)
      }

      @SubscribeMessage('team.open')
      async openTeam(@ConnectedSocket() client: Socket, @MessageBody() raw: unknown) {
        const parsed = NoteSchema.safeParse(raw)
        if (!parsed.success) {
          this.logger.warn('Bad payload')
          return
        }
        const member = await this.prisma.teamMember.findUnique({
          where: { userId_teamId: { userId: client.data.userId, teamId: parsed.data.teamId } },
        })
        if (!member) {
          this.logger.warn('No member of the team')
          return
        }
        await client.join(getTeamRoom(parsed.data.teamId))
      }

      private findToken(client: Socket): string | null {
        const auth = client.handshake.auth || {}
        const headers = client.handshake.headers || {}
        if (auth.token) {
          return auth.token
        }
        const allowCookie = process.env.LIVE_ALLOW_COOKIE === 'true'
        if (allowCookie) {
          const header = headers.cookie
          if (header) {
            return readCookie(header, 'shop.session')
          }
        }
        return null
      }

      private async checkToken(token: string) {
        const session = await this.prisma.session.findUnique({ where: { token } })
        if (!session) return null
        if (session.expiresAt < new Date()) return null
        return session
      }

      private untrack(id: string) {}
    }
"""
CLIENT = """
    import { io } from 'socket.io-client'
    export class LiveClient {
      private tabId = sessionStorage.getItem('shop:tabId')
      connect(token?: string) {
        const socket = io('http://localhost:4000/live', {
          withCredentials: true,
          auth: {
            ...(token ? { token } : {}),
          },
        })
        socket.on('note.changed', this.take)
      }
      take = (data: Note) => {
        if (data.sourceTabId === this.tabId) {
          return
        }
        this.show(data)
      }
    }
"""
SPEC = """
    import { LiveGateway } from './live.gateway'
    describe('LiveGateway', () => {
      it('should reject a connection without token', () => {})
      it('should count', () => {})
    })
"""
FILES = {
    "api/src/live/live.gateway.ts": GATEWAY,
    "api/src/live/live.rooms.ts": ROOMS,
    "api/src/live/live.gateway.spec.ts": SPEC,
    "web/src/live.ts": CLIENT,
    "api/.env.example": "DATABASE_URL=x\n",
    "docs/DEPLOYMENT.md": '# Deploying\n\nIf clients fail, set `LIVE_ALLOW_COOKIE="true"` for a while.\n',
}
PLACE = "[`api/src/live/live.gateway.ts`](../../api/src/live/live.gateway.ts)"


@pytest.fixture(scope="module")
def page() -> str:
    return render_page("websocket_security", FILES)


def has_line(page: str, *words: str) -> bool:
    return any(all(word in line for word in words) for line in page.splitlines())


def test_the_server_stands_with_its_settings(page: str) -> None:
    assert has_line(page, "`/live` (socket.io)", "`websocket`", "pingInterval `20000`", "credentials allowed", PLACE)


def test_production_throws_refuses_and_what_is_let_in_outside(page: str) -> None:
    assert has_line(
        page,
        "`NODE_ENV=production`, `LIVE_ALLOW_COOKIE=true`",
        "throws at startup",
        "must be off in production",
        "afterInit",
    )
    assert has_line(page, "`LIVE_ORIGINS not set`", "refuses the connection", "No origins configured")
    assert has_line(page, "Only outside production let in: origins of `localhost`", "anchored at its end")
    assert has_line(page, "| `LIVE_ALLOW_COOKIE` | off | in none |")
    assert has_line(page, "api/.env.example", "do not list", "`LIVE_ORIGINS`")


def test_a_document_that_advises_what_production_refuses_is_named(page: str) -> None:
    assert has_line(page, "docs/DEPLOYMENT.md", "advises against the code", 'set LIVE_ALLOW_COOKIE="true" for a while')


def test_the_token_is_taken_in_the_order_of_the_code(page: str) -> None:
    assert has_line(page, "| 1 | `handshake.auth.token` | always |", "findToken")
    assert has_line(page, "| 2 | `handshake.headers.cookie`, cookie `shop.session` | `LIVE_ALLOW_COOKIE=true` |")
    assert has_line(page, "`prisma.session.findUnique` by `token`", "`session.expiresAt < new Date()`", "checkToken")


def test_refusals_stand_with_log_line_and_what_the_client_is_told(page: str) -> None:
    assert has_line(
        page, "| `!token` (of `findToken`) | “Refused: no token” | `status` {state: refused} | `disconnect(true)` |"
    )


def test_csrf_is_explained_with_the_cookie_that_is_read(page: str) -> None:
    section = page.partition("## Cookie fallback and CSRF")[2].partition("\n## ")[0]
    assert "takes the token from the cookie `shop.session` when `LIVE_ALLOW_COOKIE=true`; nothing is logged" in section
    assert "CWE-1385" in section
    assert "`Origin`" in section


def test_rooms_and_what_is_asked_before_them(page: str) -> None:
    assert has_line(page, "| `team:{teamId}` |", "`getTeamRoom`", "`openTeam`", "by disconnecting alone")
    assert has_line(page, "| `shelf:{shelfId}` |", "never joined")
    assert has_line(
        page, "`team.open`: joins `team:{teamId}`", "`prisma.teamMember.findUnique` (userId_teamId", "`!member`"
    )
    assert "const member = await this.prisma.teamMember.findUnique({" in page
    assert has_line(page, "On disconnect `handleDisconnect` calls `untrack`")


def test_events_limits_and_payload_rules(page: str) -> None:
    assert has_line(page, "| `team.open` | `NoteSchema` | “Bad payload”, “No member of the team” |")
    assert has_line(page, "`NOTE_RATE_LIMIT`", "(40/min)")
    assert has_line(page, "`MAX_NOTE_SIZE`", "`8192`", "(8 KB)")
    assert has_line(page, "`ALLOWED_FIELDS` (allowlist)", "`title, notes`")
    assert has_line(page, "schema rule (Zod)", "Field is not allowed")


def test_tabs_and_the_connecting_side(page: str) -> None:
    assert has_line(page, "drops its own echo: `data.sourceTabId === this.tabId`", "web/src/live.ts")
    assert has_line(page, "`withCredentials`", "auth `{token}` only if there is one")
    assert "const socket = io('http://localhost:4000/live', {" in page


def test_what_tests_pin_and_what_none_does(page: str) -> None:
    assert has_line(page, "live.gateway.spec.ts", "2 cases", "“should reject a connection without token”")
    assert "should count" not in page
    assert "None of these files sets the environment to production" in page
    pinned = render_page(
        "websocket_security",
        FILES | {"api/src/live/live.gateway.spec.ts": SPEC + "\n    process.env.NODE_ENV = 'production'\n"},
    )
    assert "Some of them run as in production." in pinned


def test_every_criterion_is_decided_by_the_page(page: str) -> None:
    pack = get_pack("websocket_security")
    there = PageState(page, "", {}, {"docs/DEPLOYMENT.md"})
    assert {c.label: judge("S", c, there).state for c in pack.criteria} == dict.fromkeys(
        ("AC1", "AC2", "AC3", "AC4", "AC5"), "met"
    )
    bare = render_page("websocket_security", {"app/main.py": FASTAPI})
    states = {c.label: judge("S", c, PageState(bare, "", {}, {})).state for c in pack.criteria}
    assert states["AC4"] == "unmet"


FASTAPI = """
    import os
    from fastapi import FastAPI, WebSocket
    app = FastAPI()
    def read_token(ws: WebSocket):
        token = ws.cookies.get("shop_session")
        if token:
            return token
        if os.getenv("WS_ALLOW_QUERY") == "true":
            if ws.query_params:
                return ws.query_params["token"]
        return None
    @app.websocket("/live")
    async def live(ws: WebSocket):
        token = read_token(ws)
        if not token:
            await ws.close(code=1008, reason="no token")
            return
        await ws.accept()
        await ws.close(code=1000)
"""


def test_a_python_server_is_read_alike() -> None:
    page = render_page("websocket_security", {"app/main.py": FASTAPI})
    assert has_line(page, "| 1 |", "cookie `shop_session`", "always", "`read_token`")
    assert has_line(page, "| 2 | `query_params", "`WS_ALLOW_QUERY=true`")
    assert has_line(page, "| `not token` (of `read_token`) |", "“no token”", "`close(1008)`")
    assert "1000" not in page.partition("## Handshake")[2].partition("\n## ")[0]
    assert "names a cookie" not in page


def test_a_plain_server_and_absences_that_are_sure() -> None:
    page = render_page(
        "websocket_security",
        {
            "server/index.js": """
                import { Server } from 'socket.io'
                const io = new Server(3000, { cors: { origin: '*' } })
                io.use((socket, next) => {
                  const token = socket.handshake.auth.token
                  if (!token) return next(new Error('unauthorized'))
                  next()
                })
                io.on('connection', (socket) => {
                  socket.join(`user:${socket.data.id}`)
                })
            """
        },
    )
    assert has_line(page, "any origin")
    assert has_line(page, "| 1 | `handshake.auth.token` | always |")
    assert has_line(page, "| `!token` |  | “unauthorized” | `next(Error)` |")
    assert has_line(page, "| `user:{", "by disconnecting alone")
    assert "No file of the server names a cookie" in page
    assert "No test file imports the server's code." in page


def test_the_deployment_document_gets_its_section() -> None:
    templates = JinjaTemplates()
    pack = get_pack("websocket_security", templates)
    (extra,) = pack.files
    assert (extra.path, extra.how) == ("docs/DEPLOYMENT.md", "section")
    context = load_context(pack.context)(make_sources(FILES).for_page(extra.path), pack)
    text = re.sub(r"\n{3,}", "\n\n", templates.render(extra.template, context)).strip()
    assert text.startswith("## WebSocket Security\n")
    assert "[the guide to WebSocket security](guides/websocket-security.md)" in text
    assert has_line(text, "| `LIVE_ALLOW_COOKIE` | off | `LIVE_ALLOW_COOKIE=true`: the server throws at startup (")
    assert "**Do not set `LIVE_ALLOW_COOKIE=true` in production**" in text


def test_the_deployment_document_tells_what_says_the_port() -> None:
    start = """
        import { NestFactory } from '@nestjs/core';

        async function bootstrap() {
          const app = await NestFactory.create({});
          await app.listen(process.env.PORT || 3001);
        }
        bootstrap();
    """
    manifest = '{"name": "api", "scripts": {"start": "node dist/main"}, "dependencies": {"@nestjs/core": "10"}}'
    files = {**FILES, "api/package.json": manifest, "api/src/main.ts": start}
    templates = JinjaTemplates()
    pack = get_pack("websocket_security", templates)
    (extra,) = pack.files
    text = templates.render(extra.template, load_context(pack.context)(make_sources(files).for_page(extra.path), pack))
    assert "listens on port 3001, [`api/src/main.ts`](../api/src/main.ts) `bootstrap`" in text


def test_no_socket_no_page() -> None:
    assert render_page("websocket_security", {"app/main.py": "print('hello')"}) == ""
