from unittest import mock
from unittest.mock import AsyncMock

from shop import Client


def test_client():
    # ok: asyncmock-without-spec
    client = AsyncMock(spec=Client)
    client.get.return_value = {"status": "up"}
    # ok: asyncmock-without-spec
    other = mock.create_autospec(Client)
    other.get.return_value = None


def test_function():
    # ok: asyncmock-without-spec
    handler = AsyncMock()
    handler.return_value = 3
    # ok: asyncmock-without-spec
    sender = AsyncMock(return_value=None)
    # ok: asyncmock-without-spec
    callback = AsyncMock()
    callback.assert_not_awaited()
    return handler, sender
