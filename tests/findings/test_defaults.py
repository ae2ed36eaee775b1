"""Defaults that disagree."""

from __future__ import annotations

from tests.findings.systems import find, show, worker


def two_settings(one: int, other: int) -> dict[str, str]:
    return worker(
        settings=f"""
        from pydantic_settings import BaseSettings

        class Settings(BaseSettings):
            worker_port: int = {one}
        """,
        runtime=f"""
        from pydantic_settings import BaseSettings

        class RuntimeSettings(BaseSettings):
            port: int = {other}
            base_url: str = "http://localhost:{other}"
        """,
    )


def test_two_ports_of_one_unit() -> None:
    found = find(two_settings(7000, 9000), "default-disagrees")
    assert show(found) == [("suspect", "The port of `worker` has two defaults: 7000 and 9000")]
    assert "it listens on 7000, nothing listens on 9000. `base_url` follows it." in found[0].detail


def test_one_port_said_twice_is_fine() -> None:
    assert find(two_settings(7000, 7000), "default-disagrees") == []


def readers(one: str, other: str) -> dict[str, str]:
    return worker(
        jobs=f"""
        import os
        import more

        def work():
            return os.getenv("STORE_URL", "{one}"), more.read()
        """,
        more=f"""
        import os

        def read():
            return os.getenv("STORE_URL", "{other}")
        """,
    )


def test_one_variable_with_two_defaults() -> None:
    found = find(readers("http://localhost:5001", "http://localhost:5002/"), "default-disagrees")
    assert show(found) == [
        ("suspect", "`STORE_URL` has 2 defaults: `http://localhost:5001` and `http://localhost:5002/`")
    ]


def test_the_same_port_under_another_name_is_fine() -> None:
    assert find(readers("http://localhost:5001", "http://127.0.0.1:5001/x"), "default-disagrees") == []


def test_an_example_that_names_another_port() -> None:
    files = readers("http://localhost:5001", "http://localhost:5001") | {
        "worker/.env.example": "STORE_URL=http://localhost:5005\n"
    }
    found = find(files, "default-disagrees")
    assert show(found) == [
        (
            "suspect",
            "`STORE_URL` is `http://localhost:5005` in `worker/.env.example` "
            "and `http://localhost:5001` by default in code",
        )
    ]


def test_an_example_that_agrees_is_fine() -> None:
    files = readers("http://localhost:5001", "http://localhost:5001") | {
        "worker/.env.example": "STORE_URL=http://localhost:5001\n"
    }
    assert find(files, "default-disagrees") == []


def test_stores_have_ports_too() -> None:
    found = find(readers("redis://localhost:6379", "redis://localhost:6380"), "default-disagrees")
    assert show(found) == [
        ("suspect", "`STORE_URL` has 2 defaults: `redis://localhost:6379` and `redis://localhost:6380`")
    ]


def test_another_database_or_another_store_at_one_port_is_fine() -> None:
    assert find(readers("redis://localhost:6379/0", "redis://:secret@localhost:6379/1"), "default-disagrees") == []
    assert find(readers("redis://localhost:6379", "amqp://localhost:5672"), "default-disagrees") == []


def asking(variable: str, path: str) -> dict[str, str]:
    """A second service on port 7100 that asks `worker` (port 7000) at a port on which nothing listens."""
    files = worker(
        jobs=f"""
        import os
        import httpx

        async def work():
            return httpx.post(os.getenv("{variable}", "http://localhost:9191") + "{path}")
        """
    )
    other = {path.replace("worker/", "asker/"): text.replace("7000", "7100") for path, text in files.items()}
    other["asker/main.py"] = other["asker/main.py"].replace('"/run"', '"/ask"')
    return worker() | other


def test_one_word_and_a_variable_that_names_the_unit() -> None:
    found = find(asking("PUBLIC_WORKER_URL", "/run"), "wrong-port")
    assert show(found) == [("broken", "`PUBLIC_WORKER_URL` leads to port 9191 by default, `worker` listens on 7000")]


def test_one_word_is_too_little_where_the_unit_is_not_named() -> None:
    assert find(asking("STORE_URL", "/run"), "wrong-port") == []
    assert find(asking("PUBLIC_WORKER_URL", "/stop"), "wrong-port") == []
