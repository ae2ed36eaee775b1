"""Whole runs of `kbgen diagram` and `kbgen findings` on names, sizes and circles that try to break a drawing.

Whatever the code says stays text in every format, and no graph is too large to be drawn or folded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.gitrepo import Content
from tests.hostile.runs import LIMIT_S, list_numbered, make_repository, run_within

MESH = "agent-mesh-topology"
NAMES = (MESH, "a2a-request-flow", "dashboard-data-flow", "hitl-approval-flow", "state-sync")
SVG_TAGS = frozenset({"svg", "g", "title", "polygon", "polyline", "path", "text", "ellipse"})
FORMS = ("mmd", "svg", "png", "dot", "excalidraw")

EVIL = (
    *('"];A-->B', "end", "</details>", "`tick` ``two``", "<script>alert(1)</script>", "a\nb", "%%{init: {}}%%"),
    *("graph TD", "subgraph x", 'click A href "javascript:alert(1)"', "#quot;", "&lt;b&gt;", "\\", '\\N\\G\\"', "{"),
    *("|x|", "---", "-->", f"<!-- kbgen:end {MESH} -->", "```\n```\n# Out", 'A["x"]', "style A fill:#f00", "}"),
    *("note over A", "loop", "participant x", "\u202e\u200bx", "\x1b[31m", "\U0001f600", "日本語", "Привет", "", " "),
    *("o", "x", "constructor", "__proto__", "class", "a;b", "a,b", "$(x)", "[[x]]", "((x))", "<img src=x onerror=y>"),
    *("&#x3C;", "A@{shape: x}", ":::x", "direction LR", "'", '"""', "\u2028", 'http://x/"><y', "</text></svg>", "]]>"),
)


def make_evil() -> dict[str, Content]:
    """A service, agents, compose services, routes, events and tools that all have these names."""
    said = [json.dumps(name) for name in EVIL]
    agents = "".join(
        f"@tool(name={name})\ndef t{n}():\n    return httpx.get('http://' + {name} + '/x')\n\n\n"
        f"a{n} = Agent(name={name}, id={name}, role={name}, description={name}, tools=[t{n}])\n\n\n"
        f"@app.get('/r/' + {name})\ndef r{n}():\n    return a{n}.run({name})\n\n\n"
        for n, name in enumerate(said)
    )
    members = ", ".join(f"a{n}" for n in range(len(EVIL)))
    services = list(dict.fromkeys(json.dumps(name or "nothing") for name in EVIL))
    compose = "services:\n  door: {build: door, ports: ['8000:8000']}\n" + "".join(
        f"  {name}:\n    image: {name}\n    environment: {{U{n}: {name}}}\n"
        f"    depends_on: [{services[(n + 1) % len(services)]}, door]\n"
        for n, name in enumerate(services)
    )
    page = "".join(
        f"  socket.on({name}, () => 0)\n  socket.emit({name}, 1)\n  fetch('http://localhost:8000/r/' + {name})\n"
        f"  useCopilotAction({{ name: {name}, description: {name}, handler: async () => {{}} }})\n"
        for name in said
    )
    return {
        "door/app.py": "import httpx\nfrom agno.agent import Agent\nfrom agno.team import Team\n"
        "from agno.tools import tool\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
        f"{agents}team = Team(name={said[0]}, members=[{members}])\n\n\n"
        "@app.post('/team')\ndef go():\n    return team.run('x')\n",
        "door/Dockerfile": "FROM python\nEXPOSE 8000\nCMD uvicorn app:app --port 8000\n",
        "docker-compose.yml": compose,
        "web/package.json": '{"name": "</details>`\\"];A-->B", "dependencies": {"next": "1", "react": "1"}}',
        "web/app/page.tsx": "'use client'\nimport { useCopilotAction } from '@copilotkit/react-core'\n"
        "import { io } from 'socket.io-client'\nconst socket = io('http://localhost:8000')\n"
        f"export default function Page() {{\n  fetch('http://localhost:8000/team', {{ method: 'POST' }})\n{page}"
        "  return <div/>\n}\n",
    }


@dataclass(frozen=True)
class Drawn:
    folder: Path
    diagrams: Mapping[str, Any]
    """The JSON of each, at detail level."""
    files: Mapping[str, bytes]
    """``overview/NAME.svg``"""
    printed: str
    """Everything that went to stdout and stderr on the way."""


