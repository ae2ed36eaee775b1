"""Rooms that sockets enter and leave, and how clients are turned away; what a gathering does with failures."""

from __future__ import annotations

from tests.join.signals import python, script

GATEWAY = """
    import { WebSocketGateway, SubscribeMessage } from '@nestjs/websockets'
    import { Socket } from 'socket.io'
    import { WsException } from '@nestjs/websockets'
    const teamRoom = (id: string) => `team:${id}`
    @WebSocketGateway({ namespace: '/live' })
    export class LiveGateway {
      handleConnection(client: Socket) {
        if (!client.handshake.auth.token) { client.disconnect(true); return }
        client.join('lobby')
      }
      @SubscribeMessage('team.open') open(client: Socket, id: string) {
        if (!id) throw new WsException('no team')
        client.join(teamRoom(id))
        client.leave('lobby')
        this.names.join(',')
      }
    }
"""


def test_rooms_that_a_socket_enters_and_leaves() -> None:
    assert script(GATEWAY, "socket_room", "call", "ns") == [
        ("lobby", "join", "/live"),
        ("team:{id}", "join", "/live"),
        ("lobby", "leave", "/live"),
    ]


def test_clients_that_are_turned_away() -> None:
    assert script(GATEWAY, "socket_reject", "close", "message") == [
        ("disconnect", "true", ""),
        ("no team", "", "no team"),
    ]


def test_rooms_of_python_socketio() -> None:
    source = """
        import socketio
        sio = socketio.AsyncServer()
        async def enter(sid, team):
            await sio.enter_room(sid, f"team:{team}")
            await sio.leave_room(sid, room="lobby")
    """
    assert python(source, "socket_room", "call") == [("team:{team}", "enter_room"), ("lobby", "leave_room")]


def test_a_socket_of_fastapi_is_closed_with_a_code() -> None:
    source = """
        from fastapi import WebSocket, WebSocketException, status
        async def live(ws: WebSocket, token: str):
            if not token:
                raise WebSocketException(code=1008, reason="no token")
            await ws.close(code=4001)
    """
    assert python(source, "socket_reject", "code", "message") == [
        ("WebSocketException", "1008", "no token"),
        ("close", "4001", ""),
    ]


def test_a_gathering_that_collects_failures_says_so() -> None:
    source = """
        import asyncio
        async def run(jobs):
            await asyncio.gather(*jobs, return_exceptions=True)
            await asyncio.gather(*jobs)
    """
    assert python(source, "sync", "what", "return_exceptions", "origin") == [
        ("gather", "gather", "true", "asyncio.gather"),
        ("gather", "gather", "", "asyncio.gather"),
    ]


def test_waiting_for_a_process_is_no_gathering() -> None:
    source = """
        import asyncio
        async def run():
            process = await asyncio.create_subprocess_exec("ls")
            await process.wait()
            await asyncio.wait([process])
    """
    assert python(source, "sync", "what") == [("wait", "gather")]
