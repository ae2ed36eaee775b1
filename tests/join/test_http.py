"""Which route serves a call, and what is said of a call that no route serves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.join.http import HttpMatch, is_external, match_calls
from kbgen.join.urls import from_angles, from_braces, from_colons, join_paths, match_path, normalise_path, split_url
from kbgen.model import Fact

BASES = {
    "http://api:3001": ("api",),
    "{env:API_URL|http://localhost:3001}": ("api",),
    "http://agents:7777": ("agents",),
}


def route(unit: str, name: str, **more: str) -> Fact:
    method, _, path = name.partition(" ")
    attrs = {"method": method, "path": path, "kind": "route", "mounted": "yes", **more}
    return Fact("route", name, f"{unit}/routes.ts", 1, name, path, "", tuple(attrs.items()))


def call(unit: str, name: str, side: str = "browser", **more: str) -> Fact:
    method, _, url = name.partition(" ")
    parts = split_url(url)
    attrs = {
        "method": method,
        "url": url,
        "base": parts.base,
        "path": parts.path,
        "side": side,
        "certain": "yes",
        **more,
    }
    return Fact("client_call", name, f"{unit}/calls.ts", 1, url, "f", "", tuple(attrs.items()))


def find_unit(path: str) -> str:
    return path.partition("/")[0]


def match_all(calls: list[Fact], routes: list[Fact]) -> list[HttpMatch]:
    return list(match_calls(calls, routes, find_unit, lambda base, _: BASES.get(base, ())))


def match(one: Fact, *routes: Fact) -> HttpMatch:
    return match_all([one], list(routes))[0]


def served(found: HttpMatch) -> str:
    return f"{found.verdict} {found.route.path.partition('/')[0]} {found.route.name}" if found.route else found.verdict


# ---------------------------------------------------------------------------------------- which route


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GET http://api:3001/tasks/{id}", "matched api GET /tasks/{id}"),
        ("GET http://api:3001/tasks/7", "matched api GET /tasks/{id}"),
        ("GET http://api:3001/tasks/mine", "matched api GET /tasks/mine"),
        ("GET http://api:3001/tasks?limit={n}", "matched api GET /tasks"),
        ("GET http://api:3001/tasks{query}", "matched api GET /tasks"),
        ("HEAD http://api:3001/tasks", "matched api GET /tasks"),
        ("DELETE http://api:3001/any/thing", "matched api ANY /any/{rest...}"),
        ("GET http://api:3001/files", "matched api GET /files/{path...?}"),
        ("GET {env:API_URL|http://localhost:3001}/tasks", "matched api GET /tasks"),
    ],
)
def test_a_base_that_leads_to_one_part(name: str, expected: str) -> None:
    routes = [
        route("api", "GET /tasks/{id}"),
        route("api", "GET /tasks/mine"),
        route("api", "GET /tasks"),
        route("api", "ANY /any/{rest...}"),
        route("api", "GET /files/{path...?}"),
        route("web", "GET /tasks/{id}"),
    ]
    assert served(match(call("web", name), *routes)) == expected


def test_no_base_is_the_own_origin_of_a_browser() -> None:
    routes = [route("api", "GET /api/x"), route("web", "GET /api/x")]
    assert served(match(call("web", "GET /api/x"), *routes)) == "matched web GET /api/x"
    found = match(call("worker", "GET /api/x", side="server"), *routes)
    assert found.verdict == "unresolved"


def test_a_catch_all_proxy_serves_what_nothing_closer_serves() -> None:
    routes = [route("web", "GET /api/kb/{path...}"), route("web", "GET /api/kb/status")]
    assert served(match(call("web", "GET /api/kb/pages/{id}"), *routes)) == "matched web GET /api/kb/{path...}"
    assert served(match(call("web", "GET /api/kb/status"), *routes)) == "matched web GET /api/kb/status"


def test_a_proxy_passes_every_path_on() -> None:
    routes = [route("api", "GET /kb/pages/{id}"), route("api", "GET /kb/pages"), route("api", "GET /other")]
    found = match(call("web", "GET http://api:3001/kb/{...}"), *routes)
    assert served(found) == "matched api GET /kb/pages"
    assert "2 routes" in found.why


def test_a_path_alone_is_a_guess_and_several_are_none() -> None:
    routes = [route("api", "GET /orders/{id}"), route("web", "GET /pages/{id}")]
    found = match(call("worker", "GET {base}/orders/{id}", side="server"), *routes)
    assert served(found) == "matched api GET /orders/{id}"
    assert found.confidence <= 0.5
    both = match(call("worker", "GET {base}/orders/{id}", side="server"), *routes, route("web", "GET /orders/{id}"))
    assert both.verdict == "ambiguous"


@pytest.mark.parametrize(
    "name", ["GET {peer}/.well-known/agent.json", "GET {url}/health", "POST {url}", "GET {base}/{id}"]
)
def test_a_path_that_any_service_has_says_nothing(name: str) -> None:
    routes = [
        route("agents", "GET /.well-known/agent.json"),
        route("agents", "GET /health"),
        route("api", "POST /{id}"),
    ]
    assert match(call("agents", name, side="server"), *routes).verdict == "unresolved"
    assert match(call("worker", name, side="server"), *routes).verdict == "unresolved"


def test_a_hole_on_a_word_is_no_match_where_several_words_fit() -> None:
    routes = [route("agents", "POST /agents/red/runs"), route("agents", "POST /agents/blue/runs")]
    assert match(call("web", "POST http://agents:7777/agents/{team}/runs"), *routes).verdict == "ambiguous"
    assert match(call("web", "POST http://agents:7777/agents/{team}/runs"), routes[0]).verdict == "matched"


def test_a_hole_on_a_word_and_a_word_on_a_parameter_do_not_fit() -> None:
    found = match(call("web", "GET http://api:3001/agents/{name}/chat"), route("api", "GET /agents/talks/{id}"))
    assert found.verdict == "dangling"


@pytest.mark.parametrize(
    ("base", "external"),
    [
        ("https://api.github.com", True),
        ("{env:X|https://api.openai.com}", True),
        ("http://localhost:8000", False),
        ("http://10.0.0.4", False),
        ("http://redis:6379", False),
        ("http://api.prod.svc", False),
        ("{env:X}", False),
        ("https://{host}.example.com", False),
    ],
)
def test_what_lies_outside(base: str, external: bool) -> None:
    assert is_external(base) is external


def test_a_public_host_is_no_part_even_if_a_part_has_its_first_word() -> None:
    found = match_calls(
        [call("web", "GET https://api.github.com/x")], [route("api", "GET /x")], find_unit, lambda *_: ("api",)
    )
    assert found[0].verdict == "external"


# ------------------------------------------------------------------------------------ dangling calls


@pytest.mark.parametrize(
    ("name", "nearest", "why"),
    [
        (
            "POST http://api:3001/api/approvals",
            "GET /approvals",
            "`POST /api/approvals`: api serves `GET /approvals`, with no POST and no `/api` prefix.",
        ),
        (
            "GET http://api:3001/api/approvals",
            "GET /approvals",
            "`GET /api/approvals`: api serves `GET /approvals`, with no `/api` prefix.",
        ),
        ("PUT http://api:3001/approvals", "GET /approvals", "`PUT /approvals`: api serves `GET /approvals`, no PUT."),
        (
            "GET http://api:3001/things/{id}",
            "GET /v1/things/{id}",
            "`GET /things/{}`: api serves `GET /v1/things/{id}`, with `/v1` before it.",
        ),
        (
            "GET http://api:3001/api/pages",
            "GET /api/pages",
            "`GET /api/pages`: api has no such path; web serves `GET /api/pages`.",
        ),
        (
            "GET http://api:3001/approval",
            "GET /approvals",
            "`GET /approval`: api has no such path; nearest is `GET /approvals`: `approvals`, not `approval`.",
        ),
        (
            "GET http://api:3001/pm/agents/runs/all",
            "GET /pm/agents/runs",
            "`GET /pm/agents/runs/all`: api has no such path; nearest is `GET /pm/agents/runs`: without `/all`.",
        ),
        ("GET http://api:3001/nothing/here", "", "`GET /nothing/here`: api serves no path like it."),
    ],
)
def test_the_nearest_route_and_why_it_does_not_fit(name: str, nearest: str, why: str) -> None:
    routes = [
        route("api", "GET /approvals"),
        route("api", "GET /v1/things/{id}"),
        route("api", "GET /pm/agents/runs"),
        route("web", "GET /api/pages"),
    ]
    found = match(call("agents", name, side="server"), *routes)
    assert (found.verdict, found.why) == ("dangling", why)
    assert (found.nearest.name if found.nearest else "") == nearest


def test_a_browser_call_that_means_the_service_behind() -> None:
    routes = [route("web", "GET /api/other"), route("api", "GET /settings/keys")]
    found = match(call("web", "GET /api/settings/keys"), *routes)
    assert found.verdict == "dangling"
    assert found.why == "`GET /api/settings/keys`: web has no such path; api serves `GET /settings/keys`."


def test_a_route_that_nothing_mounts_serves_nothing() -> None:
    dead = route("api", "GET /old", mounted="no")
    found = match(call("web", "GET http://api:3001/old"), dead, route("api", "GET /new"))
    assert (found.verdict, found.nearest) == ("dangling", dead)
    assert "nothing mounts it" in found.why


def test_a_part_without_known_routes_is_not_blamed() -> None:
    found = match(call("web", "GET http://agents:7777/x/y"), route("api", "GET /x"))
    assert found.verdict == "unresolved"


def test_one_of_two_readings_that_fits_silences_the_other() -> None:
    readings = [call("web", f"{method} http://api:3001/roles", certain="no") for method in ("PATCH", "POST")]
    found = match_all(readings, [route("api", "POST /roles")])
    assert [m.verdict for m in found] == ["unresolved", "matched"]


def test_rewrites_send_calls_elsewhere() -> None:
    attrs = (("source", "/api/{path...?}"), ("destination", "http://api:3001/v1/:path*"), ("folder", "web"))
    rule = Fact("rewrite", "/api/* -> api", "web/next.config.js", 1, "", "", "", attrs)
    routes = [rule, route("web", "GET /api/own"), route("api", "GET /v1/tasks/{id}")]
    assert served(match(call("web", "GET /api/own"), *routes)) == "matched web GET /api/own"
    assert served(match(call("web", "GET /api/tasks/{id}"), *routes)) == "matched api GET /v1/tasks/{id}"
    assert match(call("web", "GET /api/gone"), *routes).verdict == "dangling"


# --------------------------------------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/api/tasks/{id}?x={y}#top", ("", "/api/tasks/{}")),
        ("http://h:80/a//b/", ("http://h:80", "/a/b")),
        ("{env:API|http://h:1/api/}/x", ("{env:API|http://h:1}", "/api/x")),
        ("{base}{path}", ("{base}", "/{}")),
        ("{url}", ("{url}", "")),
        ("{protocol}//{host}/ws", ("{protocol}//{host}", "/ws")),
        ("http://{env:HOST|h}:{port}/v1/{id}.json", ("http://{env:HOST|h}:{port}", "/v1/{}.json")),
        ("users/{id}", ("", "/users/{}")),
        ("", ("", "")),
    ],
)
def test_base_and_path_of_a_url(text: str, parts: tuple[str, str]) -> None:
    url = split_url(text)
    assert (url.base, url.path) == parts


def test_notations_of_frameworks() -> None:
    assert from_colons("users/:id(\\d+)/files/*") == "/users/{id}/files/{rest...}"
    assert from_colons("/a/:rest*") == "/a/{rest...?}"
    assert from_angles("/x/<int:id>/<path:rest>/") == "/x/{id}/{rest...}"
    assert from_braces("/x/{id:int}/{rest:path}") == "/x/{id}/{rest...}"


SEGMENTS = st.lists(st.sampled_from(["a", "b", "{id}", "{}", "v1", "x-{n}"]), max_size=5)


@given(SEGMENTS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_normalising_twice_changes_nothing(segments: list[str]) -> None:
    once = normalise_path("/".join(segments))
    assert normalise_path(once) == once
    assert join_paths(*segments) == join_paths("/".join(segments))


@given(SEGMENTS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_path_serves_itself(segments: list[str]) -> None:
    assert match_path(segments, segments) is not None


@given(st.lists(st.sampled_from(["GET /a", "POST /a", "GET /a/{id}", "ANY /b/{rest...}", "GET /b/c"]), max_size=5))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_every_call_gets_one_match_in_order(names: list[str]) -> None:
    routes = [route("api", name) for name in names]
    calls = [call("web", f"GET http://api:3001/{path}") for path in ("a", "a/1", "b/c", "b/x/y", "zzz")]
    found = match_all(calls, routes)
    assert [m.call for m in found] == calls
    assert all((m.route is None) == (m.verdict not in ("matched", "ambiguous")) for m in found)
