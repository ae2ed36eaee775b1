"""The sample project on disk: a folder of its own, made with git, replaced only when it is a sample already."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from kbgen.adapters.git import run_git_command
from kbgen.errors import OutputError

_MARK = "kbgen-demo"


GitRunner = Callable[[list[str], bytes | None], None]


def make_sample(target: Path, create: Callable[[Path, GitRunner], str], *, force: bool) -> str:
    """Let `create` make the sample in `target`, which must be new or empty; the hash of its HEAD.

    With `force` an earlier sample is replaced: only a folder that bears this module's mark. Raises OutputError.
    """
    if target.is_symlink():
        raise OutputError(f"{target}: is a symbolic link", "name a folder")
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        if not (target / ".git" / _MARK).is_file():
            raise OutputError(f"{target}: is there already and is no kbgen demo", "name a new folder")
        if not force:
            raise OutputError(f"{target}: holds a kbgen demo already", "--force replaces it")
        shutil.rmtree(target)
    head = create(target, run_git_command)
    (target / ".git" / _MARK).write_text("made by kbgen demo\n", encoding="utf-8")
    return head
