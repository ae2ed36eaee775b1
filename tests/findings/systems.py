"""What is found in a system made of tiny sources."""

from __future__ import annotations

from collections.abc import Mapping

from kbgen.diagrams.mesh import Mesh
from kbgen.findings import find_findings
from kbgen.join.signals import load_rules, read_shipped_rules
from kbgen.join.system import System
from kbgen.model import Finding
from tests.join.programs import make_program

RULES = load_rules([read_shipped_rules()])

NEST = """
    {"name": "api", "dependencies": {"@nestjs/core": "1"}, "scripts": {"start": "node src/main.ts"}}
"""
API = {
    "api/package.json": NEST,
    "api/src/main.ts": """
        import { NestFactory } from '@nestjs/core';
        import { AppModule } from './app.module';
        async function bootstrap() {
          const app = await NestFactory.create(AppModule);
          await app.listen(3001);
        }
        bootstrap();
    """,
    "api/src/app.module.ts": """
        import { Module } from '@nestjs/common';
        import { TasksController } from './tasks.controller';
        @Module({ controllers: [TasksController] })
        export class AppModule {}
    """,
    "api/src/tasks.controller.ts": """
        import { Controller, Get, Post } from '@nestjs/common';
        @Controller('tasks')
        export class TasksController {
          @Get()
          list() { return []; }
          @Get(':id')
          read() { return 1; }
        }
    """,
}
"""A NestJS service on port 3001 with ``GET /tasks`` and ``GET /tasks/{id}``."""

WORKER_MAIN = """
    from fastapi import FastAPI
    import uvicorn
    import jobs

    app = FastAPI()

    @app.post("/run")
    async def run():
        return await jobs.work()

    if __name__ == "__main__":
        uvicorn.run(app, port=7000)
"""
"""The start of a FastAPI service in ``worker/`` that runs `jobs.work`."""


def worker(**modules: str) -> dict[str, str]:
    """A FastAPI service on port 7000 with these modules; ``jobs`` is what it runs."""
    files = {"worker/requirements.txt": "fastapi\nhttpx\n", "worker/main.py": WORKER_MAIN, "worker/jobs.py": _IDLE}
    return files | {f"worker/{name}.py": text for name, text in modules.items()}


_IDLE = """
    async def work():
        return 1
"""


def find_all(files: Mapping[str, str]) -> tuple[Finding, ...]:
    system = System(make_program(files), RULES)
    return find_findings(system, Mesh(system))


def find(files: Mapping[str, str], kind: str) -> list[Finding]:
    return [finding for finding in find_all(files) if finding.kind == kind]


def show(found: list[Finding]) -> list[tuple[str, str]]:
    """(severity, title) of each."""
    return [(finding.severity, finding.title) for finding in found]


def places(finding: Finding) -> list[tuple[str, str]]:
    return [(evidence.path, evidence.symbol) for evidence in finding.evidence]
