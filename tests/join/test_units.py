"""Which apps and which infrastructure there are, what they are called, where they listen, what leads to them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.join.units import Unit, Units
from tests.join.programs import make_program


def make_units(files: Mapping[str, str]) -> Units:
    return Units(make_program(files))


def find_unit(files: Mapping[str, str], name: str) -> Unit:
    return make_units(files).by_id[name]


def list_units(files: Mapping[str, str]) -> dict[str, tuple[str, str | None, str]]:
    """ID -> (kind, folder, framework)."""
    return {unit.id: (unit.kind, unit.folder, unit.framework) for unit in make_units(files).all}


def list_ports(files: Mapping[str, str], unit: str) -> dict[int, bool]:
    """Port -> whether the repository says so."""
    return {port.number: port.certain for port in find_unit(files, unit).ports}


FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
NEXT = '{"name": "@shop/web", "scripts": {"dev": "next dev"}, "dependencies": {"next": "15"}}'
NEST = '{"name": "api", "scripts": {"start:dev": "nest start"}, "dependencies": {"@nestjs/core": "11"}}'

# ------------------------------------------------------------------------------------------ finding units


def test_a_repository_without_apps_has_no_units() -> None:
    assert make_units({"README.md": "# Notes\n", "lib/a.py": "def f(): ...\n"}).all == ()


def test_a_compose_service_is_the_folder_that_it_builds() -> None:
    files = {
        "docker-compose.yml": """
            services:
              shop:
                build: ./services/shop
              mail:
                build:
                  context: .
                  dockerfile: services/mail/Dockerfile
        """,
        "services/shop/main.py": FASTAPI,
        "services/mail/Dockerfile": "FROM golang\n",
        "services/mail/go.mod": "module mail\n",
    }
    assert list_units(files) == {
        "shop": ("service", "services/shop", "FastAPI"),
        "mail": ("service", "services/mail", "Go"),
    }


def test_a_folder_with_a_dockerfile_is_an_app_also_when_it_lies_in_a_folder_for_docker() -> None:
    files = {
        "apps/one/Dockerfile": "FROM node\n",
        "apps/two/docker/Dockerfile": "FROM node\n",
        "apps/two/package.json": '{"name": "second"}',
        "node_modules/x/Dockerfile": "FROM node\n",
    }
    assert {unit.id: unit.folder for unit in make_units(files).all} == {"one": "apps/one", "second": "apps/two"}


def test_a_dockerfile_at_the_top_builds_one_of_the_apps() -> None:
    files = {"Dockerfile": "FROM python\n", "api/main.py": FASTAPI, "api/pyproject.toml": "", "web/package.json": NEXT}
    assert {unit.id: unit.folder for unit in make_units(files).all} == {"api": "api", "web": "web"}


def test_the_top_is_an_app_when_code_starts_there() -> None:
    files = {"Dockerfile": "FROM python\n", "requirements.txt": "fastapi\n", "main.py": FASTAPI}
    assert list_units(files) == {"app": ("service", "", "FastAPI")}


DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: {name}}}
    spec:
      template:
        metadata: {{labels: {{app: {name}}}}}
        spec:
          containers:
            - name: server
              image: {image}
"""
SERVICE = """
    apiVersion: v1
    kind: Service
    metadata: {{name: {service}}}
    spec:
      selector: {{app: {name}}}
      ports: [{{port: {port}, targetPort: 8080}}]
"""


def test_kubernetes_workloads_are_the_folders_that_skaffold_builds() -> None:
    files = {
        "skaffold.yaml": """
            apiVersion: skaffold/v4beta6
            kind: Config
            build:
              artifacts:
                - image: cart
                  context: src/cart
                - image: mailer
                  context: src/mail
        """,
        "k8s/cart.yaml": DEPLOYMENT.format(name="cart", image="cart")
        + "---"
        + SERVICE.format(service="cart-svc", name="cart", port=7070),
        "k8s/mail.yaml": DEPLOYMENT.format(name="mail", image="mailer"),
        "k8s/redis.yaml": DEPLOYMENT.format(name="cache", image="redis:alpine"),
        "src/cart/go.mod": "module cart\n",
        "src/mail/pom.xml": "<project/>\n",
    }
    assert list_units(files) == {
        "cart": ("service", "src/cart", "Go"),
        "mail": ("service", "src/mail", "Java"),
        "cache": ("store", None, "redis:alpine"),
    }
    cart = find_unit(files, "cart")
    assert cart.names >= {"cart", "cart-svc"}
    assert "server" not in cart.names  # every workload calls its container that
    assert 7070 in {port.number for port in cart.ports}


