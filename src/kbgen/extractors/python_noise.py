"""Which Python calls only reshape values, so that no fact is made of them.

A call that is awaited, and a plain name that is no builtin, may always be somebody's function: they stay.
"""

from __future__ import annotations

from kbgen.expressions import Expr, tag_of
from kbgen.extractors.base import split_words

_BUILTINS = frozenset(
    """abs all any ascii bin bool bytearray bytes callable chr classmethod complex delattr dict dir divmod enumerate
    filter float format frozenset hasattr hash hex id int isinstance issubclass iter len list locals map max memoryview
    min next object oct ord pow property range repr reversed round set slice sorted staticmethod str sum super tuple
    type vars zip""".split()
)
_BARE = frozenset(
    """as_posix capitalize casefold date digest hex hexdigest isalnum isalpha isdigit islower isnumeric
    isoformat isspace isupper lower model_dump model_dump_json reverse sort splitlines timestamp title total_seconds
    upper""".split()
)
"""Methods that reshape when called without positional arguments."""
_RESHAPING = frozenset(
    """append appendleft endswith extend format isoformat ljust lstrip partition removeprefix removesuffix rjust
    rpartition rsplit rstrip sort split splitlines startswith strftime strip zfill""".split()
)
_CODING = frozenset({"encode", "decode"})
_LOOKUPS = frozenset({"get", "items", "keys", "values", "pop", "setdefault", "join", "index", "count"})
"""Of a dict or list they reshape, of a client or store they do something."""
# The last word counts: `redis_client` is one, `client_names` is not.
_SHARED_WORDS = frozenset(
    """api app broker browser bucket bus cache channel client collection conn connection database db http httpx io kv
    memcache mongo page proxy queue redis repo repository request requests room router server session sio socket storage
    store thread worker ws""".split()
)
_STAND_INS = frozenset({"Mock", "MagicMock", "AsyncMock", "PropertyMock", "NonCallableMock", "NonCallableMagicMock"})
_PATH_QUESTIONS = frozenset({"join", "dirname", "basename", "abspath", "splitext", "realpath", "relpath", "normpath"})


def is_noise(callee: str, positional: list[Expr], keywords: dict[str, Expr]) -> bool:
    """Whether a call that is not awaited, and whose callee the module does not bind itself, only reshapes values."""
    receiver, dot, method = callee.rpartition(".")
    if says_nothing(callee, positional):
        return True
    if not dot:
        if callee == "getattr":
            return len(positional) < 2 or not isinstance(positional[1], str)
        return callee == "print" and not positional
    if method in _RESHAPING:
        return True
    if method in _CODING:
        return not keywords and (not positional or (len(positional) == 1 and isinstance(positional[0], str)))
    if method == "replace":
        return len(positional) >= 2 and not keywords and receiver not in ("os", "dataclasses", "shutil")
    if method in _PATH_QUESTIONS and receiver.rpartition(".")[2] == "path":
        return True
    return method in _LOOKUPS and not keywords and not _is_shared(receiver) and _looks_up_plainly(method, positional)


def says_nothing(callee: str, positional: list[Expr]) -> bool:
    """Whether even the value of the call tells nothing that a join could use: a length, a copy in capitals."""
    _, dot, method = callee.rpartition(".")
    return (method in _BARE and not positional) if dot else callee in _BUILTINS


def is_lookup(callee: str, positional: list[Expr], keywords: dict[str, Expr]) -> bool:
    """Whether the call is ``d.get("key")`` of something that is no client or store."""
    receiver, _, method = callee.rpartition(".")
    if method != "get" or not positional or keywords or _is_shared(receiver):
        return False
    return _looks_up_plainly(method, positional)


def is_test_word(callee: str) -> bool:
    """Whether a call belongs to the vocabulary of a test: it says what is expected, not what is done."""
    receiver, _, method = callee.rpartition(".")
    if method in _STAND_INS or receiver == "pytest" or receiver.startswith("pytest."):
        return True
    return bool(receiver) and (
        method.startswith(("assert_", "assertRaises")) or (receiver == "self" and method.startswith("assert"))
    )


def _looks_up_plainly(method: str, positional: list[Expr]) -> bool:
    if method in ("items", "keys", "values"):
        return not positional
    if method in ("get", "pop", "setdefault"):
        key = positional[0] if positional else 0
        plain = (isinstance(key, str) and "/" not in key) or isinstance(key, (int, float))
        return plain and len(positional) <= 2
    return len(positional) == 1 and tag_of(positional[0]) != "spread"


def _is_shared(receiver: str) -> bool:
    words = split_words(receiver.rpartition(".")[2])
    return bool(words) and words[-1] in _SHARED_WORDS
