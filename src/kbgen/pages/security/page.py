"""What a reviewer of security-sensitive changes looks at: what holds in this project, and what does not.

Who may do what is `security_access`, how code treats input and secrets `security_code`, what only production does
`security_modes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from kbgen.pages.packs import PagePack
from kbgen.pages.security.access import Access, read_access
from kbgen.pages.security.code import CodeChecks, read_code
from kbgen.pages.security.modes import Modes, read_modes
from kbgen.pages.sources import FindingRow, Sources

PATH = "docs/security/review-checklist.md"
NEEDS = ("auth_compare", "auth_token", "auth_header", "middleware", "socket_server", "route", "cookie", "mac", "cipher")
"""Kinds of facts of which one is enough for the page; as its template's front matter has them."""
_FINDINGS = ("missing-header", "missing-token")


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """The names that ``page_security_checklist.md.j2`` and its pull request template know."""

    access: Access
    code: CodeChecks
    modes: Modes
    findings: tuple[FindingRow, ...]
    checklist: str
    """Path of the page."""
    example: str
    """The function to copy for a comparison in constant time, or ``""``."""
    on_github: bool
    """Whether the project has files for GitHub; without them it gets no template for pull requests."""


def is_about(sources: Sources) -> bool:
    """Whether the checklist is written for these sources."""
    return any(map(sources.has, NEEDS))


def build(sources: Sources, pack: PagePack) -> SecurityPage:
    access, code, modes = read_access(sources), read_code(sources), read_modes(sources)
    findings = tuple(row for kind in _FINDINGS for row in sources.pick_findings(kind))
    example = code.example.place.symbol if code.example is not None else ""
    on_github = any(path.startswith(".github/") for path in sources.entries)
    return SecurityPage(access, code, modes, findings, pack.path, example, on_github)
