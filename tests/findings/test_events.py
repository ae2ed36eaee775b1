"""Events that miss each other on their bus."""

from __future__ import annotations

from tests.findings.systems import API, find, show

BUS = """
    import { EventEmitter } from 'events';
    export const bus = new EventEmitter();
"""


def system(handler: str, sender: str) -> dict[str, str]:
    return API | {
        "api/src/bus.ts": BUS,
        "api/src/other.ts": BUS.replace("bus", "side"),
        "api/src/tasks.controller.ts": f"""
        import {{ Controller, Get }} from '@nestjs/common';
        import {{ bus }} from './bus';
        import {{ side }} from './other';
        @Controller('tasks')
        export class TasksController {{
          constructor() {{
            {handler}
          }}
          @Get()
          list() {{
            {sender}
          }}
        }}
        """,
    }


def test_handled_on_one_bus_and_sent_on_another() -> None:
    found = find(system("side.on('task.done', () => 1);", "bus.emit('task.done', {});"), "unemitted-event")
    assert show(found) == [("broken", "`task.done` is handled on the bus `side`, and sent on the bus `bus` only")]


def test_handled_and_sent_on_one_bus_is_fine() -> None:
    files = system("bus.on('task.done', () => 1);", "bus.emit('task.done', {});")
    assert find(files, "unemitted-event") == []
    assert find(files, "unhandled-event") == []


def test_handled_and_never_sent() -> None:
    files = system("bus.on('task.done', () => 1); bus.on('task.gone', () => 1);", "bus.emit('task.done', {});")
    assert show(find(files, "unemitted-event")) == [("suspect", "`task.gone` is handled, and no code sends it")]


def test_sent_and_handled_by_nobody_is_a_note() -> None:
    files = system("bus.on('task.done', () => 1);", "bus.emit('task.done', {}); bus.emit('task.lost', {});")
    found = find(files, "unhandled-event")
    assert show(found) == [("note", "1 event is sent on the bus `bus` and handled by nobody")]
    assert "- `task.lost` in `tasks.controller.ts: TasksController.list`" in found[0].detail


def test_a_variable_may_be_any_event() -> None:
    files = system("bus.on('task.gone', () => 1);", "const name = read(); bus.emit(name, {});") | {
        "api/src/names.ts": "export function read() { return pick('task.gone'); }"
    }
    assert find(files, "unemitted-event") == []


QUEUE = """
    import {{ Injectable }} from '@nestjs/common';
    import {{ Queue, Worker }} from 'bullmq';
    const mails = new Queue('mails');
    new Worker('{worked}', async () => 1);
    export async function send() {{ await mails.add('one', {{}}); }}
"""


def test_a_queue_without_a_worker() -> None:
    found = find(API | {"api/src/mails.ts": QUEUE.format(worked="letters")}, "unhandled-event")
    assert show(found) == [("broken", "Jobs are added to the queue `mails`, which nothing works on")]


def test_a_queue_with_a_worker_is_fine() -> None:
    assert find(API | {"api/src/mails.ts": QUEUE.format(worked="mails")}, "unhandled-event") == []


OWN_BUS = {
    "api/src/bus/bus.decorator.ts": """
        import { SetMetadata } from '@nestjs/common';
        export const Subscriber = (name: string) => SetMetadata('bus', name);
    """,
    "api/src/bus/depot-bus.ts": """
        import { Injectable } from '@nestjs/common';
        @Injectable()
        export class DepotBus {
          private readonly handlers = new Map();
          subscribe(name: string, handler: () => void) { this.handlers.set(name, handler); }
          publish(name: string) { this.handlers.get(name)?.(); }
        }
    """,
    "api/src/bus/explorer.ts": """
        import { Injectable } from '@nestjs/common';
        import { DepotBus } from './depot-bus';
        @Injectable()
        export class Explorer {
          constructor(private readonly bus: DepotBus) {}
          onModuleInit() { for (const [name, run] of this.find()) this.bus.subscribe(name, run); }
          find() { return []; }
        }
    """,
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common';
        import { DepotBus } from './bus/depot-bus';
        import { Explorer } from './bus/explorer';
        import { TasksController } from './tasks.controller';
        @Module({ controllers: [TasksController], providers: [DepotBus, Explorer] })
        export class AppModule {}
    """,
    "api/src/tasks.controller.ts": """
        import { Controller, Get } from '@nestjs/common';
        import { Subscriber } from './bus/bus.decorator';
        import { DepotBus } from './bus/depot-bus';
        @Controller('tasks')
        export class TasksController {
          constructor(private readonly bus: DepotBus) {}
          @Get()
          list() { this.bus.publish('task.done'); this.bus.publish('task.lost'); }
          @Subscriber('task.done')
          onDone() { return 1; }
        }
    """,
}


def test_the_code_of_a_bus_that_hands_events_on_handles_none() -> None:
    found = find(API | OWN_BUS, "unhandled-event")
    assert show(found) == [("note", "1 event is sent on the bus `api/src/bus` and handled by nobody")]
    assert "`task.lost`" in found[0].detail
    assert "`task.done`" not in found[0].detail


def test_a_handler_of_any_event_outside_the_bus_may_take_all() -> None:
    moved = {path.replace("bus/explorer", "explorer"): text for path, text in OWN_BUS.items()}
    moved["api/src/explorer.ts"] = moved["api/src/explorer.ts"].replace("./depot-bus", "./bus/depot-bus")
    moved["api/src/app.module.ts"] = moved["api/src/app.module.ts"].replace("./bus/explorer", "./explorer")
    assert find(API | moved, "unhandled-event") == []