def test_packages_that_start_are_apps_and_others_are_libraries() -> None:
    files = {
        "apps/web/package.json": NEXT,
        "apps/api/package.json": NEST,
        "packages/ui/package.json": '{"name": "@shop/ui", "scripts": {"build": "tsc"}, "dependencies": {"next": "15"}}',
        "packages/kit/package.json": '{"name": "kit", "scripts": {"dev": "tsc -w"}, "dependencies": {"react": "19"}}',
        "packages/lib/package.json": '{"name": "lib", "scripts": {"dev": "vite"}, "devDependencies": {"vite": "7"}}',
        "apps/spa/package.json": '{"name": "spa", "scripts": {"dev": "vite"}, "devDependencies": {"vite": "7"}}',
        "apps/spa/index.html": "",
        "package.json": '{"name": "root", "scripts": {"dev": "turbo dev"}, "devDependencies": {"turbo": "2"}}',
    }
    assert list_units(files) == {
        "web": ("frontend", "apps/web", "Next.js"),
        "api": ("service", "apps/api", "NestJS"),
        "spa": ("frontend", "apps/spa", "Vite"),
    }
    assert find_unit(files, "web").names == {"web", "@shop/web"}


@pytest.mark.parametrize(
    ("source", "framework", "kind"),
    [
        (FASTAPI, "FastAPI", "service"),
        ("import flask\napp = flask.Flask(__name__)\n", "Flask", "service"),
        ("import uvicorn\nuvicorn.run('x:app')\n", "ASGI", "service"),
        ("import uvicorn\nfrom fastapi import FastAPI\nuvicorn.run('x:app')\napp = FastAPI()\n", "FastAPI", "service"),
        ("import grpc\nserver = grpc.server(pool)\n", "gRPC", "service"),
        ("import gradio as gr\nui = gr.ChatInterface(f)\n", "Gradio", "frontend"),
        ("from google.adk.a2a.utils.agent_to_a2a import to_a2a\napp = to_a2a(agent)\n", "A2A server", "service"),
    ],
)
def test_python_apps(source: str, framework: str, kind: str) -> None:
    files = {"svc/pyproject.toml": "", "svc/src/pkg/main.py": source}
    assert list_units(files) == {"svc": (kind, "svc", framework)}


@pytest.mark.parametrize(
    "source",
    [
        "class Server: ...\nServer()\n",
        "import subprocess\nsubprocess.run('x')\n",
        "server(1)\n",
        "from own import page\npage()\n",
    ],
)
def test_python_calls_that_start_no_app(source: str) -> None:
    assert make_units({"svc/pyproject.toml": "", "svc/main.py": source}).all == ()


def test_programs_at_different_depths_under_one_manifest_are_an_app_each() -> None:
    start = FASTAPI + "if __name__ == '__main__':\n    go()\n"
    files = {"pyproject.toml": "", "host/__main__.py": start, "remote/air/__main__.py": start}
    assert {unit.id: unit.folder for unit in make_units(files).all} == {"host": "host", "air": "remote/air"}


def test_several_programs_under_one_manifest_are_an_app_each() -> None:
    start = FASTAPI + "if __name__ == '__main__':\n    go()\n"
    files = {
        "pyproject.toml": "",
        "host/__main__.py": start,
        "air/__main__.py": start,
        "rail/__main__.py": start,
        "shared/lib.py": "def f(): ...\n",
    }
    assert {unit.id: unit.folder for unit in make_units(files).all} == {
        "host": "host",
        "air": "air",
        "rail": "rail",
    }


def test_two_apps_of_one_name_are_told_apart_by_their_folders() -> None:
    files = {"eu/shop/Dockerfile": "FROM node\n", "us/shop/Dockerfile": "FROM node\n"}
    assert sorted(unit.id for unit in make_units(files).all) == ["eu/shop", "us/shop"]


def test_code_in_src_of_a_declared_app_is_the_same_app() -> None:
    files = {
        "k8s/cart.yaml": DEPLOYMENT.format(name="cart", image="cart"),
        "cart/Dockerfile": "FROM python\n",
        "cart/src/requirements.txt": "fastapi\n",
        "cart/src/main.py": FASTAPI,
    }
    assert list_units(files) == {"cart": ("service", "cart", "FastAPI")}


