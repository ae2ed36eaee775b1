"""Our hook in a project's ``.pre-commit-config.yaml`` (https://pre-commit.com/#plugins): one entry of its ``repos``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kbgen.merge.base import DEFAULT, Manner, drop_block, find_block, put_block, read_own
from kbgen.merge.subjects import fold_words
from kbgen.merge.yaml_text import YamlFile, get_child, get_pairs, list_scalars, refuse, require_addition, write_scalar


def merge_pre_commit_config(
    content: bytes | None,
    block: str,
    hook: Mapping[str, object],
    *,
    same: Collection[str] = ("semgrep",),
    manner: Manner = DEFAULT,
) -> bytes | None:
    """The configuration with `hook` as an entry ``repo: local`` at the end of ``repos``.

    `hook` has ``id`` and what else a hook has, as texts, numbers, truth values and lists of them. None when there is
    no configuration, or a hook there has the same ``id`` or does the same: one of the words `same` is in its id,
    its entry or the address of its repository. The result is proved to read as before with the entry added.
    Raises MergeError, which says what to add by hand, where ``repos`` is no block sequence or the file no YAML.
    """
    if content is None:
        return None
    own = YamlFile(read_own(content, block, "hash", manner), manner)
    flat = "\n".join(_write_entry(hook, 0, 2, 2))
    repos = _find_repos(own, flat)
    items = repos.value if repos.id == "sequence" else []
    if any(_does_same(item, hook, same) for item in items):
        return drop_block(content, block, "hash", manner)
    indent, dash, inner = _measure(items, repos)
    text = "\n".join(_write_entry(hook, indent, dash, inner))
    end = own.find_end(repos, indent) if items else own.find_end(_find_key(own), indent)
    result = put_block(content, block, text, lambda: end, style="hash", manner=manner, indent=" " * indent)
    require_addition(own.content, result, flat, lambda file: _holds(file, block, manner), manner, fills_empty=not items)
    return result


def _find_key(file: YamlFile) -> Any:
    return next(key for key, _ in reversed(file.root.value) if key.id == "scalar" and key.value == "repos")


def _find_repos(file: YamlFile, flat: str) -> Any:
    manner = file.manner
    named = [value for name, value in get_pairs(file.root) if name == "repos"] if file.root is not None else []
    if not named:
        raise refuse(manner, 1, "has no `repos`", f"repos:\n{flat}")
    line = named[-1].start_mark.line + 1
    if len(named) > 1:
        raise refuse(manner, line, "has `repos` twice", flat)
    if named[0].id == "scalar" and not named[0].value:
        return named[0]
    if file.root.flow_style or named[0].id != "sequence" or named[0].flow_style:
        raise refuse(manner, line, "`repos` is no list with an item a line", flat)
    return named[0]


def _measure(items: list[Any], repos: Any) -> tuple[int, int, int]:
    """Column of the dash, from there to the entry's keys, and from ``hooks`` to the dash of a hook."""
    if not items:
        return 2, 2, 2
    last = items[-1]
    indent = repos.start_mark.column
    dash = max(last.start_mark.column - indent, 2) if last.start_mark.line >= repos.start_mark.line else 2
    hooks = get_child(last, "hooks")
    if hooks is None or hooks.id != "sequence" or hooks.flow_style or not hooks.value:
        return indent, dash, 2
    return indent, dash, max(hooks.start_mark.column - last.start_mark.column, 0)


def _write_entry(hook: Mapping[str, object], indent: int, dash: int, inner: int) -> list[str]:
    outer, keys = " " * indent, " " * (indent + dash)
    bullet = "-".ljust(dash)
    lines = [f"{outer}{bullet}repo: local", f"{keys}hooks:"]
    lead = f"{keys}{' ' * inner}{bullet}"
    for key, value in hook.items():
        shown = list(value) if isinstance(value, tuple) else value
        lines.append(f"{lead}{write_scalar(key)}: {write_scalar(shown)}")
        lead = " " * len(lead)
    return lines


def _does_same(item: Any, hook: Mapping[str, object], same: Collection[str]) -> bool:
    address = fold_words(" ".join(list_scalars(get_child(item, "repo"))))
    if any(word in address for word in same):
        return True
    hooks = get_child(item, "hooks")
    for there in hooks.value if hooks is not None and hooks.id == "sequence" else ():
        ids = list_scalars(get_child(there, "id"))
        words = fold_words(
            " ".join([*ids, *(entry.partition(" ")[0] for entry in list_scalars(get_child(there, "entry")))])
        )
        if hook.get("id") in ids or any(word in words for word in same):
            return True
    return False


def _holds(file: YamlFile, block: str, manner: Manner) -> bool:
    """Whether our block is one item of ``repos``."""
    place = find_block(file.content, block, "hash", manner)
    repos = get_child(file.root, "repos")
    if place is None or repos is None or repos.id != "sequence":
        return False
    first, last = file.find_line(place.start), file.find_line(place.end)
    return [first < item.start_mark.line < last for item in repos.value].count(True) == 1
