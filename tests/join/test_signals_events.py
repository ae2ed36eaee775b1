"""Events with their bus, sockets, queues: what the shipped rules find, and that two sides meet."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.join.keys import match_keys
from tests.join.signals import derive, keys_of, python, script, show


def keys(files: Mapping[str, str], kind: str) -> list[str]:
    return [key for fact in derive(files, kind) for key in keys_of(fact)]


# ------------------------------------------------------------------------------------------- events

OWN_BUS = {
    "api/src/events/decorators/event-subscriber.decorator.ts": """
        import { SetMetadata } from '@nestjs/common'
        export const EventSubscriber = (pattern: string) => SetMetadata('event', pattern)
    """,
    "api/src/events/event-publisher.service.ts": """
        export class EventPublisherService { async publish(type: string, data: unknown) {} }
    """,
    "api/src/tasks/tasks.service.ts": """
        import { EventPublisherService } from '../events/event-publisher.service'
        export class TasksService {
          constructor(private readonly publisher: EventPublisherService, private readonly http: HttpService) {}
          async create() {
            await this.publisher.publish('task.created', { id: 1 })
            await this.http.publish('task.deleted')
          }
        }
    """,
    "api/src/mail/mail.handler.ts": """
        import { EventSubscriber } from '../events/decorators/event-subscriber.decorator'
        export class MailHandler {
          @EventSubscriber('task.*') onTask() {}
        }
    """,
    "api/src/mail/legacy.listener.ts": """
        import { OnEvent } from '@nestjs/event-emitter'
        export class LegacyListener {
          @OnEvent('task.created') onTask() {}
        }
    """,
}


def test_an_own_bus_is_the_folder_of_its_decorator_and_publisher() -> None:
    assert keys(OWN_BUS, "event_emit") == ["event:api/src/events:task.created"]
    assert keys(OWN_BUS, "event_handle") == [
        "event:@nestjs/event-emitter:task.created",
        "event:api/src/events:task.*",
    ]
    met = match_keys(keys(OWN_BUS, "event_handle"), keys(OWN_BUS, "event_emit"))
    assert [match.provide for match in met] == ["event:api/src/events:task.*"]


def test_the_emitter_of_nest() -> None:
    source = """
        import { EventEmitter2 } from '@nestjs/event-emitter'
        export class Tasks {
          constructor(private events: EventEmitter2) {}
          create() { this.events.emit('task.created', this) }
        }
    """
    assert keys({"api/tasks.ts": source}, "event_emit") == ["event:@nestjs/event-emitter:task.created"]


def test_an_emitter_of_node_is_a_bus_of_its_own() -> None:
    files = {
        "src/bus.ts": "import { EventEmitter } from 'events'\nexport const bus = new EventEmitter()\n",
        "src/a.ts": "import { bus } from './bus'\nexport const send = () => bus.emit('done', 1)\n",
        "src/b.ts": "import { bus } from './bus'\nbus.on('done', handle)\n",
        "src/c.ts": "import { EventEmitter } from 'events'\nconst bus = new EventEmitter()\nbus.on('done', handle)\n",
    }
    assert keys(files, "event_emit") == ["event:src/bus.ts::bus:done"]
    assert keys(files, "event_handle") == ["event:src/bus.ts::bus:done", "event:src/c.ts::bus:done"]


def test_a_class_that_extends_an_emitter() -> None:
    source = """
        import { EventEmitter } from 'node:events'
        export class Feed extends EventEmitter {
          push() { this.emit('item', 1) }
        }
    """
    assert keys({"src/feed.ts": source}, "event_emit") == ["event:src/feed.ts::Feed:item"]


def test_an_own_bus_in_python() -> None:
    files = {
        "svc/events/bus.py": "class EventBus:\n    def publish(self, n): ...\n    def subscribe(self, n, f): ...\n",
        "svc/a.py": (
            "from svc.events.bus import EventBus\n"
            "class A:\n"
            "    def __init__(self, bus: EventBus):\n        self.bus = bus\n"
            "    def go(self):\n        self.bus.publish('part.sold')\n"
        ),
        "svc/b.py": "from svc.events.bus import EventBus\nbus = EventBus()\nbus.subscribe('part.sold', handle)\n",
    }
    assert keys(files, "event_emit") == ["event:svc/events:part.sold"]
    assert keys(files, "event_handle") == ["event:svc/events:part.sold"]


def test_events_of_the_window_but_not_those_of_the_browser() -> None:
    source = (
        "window.dispatchEvent(new CustomEvent('part:sold', { detail: 1 }))\n"
        "window.addEventListener('part:sold', handle)\nwindow.addEventListener('keydown', handle)\n"
    )
    assert script(source, "event_emit", "bus") == [("part:sold", "window")]
    assert script(source, "event_handle", "bus") == [("part:sold", "window")]


@pytest.mark.parametrize(
    ("source", "emit", "handle"),
    [
        (
            "import redis\nr = redis.Redis()\nr.publish('parts', 'x')\np = r.pubsub()\np.subscribe('parts')",
            "event:redis:parts",
            "event:redis:parts",
        ),
        (
            "from aiokafka import AIOKafkaProducer, AIOKafkaConsumer\n"
            "p = AIOKafkaProducer()\np.send('parts', b'x')\nc = AIOKafkaConsumer('parts')",
            "event:kafka:parts",
            "event:kafka:parts",
        ),
        (
            "import nats\nasync def f():\n    nc = await nats.connect()\n    await nc.publish('parts')\n"
            "    await nc.subscribe('parts')\n",
            "event:nats:parts",
            "event:nats:parts",
        ),
    ],
)
def test_brokers(source: str, emit: str, handle: str) -> None:
    files = {"svc/code.py": source}
    assert keys(files, "event_emit") == [emit]
    assert keys(files, "event_handle") == [handle]


# ------------------------------------------------------------------------------------------- sockets

GATEWAY = """
    import { WebSocketGateway, SubscribeMessage, WebSocketServer } from '@nestjs/websockets'
    import { Server, Socket } from 'socket.io'
    @WebSocketGateway({ namespace: '/live', cors: true })
    export class LiveGateway {
      @WebSocketServer() server: Server
      @SubscribeMessage('room.join') join(client: Socket) { client.emit('room.joined', 1) }
      send(room: string) { this.server.to(room).emit('part.sold', 1) }
    }
