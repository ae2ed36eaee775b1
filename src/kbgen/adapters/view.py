"""How are objects read so that nothing of an untrusted repository runs, and nothing of it is written to?

Through a bare repository of our own in the cache folder that borrows the user's objects
(https://git-scm.com/docs/gitrepository-layout, ``objects/info/alternates``). It has no hooks, attributes, filters,
drivers, mailmap, grafts, replacements or promisors, so answers depend on the objects alone; and what git or PyDriller
wants to write while reading lands in it.
"""

from __future__ import annotations

import os
from pathlib import Path

from kbgen.errors import RepositoryError


def prepare_view(view: Path, objects: Path, object_format: str) -> Path:
    """Make the view, or put right what in it is not as we write it: its folder came with an untrusted repository."""
    if view.is_symlink():
        raise RepositoryError(f"{view} is a symbolic link, and kbgen follows none out of the repository", f"rm {view}")
    # Relative where it can be, so that a repository that is moved as a whole still finds its objects.
    inside = view.parent.parent == objects.parent
    target = "../../../objects" if inside else _quote_alternate(str(objects))
    files = {
        "HEAD": "ref: refs/heads/none\n",
        "config": _VIEW_CONFIG.format(version=0 if object_format == "sha1" else 1)
        + ("" if object_format == "sha1" else f"[extensions]\n\tobjectFormat = {object_format}\n"),
        "objects/info/alternates": f"{target}\n",
    }
    try:
        for path in list(view.rglob("*")) if view.is_dir() else ():
            if path.is_symlink() or str(path.relative_to(view)) in _NEVER_IN_VIEW:
                path.unlink()
        for folder in ("refs", "objects/info"):
            (view / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in files.items():
            content = text.encode("utf-8", "surrogateescape")
            path = view / name
            if not path.exists() or path.read_bytes() != content:
                part = path.with_name(f"{path.name}.{os.getpid()}")
                part.write_bytes(content)
                os.replace(part, path)
    except OSError as error:
        raise RepositoryError(f"{view}: {error.strerror}", f"remove the folder {view}") from error
    return view


_VIEW_CONFIG = """\
[core]
\trepositoryFormatVersion = {version}
\tbare = true
\tfsmonitor = false
\thooksPath = /dev/null
\tattributesFile = /dev/null
\tquotePath = false
[gc]
\tauto = 0
[blame]
\tmarkUnblamableLines = true
"""
_NEVER_IN_VIEW = frozenset({"commondir", "config.worktree", "shallow", "info/attributes", "info/grafts", "packed-refs"})


def _quote_alternate(path: str) -> str:
    """As `gitrepository-layout` wants a path in ``objects/info/alternates`` that begins or goes on oddly."""
    if "\n" not in path and not path.startswith(("#", '"')):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
