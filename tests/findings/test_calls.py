"""Calls that no route serves, and ports on which nobody listens."""

from __future__ import annotations

from tests.findings.systems import API, find, places, show, worker

CLIENT = """
import os
import httpx

BASE = os.getenv("API_BASE_URL", "http://localhost:3001")

async def work():
    async with httpx.AsyncClient() as client:
"""


def client(*calls: str) -> dict[str, str]:
    return worker(jobs=CLIENT + "".join(f"        {call}\n" for call in calls))


GOOD = 'await client.get(f"{BASE}/tasks")'


def test_calls_with_one_prefix_too_many_are_one_finding() -> None:
    found = find(
        API | client('await client.get(f"{BASE}/v9/tasks")', 'await client.get(f"{BASE}/v9/tasks/{1}")'),
        "dangling-call",
    )
    assert show(found) == [("broken", "2 calls of `worker` use a `/v9` prefix that `api` does not serve")]
    assert "- `GET /v9/tasks` in `jobs.py: work`, served is `GET /tasks`" in found[0].detail
    assert ("worker/jobs.py", "work") in places(found[0])
    assert ("api/src/tasks.controller.ts", "TasksController.list") in places(found[0])


def test_a_served_call_is_no_finding() -> None:
    assert find(API | client(GOOD), "dangling-call") == []


def test_another_method_is_told_with_the_one_that_is_served() -> None:
    found = find(API | client('await client.delete(f"{BASE}/tasks")'), "dangling-call")
    assert show(found) == [("broken", "`api` does not serve `DELETE /tasks`, which `worker` calls")]
    assert "api serves `GET /tasks`, no DELETE" in found[0].detail


def test_a_path_that_nobody_has_is_told_alone() -> None:
    found = find(API | client('await client.get(f"{BASE}/planets/all")'), "dangling-call")
    assert show(found) == [("broken", "`worker` calls `GET /planets/all`, which `api` does not serve")]


def test_a_call_in_dead_code_is_dead() -> None:
    files = worker(
        old="""
        import httpx

        async def forgotten():
            async with httpx.AsyncClient() as client:
                await client.get("http://localhost:3001/planets/all")
        """
    )
    found = find(API | files, "dangling-call")
    assert [f.severity for f in found] == ["dead"]
    assert "Nothing that runs reaches this call." in found[0].detail


def test_a_proxy_in_the_repository_makes_a_prefix_suspect() -> None:
    files = API | client('await client.get(f"{BASE}/v9/tasks")') | {"deploy/nginx.conf": "server {}"}
    found = find(files, "dangling-call")
    assert [f.severity for f in found] == ["suspect"]
    assert "`deploy/nginx.conf` may rewrite paths" in found[0].detail


def test_an_unknown_base_is_no_finding() -> None:
    files = worker(
        jobs="""
        import httpx

        async def work(base):
            async with httpx.AsyncClient() as client:
                await client.get(f"{base}/planets/all")
        """
    )
    assert find(API | files, "dangling-call") == []


def port_client(port: int) -> dict[str, str]:
    return worker(
        jobs=f"""
        import os
        import httpx

        BASE = os.getenv("TASKS_URL", "http://localhost:{port}")

        async def work():
            async with httpx.AsyncClient() as client:
                await client.get(f"{{BASE}}/tasks/recent/all")
        """
    )


ROUTED = API | {
    "api/src/tasks.controller.ts": """
        import { Controller, Get } from '@nestjs/common';
        @Controller('tasks')
        export class TasksController {
          @Get('recent/all')
          list() { return []; }
        }
    """
}


def test_a_port_that_nothing_listens_on() -> None:
    found = find(ROUTED | port_client(3999), "wrong-port")
    assert show(found) == [("broken", "`TASKS_URL` leads to port 3999 by default, `api` listens on 3001")]
    assert "`GET /tasks/recent/all` in `jobs.py: work`" in found[0].detail


def test_the_right_port_is_no_finding() -> None:
    assert find(ROUTED | port_client(3001), "wrong-port") == []
