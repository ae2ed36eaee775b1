"""How text that others wrote stands in our Markdown as plain text, whatever it holds.

Messages, names and paths come from history: they are data and may hold markers, HTML, links, control
characters. What these functions return is Markdown that shows the text and does nothing else (GitHub
flavour). Only characters that could have an effect where they stand are escaped, so that ordinary sentences stay
readable in the source.

They return `Markdown`, which they pass on unchanged when given it again: ``escape_text(code_span(x))``
is ``code_span(x)``.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit


class Markdown(str):
    """A string that is safe to stand in a page as it is."""

    __slots__ = ()


def escape_text(text: str) -> Markdown:
    """`text` as one line of prose, for any place in a paragraph, list item, heading, quote or ``<summary>``.

    It shows as text and as nothing else; only a mail address becomes inline code, since no escape keeps GitHub
    from linking it. Web addresses stay unlinked. ``@name`` and ``#123`` stay: GitHub links
    them in comments, not in files.
    Runs of blanks and line breaks become one blank. Control characters show as their symbol
    (``␛``), invisible and direction-changing ones as ``⟨U+202E⟩``, bytes that were no UTF-8 as ``⟨0xFF⟩``.
    """
    if isinstance(text, Markdown):
        return text
    line = _escape_line_start(_escape_inline(_fold_blanks(show_invisible(text))))
    # A run of # at the end would close a heading.
    return Markdown(re.sub(r"(?<= )(?=#+$)", r"\\", line))


def code_span(text: str) -> Markdown:
    """`text` as inline code; a line break shows as ``⏎``. Empty text gives nothing, not an empty span."""
    if isinstance(text, Markdown):
        return text
    text = show_invisible(re.sub(r"\r\n|[\n\r]", "⏎", text)).replace("\t", " ")
    if not text.strip():
        return Markdown("")
    runs = {len(run) for run in re.findall(r"`+", text)}
    ticks = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    # CommonMark takes one blank off both ends when both are there.
    pad = " " if text.startswith("`") or text.endswith("`") or (text[0] == text[-1] == " ") else ""
    return Markdown(f"{ticks}{pad}{text}{pad}{ticks}")


def mark_names(text: str) -> Markdown:
    """One line in which what stands in backquotes is code, the rest escaped; both may hold any text."""
    if isinstance(text, Markdown):
        return text
    spans = text.split("`")
    if len(spans) % 2 == 0:
        # The last backquote has no partner: it stands for itself.
        spans[-2:] = ["`".join(spans[-2:])]
    parts: list[str] = []
    for number, part in enumerate(spans):
        if number % 2:
            parts.append(code_span(part))
        elif part.strip():
            lead, tail = part[:1].isspace(), part[-1:].isspace()
            parts.append(f"{' ' * lead}{escape_text(part)}{' ' * tail}")
        else:
            parts.append(" " * bool(part))
    return Markdown("".join(parts).strip())


class Cell(Markdown):
    """`Markdown` whose pipes and line breaks are taken care of."""

    __slots__ = ()


def table_cell(text: str) -> Cell:
    """`text`, escaped unless it is `Markdown` already, fit for a table's cell: no pipe ends it, no line break.

    A code span with a backslash in front of a pipe is split differently by different readers; it
    gives way to escaped text.
    """
    if isinstance(text, Cell):
        return text
    if isinstance(text, Markdown):
        line = " ".join(text.split("\n"))
        if _ODD_PIPE.search(line):
            line = _CODE.sub(_respell_code, line) if len(line) <= MAX_CELL_CODE else _escape_inline(line)
    else:
        line = _escape_inline(_fold_blanks(show_invisible(text)))
    return Cell(line.replace("|", r"\|"))


MAX_CELL_CODE = 10_000
"""Characters up to which code spans are looked for in a cell; the work grows with the square."""

# Escaped text has an even number of backslashes in front of a pipe, so an odd one is in code.
_ODD_PIPE = re.compile(r"(?<!\\)\\(?:\\\\)*\|")
_CODE = re.compile(r"\\[!-/:-@\[-`{-~]|(?<!`)(?P<ticks>`++)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)")


def _respell_code(match: re.Match[str]) -> str:
    code = match["code"]
    if code is None or not _ODD_PIPE.search(code):
        return match[0]
    return _escape_inline(code.strip())


def link(label: str, target: str) -> Markdown:
    """A link to an http(s) address or a relative path; only the label for any other target.

    Credentials in the address are left out; what could end the target early is percent-encoded.
    """
    shown = escape_text(label)
    encoded = _encode_target(target)
    if not encoded or not shown:
        return shown
    return Markdown(f"[{shown}]({encoded})")


def quote_block(text: str) -> Markdown:
    """`text` as a block quote, line for line; lines that start like a list item stay lines of their own."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    escaped = [escape_text(str(line)) for line in lines]
    result: list[str] = []
    for index, line in enumerate(escaped):
        follower = lines[index + 1] if index + 1 < len(lines) else ""
        breaks = bool(line) and bool(re.match(r"\s*(?:[-+*•]|\d+[.)])\s", follower))
        result.append(f"> {line}" + ("\\" if breaks else "") if line else ">")
    return Markdown("\n".join(result))


