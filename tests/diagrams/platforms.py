"""Small platforms of agents as source text, and the joins over them, as a run makes them."""

from __future__ import annotations

from collections.abc import Mapping

from kbgen.diagrams.mesh import Mesh
from kbgen.join.signals import load_rules, read_shipped_rules
from kbgen.join.system import System
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode
from tests.join.programs import make_program

RULES = load_rules([read_shipped_rules()])


def make_mesh(files: Mapping[str, str]) -> Mesh:
    return Mesh(System(make_program(files), RULES))


def list_parts(diagram: Diagram) -> list[DiagramNode | DiagramEdge | DiagramMessage]:
    """All that needs evidence."""
    return [*diagram.nodes, *diagram.edges, *diagram.messages]


def list_edges(diagram: Diagram) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.kind) for edge in diagram.edges]


def list_nodes(diagram: Diagram) -> dict[str, tuple[str, str, str]]:
    """ID -> (kind, state, group)."""
    return {node.id: (node.kind, node.state, node.group) for node in diagram.nodes}


def list_messages(diagram: Diagram) -> list[tuple[str, str, str, str]]:
    """(source's label, target's label, label, kind) in order."""
    labels = {node.id: node.label for node in diagram.nodes}
    return [(labels[m.source], labels[m.target], m.label, m.kind) for m in diagram.messages]


AGNO = {
    "docker-compose.yml": """
        services:
          agents:
            build: ./agents
            ports: ['7777:7777']
            environment:
              REDIS_URL: redis://cache:6379
              OTLP_ENDPOINT: http://jaeger:4318/v1/traces
          cache:
            image: redis:7
          jaeger:
            image: jaegertracing/all-in-one
            ports: ['4318:4318']
    """,
    "agents/pyproject.toml": "",
    "agents/main.py": """
        import os
        from agno.os.interfaces.a2a import A2A
        from fastapi import FastAPI
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from gateway import create_gateway
        from planner import create_planner
        from registry import AgentRegistry
        from team import create_team

        app = FastAPI()
        AGENTS = {"gate": create_gateway(), "plan": create_planner()}
        registry = AgentRegistry()
        team = create_team()
        exporter = OTLPSpanExporter(endpoint=os.environ["OTLP_ENDPOINT"])
        A2A(agent=AGENTS["plan"], prefix="/a2a/plan")

        @app.get("/health")
        def health():
            return registry.find("plan")
    """,
    "agents/gateway.py": """
        from agno.agent import Agent
        from agno.models.anthropic import Claude
        from client import A2AClient

        client = A2AClient()

        async def ask_planner(question: str):
            return await client.call_agent(agent_id="plan", task=question)

        async def show_widget(kind: str):
            return kind

        def create_gateway() -> Agent:
            return Agent(name="Gate", model=Claude(id="claude-sonnet-4"), tools=[ask_planner, show_widget])
    """,
    "agents/planner.py": """
        from agno.agent import Agent
        from stores import save

        def note(text: str):
            save(text)

        def create_planner() -> Agent:
            return Agent(name="Planner", tools=[note])

        def create_old() -> Agent:
            return Agent(name="Old Planner", tools=[note])
    """,
    "agents/stores.py": """
        import os
        from redis import Redis

        redis = Redis.from_url(os.environ["REDIS_URL"])

        def save(text: str):
            redis.set("k", text)
    """,
    "agents/team.py": """
        from agno.agent import Agent
        from agno.team import Team

        def create_reader():
            return Agent(name="Reader")

        def create_writer():
            return Agent(name="Writer")

        def create_team():
            return Team(name="Press", members=[create_reader(), create_writer()])
    """,
    "agents/registry.py": """
        class AgentRegistry:
            def find(self, key: str): ...
    """,
    "agents/client.py": """
        class A2AClient:
            async def call_agent(self, agent_id: str, task: str): ...
    """,
    "agents/router.py": """
        from client import A2AClient

        class AgentRouter:
            def __init__(self):
                self.client = A2AClient()
    """,
}
"""One service with a gateway, an agent, a team, a registry; an old agent and a router that nothing uses."""

