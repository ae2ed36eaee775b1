"""A story joined to its commits: roles, scores and the reasons for them."""

from __future__ import annotations

from kbgen.links.link import Linker, Work, find_work
from kbgen.links.message import Message, read_message
from kbgen.links.naming import Names, Naming, is_tracked, name_tracked, read_naming

__all__ = [
    "Linker",
    "Message",
    "Names",
    "Naming",
    "Work",
    "find_work",
    "is_tracked",
    "name_tracked",
    "read_message",
    "read_naming",
]