def test_files_belong_to_the_innermost_app() -> None:
    units = make_units({"app/package.json": NEXT, "app/server/pyproject.toml": "", "app/server/main.py": FASTAPI})
    paths = ("app/page.tsx", "app/server/deep/x.py", "apple/x.py", "x.py")
    assert [units.find_unit(path) for path in paths] == ["web", "server", "", ""]


def test_every_unit_has_evidence() -> None:
    files = {
        "docker-compose.yml": "services:\n  db:\n    image: postgres\n  one:\n    build: one\n",
        "one/Dockerfile": "FROM node\n",
        "two/Dockerfile": "FROM node\n",
        "web/package.json": NEXT,
        "api/main.py": FASTAPI,
    }
    units = make_units(files).all
    assert sorted(unit.id for unit in units) == ["api", "db", "one", "two", "web"]
    assert all(unit.evidence and all(e.path and e.hash for e in unit.evidence) for unit in units)


# ---------------------------------------------------------------------------------------- infrastructure


@pytest.mark.parametrize(
    ("image", "kind", "store"),
    [
        ("postgres:16", "store", "postgres"),
        ("pgvector/pgvector:pg16", "store", "postgres"),
        ("registry.example.com:5000/library/redis:7", "store", "redis"),
        ("mongo:7", "store", "mongodb"),
        ("mongo-express", "external", ""),
        ("dpage/pgadmin4", "external", ""),
        ("qdrant/qdrant", "store", "qdrant"),
        ("rabbitmq:3-management", "store", "rabbitmq"),
        ("jaegertracing/all-in-one", "observability", ""),
        ("grafana/grafana", "observability", ""),
        ("temporalio/auto-setup", "external", ""),
        ("acme/thing", "external", ""),
    ],
)
def test_infrastructure_by_its_image(image: str, kind: str, store: str) -> None:
    files = {"compose.yaml": f"services:\n  thing:\n    image: {image}\n    ports: ['15432:5432']\n"}
    unit = find_unit(files, "thing")
    assert (unit.kind, unit.store, unit.folder, unit.framework) == (kind, store, None, image)
    assert {port.number for port in unit.ports} == {15432, 5432}


def test_an_admin_tool_named_for_its_store_is_no_store() -> None:
    files = {"compose.yaml": "services:\n  redis-commander:\n    image: acme/redis-commander\n"}
    assert find_unit(files, "redis-commander").store == ""


def test_a_job_is_no_part() -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: seed}\nspec:\n  template:\n    spec:\n"
    files = {"k8s/job.yaml": job + "      containers: [{name: seed, image: acme/seed}]\n"}
    assert make_units(files).all == ()


# ------------------------------------------------------------------------------------------------- ports


@pytest.mark.parametrize(
    ("path", "text", "port"),
    [
        ("docker-compose.yml", "services:\n  svc:\n    build: ./svc\n    ports: ['9000:8000']\n", 8000),
        ("docker-compose.yml", "services:\n  svc:\n    build: ./svc\n    ports: ['9000:8000']\n", 9000),
        ("svc/Dockerfile", "FROM python\nEXPOSE 8000\n", 8000),
        ("svc/run.py", "import uvicorn\nuvicorn.run('main:app', port=8000)\n", 8000),
        ("svc/run.py", "import uvicorn\nPORT = 8000\nuvicorn.run('main:app', port=PORT)\n", 8000),
        ("svc/run.py", "import os, uvicorn\nuvicorn.run('main:app', port=int(os.getenv('PORT', '8000')))\n", 8000),
        ("svc/run.py", "import click\n@click.option('--port', default=8000)\ndef main(port): ...\n", 8000),
        ("svc/run.py", "parser.add_argument('--port', type=int, default=8000)\n", 8000),
        ("svc/package.json", '{"scripts": {"dev": "thing --port 8000"}}', 8000),
        ("svc/package.json", '{"scripts": {"start": "PORT=8000 node x"}}', 8000),
        ("svc/.env.example", "PORT=8000\n", 8000),
    ],
)
def test_ports(path: str, text: str, port: int) -> None:
    files = {"svc/pyproject.toml": "", "svc/main.py": FASTAPI, "other/Dockerfile": "FROM node\n", path: text}
    assert list_ports(files, "svc")[port] is (path != "svc/.env.example")
    assert list_ports(files, "other") == {}


def test_a_server_of_node_listens() -> None:
    files = {
        "api/package.json": NEST,
        "api/src/main.ts": "const app = await make()\nawait app.listen(process.env.PORT ?? 3001)\n",
    }
    assert list_ports(files, "api") == {3001: True}


