"""What careful reading of the facts shows and nobody asked for: broken connections, disagreements, dead parts.

One module for each family; each finder gives findings that a reader can check from their evidence. Precision goes
before recall: what the facts cannot decide is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kbgen.diagrams.mesh import Mesh
from kbgen.findings.agents import find_agent_gaps
from kbgen.findings.base import Reading, sort_findings
from kbgen.findings.calls import find_broken_calls
from kbgen.findings.dead import find_dead_code
from kbgen.findings.defaults import find_disagreements
from kbgen.findings.events import find_event_gaps
from kbgen.findings.headers import find_missing_headers
from kbgen.findings.metrics import find_silent_metrics
from kbgen.findings.names import find_name_clashes
from kbgen.findings.parameters import find_left_out_parameters
from kbgen.findings.settings import find_unread_settings
from kbgen.findings.sockets import find_socket_gaps
from kbgen.join.system import System
from kbgen.model import Finding

__all__ = ["FINDERS", "find_findings"]

FINDERS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    find_broken_calls,
    find_missing_headers,
    find_socket_gaps,
    find_event_gaps,
    find_disagreements,
    find_agent_gaps,
    find_silent_metrics,
    find_dead_code,
    find_unread_settings,
    find_name_clashes,
    find_left_out_parameters,
)


def find_findings(system: System, mesh: Mesh) -> tuple[Finding, ...]:
    """Every finding, the broken ones first, then by kind and title; no two have one id."""
    reading = Reading(system, mesh)
    return sort_findings(finding for finder in FINDERS for finding in finder(reading))
