"""Routes of each framework, from tiny sources: whole paths, methods, and whether anything mounts them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.join.routes import find_rewrites, find_routes
from kbgen.model import Fact
from tests.join.programs import make_program


def routes(files: Mapping[str, str]) -> list[Fact]:
    return list(find_routes(make_program(files)))


def names(files: Mapping[str, str]) -> list[str]:
    """Routes that are mounted, sorted; pages left out."""
    return sorted(f.name for f in routes(files) if f.attr("mounted") == "yes" and f.attr("kind") == "route")


def unmounted(files: Mapping[str, str]) -> list[str]:
    return sorted(f.name for f in routes(files) if f.attr("mounted") == "no")


# --------------------------------------------------------------------------------------------- FastAPI

APP = "from fastapi import FastAPI\nfrom app import users\napp = FastAPI()\n"
USERS = """
    from fastapi import APIRouter
    router = APIRouter(prefix="/users")

    @router.get("/{user_id}")
    async def read(user_id: str): ...

    @router.api_route("/bulk", methods=["POST", "PUT"])
    async def bulk(): ...
"""


def test_a_router_of_another_module_has_both_prefixes() -> None:
    files = {"app/main.py": APP + 'app.include_router(users.router, prefix="/api/v1")\n', "app/users.py": USERS}
    assert names(files) == ["GET /api/v1/users/{user_id}", "POST /api/v1/users/bulk", "PUT /api/v1/users/bulk"]
    read = next(f for f in routes(files) if f.attr("method") == "GET")
    assert (read.path, read.symbol, read.attr("framework")) == ("app/users.py", "read", "fastapi")
    assert read.attr("handler") == "app/users.py::read"
    assert read.attr("via") == "app/main.py:4"
    assert read.hash


@pytest.mark.parametrize(
    "line",
    [
        "from app.users import router as users_router\napp.include_router(users_router)",
        "for r in [users.router]:\n    app.include_router(r)",
        "ROUTERS = [users.router]\nfor r in ROUTERS:\n    app.include_router(r)",
        "def install(target: FastAPI) -> None:\n    target.include_router(users.router)\ninstall(app)",
        "from fastapi import APIRouter\napi = APIRouter()\napi.include_router(users.router)\napp.include_router(api)",
        "def make():\n    return users.router\napp.include_router(make())",
    ],
)
def test_ways_to_include_a_router(line: str) -> None:
    assert "GET /users/{user_id}" in names({"app/main.py": APP + line + "\n", "app/users.py": USERS})


def test_a_router_that_nobody_includes_is_not_mounted() -> None:
    files = {"app/main.py": APP, "app/users.py": USERS}
    assert names(files) == []
    assert "GET /users/{user_id}" in unmounted(files)


def test_a_router_included_twice_serves_two_paths() -> None:
    lines = 'app.include_router(users.router)\napp.include_router(users.router, prefix="/v2")\n'
    found = names({"app/main.py": APP + lines, "app/users.py": USERS})
    assert "GET /users/{user_id}" in found
    assert "GET /v2/users/{user_id}" in found


def test_a_router_made_in_a_function() -> None:
    files = {
        "app/main.py": "from fastapi import FastAPI\nfrom app.jobs import create_router\n"
        'app = FastAPI()\napp.include_router(create_router(), prefix="/jobs")\n',
        "app/jobs.py": """
            from fastapi import APIRouter
            def create_router() -> APIRouter:
                router = APIRouter()
                @router.delete("/{job_id:int}")
                def remove(job_id: int): ...
                return router
        """,
    }
    assert names(files) == ["DELETE /jobs/{job_id}"]


def test_a_router_kept_by_an_object() -> None:
    files = {
        "app/main.py": "from fastapi import FastAPI\nfrom app.bots import Bots\napp = FastAPI()\nbots = Bots()\n"
        "app.include_router(bots.router)\n",
        "app/bots.py": """
            from fastapi import APIRouter
            class Bots:
                def __init__(self) -> None:
                    self.router = APIRouter(prefix="/bots")
                    self.router.add_api_route("/run", self.run, methods=["POST"])
                def run(self): ...
        """,
    }
    assert names(files) == ["POST /bots/run"]


def test_sub_applications_prefixes_from_constants_and_websockets() -> None:
    files = {
        "app/main.py": """
            from fastapi import FastAPI
            from app.settings import PREFIX
            app = FastAPI()
            sub = FastAPI()
            app.mount(PREFIX, sub)

            @sub.websocket("/ws/{room}")
            async def talk(room): ...

            @sub.get("/files/{path:path}")
            def read(path): ...
        """,
        "app/settings.py": 'PREFIX = "/internal"\n',
    }
    assert names(files) == ["GET /internal/files/{path...}", "WEBSOCKET /internal/ws/{room}"]


def test_an_application_made_in_a_function() -> None:
    source = """
        from fastapi import FastAPI
        def create_app() -> FastAPI:
            app = FastAPI()
            @app.get("/health")
            def health(): ...
            return app
    """
    assert names({"app/main.py": source}) == ["GET /health"]


def test_tests_and_mocks_serve_nothing() -> None:
    assert names({"tests/test_x.py": APP + '@app.get("/x")\ndef x(): ...\n'}) == []
    assert names({"a.py": 'from unittest.mock import patch\n@patch.object(A, "get")\ndef f(): ...\n'}) == []


# ----------------------------------------------------------------------------- Starlette, Flask, Django


def test_starlette_route_lists() -> None:
    source = """
        from starlette.applications import Starlette
        from starlette.routing import Mount, Route, WebSocketRoute
        def ping(request): ...
        routes = [
            Route("/ping", ping),
            Mount("/admin", routes=[Route("/users", ping, methods=["POST"])]),
            WebSocketRoute("/ws", ping),
        ]
        app = Starlette(routes=routes)
    """
    assert names({"app.py": source}) == ["GET /ping", "POST /admin/users", "WEBSOCKET /ws"]
    assert {f.symbol for f in routes({"app.py": source})} == {"ping"}


def test_flask_blueprints_and_the_prefix_that_wins() -> None:
    files = {
        "web/__init__.py": """
            from flask import Flask
            from web.items import items
            def create_app():
                app = Flask(__name__)
                app.register_blueprint(items, url_prefix="/shop")
                @app.route("/", methods=["GET", "POST"])
                def index(): ...
                return app
        """,
        "web/items.py": """
            from flask import Blueprint
            items = Blueprint("items", __name__, url_prefix="/items")
            @items.route("/<int:item_id>/<path:rest>")
            def show(item_id, rest): ...
        """,
    }
    assert names(files) == ["GET /", "GET /shop/{item_id}/{rest...}", "POST /"]


def test_flask_views_of_classes() -> None:
    source = """
        from flask import Flask
        from flask.views import MethodView
        app = Flask(__name__)
        class Users(MethodView):
            def get(self): ...
            def post(self): ...
        app.add_url_rule("/users", view_func=Users.as_view("users"))
    """
    assert names({"app.py": source}) == ["GET /users", "POST /users"]


def test_django_urls_and_what_they_include() -> None:
    files = {
        "shop/urls.py": """
            from django.urls import include, path, re_path
            from shop import views
            urlpatterns = [
                path("items/<int:pk>/", views.item),
                re_path(r"^old/(?P<slug>[a-z]+)/$", views.Old.as_view()),
                path("api/", include("shop.api.urls")),
            ]
        """,
        "shop/api/urls.py": """
            from django.urls import path
            from shop import views
            urlpatterns = [path("status", views.status)]
        """,
        "shop/views.py": """
            def item(request, pk): ...
            def status(request): ...
            class Old:
                def get(self, request, slug): ...
        """,
    }
    assert names(files) == ["ANY /api/status", "ANY /items/{pk}", "GET /old/{slug}"]


# ------------------------------------------------------------------------------------------------ Nest

CONTROLLER = """
    import { Controller, Get, Post, Patch } from '@nestjs/common'
    @Controller('tasks')
    export class TasksController {
      @Get() list() { return [] }
      @Get([':id', 'by-id/:id']) one() { return 1 }
      @Post(':id/notes') note() { return 1 }
    }
