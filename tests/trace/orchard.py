"""A small project of another trade with the shape that traces are made of: a debt document, two epics, a retrospective.

plan -- feat(or-02.1) -- test(or-02.2)
"""

from __future__ import annotations

from pathlib import Path

from tests.gitrepo import Content, GitRepo

DEBT = """# Orchard: consolidated debt

## Tech Debt (4 Items)

### High Priority

| ID | Item | Source | Status |
|----|------|--------|--------|
| TD-01 | Ladder wobbles on wet ground | OR-01 | Unresolved |
| TD-02 | Basket count is written by hand | OR-01 | Tracked |
| TD-03 | Gate hinge squeaks | OR-01 | ✅ Fixed |
| TD-04 | Frost alarm rings too late | OR-01 | Deferred |

## Recommendations

| ID | Recommendation | Source | Effort |
|----|----------------|--------|--------|
| REC-01 | Draw a map of the paths | OR-01 | Low |
| REC-02 | Label every row of trees | OR-01 | Low |
| REC-03 | Weigh the harvest by machine | OR-01 | High |

## Lessons Learned

| # | Lesson | Source |
|---|--------|--------|
| 1 | Pick in the morning | OR-01 |

## Documentation Gaps (3 Items)

| # | Gap | Source |
|---|-----|--------|
| 1 | Map of the paths | OR-01 |
| 2 | Guide to pruning | OR-01 |
| 3 | Guide to grafting | OR-01 |
"""
EPIC = """# Epic OR-02: Guides

**Items Addressed:** REC-01 to REC-03, TD-04, Doc Gaps 1-3, OR-01 Retrospective Recommendations 1-2

## Scope

| ID | Item | Category |
|----|------|----------|
| REC-01 | Map of all paths | Documentation |
| REC-03 | Count bees at noon | Documentation |

## Stories

### Story OR-02.1: Path Map

**Problem:** Nobody finds the pears.

**Gap Addressed:** Documentation Gap #1, REC-01

**Files to Create:**
```
docs/guides/
└── path-map.md
```

**Acceptance Criteria:**
- [ ] AC1: Every path is drawn
- [ ] AC2: Pipes | and =signs survive

**Points:** 3

### Story OR-02.2: Pruning and Grafting Guide

**Gaps Addressed:**
- Doc Gap #2: Guide to pruning
- Documentation Gap #3: Guide to grafting
- TD-02: basket count

**Files to Create:**
- `docs/guides/pruning.md`

**Acceptance Criteria:**
- [ ] AC1: Shows a cut

### Story OR-02.3: Bee Count

**Gap Addressed:** REC-03, TD-77

Later work is deferred to TD-01.

### Story OR-02.4: Row Labels

**Gap Addressed:** OR-01 Retrospective Recommendation #2

### Story OR-02.5: Tea Break

A story that names nothing.

## Notes

- TD-01: Kettle whistles at noon → OR-02.5

## References

- [Debt](../debt/tech-debt.md) - REC-02, TD-01
"""
RETRO = """# Epic OR-01 Retrospective

## Recommendations for Future Epics

### For OR-02

1. **Paint the gate:** in green
2. **Name the rows:** on slate

### General Recommendations

1. **Drink water:** often
2. **Rest:** at noon

### 3. Sharpen the shears → OR-02.2

Every evening.

## Action Items

| Action | Owner | ID | Status |
|--------|-------|----|--------|
| Move the alarm | Dev | TD-04 | ✅ Done |
"""
STATUS = "development_status:\n  epic-or-02: in-progress\n  or-02-1-path-map: done\n"
PLAN: dict[str, Content] = {
    "docs/debt/tech-debt.md": DEBT,
    "docs/epics/epic-or-01.md": "# Epic OR-01: Trees\n\n## Stories\n\n### Story OR-01.1: Plant\n\nPlant a tree.\n",
    "docs/epics/epic-or-02-guides.md": EPIC,
    "docs/retrospectives/epic-or-01-retro.md": RETRO,
    "docs/sprint-status.yaml": STATUS,
}


def make_orchard(folder: Path) -> GitRepo:
    repo = GitRepo(folder)
    repo.commit("docs: plan the guides", PLAN)
    repo.commit(
        "feat(or-02.1): the map",
        {
            "src/paths.py": "PATHS = 3\n",
            "docs/guides/path-map.md": "# Map\n",
            "docs/sprint-status.yaml": STATUS + "# x\n",
        },
    )
    repo.commit(
        "feat(or-02.2): pruning",
        {"tests/test_cut.py": "def test_cut() -> None:\n    assert True\n", "src/cut.py": "C = 1\n"},
    )
    return repo
