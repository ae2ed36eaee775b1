"""Jobs of GitHub workflows in full."""

from __future__ import annotations

from kbgen.extractors.jobs import read_jobs

TEXT = """
name: Nightly
on:
  push: {branches: [main], paths: ["web/**", "lib/**"]}
  schedule: [{cron: "0 3 * * 1"}]
env: {MODE: dry}
jobs:
  crates:
    name: Crates
    needs: build
    if: github.ref == 'refs/heads/main'
    timeout-minutes: 20
    strategy: {matrix: {part: [1, 2], include: [{part: 3}]}}
    env: {LEVEL: "2"}
    steps:
      - name: Run
        run: |
          echo start
          for i in 1 2; do
            npm run crates
          done
        env: {CI: "true"}
      - uses: actions/upload-artifact@v4
        with: {name: crate-report}
"""


def test_a_job_with_everything_around_it() -> None:
    (job,) = read_jobs(TEXT)
    assert (job.name, job.title, job.workflow, job.timeout) == ("crates", "Crates", "Nightly", "20")
    assert job.triggers == (("push", ("main",)), ("schedule", ("0 3 * * 1",)))
    assert job.path_filters == 2
    assert (job.needs, job.condition) == (("build",), "github.ref == 'refs/heads/main'")
    assert job.matrix == (("part", ("1", "2")),)
    assert job.variables == (("MODE", "dry"), ("LEVEL", "2"))
    run, upload = job.steps
    assert "npm run crates" in run.commands
    assert run.variables == (("CI", "true"),)
    assert (upload.action, upload.artifact) == ("actions/upload-artifact@v4", "crate-report")


def test_events_may_be_one_word_or_a_list() -> None:
    assert read_jobs("on: push\njobs: {a: {steps: []}}")[0].triggers == (("push", ()),)
    assert read_jobs("on: [push, pull_request]\njobs: {a: {}}")[0].triggers == (("push", ()), ("pull_request", ()))
    assert read_jobs("jobs: [") == ()
