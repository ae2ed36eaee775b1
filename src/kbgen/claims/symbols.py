"""Which inline code names a definition: spelled as code is, with evidence that a definition is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbgen.claims.base import Found, KnownNames
from kbgen.claims.commits import is_commit_like
from kbgen.claims.passages import Passage, Span
from kbgen.claims.paths import find_title, is_file_name, read_path
from kbgen.patterns import lazy

_MAX_CODE = 300
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_CALL = lazy(
    r"(?:await |new |async |def |function |class |const |interface |type |enum )?"
    rf"@?({_NAME}(?:(?:\.|::|#){_NAME}){{0,6}})(?P<call>\(.*\))?\Z",
    re.DOTALL,
)
_OWN_NAME = lazy(rf"{_NAME}(?:\.{_NAME}){{0,6}}\Z")
_KEYWORD = lazy(r"(?:def|function|class|interface|enum) ")
_ELEMENT = lazy(rf"</?([A-Z][A-Za-z0-9_]{{0,99}}(?:\.{_NAME})?)(?:\s[^<>]*)?/?>\Z")
_HUMPS = lazy(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]")
_PLACEHOLDER = lazy(
    r"(?:my|your|foo|bar|baz|some|example|x+)(?:$|(?=[A-Z_]))|(?:My|Your|Foo|Some|Example|Xxx)(?=[A-Z]|$)|.*(?:XXX|_N\Z)"
)
# Methods of every language's own strings, lists and promises say nothing about the project.
_OTHERS = (
    "this self cls console process window document math json object array string number promise date os sys re np pd"
)
_HEADS = frozenset(_OTHERS.split())
_PROSE_CALL = lazy(rf"(?<![\w.`/\\])({_NAME}(?:\.{_NAME}){{0,4}})\(\)")
_FROM = lazy(
    rf"^[ \t]*from[ \t]+({_NAME}(?:\.{_NAME})*)[ \t]+import[ \t]+(\([^()]{{0,2000}}\)|[^\n(]{{1,500}})", re.MULTILINE
)
_NAMED = lazy(
    r"^[ \t]*import\s+(?:type\s+)?\{([^{}]{0,2000})\}\s*from\s*['\"](\.[^'\"\n]{1,200}|@/[^'\"\n]{1,200})['\"]",
    re.MULTILINE,
)


def find(passage: Passage, known: KnownNames) -> Iterator[Found]:
    if passage.form == "code":
        yield from _find_imported(passage, known)
        return
    for index, span in enumerate(passage.spans):
        if span.form == "code":
            value = _read_name(span.text) if passage.block else read_symbol(span.text, known)
            if value:
                attrs: tuple[tuple[str, str], ...] = (("in", "code"),)
                if passage.block and is_file_name(value, known):
                    continue
                place = _find_place(passage, index, known)
                if place:
                    attrs = (*attrs, ("path", place))
                elif near := _find_subject(passage, span, known):
                    attrs = (*attrs, ("near", near))
                if "(" in span.text:
                    attrs = (*attrs, ("call", "yes"))
                yield Found("symbol", value, span.start, attrs)
        elif span.form == "text":
            for match in _PROSE_CALL.finditer(span.text):
                name = match[1]
                if _is_compound(name) and not _PLACEHOLDER.match(name):
                    yield Found("symbol", name, span.start + match.start(), (("in", "prose"), ("call", "yes")))


def read_symbol(token: str, known: KnownNames) -> str:
    """The dotted name that inline code means, or "". Plain lower-case words and values are none.

    ``getUser()``, ``useHook``, ``TaskRouter``, ``Task.run``, ``task_router``, ``<Card />`` are.
    """
    token = token.strip()
    if not 3 <= len(token) <= _MAX_CODE:
        return ""
    element = _ELEMENT.match(token)
    if element:
        return "" if _PLACEHOLDER.match(element[1]) else element[1]
    match = _CALL.match(token)
    if match is None or not _is_balanced(match["call"] or ""):
        return ""
    name = re.sub(r"::|#", ".", match[1])
    parts = name.split(".")
    if parts[0].lower() in _HEADS:
        parts = parts[1:] if parts[0] in ("this", "self", "cls") else []
    if not parts or any(_PLACEHOLDER.match(p) for p in parts) or is_file_name(".".join(parts), known):
        return ""
    name = ".".join(parts)
    if match["call"] is not None or _KEYWORD.match(token):
        return name if _is_compound(name) or (len(parts) > 1 and parts[0][0].isupper()) else ""
    if len(parts) > 1:
        return name if _is_type(parts[0]) else ""
    return name if _is_compound(name) else ""


def _read_name(token: str) -> str:
    """In a block of our own inline code without blanks is a path, a commit or a name, however short."""
    return token if _OWN_NAME.match(token) and not is_commit_like(token) else ""


def _is_balanced(call: str) -> bool:
    depth = 0
    for index, char in enumerate(call):
        depth += (char == "(") - (char == ")")
        if depth == 0 and index < len(call) - 1:
            return False
    return depth == 0


def _is_type(name: str) -> bool:
    return name[0].isupper() and len(name) > 2 and any(c.islower() for c in name)


def _is_compound(name: str) -> bool:
    """Two words or more in one of the spellings that code has."""
    last = name.rsplit(".", 1)[-1]
    if "_" in last.strip("_"):
        return all(part for part in last.strip("_").split("_"))
    return bool(_HUMPS.search(last)) and not last.isupper()


_INSIDE = lazy(
    r"\)?\s*(?:\(?(?:is\s+|are\s+)?(?:defined |implemented |declared |located |exported |lives |added |found )?"
    r"(?:in|from|at)|\()\s*(?:the\s+)?\Z",
    re.IGNORECASE,
)


def _find_place(passage: Passage, index: int, known: KnownNames) -> str:
    """The path of ```name` in `path```, when it is said right behind the name."""
    if index + 2 < len(passage.spans):
        between, place = passage.spans[index + 1], passage.spans[index + 2]
        if between.form == "text" and place.form == "code" and _INSIDE.match(between.text):
            shape = read_path(place.text, known)
            if shape is not None and shape.form in ("file", "name"):
                return shape.value
    return ""


# Between a path and the names in it: signs, and the words for what a name is.
_LISTING = lazy(
    r"(?:[\s:,;&()*—–-]|\b(?:and|exports?|defines?|contains?|provides?|with|new|the|class(?:es)?|functions?|hooks?|components?|"
    r"interfaces?|enums?|types?|methods?|constants?|adds?|added|created?)\b)*",
    re.IGNORECASE,
)
_ITEM = lazy(r"(?:\*\*)?`(?P<path>[^`\n]{3,300})`")


def _find_subject(passage: Passage, span: Span, known: KnownNames) -> str:
    """The path that a list item or a table row starts with: ```path`: class `Name` …`` is about that file."""
    text = passage.row.cells[0].strip() if passage.row is not None and passage.row.column else passage.text
    match = _ITEM.match(text)
    if match is None:
        return ""
    lead = passage.text[match.end() if text is passage.text else 0 : span.start]
    if len(lead) > 400 or not _LISTING.fullmatch(re.sub(r"`[^`]*`", "", lead)):
        return ""
    shape = read_path(match["path"], known)
    return shape.value if shape is not None and shape.form in ("file", "name") else ""


def _find_imported(passage: Passage, known: KnownNames) -> Iterator[Found]:
    """Names that a code block imports from the project itself."""
    for match in _FROM.finditer(passage.text):
        module = match[1].replace(".", "/")
        if module.split("/", 1)[0] in known.folders:
            yield from _list_names(match[2], match.start(2), module)
    title = find_title(passage, known)
    if title is None:
        return
    for match in _NAMED.finditer(passage.text):
        yield from _list_names(match[1], match.start(1), match[2])


def _list_names(text: str, start: int, module: str) -> Iterator[Found]:
    for match in re.finditer(rf"(?:(?<=[(,\s])|^)(?:type\s+)?({_NAME})(?:\s+as\s+{_NAME})?\s*(?=[,)\n#]|\Z)", text):
        name = match[1]
        if (_is_compound(name) or _is_type(name)) and not _PLACEHOLDER.match(name):
            yield Found("symbol", name, start + match.start(1), (("in", "import"), ("module", module)))
