"""A tiny yard, built in code: a FastAPI service with two agents, one of them reached by nothing, and a Next.js page."""

from __future__ import annotations

from collections.abc import Mapping

YARD: Mapping[str, str] = {
    "mesh/pyproject.toml": '[project]\nname = "yard-mesh"\ndependencies = ["fastapi", "agno"]\n',
    "mesh/Dockerfile": (
        "FROM python:3.12\nEXPOSE 7100\n"
        'CMD ["uvicorn", "main:app", "--port", "7100"]\n'
        "HEALTHCHECK CMD curl -f http://localhost:7100/health\n"
    ),
    "mesh/main.py": """from fastapi import FastAPI

from agents.dispatch import create_dispatch_agent

app = FastAPI()
AGENT_PATHS = {"dispatch": "/a2a/dispatch"}


@app.get("/health")
def health():
    return {"ok": True}


@app.get("/.well-known/agent-card.json")
def card():
    return {"name": "Dispatch"}


@app.get("/bays")
def list_bays():
    return []


@app.post("/a2a/dispatch")
def ask_dispatch(question: str):
    return create_dispatch_agent().run(question)
""",
    "mesh/agents/dispatch.py": '''from agno.agent import Agent
import httpx


def find_bay(size: int):
    """A free bay for a load of this size."""
    return httpx.get("http://localhost:7100/bays").json()


def create_dispatch_agent():
    return Agent(name="Dispatch", tools=[find_bay])
''',
    "mesh/agents/audit.py": """from agno.agent import Agent


def create_audit_agent():
    return Agent(name="Audit")
""",
    "web/package.json": (
        '{"name": "yard-web", "scripts": {"dev": "next dev -p 3100"}, "dependencies": {"next": "15.0.0"}}\n'
    ),
    "web/app/dashboard/page.tsx": """'use client';
import { useEffect, useState } from 'react';

export default function DashboardPage() {
  const [bays, setBays] = useState([]);
  useEffect(() => {
    fetch('http://localhost:7100/bays').then((r) => r.json()).then(setBays);
  }, []);
  return <ul>{bays.map((bay) => <li key={bay}>{bay}</li>)}</ul>;
}
""",
}
