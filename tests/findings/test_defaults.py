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
