"""The runbook that changes the key of the metrics."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.pages.criteria import PageState, judge
from kbgen.pages.observability.metric_routes import count_seconds
from tests.pages.pages import get_pack, render_page

PAGE = "metrics_key_rotation"

CONFIG = """
    from functools import lru_cache
    from typing import Optional
    from pydantic import model_validator
    from pydantic_settings import BaseSettings

    class ShopSettings(BaseSettings):
        metrics_require_auth: bool = False
        metrics_token: Optional[str] = None

        @model_validator(mode="after")
        def check(self):
            if self.metrics_require_auth and not self.metrics_token:
                raise ValueError("METRICS_TOKEN is missing")
            return self

        class Config:
            env_file = ".env.shop"

    @lru_cache
    def get_settings():
        return ShopSettings()
"""
GUARD = """
    import hmac
    from fastapi import Depends, HTTPException, Request
    from shop.config import ShopSettings, get_settings

    # targets: ['shop:9999']

    async def check_key(request: Request, settings: ShopSettings = Depends(get_settings)):
        if not settings.metrics_require_auth:
            return
        given = request.headers.get("X-Shop-Key") or ""
        if not hmac.compare_digest(given, settings.metrics_token):
            raise HTTPException(status_code=403, detail="Wrong metrics key")
"""
MAIN = """
    from fastapi import Depends, FastAPI
    from prometheus_client import generate_latest
    from shop.guard import check_key

    app = FastAPI()

    @app.get("/numbers", dependencies=[Depends(check_key)])
    async def numbers():
        return generate_latest()
"""
COMPOSE = """
    services:
      shop:
        build: ./shop
        ports: ["8100:8100"]