def draw_all(folder: Path) -> Drawn:
    """Every diagram at both levels in every format, the table, and the findings."""
    found = run_within(LIMIT_S, "diagram", "--level", "detail", "--format", "json", at=folder)
    assert found.code == 0, found.err
    printed = found.err
    files: dict[str, bytes] = {}
    for level in ("overview", "detail"):
        to_files = ("--as", "mermaid,svg,png,dot,excalidraw", "--output", f"drawn/{level}")
        for more in ((), to_files):
            done = run_within(LIMIT_S, "diagram", "--level", level, *more, at=folder)
            assert done.code == 0, done.err
            printed += done.out + done.err
        for path in sorted((folder / "drawn" / level).rglob("*")):
            if path.is_file():
                files[f"{level}/{path.name}"] = path.read_bytes()
    for form in ("text", "json"):
        done = run_within(LIMIT_S, "findings", "--format", form, at=folder)
        assert done.code == 0, done.err
        printed += done.out + done.err
    return Drawn(folder, {diagram["name"]: diagram for diagram in found.json}, files, printed)


def check_files(drawn: Drawn) -> None:
    """What every drawing must be: whole, and nothing but a drawing."""
    for name, content in drawn.files.items():
        assert content, name
        if name.endswith(".svg"):
            parts = list(ElementTree.fromstring(content).iter())
            assert {str(part.tag).rpartition("}")[2] for part in parts} <= SVG_TAGS, name
            assert not [key for part in parts for key in part.attrib if "href" in key or key.startswith("on")], name
        elif name.endswith(".png"):
            assert content.startswith(b"\x89PNG\r\n"), name
        elif name.endswith(".excalidraw"):
            scene = json.loads(content)
            ids = [element["id"] for element in scene["elements"]]
            assert len(ids) == len(set(ids)), name
            assert [e["id"] for e in scene["elements"] if e.get("link")] == [], name
        else:
            assert [c for c in content.decode() if c not in "\n\t" and not c.isprintable() and c < "\xa0"] == [], name
    assert [c for c in drawn.printed if c not in "\n\r" and not c.isprintable()] == []


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_all(make_repository(tmp_path_factory.mktemp("evil"), make_evil()).folder)


class TestEvilNames:
    def test_all_of_it_is_drawn_in_every_format(self, evil: Drawn) -> None:
        assert {f"{level}/{MESH}.{form}" for level in ("overview", "detail") for form in FORMS} <= evil.files.keys()
        check_files(evil)

    def test_nothing_is_lost(self, evil: Drawn) -> None:
        labels = {node["label"].strip() for node in evil.diagrams[MESH]["nodes"]}
        assert {'"];A-->B', "end", "</details>", "日本語", "Привет", "__proto__", "subgraph x"} <= labels

    @pytest.mark.parametrize("level", ["overview", "detail"])
    def test_mermaid_has_our_nodes_and_no_others(self, evil: Drawn, level: str) -> None:
        """Each statement starts a line; a name that broke out of its label would make one that we did not."""
        text = evil.files[f"{level}/{MESH}.mmd"].decode()
        for line in text.splitlines():
            assert not line.strip().startswith(("click", "href", "%%{", "A-->", "-->", "style A", "```"))
        assert "<script" not in text
        assert "<img" not in text

    def test_pages_stay_pages(self, evil: Drawn) -> None:
        """Nothing closes a block, a fence or a folded part but what opened it, and nothing is HTML but ours."""
        from markdown_it import MarkdownIt

        done = run_within(LIMIT_S, "diagram", "--write", at=evil.folder)
        assert done.code == 0, done.err
        pages = sorted(evil.folder.glob("docs/architecture/**/*.md"))
        assert pages
        for page in pages:
            text = page.read_text()
            assert text.count("<!-- kbgen:begin") == text.count("<!-- kbgen:end"), page
            tokens = MarkdownIt("commonmark").enable("table").parse(text)
            markup = [t.content for t in tokens if t.type == "html_block"]
            markup += [c.content for t in tokens for c in t.children or () if c.type == "html_inline"]
            assert [m for m in markup if "script" in m or "img" in m or "onerror" in m] == [], page
            assert sum(m.count("<details") for m in markup) == sum(m.count("</details") for m in markup), page
            assert [t.content for t in tokens if t.type == "inline" and t.content == "Out"] == [], page

    def test_written_twice_is_written_once(self, evil: Drawn) -> None:
        assert run_within(LIMIT_S, "diagram", "--write", at=evil.folder).code == 0
        again = run_within(LIMIT_S, "diagram", "--check", at=evil.folder)
        assert again.code == 0, again.out + again.err

    @pytest.mark.parametrize("name", ['"];A-->B', "", "\x1b[31m", "-->", "--help", "n" * 100_000])
    def test_names_as_arguments(self, evil: Drawn, name: str) -> None:
        """A drawing, or one line that says there is no such part."""
        for arguments in (("--focus", name), ("--from", name)):
            names = () if "--from" in arguments else (MESH,)
            done = run_within(LIMIT_S, "diagram", *names, f"{arguments[0]}={name}", at=evil.folder)
            assert done.code in (0, 2)
            assert [c for c in done.err if c != "\n" and not c.isprintable()] == []
            if done.code == 2:
                assert done.err.startswith("kbgen: usage:")