"""


def test_a_gateway_speaks_in_its_namespace() -> None:
    files = {"api/live.gateway.ts": GATEWAY}
    assert keys(files, "socket_server") == ["socket:/live"]
    assert keys(files, "socket_on") == ["socket:/live:room.join"]
    assert keys(files, "socket_emit") == ["socket:/live:room.joined", "socket:/live:part.sold"]


def test_a_client_speaks_in_the_namespace_of_its_url() -> None:
    source = """
        import { io } from 'socket.io-client'
        const URL = process.env.NEXT_PUBLIC_WS_URL || 'http://localhost:3001'
        export function useLive() {
          const socket = io(`${URL}/live`, { auth: { token } })
          socket.on('part.sold', show)
          socket.emit('room.join', 'a')
        }
    """
    files = {"web/live.ts": source}
    assert keys(files, "socket_connect") == ["socket:/live"]
    assert keys(files, "socket_on") == ["socket:/live:part.sold"]
    assert keys(files, "socket_emit") == ["socket:/live:room.join"]
    (connect,) = derive(files, "socket_connect")
    assert connect.attr("url") == "{env:NEXT_PUBLIC_WS_URL|http://localhost:3001}/live"
    assert connect.attr("auth") == '=["dict",["token",["name","token"]]]'


def test_a_socket_kept_in_a_ref_or_state() -> None:
    source = """
        import { io, Socket } from 'socket.io-client'
        export function useLive() {
          const ref = useRef<Socket | null>(null)
          useEffect(() => {
            ref.current = io('http://h/live')
            ref.current.on('part.sold', show)
          }, [])
        }
    """
    assert keys({"web/live.ts": source}, "socket_on") == ["socket:/live:part.sold"]


def test_a_socket_from_elsewhere_speaks_in_an_unknown_namespace() -> None:
    source = """
        import { Socket } from 'socket.io-client'
        export class Sync {
          constructor(private readonly socket: Socket) {}
          start() { this.socket.on('state.full', this.handle) }
        }
    """
    assert keys({"web/sync.ts": source}, "socket_on") == ["socket:*:state.full"]


def test_python_sockets_speak_in_the_default_namespace_unless_told() -> None:
    source = """
        import socketio

        class Live:
            def __init__(self):
                self.sio = socketio.AsyncClient()

            async def start(self):
                self.sio.on("part.sold", self.show)
                self.sio.on("part.lost", self.show, namespace="/live")
                await self.sio.connect("http://api:3001", namespaces=["/live"], auth={"token": "t"})
                await self.sio.emit("join", {"room": 1})
    """
    files = {"svc/live.py": source}
    assert keys(files, "socket_on") == ["socket:/:part.sold", "socket:/live:part.lost"]
    assert keys(files, "socket_emit") == ["socket:/:join"]
    assert keys(files, "socket_namespace") == ["socket:/live"]
    assert python(source, "socket_connect", "namespaces") == [("http://api:3001", '=["list","/live"]')]


def test_plain_sockets() -> None:
    assert script("const s = new WebSocket('ws://h/live')", "socket_connect", "library") == [
        ("ws://h/live", "websocket")
    ]
    assert python("@app.websocket('/live')\nasync def live(ws): ...\n", "socket_server") == [("/live",)]
    assert script("class WebSocket {}\nconst s = new WebSocket('x')", "socket_connect") == []


# ------------------------------------------------------------------------------------------- queues


def test_queues_of_bull() -> None:
    source = """
        import { Processor, InjectQueue } from '@nestjs/bullmq'
        import { Queue } from 'bullmq'
        @Processor('mail')
        export class MailProcessor {}
        export class Sender {
          constructor(@InjectQueue('mail') private readonly queue: Queue) {}
          send() { this.queue.add('welcome', { to: 1 }) }
        }
    """
    files = {"api/mail.ts": source}
    assert keys(files, "queue_process") == ["queue:mail"]
    assert keys(files, "queue_ref") == ["queue:mail"]
    assert keys(files, "queue_add") == ["queue:mail"]
    assert [show(fact, "queue") for fact in derive(files, "queue_add")] == [("welcome", "mail")]


def test_a_queue_made_by_hand() -> None:
    source = """
        import { Queue, Worker } from 'bullmq'
        const NAME = 'mail'
        const queue = new Queue(NAME)
        export const send = () => queue.add('welcome', 1)
        new Worker(NAME, run)
    """
    files = {"api/mail.ts": source}
    assert keys(files, "queue_add") == keys(files, "queue_process") == ["queue:mail"]


def test_a_set_is_no_queue() -> None:
    assert script("const seen = new Set()\nseen.add('x')\n", "queue_add") == []


def test_celery() -> None:
    source = """
        from celery import shared_task

        @shared_task
        def send_mail(to): ...

        def run():
            send_mail.delay("a")
    """
    files = {"svc/tasks.py": source}
    assert keys(files, "queue_process") == keys(files, "queue_add") == ["queue:send_mail"]
