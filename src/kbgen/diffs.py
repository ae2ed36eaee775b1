"""What changes in a file, as the diff that people know."""

from __future__ import annotations

import difflib


def compute_diff(path: str, before: bytes | None, after: bytes) -> str:
    """A unified diff as git would head it; a missing final newline is said. Undecodable bytes are shown escaped."""
    lines: list[str] = []
    for line in difflib.unified_diff(
        [] if before is None else _split(before),
        _split(after),
        fromfile="/dev/null" if before is None else _quote(f"a/{path}"),
        tofile=_quote(f"b/{path}"),
    ):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(lines)


def _split(content: bytes) -> list[str]:
    """Lines at ``\\n`` only, as git cuts them."""
    lines = content.decode("utf-8", "backslashreplace").split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _quote(name: str) -> str:
    """A name with control characters, quotes or bytes that are no UTF-8 stands in quotes, as git writes it."""
    if name.isprintable() and '"' not in name and "\\" not in name:
        # A blank would end the name: git puts a tab behind it.
        return f"{name}\t" if " " in name else name
    shown = "".join(
        f"\\{chr(byte)}" if byte in b'"\\' else chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
        for byte in name.encode("utf-8", "surrogateescape")
    )
    return f'"{shown}"'
