"""The planted faults are in the sample, and the drawn keys speak of lines that are there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kbgen.sample import list_steps

FOLDER = Path(__file__).parent
FILES = {path: content.decode() for path, (_, content) in list_steps()[-1].files.items()}
CODE = {
    path: text
    for path, text in FILES.items()
    if not path.startswith("docs/") and not re.search(r"/tests/|__tests__|\.spec\.", path)
}


def load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


FAULTS: list[dict[str, str]] = load("planted.json")["faults"]
MESH: dict[str, Any] = load("mesh_key.json")
FLOWS: dict[str, Any] = load("flows_key.json")["stories"][0]


def select(*kinds: str) -> list[dict[str, str]]:
    found = [fault for fault in FAULTS if fault["kind"] in kinds]
    assert found
    return found


def find_users(word: str, path: str) -> list[str]:
    return [other for other, text in CODE.items() if other != path and re.search(rf"\b{re.escape(word)}\b", text)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']} {fault['about']}")
def test_each_fault_is_where_it_says(fault: dict[str, str]) -> None:
    text = CODE[fault["path"]]
    if fault["kind"] in ("no-auth", "no-socket-token"):
        assert fault["about"] not in text
    elif fault["kind"] == "event-never-handled" or fault["kind"] == "event-never-emitted":
        names = CODE["apps/depot-api/src/bus/bus-events.ts"]
        key = next((k for k, name in re.findall(r"(\w+): '([^']+)'", names) if name == fault["about"]), fault["about"])
        assert key in text
    elif fault["kind"] == "socket-never-handled" and "gateway" in fault["path"]:
        assert f".emit('{fault['about']}'" in text
    elif " /" in fault["about"]:
        parts = fault["about"].split(" ", 1)[1].split("{}")
        assert all(part in text for part in parts if part != "/a2a/")
    else:
        assert fault["about"] in text


def test_what_nobody_uses_is_used_by_nobody() -> None:
    for fault in select(
        "tools-never-attached", "metric-never-recorded", "dead-module", "mounted-nowhere", "never-read"
    ):
        assert not find_users(fault["about"], fault["path"]), fault
    assert not find_users("create_customs_agent", "mesh/agents/customs.py")


def test_wrong_addresses_are_set_by_nobody() -> None:
    setting = "\n".join(text for path, text in FILES.items() if path.endswith((".yml", ".env.example")))
    for fault in select("base-url"):
        (name,) = re.findall(r"process\.env\.(\w+) \?\? '" + re.escape(fault["about"]), FILES[fault["path"]])
        assert not re.search(rf"^\s*{name}\b", setting, re.MULTILINE)


def test_events_that_nobody_handles_or_emits() -> None:
    bus = "apps/depot-api/src/bus/bus-events.ts"
    assert find_users("TASK_REASSIGNED", bus) == ["apps/depot-api/src/tasks/tasks.service.ts"]
    assert find_users("CARRIER_LATE", bus) == ["apps/depot-api/src/tasks/carrier-alerts.listener.ts"]
    emitters = [path for path, text in CODE.items() if re.search(r"events\.emit\('task\.finished'", text)]
    assert not emitters
    for fault in select("socket-never-emitted", "socket-never-handled"):
        assert not [
            p for p in find_users(fault["about"], fault["path"]) if "socket.on(" in CODE[p] or "@Sub" in CODE[p]
        ]


def test_routes_that_nobody_serves() -> None:
    controllers = re.findall(r"@Controller\('(\w+)'\)", "\n".join(CODE.values()))
    for fault in select("no-route"):
        first = fault["about"].split("/")[1]
        if first == "api":
            assert f"apps/console/src/app{fault['about'].split()[1]}/route.ts" not in FILES
        elif first == "tasks":
            assert "snooze" not in CODE["apps/depot-api/src/tasks/tasks.controller.ts"]
        else:
            assert first not in controllers


@pytest.mark.parametrize(
    "entries",
    [
        *(MESH[name] for name in ("nodes", "edges", "optional_nodes", "optional_edges", "trap_edges")),
        *(FLOWS[name] for name in ("a2a_request_flow", "dashboard_data_flow", "hitl_flow")),
    ],
)
def test_every_line_of_the_keys_says_what_it_is_cited_for(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        path, _, line = entry["where"].rpartition(":")
        assert entry["text"] in FILES[path].splitlines()[int(line) - 1], entry


def test_edges_join_nodes_of_the_key_once() -> None:
    nodes = [node["id"] for node in (*MESH["nodes"], *MESH["optional_nodes"])]
    edges = [(e["from"], e["to"]) for name in ("edges", "optional_edges", "trap_edges") for e in MESH[name]]
    assert len(set(nodes)) == len(nodes)
    assert len(set(edges)) == len(edges)
    assert {end for edge in edges for end in edge} <= set(nodes)


def test_flows_count_their_hops() -> None:
    for name in ("a2a_request_flow", "dashboard_data_flow", "hitl_flow"):
        hops = FLOWS[name]
        assert [hop["n"] for hop in hops] == list(range(1, len(hops) + 1))
        assert sum(hop["derivable"].startswith("easy") for hop in hops) >= 12