def test_the_default_of_a_setting_is_not_certain() -> None:
    source = "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    port: int = 8600\n"
    files = {"svc/pyproject.toml": "", "svc/main.py": FASTAPI, "svc/config.py": source}
    assert list_ports(files, "svc") == {8600: False}
    certain = files | {"svc/Dockerfile": "FROM python\nEXPOSE 8600\n"}
    assert list_ports(certain, "svc") == {8600: True}


def test_a_framework_s_default_stands_until_something_is_said() -> None:
    assert list_ports({"web/package.json": NEXT}, "web") == {3000: False}
    said = NEXT.replace("next dev", "next dev -p 3300")
    assert list_ports({"web/package.json": said}, "web") == {3300: True}


@pytest.mark.parametrize("text", ["EXPOSE 8", "EXPOSE 70000", "RUN x --port 8000"])
def test_numbers_that_are_no_ports(text: str) -> None:
    assert list_ports({"svc/Dockerfile": f"FROM python\n{text}\n"}, "svc") == {}


def test_units_on_a_port_said_before_defaulted_and_near_before_far() -> None:
    files = {
        "apps/web/package.json": NEXT,
        "apps/admin/package.json": NEXT.replace("@shop/web", "admin").replace("next dev", "next dev -p 3000"),
        "a/one/Dockerfile": "FROM node\nEXPOSE 5001\n",
        "b/two/Dockerfile": "FROM node\nEXPOSE 5001\n",
    }
    units = make_units(files)
    assert [u.id for u in units.find_by_port(3000)] == ["admin"]
    assert [u.id for u in units.find_by_port(5001)] == ["one", "two"]
    assert [u.id for u in units.find_by_port(5001, "b/lib/x.ts")] == ["two"]
    assert units.find_by_port(1) == ()


# ---------------------------------------------------------------------------------------------- addresses

SHOP = {
    "docker-compose.yml": """
        services:
          api:
            build: ./api
            ports: ['4000:4000']
          agents:
            build: ./agents
            ports: ['7777:7777']
            environment:
              API_URL: http://api:4000
              TRACE_URL: http://traces:4318/v1
          db:
            image: postgres
            ports: ['5432:5432']
          traces:
            image: jaegertracing/all-in-one
    """,
    "api/package.json": NEST,
    "api/.env.example": "AGENTS_URL=http://localhost:7777\nOTHER=x\n# OFF_URL=http://localhost:7777\n",
    "api/src/main.ts": "const off = process.env.OFF_URL\n",
    "agents/main.py": FASTAPI,
    "agents/config.py": """
        import os
        BASE = os.getenv("WEB_BASE", "http://localhost:3000")
        key = os.environ["AGENTS_API_URL"]
    """,
    "web/package.json": NEXT,
    "web/.env.example": "AGENTS_API_URL=http://localhost:4000\n",
}


def find_address(base: str, path: str, files: Mapping[str, str] = SHOP) -> list[tuple[str, str, bool]]:
    return [(a.unit, a.host, a.certain) for a in make_units(files).resolve_base(base, path)]


@pytest.mark.parametrize(
    ("base", "path", "unit"),
    [
        ("http://localhost:4000", "web/x.ts", "api"),
        ("http://127.0.0.1:7777/run", "web/x.ts", "agents"),
        ("http://host.docker.internal:4000", "agents/x.py", "api"),
        ("http://localhost:3000", "api/x.ts", "web"),
        ("http://api:4000", "agents/x.py", "api"),
        ("http://api", "agents/x.py", "api"),
        ("http://API:9", "agents/x.py", "api"),
        ("api:4000", "agents/x.py", "api"),
        ("http://api.default.svc.cluster.local:4000", "agents/x.py", "api"),
        ("postgresql://me:secret@db:5432/shop", "api/x.ts", "db"),
        ("{env:API_URL}", "agents/x.py", "api"),
        ("{env:API_URL}/tasks", "agents/x.py", "api"),
        ("{env:AGENTS_URL}", "api/x.ts", "agents"),
        ("{env:AGENTS_URL|http://localhost:1}", "api/x.ts", "agents"),
        ("{env:UNSET|http://localhost:4000}", "agents/x.py", "api"),
        ("http://{env:HOST|localhost}:4000", "web/x.ts", "api"),
        ("{env:WEB_BASE}", "agents/x.py", "web"),
        ("{env:TRACE_URL}", "agents/x.py", "traces"),
    ],
)
def test_addresses_of_the_own_units(base: str, path: str, unit: str) -> None:
    ((found, host, certain),) = find_address(base, path)
    assert (found, host, certain) == (unit, "", True)


