"""A small project in which one agent calls another, for the pages about that."""

from __future__ import annotations

APP = """
    import asyncio
    import logging

    from fastapi import FastAPI, HTTPException, Request
    from pydantic import BaseModel

    from remote import fetch_card
    from limits import limiter

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logger = logging.getLogger(__name__)
    app = FastAPI()
    WORK_TIMEOUT = 90
    AGENTS = {}


    class RpcError(BaseModel):
        code: int
        message: str
        data: dict = {}


    @app.get("/health")
    async def health():
        return {"status": "ok", "agents": len(AGENTS)}


    @app.get("/agents/status")
    async def agents_status():
        if not AGENTS:
            return {"status": "empty"}
        return {"status": "ready", "names": list(AGENTS)}


    @app.get("/.well-known/agent.json")
    async def list_cards():
        return {"version": "1", "agents": list(AGENTS)}


    @app.post("/a2a/{agent_id}/rpc")
    @limiter.limit("20/minute")
    async def rpc(agent_id: str, body: dict, request: Request):
        user = getattr(request.state, "user", None)
        if not user:
            return {"error": RpcError(code=-32600, message="Authentication required", data={"details": "no user"})}
        agent = AGENTS.get(agent_id)
        if agent is None:
            return {"error": RpcError(code=-32601, message="Method not found", data={"details": f"Agent {agent_id}"})}
        try:
            return {"result": await asyncio.wait_for(agent.run(body), timeout=WORK_TIMEOUT)}
        except asyncio.TimeoutError:
            return {"error": RpcError(code=-32000, message="Execution timeout")}
        except Exception as exc:
            logger.error(f"A2A RPC error: {exc}")
            return {"error": RpcError(code=-32603, message="Internal error", data={"details": str(exc)})}


    @app.get("/ask")
    async def ask():
        from client import RemoteClient

        return await RemoteClient().call("scribe", "hello")


    @app.get("/cards")
    async def cards():
        return await fetch_card("http://localhost:8080")


    if __name__ == "__main__":
        import uvicorn

        uvicorn.run(app, host="0.0.0.0", port=8080)
"""

CLIENT = """
    import asyncio
    import json
    import logging

    import httpx

    try:
        import h2

        HTTP2 = True
    except ImportError:
        HTTP2 = False

    logger = logging.getLogger(__name__)
    CALL_TIMEOUT = 120
    CONNECT_TIMEOUT = 4.0
    RETRY_PAUSE_SECONDS = 7


    class RemoteClient:
        PATHS = {"scribe": "/a2a/scribe"}

        def __init__(self):
            self.client = httpx.AsyncClient(
                base_url="http://localhost:8080",
                timeout=httpx.Timeout(connect=CONNECT_TIMEOUT, read=CALL_TIMEOUT),
                http2=HTTP2,
            )

        async def call(self, name, task):
            path = self.PATHS.get(name)
            if not path:
                logger.warning(f"Unknown agent requested: {name}")
                return None
            try:
                reply = await asyncio.wait_for(
                    self.client.post(f"{path}/rpc", json={"task": task}, headers={"X-Request-ID": "1"}),
                    timeout=CALL_TIMEOUT,
                )
                if reply.status_code != 200:
                    logger.error(f"Call to {name} failed with HTTP {reply.status_code}")
                return reply.json()
            except asyncio.TimeoutError:
                logger.warning(f"Call to {name} timed out")
            except httpx.ConnectError as exc:
                logger.error(f"Connection to {name} failed: {exc}")
            except json.JSONDecodeError as exc:
                logger.error(f"{name} sent no JSON: {exc}")
"""

REMOTE = """
    import httpx


    class CardError(Exception):
        pass


    async def fetch_card(base):
        async with httpx.AsyncClient(timeout=6.0) as client:
            reply = await client.get(f"{base}/.well-known/agent.json")
        data = reply.json()
        if not data.get("name"):
            raise CardError("agent card missing 'name' field")
        return data
"""

LIMITS = """
    from slowapi import Limiter
    from slowapi.util import get_remote_address

    limiter = Limiter(key_func=get_remote_address, default_limits=["10/minute"])
"""

COMPOSE = """
    services:
      mesh:
        build:
          context: ../mesh
        ports: ["8080:8080"]
      jaeger:
        image: jaegertracing/all-in-one:1.52
        ports: ["16686:16686"]
"""

DOCKERFILE = """
    FROM python:3.12-slim
    WORKDIR /app
    COPY app.py .
    COPY plugins/ ./plugins/
    EXPOSE 8080
    CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8080"]
"""

PROJECT = {
    "mesh/app.py": APP,
    "mesh/client.py": CLIENT,
    "mesh/remote.py": REMOTE,
    "mesh/limits.py": LIMITS,
    "mesh/requirements.txt": "fastapi==0.110.0\nhttpx>=0.27\nuvicorn==0.29.0\n",
    "mesh/Dockerfile": DOCKERFILE,
    "deploy/docker-compose.yml": COMPOSE,
}
PLAIN = {
    "app/main.py": """
        from fastapi import FastAPI

        app = FastAPI()


        @app.get("/health")
        def health():
            return {"status": "ok"}
    """
}
"""A service without agents."""
