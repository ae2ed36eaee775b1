from unittest import mock
from unittest.mock import AsyncMock


def test_client():
    # ruleid: asyncmock-without-spec
    client = AsyncMock()
    client.get.return_value = {"status": "up"}
    assert client


def make_store():
    # ruleid: asyncmock-without-spec
    store = mock.AsyncMock()
    store.connect = mock.Mock()
    return store


# ruleid: asyncmock-without-spec
queue = AsyncMock()
queue.size = 3
