"""HTTP calls, from tiny sources: what is called, through which wrappers, with which headers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.join.clients import find_client_calls
from kbgen.join.signals import derive_facts, load_rules, read_shipped_rules
from kbgen.model import Fact
from tests.join.programs import make_program

RULES = load_rules([read_shipped_rules()])


def calls(files: Mapping[str, str]) -> list[Fact]:
    program = make_program(files)
    return list(find_client_calls(program, derive_facts(program, RULES)))


def names(files: Mapping[str, str]) -> list[str]:
    return [f.name for f in calls(files)]


def python(source: str) -> list[str]:
    return names({"svc/calls.py": source})


def script(source: str) -> list[str]:
    return names({"web/src/calls.ts": source})


# ------------------------------------------------------------------------------------------- scripts


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("export const f = (id: string) => fetch(`/api/tasks/${id}?full=1`)", "GET /api/tasks/{id}?full=1"),
        ("export const f = () => fetch('/a', { method: 'post' })", "POST /a"),
        ("const BASE = '/api'\nexport const f = () => fetch(BASE + '/x')", "GET /api/x"),
        (
            "const API = process.env.API_URL || 'http://localhost:4000'\nexport const f = () => fetch(`${API}/x`)",
            "GET {env:API_URL|http://localhost:4000}/x",
        ),
        ("export const f = () => fetch(new URL('/x', 'http://h:1'))", "GET http://h:1/x"),
        ("export const f = () => fetch(new URL('/x', 'http://h:1').toString())", "GET http://h:1/x"),
        ("function base() { return '' }\nexport const f = () => fetch(`${base()}/x`)", "GET /x"),
        (
            "const ENDPOINTS = { user: { byId: (id: string) => `/api/users/${id}` } }\n"
            "export const f = (id: string) => fetch(ENDPOINTS.user.byId(id))",
            "GET /api/users/{id}",
        ),
        ("import axios from 'axios'\nexport const f = () => axios.delete('/x/1')", "DELETE /x/1"),
        ("import axios from 'axios'\nexport const f = () => axios({ url: '/x', method: 'put' })", "PUT /x"),
        (
            "import axios from 'axios'\nconst api = axios.create({ baseURL: 'http://h/v1/' })\n"
            "export const f = () => api.get('/x')",
            "GET http://h/v1/x",
        ),
        (
            "import { HttpService } from '@nestjs/axios'\nexport class A {\n"
            "  constructor(private http: HttpService) {}\n  f() { return this.http.post('http://h/x', {}) }\n}",
            "POST http://h/x",
        ),
        (
            "import { HttpClient } from '@angular/common/http'\nexport class A {\n"
            "  constructor(private client: HttpClient) {}\n  f() { return this.client.get<string>('/x') }\n}",
            "GET /x",
        ),
        ("import ky from 'ky'\nexport const f = () => ky.post('/x', { json: {} })", "POST /x"),
        ("import useSWR from 'swr'\nexport const useX = () => useSWR('/api/x', fetcher)", "GET /api/x"),
        ("export const f = () => new WebSocket('ws://h:1/live')", "WEBSOCKET ws://h:1/live"),
        ("export const f = () => new EventSource('/api/stream')", "GET /api/stream"),
    ],
)
def test_ways_to_call_from_scripts(source: str, expected: str) -> None:
    assert script(source) == [expected]


@pytest.mark.parametrize(
    "source",
    [
        "const fetch = (x: string) => x\nexport const f = () => fetch('/x')",
        "export const f = (m: Map<string, string>) => m.get('/x')",
        "import axios from 'axios'\nexport const f = async () => (await axios.get('/x')).headers.get('etag')",
    ],
)
def test_what_is_no_call(source: str) -> None:
    assert [name for name in script(source) if name != "GET /x"] == []


def test_the_inside_of_a_wrapper_is_replaced_by_its_callers() -> None:
    files = {
        "web/src/client.ts": """
            export async function apiClient(url: string, options: RequestInit = {}) {
              return fetch(url, { ...options, headers: { 'X-CSRF': '1' } })
            }
            export function apiPost(url: string, data?: unknown) {
              return apiClient(url, { method: 'POST', body: JSON.stringify(data) })
            }
        """,
        "web/src/use.ts": """
            import { apiClient, apiPost } from './client'
            export const list = () => apiClient('/api/items')
            export const remove = (id: string) => apiClient(`/api/items/${id}`, { method: 'DELETE' })
            export const add = () => apiPost('/api/items', {})
        """,
    }
    found = calls(files)
    assert [f.name for f in found] == ["GET /api/items", "DELETE /api/items/{id}", "POST /api/items"]
    assert {f.path for f in found} == {"web/src/use.ts"}
    assert [f.symbol for f in found] == ["list", "remove", "add"]
    assert found[2].attr("via") == "web/src/client.ts:6 web/src/client.ts:3"
    assert "X-CSRF" in found[0].attr("headers").split()


def test_a_generic_client_class_two_levels_deep() -> None:
    files = {
        "web/src/http.ts": """
            export class ApiClient {
              constructor(private readonly base: string = 'http://localhost:9000') {}
              get(path: string) { return this.request(path, { method: 'GET' }) }
              private request(path: string, init: RequestInit) { return fetch(`${this.base}${path}`, init) }
            }
            export const api = new ApiClient()
        """,
        "web/src/use.ts": """
            import { api } from './http'
            export const load = () => api.get('/things')
        """,
    }
    found = calls(files)
    assert [f.symbol for f in found] == ["load"]
    assert found[0].name == "GET http://localhost:9000/things"


def test_an_id_makes_no_wrapper() -> None:
    source = """
        export function load(id: string) { return fetch(`/api/tasks/${id}`) }
        export const a = () => load('1')
    """
    found = calls({"web/src/a.ts": source})
    assert [(f.symbol, f.attr("path")) for f in found] == [("load", "/api/tasks/{}")]


def test_options_object_with_a_url() -> None:
    source = """
        function send(args: { url: string; body: string }) {
          const { url, body } = args
          return fetch(`${url}/v1/run`, { method: 'POST', body })
        }
        export const run = () => send({ url: 'https://api.example.com', body: '' })
    """
    assert script(source) == ["POST https://api.example.com/v1/run"]


def test_two_methods_are_two_calls() -> None:
    source = "export const f = (edit: boolean) => fetch('/api/x', { method: edit ? 'PATCH' : 'POST' })"
    found = calls({"web/src/a.ts": source})
    assert sorted(f.name for f in found) == ["PATCH /api/x", "POST /api/x"]
    assert {f.attr("certain") for f in found} == {"no"}


def test_a_proxy_passes_the_rest_of_a_path_on() -> None:
    source = """
        export async function GET(request: Request, { params }: { params: { path: string[] } }) {
          const rest = params.path.join('/')
          return fetch(`http://api:4000/kb/${rest}`)
        }
    """
    found = calls({"web/app/api/kb/[...path]/route.ts": source})
    assert [f.attr("path") for f in found] == ["/kb/{...}"]
    assert found[0].attr("side") == "server"


def test_headers_and_sides() -> None:
    source = """
        import { useState } from 'react'
        export async function f(token: string) {
          const headers: Record<string, string> = { Accept: 'application/json' }
          headers['Authorization'] = `Bearer ${token}`
          await fetch('/a', { headers })
          await fetch('/b', { headers: token ? { 'X-One': '1' } : {} })
          await fetch('/c', init)
        }
    """
    found = calls({"web/src/a.ts": source})
    assert [f.attr("headers") for f in found] == ["Accept Authorization", "X-One", "?"]
    assert {f.attr("side") for f in found} == {"browser"}


# -------------------------------------------------------------------------------------------- Python


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import httpx\ndef f():\n    return httpx.get('http://h:1/x')\n", "GET http://h:1/x"),
        ("import requests\ndef f():\n    return requests.request('PUT', 'http://h/x')\n", "PUT http://h/x"),
        (
            "import httpx\nasync def f():\n    async with httpx.AsyncClient(base_url='http://h:1') as client:\n"
            "        await client.post('/x')\n",
            "POST http://h:1/x",
        ),
        (
            "import requests\nsession = requests.Session()\ndef f(i: int):\n    session.delete(f'http://h/x/{i}')\n",
            "DELETE http://h/x/{i}",
        ),
        (
            "import aiohttp\nasync def f():\n    async with aiohttp.ClientSession() as s:\n"
            "        async with s.get('http://h/x') as r:\n            return r\n",
            "GET http://h/x",
        ),
        (
            "import os, httpx\nAPI = os.getenv('API_URL', 'http://localhost:3001')\n"
            "def f():\n    httpx.patch(f'{API}/x')\n",
            "PATCH {env:API_URL|http://localhost:3001}/x",
        ),
        ("from urllib.request import urlopen\ndef f():\n    urlopen('http://h/x')\n", "GET http://h/x"),
        ("import websockets\ndef f():\n    return websockets.connect('ws://h/x')\n", "WEBSOCKET ws://h/x"),
        (
            "from urllib.parse import urljoin\nimport httpx\ndef f():\n    httpx.get(urljoin('http://h/', 'x'))\n",
            "GET http://h/x",
        ),
    ],
)
def test_ways_to_call_from_python(source: str, expected: str) -> None:
    assert python(source) == [expected]


def test_headers_of_a_response_are_no_call() -> None:
    source = """
        import httpx
        def f(settings: dict):
            response = httpx.get("http://h/x")
            response.headers.get("etag")
            settings.get("/x")
    """
    assert python(source) == ["GET http://h/x"]


def test_a_python_wrapper_with_method_and_endpoint() -> None:
    files = {
        "svc/common.py": """
            import os
            import httpx
            API = os.environ["API_URL"]
            def api_request(method: str, endpoint: str, *, json: dict | None = None) -> dict:
                url = f"{API}{endpoint}"
                with httpx.Client() as client:
                    return client.request(method=method.upper(), url=url, json=json).json()
            def api_get(endpoint: str) -> dict:
                return api_request("GET", endpoint)
        """,
        "svc/tools.py": """
            from svc.common import api_get, api_request
            def start(task: str):
                return api_request("POST", f"/tasks/{task}/start")
            def show(task: str):
                return api_get(endpoint=f"/tasks/{task}")
        """,
    }
    assert names(files) == ["POST {env:API_URL}/tasks/{task}/start", "GET {env:API_URL}/tasks/{task}"]


def test_headers_that_the_constructor_puts_on() -> None:
    source = """
        import httpx
        class Client:
            def __init__(self, token: str | None) -> None:
                self.headers = {"Accept": "application/json"}
                if token:
                    self.headers["Authorization"] = f"Bearer {token}"
            async def items(self) -> dict:
                async with httpx.AsyncClient(headers={"X-Client": "1"}) as client:
                    return await client.get("http://h/items", headers=self.headers)
    """
    found = calls({"svc/client.py": source})
    assert found[0].attr("headers").split() == ["Accept", "Authorization", "X-Client"]


def test_a_base_url_that_the_constructor_gets() -> None:
    files = {
        "svc/client.py": """
            import httpx
            class Client:
                def __init__(self, base_url: str) -> None:
                    self.base_url = base_url
                    self.http = httpx.AsyncClient()
                async def items(self) -> dict:
                    return await self.http.get(f"{self.base_url}/items")
        """,
        "svc/main.py": "from svc.client import Client\nclient = Client(base_url='http://store:80')\n",
    }
    assert names(files) == ["GET http://store:80/items"]


def test_an_address_that_only_run_time_knows_stays_a_hole() -> None:
    source = """
        import httpx
        async def probe(url: str) -> bool:
            if not url.startswith("http"):
                url = "http://" + url
            return (await httpx.AsyncClient().get(f"{url}/.well-known/agent.json")).is_success
        async def scan(urls: list[str]) -> None:
            for url in urls:
                await probe(url)
    """
    found = calls({"svc/scan.py": source})
    assert {f.attr("path") for f in found} == {"/.well-known/agent.json"}
    assert all("http" not in f.attr("base").replace("http://{", "") for f in found)


def test_tests_make_no_calls() -> None:
    assert names({"tests/test_x.py": "import httpx\ndef test_x():\n    httpx.get('http://h/x')\n"}) == []


def test_the_same_facts_in_any_order() -> None:
    files = {
        "a.py": "import httpx\ndef f():\n    httpx.get('http://h/x')\n",
        "b.py": "import httpx\ndef g():\n    httpx.put('http://h/y')\n",
    }
    assert calls(files) == calls(dict(reversed(files.items())))