# ------------------------------------------------------------------------------------------- sizes and circles

_AGENT = """\
from agno.agent import Agent
from fastapi import FastAPI
import httpx
app = FastAPI()
agent = Agent(name='agent #', id='agent-#')


@app.post('/a2a/agent-#')
def run():
    httpx.post('http://agent-##:8000/a2a/agent-##')
    return agent.run('x')
"""
_SERVICE = "FROM python\nCMD uvicorn app:app --port 8000\n"
_NEXT = '{"name": "web", "dependencies": {"next": "1", "react": "1"}}'
_COUNT = 2_000


def make_agents() -> dict[str, Content]:
    """Each in a service of its own, each calling the next: one way of 2,000 steps."""
    files: dict[str, Content] = {}
    for n in range(_COUNT):
        text = _AGENT.replace("##", str((n + 1) % _COUNT)).replace("#", str(n))
        files |= {f"agents/a{n}/app.py": text, f"agents/a{n}/Dockerfile": _SERVICE}
    compose = list_numbered("  agent-#: {build: agents/a#, ports: ['#:8000']}\n", _COUNT)
    return {**files, "docker-compose.yml": "services:\n" + compose}


def make_team() -> dict[str, Content]:
    members = ", ".join(f"a{n}" for n in range(_COUNT))
    return {
        "app.py": "from agno.agent import Agent\nfrom agno.team import Team\nfrom fastapi import FastAPI\n"
        "app = FastAPI()\n"
        + list_numbered("a# = Agent(name='agent #', id='agent-#')\n", _COUNT)
        + f"team = Team(name='all', members=[{members}])\n\n\n"
        "@app.post('/go')\ndef go():\n    return team.run('x')\n"
    }


def make_routes() -> dict[str, Content]:
    return {
        "api/app.py": "from fastapi import FastAPI\napp = FastAPI()\n"
        + list_numbered("@app.get('/r#')\ndef r#():\n    return r##()\n\n\n", 5_000),
        "api/Dockerfile": _SERVICE,
        "web/package.json": _NEXT,
        "web/app/page.tsx": "export default function Page() {\n"
        + list_numbered("  fetch('http://localhost:8000/r#')\n", 5_000)
        + "  return <Page/>\n}\n",
        "docker-compose.yml": "services:\n  api: {build: api, ports: ['8000:8000']}\n  web: {build: web}\n",
    }


