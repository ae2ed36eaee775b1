"""Which file of the repository a planned path means, when the plan writes it short or with a folder too many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from kbgen.model import Link, PlannedFile, Story, TreeEntry


def resolve_plans(story: Story, links: Sequence[Link], entries: Mapping[str, TreeEntry]) -> Story:
    """The story with each planned path as the repository has it; a path that means none stays as written.

    ``hooks/use-bays.ts`` is ``web/src/hooks/use-bays.ts`` when that is the only such file among those that the story's
    commits changed, else among all; ``yard/web/app.ts`` is ``web/app.ts`` when nothing lies in ``yard/``.
    """
    changed = {c.path for link in links if link.role == "implements" for c in link.commit.changes}
    tops = {path.partition("/")[0] for path in (*entries, *changed)}

    def resolve(planned: Iterable[PlannedFile]) -> tuple[PlannedFile, ...]:
        return tuple(
            plan if plan.path in entries or plan.path in changed else replace(plan, path=find(plan.path))
            for plan in planned
        )

    def find(path: str) -> str:
        top, _, rest = path.partition("/")
        if rest and top not in tops and (rest in changed or rest in entries):
            return rest
        return _find_only(path, changed) or _find_only(path, entries) or path

    return replace(story, planned=resolve(story.planned), wider_plan=resolve(story.wider_plan))


def _find_only(path: str, paths: Collection[str]) -> str:
    """The one path that ends in this one, a folder or more included."""
    if "/" not in path:
        return ""
    found = [p for p in paths if p.endswith("/" + path)]
    return found[0] if len(found) == 1 else ""