"""
MODULE = """
    import { Module } from '@nestjs/common'
    import { TasksController } from './tasks.controller'
    @Module({ controllers: [TasksController] })
    export class AppModule {}
"""
MAIN = """
    import { NestFactory } from '@nestjs/core'
    import { AppModule } from './app.module'
    async function bootstrap() {
      const app = await NestFactory.create(AppModule)
      %s
      await app.listen(3000)
    }
    bootstrap()
"""


def nest(setup: str = "", controller: str = CONTROLLER, module: str = MODULE) -> dict[str, str]:
    return {
        "api/src/main.ts": MAIN % setup,
        "api/src/app.module.ts": module,
        "api/src/tasks.controller.ts": controller,
    }


def test_nest_controllers() -> None:
    assert names(nest()) == ["GET /tasks", "GET /tasks/by-id/{id}", "GET /tasks/{id}", "POST /tasks/{id}/notes"]
    assert {f.symbol for f in routes(nest())} == {f"TasksController.{m}" for m in ("list", "one", "note")}


def test_nest_global_prefix_and_what_it_leaves_out() -> None:
    found = names(nest("app.setGlobalPrefix('api', { exclude: ['tasks/:id'] })"))
    assert found == ["GET /api/tasks", "GET /api/tasks/by-id/{id}", "GET /tasks/{id}", "POST /api/tasks/{id}/notes"]


def test_nest_versions_in_the_path() -> None:
    controller = CONTROLLER.replace("'tasks'", "{ path: ['tasks', 'jobs'], version: '2' }")
    found = names(nest("app.enableVersioning({ type: VersioningType.URI })", controller))
    assert "GET /v2/tasks" in found
    assert "POST /v2/jobs/{id}/notes" in found
    assert all(name.split()[1].startswith("/v2/") for name in found)


def test_nest_controller_of_no_module_is_not_mounted() -> None:
    module = MODULE.replace("controllers: [TasksController]", "providers: [TasksController]")
    assert names(nest(module=module)) == []
    assert "GET /tasks" in unmounted(nest(module=module))


def test_nest_controller_of_a_module_that_nothing_imports_is_not_mounted() -> None:
    files = nest()
    files["api/src/other.module.ts"] = MODULE.replace("AppModule", "OtherModule")
    files["api/src/app.module.ts"] = "import { Module } from '@nestjs/common'\n@Module({})\nexport class AppModule {}\n"
    assert names(files) == []
    files["api/src/app.module.ts"] = (
        "import { Module, forwardRef } from '@nestjs/common'\nimport { OtherModule } from './other.module'\n"
        "@Module({ imports: [forwardRef(() => OtherModule)] })\nexport class AppModule {}\n"
    )
    assert "GET /tasks" in names(files)


def test_nest_router_module_and_inherited_routes() -> None:
    controller = """
        import { Controller, Get } from '@nestjs/common'
        class Base { @Get('all') all() { return 1 } }
        @Controller('tasks')
        export class TasksController extends Base { @Get('one') one() { return 1 } }
    """
    module = """
        import { Module } from '@nestjs/common'
        import { RouterModule } from '@nestjs/core'
        import { TasksController } from './tasks.controller'
        @Module({ controllers: [TasksController] })
        export class TasksModule {}
        @Module({ imports: [TasksModule, RouterModule.register([{ path: 'admin', module: TasksModule }])] })
        export class AppModule {}
    """
    assert names(nest(controller=controller, module=module)) == ["GET /admin/tasks/all", "GET /admin/tasks/one"]


# ------------------------------------------------------------------------------------------------ Next


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("web/src/app/api/tasks/route.ts", "GET /api/tasks"),
        ("web/app/api/tasks/[id]/route.ts", "GET /api/tasks/{id}"),
        ("web/app/(group)/api/[...path]/route.ts", "GET /api/{path...}"),
        ("web/app/api/[[...path]]/route.ts", "GET /api/{path...?}"),
    ],
)
def test_next_route_files(path: str, route: str) -> None:
    assert names({path: "export async function GET() { return new Response() }\n"}) == [route]


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("web/app/feed/@modal/(.)photo/[id]/page.tsx", "PAGE /feed/photo/{id}"),
        ("web/app/feed/(..)photo/page.tsx", "PAGE /photo"),
        ("web/app/a/b/(...)photo/page.tsx", "PAGE /photo"),
        ("web/src/app/(shop)/page.tsx", "PAGE /"),
        ("web/pages/users/[id].tsx", "PAGE /users/{id}"),
    ],
)
def test_next_pages(path: str, page: str) -> None:
    assert [f.name for f in routes({path: "export default function Page() { return <a/> }\n"})] == [page]


def test_a_folder_of_pages_in_another_framework_serves_none() -> None:
    files = {
        "web/src/pages/Home.tsx": "export default function Home() { return <a/> }\n",
        "web/package.json": '{"name": "web", "dependencies": {"react": "19", "vite": "7"}}',
    }
    assert routes(files) == []
    files["web/package.json"] = '{"name": "web", "dependencies": {"next": "16"}}'
    assert [f.name for f in routes(files)] == ["PAGE /Home"]


def test_next_rewrites() -> None:
    source = """
        const nextConfig = {
          async rewrites() {
            const api = process.env.API_URL || 'http://localhost:4000'
            return [{ source: '/api/:path*', destination: `${api}/v1/:path*` }]
          },
          async redirects() { return [{ source: '/old', destination: '/new', permanent: true }] },
        }
        export default nextConfig
    """
    found = find_rewrites(make_program({"web/next.config.js": source}))
    assert [(f.attr("source"), f.attr("destination")) for f in found] == [
        ("/api/{path...?}", "{env:API_URL|http://localhost:4000}/v1/:path*")
    ]


# --------------------------------------------------------------------------- Express, Fastify, Hono, Koa


def test_express_routers_across_files() -> None:
    files = {
        "srv/app.ts": """
            import express from 'express'
            import users from './users'
            const { orders } = require('./orders')
            const app = express()
            app.use(express.json())
            app.use('/api/users', users)
            app.use('/api', orders)
            app.get('/health', (req, res) => res.send('ok'))
            app.get('env')
        """,
        "srv/users.ts": """
            import { Router } from 'express'
            import { show } from './handlers'
            const router = Router()
            router.get('/:id', show)
            router.route('/:id/notes').get(show).post(show)
            export default router
        """,
        "srv/handlers.ts": "export function show(req, res) { res.send(1) }\n",
        "srv/orders.js": """
            const express = require('express')
            const orders = express.Router()
            orders.all('/orders/*', (req, res) => res.send(1))
            module.exports = { orders }
        """,
    }
    assert names(files) == [
        "ANY /api/orders/{rest...}",
        "GET /api/users/{id}",
        "GET /api/users/{id}/notes",
        "GET /health",
        "POST /api/users/{id}/notes",
    ]
    show = next(f for f in routes(files) if f.name == "GET /api/users/{id}")
    assert show.attr("handler") == "srv/handlers.ts::show"


@pytest.mark.parametrize("line", ["register(app)", "app.use('/', require('./plain'))", "app.use(plain)"])
def test_express_routes_that_a_function_or_module_adds(line: str) -> None:
    files = {
        "srv/app.ts": f"""
            import express from 'express'
            import {{ register }} from './register'
            import plain from './plain'
            const app = express()
            {line}
        """,
        "srv/register.ts": """
            import { Express } from 'express'
            export function register(app: Express) { app.get('/y', (req, res) => res.send(1)) }
        """,
        "srv/plain.js": """
            const express = require('express')
            const router = express.Router()
            router.get('/x', (req, res) => res.send(1))
            module.exports = router
        """,
    }
    assert ("GET /y" if "register" in line else "GET /x") in names(files)


def test_express_router_that_nobody_uses() -> None:
    source = "import { Router } from 'express'\nexport const r = Router()\nr.get('/x', (a, b) => b.send(1))\n"
    assert unmounted({"srv/r.ts": source}) == ["GET /x"]


def test_fastify_plugins_with_prefix() -> None:
    files = {
        "srv/app.ts": """
            import Fastify from 'fastify'
            import items from './items'
            const server = Fastify()
            server.register(items, { prefix: '/items' })
            server.route({ method: ['GET', 'HEAD'], url: '/ping', handler: () => 1 })
        """,
        "srv/items.ts": """
            import { FastifyInstance } from 'fastify'
            export default async function items(fastify: FastifyInstance) {
              fastify.get('/:id', async () => 1)
              fastify.post<{ Body: string }>('/', { schema: {} }, async () => 1)
            }
        """,
    }
    assert names(files) == ["GET /items/{id}", "GET /ping", "HEAD /ping", "POST /items"]


def test_hono_and_koa() -> None:
    hono = {
        "srv/app.ts": """
            import { Hono } from 'hono'
            import { books } from './books'
            const app = new Hono()
            app.route('/books', books)
            export default app
        """,
        "srv/books.ts": """
            import { Hono } from 'hono'
            export const books = new Hono()
            books.get('/:id', (c) => c.text('x'))
        """,
    }
    assert names(hono) == ["GET /books/{id}"]
    koa = """
        import Koa from 'koa'
        import Router from '@koa/router'
        const app = new Koa()
        const router = new Router({ prefix: '/v1' })
        router.put('/things/:id', async (ctx) => { ctx.body = 1 })
        app.use(router.routes())
    """
    assert names({"srv/app.ts": koa}) == ["PUT /v1/things/{id}"]


def test_clients_are_no_servers() -> None:
    source = """
        import axios from 'axios'
        const api = axios.create({ baseURL: '/api' })
        export const load = (payload) => api.post('/users', payload)
    """
    assert names({"web/load.ts": source}) == []