CIRCLES: dict[str, Content] = {
    "door/app.py": "from agno.agent import Agent\nfrom agno.team import Team\nfrom fastapi import FastAPI\n"
    "import httpx\napp = FastAPI()\na = Agent(name='a', tools=[ta, a])\n"
    "team = Team(name='t', members=[a, team, other])\n"
    "other = Team(name='o', members=[team, other])\n\n\ndef ta():\n    a.run('x')\n    team.run('y')\n"
    "    other.run('z')\n    return ta()\n\n\n@app.post('/go')\ndef go(x=go()):\n"
    "    httpx.post('http://door:8000/go')\n    go()\n    ta()\n    return team.run('x')\n",
    "door/Dockerfile": _SERVICE,
    "docker-compose.yml": "services:\n  door: {build: door, ports: ['8000:8000'], depends_on: [door]}\n"
    "  web: {build: web}\n",
    "web/package.json": _NEXT,
    "web/app/page.tsx": "'use client'\nimport { io } from 'socket.io-client'\nimport Page from './page'\n"
    "const s = io('http://localhost:8000')\nexport default function Page() {\n"
    "  useEffect(() => { s.on('e', () => s.emit('e')); s.emit('e'); load() }, [])\n"
    "  return <Page><Other/></Page>\n}\nexport function Other() { return <Page><Other/></Page> }\n"
    "async function load() { await fetch('http://localhost:8000/go', { method: 'POST' }); return load() }\n",
}
DEEP: dict[str, Content] = {
    "door/app.py": "from fastapi import FastAPI\nimport httpx\napp = FastAPI()\n\n\ndef f0():\n"
    "    httpx.get('http://other/x')\n\n\n"
    + list_numbered("def f##():\n    f#()\n    return f#()\n\n\n", 1_500)
    + "@app.get('/go')\ndef go():\n    return f1500()\n",
    "door/Dockerfile": _SERVICE,
    "web/package.json": _NEXT,
    "web/app/page.tsx": list_numbered("export function C#() { return <><C##/><C##/></> }\n", 1_500)
    + "export default function Page() { return <C0/> }\n",
}
LONG: dict[str, Content] = {
    "door/app.py": "from agno.agent import Agent\nfrom fastapi import FastAPI\napp = FastAPI()\n"
    f"a = Agent(name='{'n' * 10_000}', id='{'i' * 10_000}')\nb = Agent(name='{'word ' * 2_000}')\n\n\n"
    f"@app.get('/{'r' * 10_000}')\ndef {'f' * 3_000}():\n    return a.run('x') + b.run('y')\n",
    "door/Dockerfile": _SERVICE,
    "docker-compose.yml": f"services:\n  {'s' * 900}:\n    build: door\n",
}


def test_names_of_ten_thousand_characters(tmp_path: Path) -> None:
    drawn = draw_all(make_repository(tmp_path / "repo", LONG).folder)
    check_files(drawn)
    for name, content in drawn.files.items():
        if not name.endswith((".png", ".excalidraw")):
            assert max(len(line) for line in content.split(b"\n")) < 9_000, name
            assert b"n" * 1_000 not in content, name


def test_what_leads_back_to_itself(tmp_path: Path) -> None:
    drawn = draw_all(make_repository(tmp_path / "repo", CIRCLES).folder)
    check_files(drawn)
    assert {"door", "a", "t", "o"} <= {node["label"] for node in drawn.diagrams[MESH]["nodes"]}
    nodes = {node["id"] for node in drawn.diagrams[MESH]["nodes"]}
    assert {end for edge in drawn.diagrams[MESH]["edges"] for end in (edge["from"], edge["to"])} <= nodes


@pytest.mark.parametrize("entry", ["GET /go", "Page", "C0"])
@pytest.mark.parametrize("level", ["overview", "detail"])
def test_a_way_of_1500_steps(deep: Path, entry: str, level: str) -> None:
    done = run_within(LIMIT_S, "diagram", "--from", entry, "--level", level, at=deep)
    assert done.code == 0, done.err
    assert len(done.out) < 50_000


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("deep"), DEEP).folder


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_agents, make_team, make_routes], ids=["agents", "team", "routes"])
def test_a_large_system_is_drawn_or_folded(tmp_path: Path, make: Callable[[], dict[str, Content]]) -> None:
    folder = make_repository(tmp_path / "repo", make()).folder
    assert run_within(LIMIT_S, "facts", at=folder).code == 0
    whole = run_within(LIMIT_S, "diagram", MESH, "--level", "detail", "--format", "json", at=folder)
    assert whole.code == 0, whole.err
    begun = time.monotonic()
    drawn = run_within(LIMIT_S, "diagram", MESH, "--as", "svg,png,excalidraw,mermaid", "--output", "drawn", at=folder)
    assert drawn.code == 0, drawn.err
    assert time.monotonic() - begun < 60
    overview = run_within(LIMIT_S, "diagram", MESH, "--format", "json", at=folder).json
    assert len(overview["nodes"]) <= 40
    if len(whole.json["nodes"]) > 40:
        assert overview["folded"]
    # Not everything has room in a picture of everything. Then it says so, in time.
    begun = time.monotonic()
    detail = run_within(LIMIT_S, "diagram", MESH, "--level", "detail", "--as", "svg", at=folder)
    assert detail.code == 0 or detail.err.startswith("kbgen: graphviz:")
    assert time.monotonic() - begun < 60
    assert run_within(LIMIT_S, "findings", at=folder).code == 0
