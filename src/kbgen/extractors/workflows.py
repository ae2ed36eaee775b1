"""Facts of GitHub workflows and composite actions.

``job``
    `name` its key, `value` its display name. [source: github; workflow: the workflow's name, else the file's;
    runs_on; needs: blank-joined; uses: a reusable workflow; environment; if: its condition]
``step``
    `name` its own name, else the action or the first line that it runs; `value` the action or the commands. [job;
    workflow; uses: the action; run: yes; id; if]
``setting``
    A variable of ``env``. [source; workflow; job; step; default, ref as in Compose]
``config``
    Triggers (``on.push.branches[0]``) and every other key outside jobs. [workflow]
"""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.extractors.base import shorten, sort_facts
from kbgen.extractors.configuration import read_keys
from kbgen.extractors.nodes import Node, keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT, hide_credentials, make_setting
from kbgen.extractors.yaml_nodes import parse_yaml
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile

SUFFIXES: tuple[str, ...] = ()
VERSION = "workflow-1"

_Attrs = tuple[tuple[str, str], ...]


def extract(source: SourceFile) -> FileFacts:
    document = parse_yaml(source.text)
    facts: list[Fact] = []
    for root in document.roots:
        facts.extend(_Reader(source.path, root).read())
    skipped = tuple(SkippedFile(source.path, why) for why in document.problems)
    return FileFacts(source.path, source.blob, sort_facts(facts), skipped)


class _Reader:
    def __init__(self, path: str, root: Node) -> None:
        self._path = path
        self._root = root
        self._owner: _Attrs = (("workflow", root.read("name") or path.rpartition("/")[2].rpartition(".")[0]),)

    def read(self) -> Iterator[Fact]:
        root, path = self._root, self._path
        top = {key: child for key, child in root.entries.items() if key not in ("jobs", "runs", "env")}
        yield from read_keys(Node(root.line, entries=top), path, "", self._owner)
        yield from self._read_variables(root.get("env"), ())
        for name, job in root.get("jobs").entries.items():
            yield from self._read_job(name, job)
        yield from self._read_steps(root.get("runs", "steps"), ())

    def _read_job(self, name: str, job: Node) -> Iterator[Fact]:
        runs_on = job.get("runs-on")
        labels = runs_on.list_texts() or runs_on.get("labels").list_texts()
        environment = job.get("environment")
        attrs = keep_attrs(
            ("source", "github"),
            *self._owner,
            ("runs_on", " ".join(labels)),
            ("needs", " ".join(job.get("needs").list_texts())),
            ("uses", job.read("uses")),
            ("environment", environment.text or environment.read("name")),
            ("if", shorten(job.read("if"), VALUE_LIMIT)),
        )
        yield Fact("job", name, self._path, job.line, job.read("name"), "", "", attrs)
        owner = (("job", name),)
        yield from self._read_variables(job.get("env"), owner)
        for label, service in job.get("services").entries.items():
            image = service.read("image") or service.text or ""
            details = keep_attrs(("source", "github"), ("image", image), *self._owner, *owner)
            yield Fact("service", label, self._path, service.line, image, "", "", details)
            yield from self._read_variables(service.get("env"), (*owner, ("service", label)))
        yield from self._read_steps(job.get("steps"), owner)

    def _read_steps(self, steps: Node, owner: _Attrs) -> Iterator[Fact]:
        for step in steps.items:
            action, commands = step.read("uses"), hide_credentials(step.read("run"))
            first = next((line.strip() for line in commands.split("\n") if line.strip()), "")
            name = step.read("name") or action or first
            if not name:
                continue
            attrs = keep_attrs(
                *self._owner,
                *owner,
                ("uses", action),
                ("run", "yes" if commands else ""),
                ("id", step.read("id")),
                ("if", shorten(step.read("if"), VALUE_LIMIT)),
            )
            value = shorten(action or commands, VALUE_LIMIT)
            yield Fact("step", shorten(name, VALUE_LIMIT), self._path, step.line, value, "", "", attrs)
            yield from self._read_variables(step.get("env"), (*owner, ("step", shorten(name, VALUE_LIMIT))))

    def _read_variables(self, variables: Node, owner: _Attrs) -> Iterator[Fact]:
        for name, value in variables.entries.items():
            if value.text is not None:
                yield make_setting(
                    self._path, value.line, name, value.text, (("source", "github"), *self._owner, *owner)
                )
