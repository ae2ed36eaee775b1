"""Numbers of tests that a text states, with the test file that they are about where the sentence names one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbgen.claims.base import Found, KnownNames
from kbgen.claims.passages import Passage
from kbgen.claims.paths import read_path
from kbgen.claims.words import find_sentence
from kbgen.paths import is_test
from kbgen.patterns import lazy

_TESTS = lazy(
    r"(?<![\w.,/~≥>+–-])(?P<number>\d{1,5})(?!\+)\s+(?:(?:new|unit|integration|passing|component|python|e2e|backend|"
    r"frontend|comprehensive|additional|typescript|vitest|pytest|jest|parametrized|automated|total)\s+){0,3}"
    r"(?:tests?|test cases?|specs)\b(?!\s*(?:files?|suites?|data|fixtures?|ids?|infra\w*|scores?|points?|cover\w*|"
    r"classes|categories|runs?|users?))",
    re.IGNORECASE,
)


def find(passage: Passage, known: KnownNames) -> Iterator[Found]:
    if passage.form == "code":
        return
    for span in passage.spans:
        if span.form != "text" or not ("est" in span.text or "pec" in span.text):
            continue
        for match in _TESTS.finditer(span.text):
            start = span.start + match.start()
            path = _find_subject(passage, start, span.start + match.end(), known)
            attrs = (("of", "tests"), *((("path", path),) if path else ()))
            yield Found("count", match["number"], start, attrs)


def _find_subject(passage: Passage, start: int, end: int, known: KnownNames) -> str:
    """The one test file of the sentence, or of the table row; "" when there are none or several."""
    if passage.row is not None:
        tokens = [t for cell in passage.row.cells[:50] for t in re.findall(r"`([^`\n]{3,300})`", cell[:2000])]
    else:
        sentence, _ = find_sentence(passage, start, end)
        tokens = re.findall(r"`([^`\n]{3,300})`", sentence)
    shapes = (read_path(token, known) for token in tokens)
    paths = {s.value for s in shapes if s is not None and s.form in ("file", "name") and is_test(s.value)}
    return paths.pop() if len(paths) == 1 else ""