def fence_block(code: str, language: str = "") -> Markdown:
    """A code block that its own text cannot close; `language` is a word, or ``""``."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    mark = "`" * max(3, longest + 1)
    word = language if language.replace("-", "").replace("+", "").isalnum() else ""
    return Markdown(f"{mark}{word}\n{code.rstrip()}\n{mark}\n")


def fold(text: str, limit: int) -> str:
    """`text` in one line of at most `limit` characters (1 or more), cut behind a word, with ``…`` where cut."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: max(limit - 1, 0)]
    if not line[len(head)].isspace() and " " in head:
        head = head[: head.rindex(" ")]
    return head.rstrip(" ,;:.-–—(") + "…"


def show_invisible(text: str) -> str:
    """Characters that a reader would not see, or that would act on a terminal, made visible.

    Line breaks and tabs stay; joiners and variation selectors stay, since writing and emoji need them.
    """
    return _INVISIBLE.sub(lambda match: _show(match[0]), text)


_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def _show(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return f"⟨0x{code - 0xDC00:02X}⟩"
    return f"⟨U+{code:04X}⟩"


def _fold_blanks(text: str) -> str:
    return re.sub(r"[ \t\r\n\u2028\u2029]+", " ", text).strip()


# What could act within a line, in order of trial. Each alternative is one unit that is escaped or left whole.
_INLINE = re.compile(
    r"(?P<entity>&(?=#[0-9]+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;))"
    r"|(?P<tag><(?![=-]{0,2} ))"
    r"|(?P<backslash>\\(?=[!-/:-@\[-`{-~]|$))"
    r"|(?P<scheme>(?<=[A-Za-z]):(?=//))|(?P<www>(?<![A-Za-z0-9])[wW]{3}(?=\.))"
    r"|(?P<always>[`\[\]])"
    r"|(?P<stars>\*+)|(?P<lines>_+)|(?P<pairs>~+|\$+)"
)


# A run of the characters that GitHub's address reader walks over; linear, since a run is looked at once.
_ADDRESS = re.compile(r"(?<![A-Za-z0-9.+_@-])[A-Za-z0-9.+_@-]+")
_IS_ADDRESS = re.compile(r"[A-Za-z0-9.+_-]@[A-Za-z0-9_-]+\.[A-Za-z0-9._-]*[A-Za-z]")


def _escape_inline(text: str) -> str:
    parts: list[str] = []
    done = 0
    for match in _ADDRESS.finditer(text) if "@" in text else ():
        if "@" in match[0] and _IS_ADDRESS.search(match[0]):
            # Found by GitHub when escapes are gone already; only code is left alone.
            address = match[0].rstrip(".")
            parts += [_escape_between(text, done, match.start()), f"`{address}`"]
            done = match.start() + len(address)
    parts.append(_escape_between(text, done, len(text)))
    return "".join(parts)


def _escape_between(text: str, start: int, end: int) -> str:
    """The escaped part of `text`, its neighbours kept in view."""

    def settle(match: re.Match[str]) -> str:
        found = match[0]
        before = text[match.start() - 1] if match.start() else ""
        after = text[match.end()] if match.end() < len(text) else ""
        kind = match.lastgroup
        if kind == "entity":
            return "&amp;"
        if kind == "tag":
            return "&lt;"
        if kind == "www":
            return found + "\\"
        if kind in ("stars", "lines") and before == after == " ":
            return found
        if kind == "lines" and before.isalnum() and after.isalnum():
            return found
        # A lone ~ or $ in front of a word can only open; every one that could close is escaped.
        if (
            kind == "pairs"
            and len(found) == 1
            and ((before == " " and after.strip()) or (not before and after.isalnum()))
        ):
            return found
        if kind == "pairs" and before == after == " ":
            return found
        return "".join("\\" + char for char in found)

    parts: list[str] = []
    for match in _INLINE.finditer(text, start, end):
        parts += [text[start : match.start()], settle(match)]
        start = match.end()
    return "".join([*parts, text[start:end]])


_LINE_START = re.compile(r"#{1,6}(?= |$)|[-+](?= |$)|>|(?P<number>\d{1,9})(?P<stop>[.)])(?= |$)|[-=:|+][-=:|+ ]*$")


def _escape_line_start(text: str) -> str:
    """Block structure needs the first characters of a line only; the rest is as harmless as prose."""
    match = _LINE_START.match(text)
    if match is None:
        return text
    if match["number"] is not None:
        return f"{match['number']}\\{text[match.start('stop') :]}"
    return f"&#124;{text[1:]}" if text[0] == "|" else f"\\{text}"


def _encode_target(target: str) -> str:
    """Empty when the target is neither an http(s) address nor a relative path or fragment."""
    target = target.strip()
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", target)
    try:
        if scheme is None:
            if not target or target.startswith(("//", "\\", "/\\")):
                return ""
        else:
            parts = urlsplit(target)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                return ""
            target = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return quote(target, safe="/?#=&%:@+,;~!*$-._", errors="surrogateescape")
    except ValueError:
        return ""
