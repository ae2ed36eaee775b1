"""GitHub workflows and composite actions."""

from __future__ import annotations

from tests.extractors.reading import one, pairs, pick, read, whys


def test_triggers_jobs_and_steps() -> None:
    facts = read(
        ".github/workflows/ci.yml",
        """\
        on: [push, pull_request]
        jobs:
          build:
            runs-on: {labels: [big, linux]}
            environment: {name: prod}
            needs: lint
            steps:
              - run: |

                  make build
                  make test
              - uses: actions/cache@v4
                if: always()
              - {}
        """,
    )
    assert pairs(facts, "config") == {"on[0]": "push", "on[1]": "pull_request"}
    job = one(facts, "job", "build")
    assert (job.attr("workflow"), job.attr("runs_on"), job.attr("environment")) == ("ci", "big linux", "prod")
    assert pairs(facts, "step") == {"make build": "make build make test", "actions/cache@v4": "actions/cache@v4"}
    assert one(facts, "step", "actions/cache@v4").attr("if") == "always()"


def test_a_composite_action_has_steps() -> None:
    facts = read("tools/setup/action.yml", "name: Setup\nruns:\n  using: composite\n  steps:\n    - run: npm ci\n")
    assert [f.attrs for f in pick(facts, "step")] == [(("workflow", "Setup"), ("run", "yes"))]


def test_odd_shapes_and_other_folders() -> None:
    assert (
        whys(read(".github/workflows/a.yml", "jobs:\n  a: null\n  b: [1]\n  c: {steps: {x: 1}, env: y, services: z}\n"))
        == []
    )
    assert pick(read(".github/dependabot.yml", "jobs:\n  a: {}\nversion: 2\n"), "job") == []
