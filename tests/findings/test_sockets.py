"""Socket clients that miss their server."""

from __future__ import annotations

from tests.findings.systems import API, find, find_all, show, worker

GATEWAY = API | {
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common';
        import { LiveGateway } from './live.gateway';
        @Module({ providers: [LiveGateway] })
        export class AppModule {}
    """,
    "api/src/live.gateway.ts": """
        import { WebSocketGateway, WebSocketServer, SubscribeMessage } from '@nestjs/websockets';
        import { Server, Socket } from 'socket.io';
        @WebSocketGateway({ namespace: '/live' })
        export class LiveGateway {
          @WebSocketServer() server: Server;
          handleConnection(client: Socket) {
            const auth = client.handshake.auth;
            if (!auth.token) { client.disconnect(true); return; }
          }
          @SubscribeMessage('room.join')
          join(client: Socket) { this.server.emit('task.done', {}); }
        }
    """,
}


def client(address: str, event: str = "room.join", listens: str = "task.done", more: str = "") -> dict[str, str]:
    return worker(
        jobs=f"""
        import socketio

        class Listener:
            def __init__(self):
                self.sio = socketio.AsyncClient()

            async def start(self):
                self.sio.on("{listens}", self.handle)
                await self.sio.connect("{address}"{more})
                await self.sio.emit("{event}", {{}})

            async def handle(self, data):
                return data

        async def work():
            await Listener().start()
        """
    )


def test_a_client_on_another_namespace() -> None:
    found = find(GATEWAY | client("http://localhost:3001"), "wrong-namespace")
    assert show(found) == [("broken", "`Listener.start` connects to the socket namespace `/`, `api` serves `/live`")]


def test_a_client_on_the_namespace_with_a_token_is_fine() -> None:
    files = GATEWAY | client("http://localhost:3001/live", more=', auth={"token": "t"}')
    kinds = {finding.kind for finding in find_all(files)}
    assert not kinds & {"wrong-namespace", "missing-token", "unhandled-event", "unemitted-event"}


def test_a_client_without_a_token() -> None:
    found = find(GATEWAY | client("http://localhost:3001/live"), "missing-token")
    assert show(found) == [
        ("broken", "`Listener.start` connects without a token, `LiveGateway` disconnects such clients")
    ]


def test_options_out_of_sight_may_hold_a_token() -> None:
    assert find(GATEWAY | client("http://localhost:3001/live", more=", **options"), "missing-token") == []


def test_an_event_without_a_handler() -> None:
    found = find(GATEWAY | client("http://localhost:3001/live", event="join"), "unhandled-event")
    assert show(found) == [("broken", "`Listener.start` sends the socket event `join`, for which `api` has no handler")]
    assert found[0].detail == "`api` handles `room.join`. Nearest is `room.join`."


def test_an_event_that_the_server_never_sends() -> None:
    found = find(GATEWAY | client("http://localhost:3001/live", listens="task:finished"), "unemitted-event")
    assert show(found) == [
        ("suspect", "`Listener.start` waits for the socket event `task:finished`, which `api` never sends")
    ]


def test_events_that_no_client_names_are_a_note() -> None:
    found = find(GATEWAY | client("http://localhost:3001/live", listens="other"), "unhandled-event")
    assert show(found) == [("note", "`api` sends 1 socket event that no code of `worker` names")]


def two_gateways(namespace: str) -> dict[str, str]:
    """A gateway that asks for a token in the arguments of a call, one that asks for none, and a client."""
    live = GATEWAY["api/src/live.gateway.ts"].replace(
        "const auth = client.handshake.auth;\n            if (!auth.token) {",
        "if (!isKnown(client.handshake.auth.token)) {",
    )
    assert "isKnown" in live
    module = GATEWAY["api/src/app.module.ts"].replace("[LiveGateway]", "[LiveGateway, YardGateway]")
    module = module.replace("@Module", "import { YardGateway } from './yard.gateway';\n        @Module")
    yard = """
        import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
        @WebSocketGateway({ namespace: '/yard' })
        export class YardGateway {
          @WebSocketServer() server: Server;
        }
    """
    files = {"api/src/live.gateway.ts": live, "api/src/app.module.ts": module, "api/src/yard.gateway.ts": yard}
    return GATEWAY | files | client(f"http://localhost:3001{namespace}")


def test_the_gateway_of_the_namespace_or_of_the_likeliest_one_asks_for_the_token() -> None:
    titles = [("broken", "`Listener.start` connects without a token, `LiveGateway` disconnects such clients")]
    assert show(find(two_gateways("/live"), "missing-token")) == titles
    assert show(find(two_gateways("/lives"), "missing-token")) == titles


def test_another_gateway_that_asks_for_a_token_is_not_meant() -> None:
    assert find(two_gateways("/yard"), "missing-token") == []
    assert find(two_gateways(""), "missing-token") == []
