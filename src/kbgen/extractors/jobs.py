"""The jobs of a GitHub workflow in full: commands uncut, variables of each step, matrix, triggers.

Facts keep a step's first words; a page about how tests run in CI wants to know every command of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.extractors.nodes import Node
from kbgen.extractors.variables import hide_credentials
from kbgen.extractors.yaml_nodes import parse_yaml


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    commands: str
    action: str
    condition: str
    variables: tuple[tuple[str, str], ...]
    artifact: str
    """What an upload is called; ``""`` for other steps."""


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    title: str
    workflow: str
    triggers: tuple[tuple[str, tuple[str, ...]], ...]
    """(event, its branches or times)"""
    path_filters: int
    """Patterns of paths that the events are limited to."""
    needs: tuple[str, ...]
    condition: str
    timeout: str
    """Minutes, as written."""
    matrix: tuple[tuple[str, tuple[str, ...]], ...]
    variables: tuple[tuple[str, str], ...]
    """Those of the workflow and of the job."""
    steps: tuple[Step, ...]


def read_jobs(text: str) -> tuple[Job, ...]:
    return tuple(job for root in parse_yaml(text).roots for job in _read_root(root))


def _read_root(root: Node) -> Iterator[Job]:
    events = root.get("on")
    triggers = tuple(_read_triggers(events))
    filters = sum(len(event.get("paths").items) for event in events.entries.values())
    for name, job in root.get("jobs").entries.items():
        yield Job(
            name,
            job.read("name"),
            root.read("name"),
            triggers,
            filters,
            tuple(job.get("needs").list_texts()),
            " ".join(job.read("if").split()),
            job.read("timeout-minutes"),
            tuple(
                (key, tuple(values.list_texts()))
                for key, values in job.get("strategy", "matrix").entries.items()
                if values.items and key not in ("include", "exclude")
            ),
            (*_read_variables(root.get("env")), *_read_variables(job.get("env"))),
            tuple(_read_step(step) for step in job.get("steps").items),
        )


def _read_triggers(events: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    if events.text is not None:
        yield events.text, ()
    for text in events.list_texts() if events.items else ():
        yield text, ()
    for name, event in events.entries.items():
        times = [each.read("cron") for each in event.items]
        yield name, tuple(event.get("branches").list_texts() or [time for time in times if time])


def _read_step(step: Node) -> Step:
    action = step.read("uses")
    return Step(
        step.read("name"),
        hide_credentials(step.read("run")),
        action,
        " ".join(step.read("if").split()),
        tuple(_read_variables(step.get("env"))),
        step.get("with").read("name") if "upload-artifact" in action else "",
    )


def _read_variables(variables: Node) -> Iterator[tuple[str, str]]:
    for name, value in variables.entries.items():
        yield name, hide_credentials(value.text or "")