@pytest.mark.parametrize(
    "base",
    [
        "",
        "/api/tasks",
        "localhost",
        "http://localhost",
        "http://localhost:1",
        "http://nobody:4000",
        "{}",
        "{base}/x",
        "{env:NOWHERE}",
        "{env:OTHER}",
        "{env:OFF_URL}",
        "not a url",
        "mailto:a@b.c",
    ],
)
def test_addresses_of_nobody(base: str) -> None:
    assert find_address(base, "api/x.ts") == []


@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("https://api.github.com/repos", "api.github.com"),
        ("https://api.example.org", "api.example.org"),
        ("{env:UNSET|https://api.stripe.com/v1}", "api.stripe.com"),
        ("https://user:key@hooks.slack.com", "hooks.slack.com"),
    ],
)
def test_hosts_outside_the_repository_are_not_the_unit_that_they_begin_like(base: str, host: str) -> None:
    assert find_address(base, "agents/x.py") == [("", host, True)]


def test_a_variable_of_one_service_says_nothing_of_another() -> None:
    assert find_address("{env:TRACE_URL}", "api/x.ts") == []
    assert find_address("{env:TRACE_URL}", "agents/x.py") == [("traces", "", True)]


def test_the_unit_s_own_setting_comes_before_others() -> None:
    files = SHOP | {"agents/.env.example": "AGENTS_URL=http://localhost:3000\n"}
    assert find_address("{env:AGENTS_URL}", "agents/x.py", files) == [("web", "", True)]
    assert find_address("{env:AGENTS_URL}", "api/x.ts", files) == [("agents", "", True)]


def test_a_name_like_a_setting_is_a_guess() -> None:
    units = make_units(SHOP)
    (address,) = units.resolve_base("{agentsApiUrl}/x", "agents/x.py")
    assert (address.unit, address.certain) == ("api", False)
    assert "`agentsApiUrl` is named like AGENTS_API_URL" in address.why
    assert units.resolve_base("{agentsApiUrl}/x", "web/x.ts") == ()


def test_two_units_on_a_port_are_both_possible_and_three_say_nothing() -> None:
    files = {f"{name}/Dockerfile": "FROM node\nEXPOSE 5001\n" for name in ("one", "two")}
    files["far/x.ts"] = ""
    assert find_address("http://localhost:5001", "far/x.ts", files) == [("one", "", False), ("two", "", False)]
    assert find_address("http://localhost:5001", "two/x.ts", files) == [("two", "", True)]
    files["three/Dockerfile"] = "FROM node\nEXPOSE 5001\n"
    assert find_address("http://localhost:5001", "far/x.ts", files) == []


def test_an_address_says_why_and_hides_passwords() -> None:
    files = SHOP | {"agents/.env.example": "DATABASE_URL=postgresql://me:secret@db:5432/shop\n"}
    (address,) = make_units(files).resolve_base("{env:DATABASE_URL}", "agents/x.py")
    assert address.why == "DATABASE_URL is postgresql://…@db:5432/shop in agents/.env.example"
    assert address.evidence[0].path == "agents/.env.example"
    assert "secret" not in repr(address)


def test_a_variable_that_names_itself_ends() -> None:
    files = SHOP | {"api/.env.example": "LOOP_URL=http://${LOOP_URL}\n"}
    assert find_address("{env:LOOP_URL|{env:LOOP_URL}}", "api/x.ts", files) == []


def test_a_host_in_a_variable() -> None:
    assert find_address("http://{env:API_HOST}:4000/x", "web/x.ts") == []
    assert find_address("http://{env:API_HOST|127.0.0.1}:{env:API_PORT|4000}", "web/x.ts") == [("api", "", True)]
    files = SHOP | {"web/.env.example": "API_HOST=agents\n"}
    assert find_address("http://{env:API_HOST|localhost}:4000", "web/x.ts", files) == [("agents", "", True)]


def test_a_port_in_a_variable() -> None:
    files = SHOP | {"web/.env.example": "API_PORT=4000\n"}
    assert find_address("http://localhost:{env:API_PORT}", "web/x.ts", files) == [("api", "", True)]
    assert find_address("http://localhost:{env:NO_PORT|7777}", "web/x.ts", files) == [("agents", "", True)]
    assert find_address("http://localhost:{env:NO_PORT}", "web/x.ts", files) == []
