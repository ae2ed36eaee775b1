"""Which code, configuration and templates a run uses: what was written by the same ones need not be written again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from kbgen import __version__

_OWN = (".py", ".j2", ".scm", ".yaml")


def compute_fingerprint(config: str, templates: Path | None) -> str:
    """16 hex of kbgen's version and files (size and time of change), `config`, and the text of a project's templates.

    Files are looked at, not read: an edited checkout of kbgen counts as another version.
    """
    found = hashlib.sha256(f"{__version__}\0{config}\0".encode())
    for entry in _list_files(Path(__file__).parent.parent):
        state = entry.stat()
        found.update(f"{entry.path}\0{state.st_size}\0{state.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    if templates is not None and templates.is_dir():
        for own in sorted(templates.glob("*.j2")):
            if own.is_file() and not own.is_symlink():
                found.update(own.name.encode("utf-8", "surrogateescape") + b"\0" + own.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _list_files(folder: Path) -> list[os.DirEntry[str]]:
    """kbgen's own code and templates, the sample's steps apart, in a fixed order."""
    found: list[os.DirEntry[str]] = []
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in ("__pycache__", "steps"):
                        folders.append(entry.path)
                elif entry.name.endswith(_OWN):
                    found.append(entry)
    return sorted(found, key=lambda entry: entry.path)