LANGGRAPH = {
    "app/pyproject.toml": "",
    "app/main.py": """
        from fastapi import FastAPI
        from langchain_openai import ChatOpenAI
        from langgraph.prebuilt import create_react_agent
        from langgraph_supervisor import create_supervisor

        from tools import search

        app = FastAPI()
        model = ChatOpenAI(model="gpt-4o")
        research = create_react_agent(model, [search], name="research")
        maths = create_react_agent(model, [], name="maths")
        supervisor = create_supervisor([research, maths], model=model, supervisor_name="boss")

        @app.post("/ask")
        def ask(text: str):
            return supervisor.invoke(text)
    """,
    "app/tools.py": """
        import httpx

        def search(text: str):
            return httpx.get("https://api.tavily.com/search").json()
    """,
}

CREWAI = {
    "pyproject.toml": "",
    "crew.py": """
        from crewai import Agent, Crew, Task

        scout = Agent(role="Scout", goal="find")
        editor = Agent(role="Editor", goal="write")
        crew = Crew(name="Paper", agents=[scout, editor], tasks=[Task(description="d", agent=scout)])

        if __name__ == "__main__":
            crew.kickoff()
    """,
}

ADK = {
    "pyproject.toml": "",
    "shop/agent.py": """
        from google.adk.agents import Agent, SequentialAgent
        from google.adk.tools import google_search

        def find_price(item: str): ...

        finder = Agent(name="finder", model="gemini-2.5-flash", tools=[find_price])
        writer = Agent(name="writer", model="gemini-2.5-flash")
        root_agent = SequentialAgent(name="seller", sub_agents=[finder, writer])
    """,
    "shop/__init__.py": "from . import agent\n",
}

A2A_SERVER = """
    import os
    import uvicorn
    from a2a.server.agent_execution import AgentExecutor
    from a2a.server.apps import A2AStarletteApplication
    from a2a.types import AgentCard

    class {name}Executor(AgentExecutor):
        async def execute(self, context, queue): ...

    def main():
        card = AgentCard(name="{name}", url="http://localhost:{port}/")
        app = A2AStarletteApplication(agent_card=card, http_handler=make({name}Executor()))
        uvicorn.run(app.build(), host="0.0.0.0", port={port})

    if __name__ == "__main__":
        main()
"""
A2A = {
    "host/pyproject.toml": '[project]\nname = "host"\n',
    "host/__main__.py": """
        import os
        import uvicorn
        from fastapi import FastAPI
        from connections import RemoteAgentConnections
        from agent import HostAgent

        app = FastAPI()
        host = HostAgent([os.getenv("AIR_URL", "http://localhost:10001"), os.getenv("RAIL_URL", "http://localhost:10002")])

        @app.post("/ask")
        async def ask(text: str):
            return await host.send(text)

        if __name__ == "__main__":
            uvicorn.run(app, port=8080)
    """,
    "host/agent.py": """
        from connections import RemoteAgentConnections

        class HostAgent:
            def __init__(self, addresses: list[str]):
                self.connections = [RemoteAgentConnections(address) for address in addresses]

            async def send(self, text: str): ...
    """,
    "host/connections.py": """
        import httpx
        from a2a.client import A2AClient

        class RemoteAgentConnections:
            def __init__(self, url: str):
                self.client = A2AClient(httpx.AsyncClient(), url=url)
    """,
    "air/pyproject.toml": '[project]\nname = "air"\n',
    "air/__main__.py": A2A_SERVER.format(name="Air", port=10001),
    "rail/pyproject.toml": '[project]\nname = "rail"\n',
    "rail/__main__.py": A2A_SERVER.format(name="Rail", port=10002),
}
"""A host that knows two remote agents by the addresses in its environment."""

