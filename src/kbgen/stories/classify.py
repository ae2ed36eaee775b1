"""Which files of a tree are planning documents, and of which kind: decided by folder and file name alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from kbgen.stories.document import DocumentKind

_TOOL_FOLDERS = frozenset(
    {
        "node_modules",
        "vendor",
        "third_party",
        "site-packages",
        "dist",
        "templates",
        "template",
        "_bmad",
        "bmad",
        "bmad-core",
        "bmad-agent",
        "__pycache__",
        "fixtures",
    }
)
"""Folders of tools and of things that only look like documents. Folders with a leading dot are
tools' too: BMAD installs itself as ``.bmad``, ``.bmad-core`` or ``_bmad`` and puts what it writes
for the project into ``docs/`` or ``_bmad-output/``."""

_STORY_FOLDERS = frozenset({"stories", "story", "user-stories", "userstories"})
_SPRINT_FOLDERS = frozenset({"sprint-artifacts", "implementation-artifacts", "sprints", "sprint", "epics"})
_EPIC_FOLDERS = frozenset({"epics", "epic"})
_TECH_SPEC_FOLDERS = frozenset({"tech-specs", "tech-spec", "techspecs"})
_RETRO_FOLDERS = frozenset({"retrospectives", "retrospective", "retros"})
_PLANNING_FOLDERS = (
    _STORY_FOLDERS | _SPRINT_FOLDERS | _EPIC_FOLDERS | _TECH_SPEC_FOLDERS | _RETRO_FOLDERS | {"planning-artifacts"}
)
_PLANNING_FOLDERS_OF_DOCS = frozenset({"planning", "plans", "reviews", "prd", "proposals", "backlog", "qa"})
"""Words that name packages of code as well: they count only below a documentation folder."""
_DOCS_FOLDERS = frozenset({"docs", "doc", "documentation"})

_ID_START = re.compile(
    r"(?:(?:user[-_ ]?)?story[-_. ]?)?(?:[a-z][a-z0-9]{0,11}[-_.])?\d{1,5}(?:[-_.]\d{1,4})+[a-z]?(?=[-_. ]|$)", re.I
)
_STORY_NAME = re.compile(r"(?:user[-_ ]?)?story[-_. ]?(?:[a-z][a-z0-9]{0,11}[-_.])?\d", re.I)
_DATE_START = re.compile(r"(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d")
_RETRO = re.compile(r"(?<![a-z])retro(?:spective)?s?(?![a-z])", re.I)
_TECH_SPEC = re.compile(r"(?<![a-z])tech(?:nical)?[-_ ]?spec(?:ification)?s?(?![a-z])", re.I)
_CONTEXT = re.compile(r"(?:^|[-_.])context[-_.].*\.xml$|\.context\.(?:xml|md)$|^context[-_].*\.xml$", re.I)
_STATUS = re.compile(r"(?:^|[-_.])sprint[-_]?status(?:[-_.].*)?\.ya?ml$|^status\.ya?ml$", re.I)
_EPIC = re.compile(r"(?:^|[-_.])epics?(?=[-_. ])", re.I)
_ABOUT = re.compile(
    r"(?<![a-z])(?:review|audit|report|todos?|follow-?ups?|summary|migration|checklist|dependenc(?:y|ies)|index"
    r"|overview|coverage|matrix|map|inventory|readme|notes|validation|test-design|gate|assessment|proposal|changelog"
    r"|backlog|readiness)(?![a-z])",
    re.I,
)
"""Words of a file name that say: this is about a story or an epic, it is not the plan itself."""
_OTHER_PLANNING = re.compile(
    r"(?<![a-z])(?:prd|product-brief|brief|roadmap|backlog|todos?|follow-?ups?|tech-debt[a-z-]*|"
    r"implementation-plan|sprint-plan|plan|planning|sprint-change-proposal|(?:code-)?reviews?|implementation-readiness"
    r"|workflow-status|gap-analysis|user-stor(?:y|ies)|epics?|stor(?:y|ies))(?![a-z])",
    re.I,
)

_DOCUMENT_SUFFIXES = (".md", ".markdown")


def classify_document(path: str) -> DocumentKind:
    """The kind of planning document that `path` names; ``""`` for everything else.

    ``docs/stories/dm-01-6-x.md`` story, ``epics/epic-2-y.md`` epic, ``tech-spec-epic-04.md`` tech-spec,
    ``epic-3-retro-2025-12-01.md`` retrospective, ``sprint-status.yaml`` status, ``1-2.context.xml``
    context; PRDs, plans, reviews and reports are ``other-planning``.
    """
    *folders, name = path.split("/")
    lower = name.lower()
    names = [folder.lower() for folder in folders]
    if _is_tool_path(names, lower):
        return ""
    if lower.endswith((".yaml", ".yml")):
        if _STATUS.search(lower):
            return "status"
        return "other-planning" if re.search(r"workflow-status\.ya?ml$", lower) else ""
    if _CONTEXT.search(lower) and (_ID_START.search(lower) or (names and names[-1] in _PLANNING_FOLDERS)):
        return "context"
    if not lower.endswith(_DOCUMENT_SUFFIXES):
        return ""
    return _classify_markdown(names, lower.rsplit(".", 1)[0])


def _is_tool_path(folders: list[str], name: str) -> bool:
    # `epic-template.md` is a form to fill in, `9-6-view-templates.md` a story about templates.
    if "template" in name and not any(character.isdigit() for character in name):
        return True
    return any(folder in _TOOL_FOLDERS or (folder.startswith(".") and len(folder) > 1) for folder in folders)


def _classify_markdown(folders: list[str], stem: str) -> DocumentKind:
    folder = folders[-1] if folders else ""
    in_stories = folder in _STORY_FOLDERS
    is_about = bool(_ABOUT.search(stem))
    if stem.startswith(("validation-report", "test-design")):
        return "other-planning"
    if _RETRO.search(stem) or folder in _RETRO_FOLDERS:
        return "retrospective" if not stem.startswith(("readme", "index")) else "other-planning"
    if stem.endswith(".story") or stem.startswith("story."):
        return "story"
    dated = _DATE_START.match(stem) is not None
    has_id = not dated and _ID_START.match(stem) is not None
    # `04-8-IMPLEMENTATION-SUMMARY` is about a story, `12-3-audit-log-review-page` is one: only a name
    # that is an ID and nothing but such words is about it.
    if has_id and is_about and _is_only_about(stem):
        return "other-planning"
    if has_id and (in_stories or folder in _SPRINT_FOLDERS or _STORY_NAME.match(stem)):
        return "story"
    if _STORY_NAME.match(stem) and not dated:
        return "story"
    # BMAD 6 names a story's spec `spec-2-3-user-login`.
    if folder in _SPRINT_FOLDERS and stem.startswith("spec-") and _ID_START.match(stem.removeprefix("spec-")):
        return "story"
    if _TECH_SPEC.search(stem) or folder in _TECH_SPEC_FOLDERS:
        return "tech-spec" if not stem.startswith(("readme", "index")) else "other-planning"
    if in_stories:
        return "other-planning" if stem in {"readme", "index"} else "story"
    if _EPIC.search(stem + "."):
        return "other-planning" if is_about and not _names_epic_first(stem) else "epic"
    if folder in _EPIC_FOLDERS:
        return "other-planning" if is_about else "epic"
    if folder in _PLANNING_FOLDERS or _OTHER_PLANNING.search(stem):
        return "other-planning"
    if folder in _PLANNING_FOLDERS_OF_DOCS and any(name in _DOCS_FOLDERS for name in folders):
        return "other-planning"
    return ""


def _is_only_about(stem: str) -> bool:
    """``04-8-IMPLEMENTATION-SUMMARY``, ``1-2-review`` are about a story; ``1-1-gate``, ``3-2-audit-report`` are one."""
    words = [word.lower() for word in re.split(r"[-_. ]+", _ID_START.sub("", stem, count=1)) if word]
    if not words or words[-1] not in _RECORDS:
        return False
    return words[0] in (_RECORDS_ALONE if len(words) == 1 else _OF_WORK) and len(words) <= 2


_RECORDS_ALONE = frozenset("review reviews retro readme summary todo todos followup followups assessment".split())
_RECORDS = _RECORDS_ALONE | frozenset("notes report checklist gate validation".split())
_OF_WORK = frozenset("implementation migration code test qa validation completion review risk story dev".split())
"""What was written about the work on a story, and the words that say so before them."""


def _names_epic_first(stem: str) -> bool:
    """``epic-pm-12-consolidated-followups`` is an epic, ``epic-pm-02-review-todos`` and ``epic-dependencies`` are not.

    An epic's own title has a word that is not one of `_ABOUT`'s before them.
    """
    match = re.match(r"epic[-_](?:[a-z][a-z0-9]{0,11}[-_])?\d+[-_](.+)", stem)
    if match is None:
        return False
    first = re.split(r"[-_. ]", match[1])[0]
    return not _ABOUT.search(first) and first not in {"test", "qa", "code", "security"}


_PLANNING_KINDS = frozenset({"story", "epic", "tech-spec", "retrospective", "status", "context", "other-planning"})


def is_planning(path: str) -> bool:
    """Whether a change of this path is planning rather than work: plans, status, retrospectives and reviews."""
    return classify_document(path) in _PLANNING_KINDS


_ABOUT_ONE = re.compile(r"(?:^|[-_.])epic[-_.]?(?:[a-z]{1,11}[-_.])?\d|^(?:[a-z]{1,11}[-_.])?\d{1,3}[-_.]", re.I)


def discover(paths: Iterable[str], globs: Iterable[str] = ()) -> tuple[tuple[str, DocumentKind], ...]:
    """(path, kind) of every file that holds stories or belongs to an epic, sorted by path.

    `globs` (of the configuration; ``*`` crosses folders) name story files that the conventions do not
    know. Context files and planning documents about no single epic or story are left out.
    """
    patterns = tuple(globs)
    found: list[tuple[str, DocumentKind]] = []
    for path in sorted(set(paths)):
        kind = classify_document(path)
        if any(fnmatchcase(path, pattern) for pattern in patterns) and kind in {"", "other-planning"}:
            kind = "story"
        if kind in {"", "context"}:
            continue
        if kind == "other-planning" and not _ABOUT_ONE.search(path.rsplit("/", 1)[-1]):
            continue
        found.append((path, kind))
    return tuple(found)