"""
SHOP: Mapping[str, str] = {
    "shop/main.py": MAIN,
    "shop/guard.py": GUARD,
    "shop/config.py": CONFIG,
    "shop/Dockerfile": 'FROM python:3.12\nCOPY . .\nEXPOSE 8100\nCMD ["uvicorn", "main:app", "--port", "8100"]\n',
    "docker-compose.yml": COMPOSE,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(PAGE, SHOP)


def test_the_key_and_what_it_opens(page: str) -> None:
    assert page.startswith("The key is `METRICS_TOKEN` ([`shop/config.py`](../../shop/config.py) `ShopSettings`)")
    assert "it opens `GET /numbers` of `shop` on port 8100" in page
    assert "accepts **one** key at a time" in page


def test_how_it_is_compared_and_what_happens_without_it(page: str) -> None:
    assert "`hmac.compare_digest(given, …)`: in constant time" in page
    assert "| Check | `check_key` reads `X-Shop-Key` | " in page
    assert "let through without a look at its key when `not settings.metrics_require_auth`" in page
    assert "`METRICS_REQUIRE_AUTH` is off by default" in page
    assert "Neither the check nor its settings ask whether this is production" in page
    assert "`ValueError`: `METRICS_TOKEN is missing`" in page
    assert "the settings also read `.env.shop`" in page


def test_steps_name_the_real_service_address_and_header(page: str) -> None:
    assert "docker compose -f docker-compose.yml up -d --no-deps --force-recreate shop" in page
    assert "url=http://localhost:8100/numbers" in page
    assert 'code -H "X-Shop-Key: $(cat metrics-key.new)" "$url"   # 200' in page
    assert 'code -H "X-Shop-Key: $(cat metrics-key.old)" "$url"   # 403' in page
    assert "Authorization: Bearer $(cat" not in page


TENANT = """
    import jwt
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.responses import JSONResponse

    class UserMiddleware(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            header = request.headers.get("Authorization", "")
            if header.startswith("Bearer "):
                try:
                    jwt.decode(header[7:], "secret", algorithms=["HS256"])
                except jwt.InvalidTokenError:
                    return JSONResponse(status_code=418, content={"error": "no user"})
            return await call_next(request)
"""


def test_middleware_that_takes_every_bearer_token_is_found() -> None:
    main = MAIN.replace("app = FastAPI()", "app = FastAPI()\n    app.add_middleware(UserMiddleware)").replace(
        "from shop.guard", "from shop.users import UserMiddleware\n    from shop.guard"
    )
    both = GUARD.replace(
        'given = request.headers.get("X-Shop-Key")',
        'given = request.headers.get("X-Shop-Key") or request.headers.get("Authorization")',
    )
    files = SHOP | {"shop/main.py": main, "shop/guard.py": both, "shop/users.py": TENANT}
    page = render_page(PAGE, files)
    assert "**It does not work as a bearer token.** `UserMiddleware` stands before every route" in page
    assert "(`jwt.decode`) and answers 418 to any other" in page
    assert "X-Shop-Key: {files: [/etc/prometheus/metrics-key]}" in page
    assert "Authorization: Bearer $(cat" not in page
    let = TENANT.replace("return JSONResponse", "header = JSONResponse")
    assert "does not work as a bearer token" not in render_page(PAGE, files | {"shop/users.py": let})
    some = TENANT.replace('if header.startswith("Bearer ")', 'if request.url.path != "/numbers"')
    assert "does not work as a bearer token" not in render_page(PAGE, files | {"shop/users.py": some})


def test_where_the_key_is_not_handed_on_is_said(page: str) -> None:
    assert "No deployment file of the repository sets `METRICS_TOKEN`" in page
    assert "runs `shop` (compose) without `METRICS_TOKEN`" in page
    given = SHOP | {"docker-compose.yml": COMPOSE + "        environment:\n          METRICS_TOKEN: ${METRICS_TOKEN}\n"}
    other = render_page(PAGE, given)
    assert "| `METRICS_TOKEN` | `shop` | [`docker-compose.yml`](../../docker-compose.yml) |" in other
    assert "without `METRICS_TOKEN`:" not in other


def test_a_running_process_keeps_its_key(page: str) -> None:
    assert (
        "A running process keeps the key it started with ([`shop/config.py`](../../shop/config.py) `get_settings`)"
        in page
    )


def test_refusals_stand_with_their_condition(page: str) -> None:
    assert "| 403 `Wrong metrics key` | `not hmac.compare_digest(given, settings.metrics_token)` | " in page
    assert "The check writes no log line" in page


def test_an_example_with_another_port_is_pointed_out(page: str) -> None:
    assert "names the target `shop:9999`; the service listens on `8100`" in page


def test_a_test_of_a_copy_is_told_from_a_test_of_the_check() -> None:
    copy = """
        from fastapi import HTTPException

        def check_copy(given, wanted):
            if given != wanted:
                raise HTTPException(status_code=403, detail="Wrong metrics key")

        def test_wrong():
            check_copy("a", "a")
    """
    page = render_page(PAGE, SHOP | {"shop/tests/test_guard.py": copy})
    assert "(1 case) does not import the check: it tries a copy of its own, `check_copy`" in page
    real = "from shop.guard import check_key\n\ndef test_key():\n    assert check_key\n"
    page = render_page(PAGE, SHOP | {"shop/tests/test_guard.py": real})
    assert "Tests of the check: [`shop/tests/test_guard.py`](../../shop/tests/test_guard.py) (1 case)." in page


def test_an_open_endpoint_is_named() -> None:
    other = """
        from fastapi import FastAPI
        from prometheus_client import generate_latest

        app = FastAPI()

        @app.get("/figures")
        async def figures():
            return generate_latest()
    """
    page = render_page(
        PAGE, SHOP | {"till/main.py": other, "till/Dockerfile": 'FROM python:3.12\nCMD ["uvicorn", "main:app"]\n'}
    )
    assert "**Not covered:** `GET /figures`" in page


def test_a_key_that_nothing_compares_is_no_lock() -> None:
    page = render_page(PAGE, {"shop/config.py": CONFIG})
    assert "no route that gives out metrics was found" in page
    assert "accepts **one** key" not in page


def test_no_key_no_page() -> None:
    assert render_page(PAGE, {"shop/main.py": MAIN.replace(", dependencies=[Depends(check_key)]", "")}) == ""
    assert render_page(PAGE, {"shop/config.py": "import os\nLEVEL = os.getenv('METRICS_LEVEL')\n"}) == ""


def test_criteria_are_met(page: str) -> None:
    pack = get_pack(PAGE)
    assert [judge(pack.story, c, PageState(page, "", {}, ())).state for c in pack.criteria] == ["met"] * 5
    assert [judge(pack.story, c, PageState("", "no key", {}, ())).state for c in pack.criteria] == ["unmet"] * 5


def test_every_topic_has_its_section(page: str) -> None:
    headings = [line.lstrip("# 0123456789.").strip() for line in page.splitlines() if line.startswith("#")]
    for _, heading in get_pack(PAGE).topics:
        assert any(found.startswith(heading) for found in headings), heading


@pytest.mark.parametrize(
    ("rate", "seconds"), [("10/minute", 6), ("1 per 2 second", 2), ("7/minute", 9), ("0/minute", 0), ("often", 0)]
)
def test_the_time_between_requests(rate: str, seconds: int) -> None:
    assert count_seconds(rate) == seconds
