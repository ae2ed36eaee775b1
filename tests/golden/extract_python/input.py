#!/usr/bin/env python
"""Parcel tracking service.

Story: SHIP-2.4
"""

from __future__ import annotations

import os
import carriers.rates as rates
from .models import Parcel, Label as PrintedLabel
from ..core import *

try:
    import orjson as json
except ImportError:
    import json

# Retries stay low because carriers throttle us after
# the third call within a minute.
MAX_RETRIES: int = 3
CARRIERS = {"dhl": "carriers.dhl.DhlClient", "ups": "carriers.ups:UpsClient"}
_cache: dict[str, Parcel] = {}
router = APIRouter(prefix="/parcels")

# parcel = load(1)
# parcel.ship()


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHIP_")
    api_url: str
    timeout: int = Field(30, description="seconds")


class Status(str, Enum):
    SENT = "sent"
    LOST = "lost"


class Tracker(Base):
    """Follows parcels from the warehouse to the door."""

    LIMIT = 10

    class Config:
        STRICT = True

    def __init__(self, client: "Client") -> None:
        self.client = client

    @property
    def url(self) -> str:
        return os.environ["CARRIER_URL"]  # set by the deployment, never here

    async def fetch_events(self, parcel_id: str) -> list[Event]:
        """Mock fetch, will be replaced with the carrier's API."""
        await asyncio.sleep(0.2)
        return [{"id": parcel_id}]

    def _close(self):
        raise NotImplementedError


@router.get("/{parcel_id}")
async def read_parcel(parcel_id: str, tracker: Tracker = Depends(get_tracker)) -> Parcel:
    key = os.getenv("CARRIER_KEY", "none")
    logger.info("Looking up the parcel at the carrier")
    return await tracker.fetch_events(parcel_id)


@router.post("")
def create(): ...


async def move(parcels: list[Parcel], carrier="dhl") -> None:
    for code, client in CARRIERS.items():
        register(code, client)
    queue = [*parcels, Parcel(label=f"{carrier}-{len(parcels)}")]
    try:
        async with LOCK, Session(timeout=MAX_RETRIES * 2) as session:
            reply = await session.post(f"{settings.api_url}/moves", json={"items": queue, "by": carrier})
            reply.raise_for_status()
    except (TimeoutError, errors.Refused) as refused:
        raise MoveError("refused", carrier) from refused


def create_app():
    app = App(url=os.getenv("BASE_URL", "http://localhost:7000").rstrip("/"))
    app.middlewares.append(limit)

    @app.on("parcel.lost")
    async def lost(event):
        return await notify(event)

    return app


def test_rates():
    def test_inner():
        pass

    assert rates.find("x")


class TestTracker:
    @pytest.mark.parametrize("status", list(Status))
    async def test_status(self, status):
        """
        def test_in_docstring(): pass
        """


if __name__ == "__main__":
    main()