WEB = {
    "web/package.json": '{"name": "web", "scripts": {"dev": "next dev"}, "dependencies": {"next": "15"}}',
    "web/.env.example": "NEXT_PUBLIC_API_URL=http://localhost:3001\nAGENTS_URL=http://localhost:7777\n",
    "web/src/app/dashboard/page.tsx": """
        import { TaskBoard } from '../../components/task-board'
        export default function DashboardPage() { return <TaskBoard /> }
    """,
    "web/src/components/task-board.tsx": """
        import { useTasks } from '../hooks/use-tasks'
        export function TaskBoard() { const tasks = useTasks(); return <ul /> }
    """,
    "web/src/hooks/use-tasks.ts": """
        import { io } from 'socket.io-client'
        const API = process.env.NEXT_PUBLIC_API_URL
        export async function useTasks() {
          const socket = io(`${API}/task`)
          socket.on('task.created', () => {})
          const response = await fetch(`${API}/tasks`)
          await fetch(`${API}/nothing`)
          return response.json()
        }
    """,
    "web/src/app/api/ask/route.ts": """
        export async function POST(request: Request) {
          return fetch(`${process.env.AGENTS_URL}/ask`, { method: 'POST' })
        }
    """,
    "api/package.json": '{"name": "api", "scripts": {"start": "nest start"}, "dependencies": {"@nestjs/core": "11"}}',
    "api/src/main.ts": """
        import { NestFactory } from '@nestjs/core'
        import { AppModule } from './app.module'
        async function bootstrap() { const app = await NestFactory.create(AppModule); await app.listen(3001) }
        bootstrap()
    """,
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common'
        import { TasksController } from './tasks.controller'
        import { TasksGateway } from './tasks.gateway'
        import { TasksService } from './tasks.service'
        @Module({ controllers: [TasksController], providers: [TasksService, TasksGateway] })
        export class AppModule {}
    """,
    "api/src/tasks.controller.ts": """
        import { Controller, Get } from '@nestjs/common'
        import { TasksService } from './tasks.service'
        @Controller('tasks')
        export class TasksController {
          constructor(private readonly tasks: TasksService) {}
          @Get()
          list() { return this.tasks.list() }
        }
    """,
    "api/src/tasks.service.ts": """
        import { Injectable } from '@nestjs/common'
        import { PrismaClient } from '@prisma/client'
        @Injectable()
        export class TasksService {
          private readonly prisma = new PrismaClient()
          list() { return this.prisma.task.findMany() }
        }
    """,
    "api/src/tasks.gateway.ts": """
        import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets'
        import { Server } from 'socket.io'
        @WebSocketGateway({ namespace: '/tasks' })
        export class TasksGateway {
          @WebSocketServer() server: Server
          announce() { this.server.emit('task.created', {}) }
        }
    """,
    "api/prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
    "agents/pyproject.toml": "",
    "agents/main.py": """
        import uvicorn
        from agno.agent import Agent
        from fastapi import FastAPI

        app = FastAPI()
        helper = Agent(name="Helper", tools=[])

        @app.post("/ask")
        async def ask(text: str):
            return await helper.arun(text)

        if __name__ == "__main__":
            uvicorn.run(app, port=7777)
    """,
    "docker-compose.yml": "services:\n  postgres:\n    image: postgres:16\n",
}
"""A Next.js app, a NestJS API with a socket that the app connects to under another name, a FastAPI agent service."""


def _deploy(name: str, image: str, port: int, **variables: str) -> str:
    lines = [
        "apiVersion: apps/v1", "kind: Deployment", f"metadata: {{name: {name}}}", "spec:", "  template:",
        f"    metadata: {{labels: {{app: {name}}}}}", "    spec:", "      containers:", "        - name: server",
        f"          image: {image}", f"          ports: [{{containerPort: {port}}}]", "          env:",
        *(f'            - {{name: {key}, value: "{value}"}}' for key, value in variables.items()),
        "---", "apiVersion: v1", "kind: Service", f"metadata: {{name: {name}}}",
        f"spec: {{selector: {{app: {name}}}, ports: [{{port: {port}}}]}}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


POLYGLOT = {
    "k8s/front.yaml": _deploy("front", "front", 8080, CART_ADDR="cart:7070", RATES_ADDR="rates:7000"),
    "k8s/cart.yaml": _deploy("cart", "cart", 7070, REDIS_ADDR="cache:6379"),
    "k8s/rates.yaml": _deploy("rates", "rates", 7000),
    "k8s/cache.yaml": _deploy("cache", "redis:alpine", 6379),
    "src/front/Dockerfile": "FROM golang\n",
    "src/front/go.mod": "module front\n",
    "src/cart/Dockerfile": "FROM dotnet\n",
    "src/cart/cart.csproj": "<Project/>\n",
    "src/rates/Dockerfile": "FROM node\n",
    "src/rates/package.json": '{"name": "rates", "scripts": {"start": "x"}, "dependencies": {"@grpc/grpc-js": "1"}}',
}
"""Services in Go, C# and Node.js whose only link is the configuration of the cluster."""

EXTERNALS = {
    "svc/pyproject.toml": "",
    "svc/main.py": """
        import httpx
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/a")
        async def read():
            httpx.get("https://api.github.com/user")
            httpx.get("https://api.stripe.com/v1/x")
            httpx.get("https://hooks.slack.com/y")
            httpx.get("https://api.openweathermap.org/z")
            httpx.get("https://www.example.com/no")
    """,
}
"""A service that asks four outside hosts, and one that is only an example."""

CHAT = AGNO | {
    "web/package.json": WEB["web/package.json"],
    "web/.env.example": "AGENTS_URL=http://localhost:7777\n",
    "web/src/app/dashboard/page.tsx": """
        import { Widgets } from '../../components/widgets'
        export default function DashboardPage() { return <Widgets /> }
    """,
    "web/src/app/layout.tsx": """
        import { CopilotKit } from '@copilotkit/react-core'
        export default function RootLayout({ children }) {
          return <CopilotKit runtimeUrl="/api/copilotkit" agent="gate">{children}</CopilotKit>
        }
    """,
    "web/src/app/api/copilotkit/route.ts": """
        export async function POST(request: Request) {
          return fetch(`${process.env.AGENTS_URL}/agui`, { method: 'POST' })
        }
    """,
    "web/src/components/widgets.tsx": """
        import { useFrontendTool } from '@copilotkit/react-core'
        import { useGateState } from '../hooks/use-gate-state'
        import { getWidget } from '../lib/widgets'
        export function Widgets() {
          const state = useGateState()
          useFrontendTool({ name: 'show_widget', handler: (kind) => getWidget(kind) })
          return <div>{state}</div>
        }
    """,
    "web/src/hooks/use-gate-state.ts": """
        import { useCoAgent } from '@copilotkit/react-core'
        export function useGateState() {
          const { state } = useCoAgent({ name: 'gate' })
          return state
        }
    """,
    "web/src/lib/widgets.ts": "export function getWidget(kind: string) { return kind }\n",
    "agents/main.py": AGNO["agents/main.py"]
    + """
        @app.post("/agui")
        async def agui(body: dict):
            return AGENTS["gate"].arun(body)
    """,
}
"""A chat in the browser over a route of its own app, and a dashboard that listens to the state of the gateway."""

APPROVALS = {
    "agents/pyproject.toml": "",
    "agents/main.py": """
        import os
        import uvicorn
        from agno.agent import Agent
        from fastapi import FastAPI
        from gate import needs_approval
        from approvals import listen

        app = FastAPI()

        @needs_approval("refund")
        async def refund(amount: int):
            return amount

        @needs_approval("idle")
        async def never_given(amount: int):
            return amount

        agent = Agent(name="Claims", tools=[refund])
        listen()

        if __name__ == "__main__":
            uvicorn.run(app, port=7777)
    """,
    "agents/gate.py": """
        from approvals import wait_for_approval

        def needs_approval(what: str):
            def decorate(function):
                return function
            check_confidence(what)
            return decorate

        def check_confidence(what: str):
            return wait_for_approval(what)
    """,
    "agents/approvals.py": """
        import asyncio
        import socketio

        sio = socketio.AsyncClient()

        class ApprovalQueue:
            def resolve_pending(self, data: dict): ...
            def put(self, what: str): ...

        queue = ApprovalQueue()

        async def wait_for_approval(what: str):
            queue.put(what)
            return await asyncio.wait_for(make(), timeout=5)

        @sio.on("approval.decided", namespace="/approvals")
        async def on_decided(data: dict):
            queue.resolve_pending(data)

        def listen():
            sio.connect("http://localhost:3001", namespaces=["/approvals"])
    """,
    "api/package.json": WEB["api/package.json"],
    "api/src/main.ts": WEB["api/src/main.ts"],
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common'
        import { ApprovalsController } from './approvals.controller'
        import { ApprovalsGateway } from './approvals.gateway'
        import { ApprovalsService } from './approvals.service'
        @Module({ controllers: [ApprovalsController], providers: [ApprovalsService, ApprovalsGateway] })
        export class AppModule {}
    """,
    "api/src/approvals.controller.ts": """
        import { Controller, Param, Post } from '@nestjs/common'
        import { ApprovalsService } from './approvals.service'
        @Controller('approvals')
        export class ApprovalsController {
          constructor(private readonly approvals: ApprovalsService) {}
          @Post(':id/approve')
          approve(@Param('id') id: string) { return this.approvals.decide(id) }
        }
    """,
    "api/src/approvals.service.ts": """
        import { Injectable } from '@nestjs/common'
        import { EventEmitter2 } from '@nestjs/event-emitter'
        @Injectable()
        export class ApprovalsService {
          constructor(private readonly events: EventEmitter2) {}
          decide(id: string) { this.events.emit('approval.decided', { id }) }
        }
    """,
    "api/src/approvals.gateway.ts": """
        import { OnEvent } from '@nestjs/event-emitter'
        import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets'
        import { Server } from 'socket.io'
        @WebSocketGateway({ namespace: '/approvals' })
        export class ApprovalsGateway {
          @WebSocketServer() server: Server
          @OnEvent('approval.decided')
          tell(event: object) { this.server.emit('approval.decided', event) }
        }
    """,
}
"""A tool behind an approval that waits for a person's decision, which travels back over an event and a socket."""

STATE = {
    "web/package.json": WEB["web/package.json"],
    "web/src/app/page.tsx": """
        import { useStateSync } from '../lib/use-state-sync'
        export default function Page() { useStateSync(); return null }
    """,
    "web/src/lib/store.ts": """
        import { create } from 'zustand'
        export const useBoard = create((set) => ({ items: [] }))
    """,
    "web/src/lib/use-state-sync.ts": """
        import { io } from 'socket.io-client'
        import { useBoard } from './store'
        export function useStateSync() {
          const board = useBoard()
          const channel = new BroadcastChannel('board-state')
          localStorage.setItem('board-state', JSON.stringify(board))
          localStorage.getItem(`board-${board}`)
          const socket = io('http://localhost:3001/state')
          socket.emit('state.update', board)
        }
    """,
    "web/src/lib/theme.ts": "export function keepTheme() { localStorage.setItem('theme', 'dark') }\n",
    "api/package.json": WEB["api/package.json"],
    "api/src/main.ts": WEB["api/src/main.ts"],
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common'
        import { StateGateway } from './state.gateway'
        import { StateStore } from './state.store'
        @Module({ providers: [StateGateway, StateStore] })
        export class AppModule {}
    """,
    "api/src/state.gateway.ts": """
        import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
        import { StateStore } from './state.store'
        @WebSocketGateway({ namespace: '/state' })
        export class StateGateway {
          constructor(private readonly store: StateStore) {}
          @SubscribeMessage('state.update')
          update(data: object) { return this.store.saveState(data) }
        }
    """,
    "api/src/state.store.ts": """
        import Redis from 'ioredis'
        export class StateStore {
          private readonly redis = new Redis('redis://localhost:6379')
          saveState(data: object) { return this.redis.set('state', JSON.stringify(data)) }
        }
    """,
    "docker-compose.yml": "services:\n  redis:\n    image: redis:7\n    ports: ['6379:6379']\n",
}
"""A board whose state is kept in the browser, told to other tabs, sent over a socket and kept in Redis."""
