"""What the words around a path say will happen to the file: the marks, verbs and columns that tell."""

from __future__ import annotations

import re

from kbgen.stories.pathnames import TICKED
from kbgen.stories.zones import LEADING, Intent, Scope

NEW_MARK = re.compile(
    r"[(\[*_](?:new|create|to be created|to create|new file|create new)\b[^)\]*_]{0,24}[)\]*_]|^\W*(?:new|create)\W*$"
    r"|(?:^|[-–—:|#←]\s*)(?:\*\*)?(?:new(?: file)?|create)(?:\*\*)?(?:\s*[-–—:|,]|\s*$)|\bnew file\b"
    r"|\bcreate (?:if|this|new|file)\b|(?-i:\bNEW\b)",
    re.I,
)
CHANGE_MARK = re.compile(
    r"[(\[](?:add|register|export|configure|import|mount|wire|enable|expose) \w[^)\]]*[)\]]|[#←]\s*add(?:s|ed)?\b"
    r"|[(\[](?:existing|modif\w*|update\w*|updates?|edit|extend\w*|extension|additions?|add to\b[^)]*"
    r"|append\b[^)]*|lines? \d[^)]*|"
    r"already exists|enhance\w*|refactor\w*|changes?)(?: existing| file| to add| needed| required| only)?[)\]]"
    r"|^\W*(?:modify|update|extend|enhance|refactor)\b(?!/)|[#←]\s*(?:modif\w*|update\w*|existing|extend\w*)\b",
    re.I,
)
DELETE_MARK = re.compile(
    r"[(\[](?:delete|deleted|remove|removed|to be removed)[)\]]|^\W*(?:delete|remove) (?:file|this)\b", re.I
)
UNTOUCHED_MARK = re.compile(
    r"\b(?:no changes?|unchanged|reference only|for reference|existing pattern|already exists|read[- ]only"
    r"|not modified|"
    r"don'?t modify|do not (?:modify|change|touch)|exists from|from story|already (?:implemented|created|done"
    r"|there))\b"
    r"|(?:✓|✅|☑)\s*(?:exists|verified|present)\b|^\W*exists\W*$",
    re.I,
)

_CREATE_VERB = r"create|add|write|implement|build|generate|introduce|scaffold|author"
_MODIFY_VERB = r"update|modify|edit|extend|enhance|refactor|change|fix|wire|rewrite|adjust|migrate|integrate|register"
_DELETE_VERB = r"delete|remove"
_FILLER = (
    r"(?:(?:a|an|the|new|file|files|test|tests|unit|e2e|integration|module|component|components|script|page"
    r"|hook|service|"
    r"class|config|configuration|document|guide|following(?=[ \t]+files?)|barrel|index|spec|type|types"
    r"|utility|helper|this|empty|at|:|=|->)"
    r"[ \t:]+)*"
)
_DIRECT_CREATE = re.compile(
    rf"(?:^|[\s*_>(:.,;]|and )(?:create|scaffold|generate|author|new file:?)[ \t:*]+{_FILLER}$", re.I
)
_DIRECT_ADD = re.compile(rf"(?:^|[\s*_>(:.,;]|and )(?:add|write|implement|build|introduce)[ \t:*]+{_FILLER}$", re.I)
_DIRECT_MODIFY = re.compile(rf"(?:^|[\s*_>(:.,;]|and )(?:{_MODIFY_VERB})[ \t:*]+{_FILLER}$", re.I)
_DIRECT_DELETE = re.compile(rf"(?:^|[\s*_>(:.,;]|and )(?:{_DELETE_VERB})[ \t:*]+{_FILLER}$", re.I)
_ADD_FILE = re.compile(r"\b(?:add|write|create|introduce)\b[^.`:]{0,60}\bfiles?[ \t:*]+(?:at |in )?$", re.I)
_CREATE_NOUN = re.compile(
    r"\bcreate\b[^.`]{0,60}\b(?:tests?|suite|module|component|script|page|hook|service|document|guide|spec)[ \t:*]+$",
    re.I,
)
_MOVED_INTO = re.compile(
    r"\b(?:extract|centrali[sz]e|consolidate|split|move)\b[^.]{0,120}?\b(?:in|into|to)[ \t]+(?:the |a )*$", re.I
)
_FILE_EXISTS = re.compile(r"\bfiles? exists? (?:at|in)[ \t]*$", re.I)
_CREATE_AT = re.compile(r"\bcreate\b[^.`]{0,80}?(?:\bat|:)[ \t]*$", re.I)
_INTO = re.compile(
    rf"\b(?:{_CREATE_VERB}|{_MODIFY_VERB}|export|import|expose|append|move|insert)\b[^.]{{0,120}}?\b(?:to|into"
    rf"|onto)[ \t]+(?:the )?$",
    re.I,
)
_WITHIN = re.compile(
    rf"\b(?P<verb>{_CREATE_VERB}|{_MODIFY_VERB}|{_DELETE_VERB}|define|configure|place|put|replace|handle"
    rf"|move)\b[^.]{{0,140}}?"
    r"\b(?:in|within|inside|under)[ \t]+(?:the |a |new )*$",
    re.I,
)
_REFERRING = re.compile(
    r"\b(?:from|using|uses?|via|like|per|see|follow(?:ing|s)?|based on|similar to|same as|as in"
    r"|pattern(?:s)? (?:in|from|of)|"
    r"refer(?:ence|s)? (?:to )?|according to|matches|match|with|against|consumes?|reuses?|imports?|depends on"
    r"|found in|"
    r"mirror(?:s|ing)?|than|e\.g\.,?|defined in|documented in|existing|exists in|located (?:in|at)"
    r"|available in)[ \t:]+(?:the |existing |our )*$",
    re.I,
)
_CREATED_AFTER = re.compile(r"^`?[ \t]*(?:is |file |has been |to be )?created\b", re.I)
_ACTION_AFTER = re.compile(
    r"^`?\s*(?:--|—|–|-|:)\s*(?P<verb>create|add|new|modify|update|edit|extend|delete|remove|refactor|fix|rename)\b",
    re.I,
)


def split_item(text: str) -> tuple[str, str]:
    """(what the item names, what it says of it): cut at the first dash, colon or arrow outside code marks."""
    ticked = False
    for n, character in enumerate(text):
        if character == "`":
            ticked = not ticked
        elif not ticked and (
            (
                (character in "–—→" or (character == "-" and text[n - 1 : n] in {" ", "-"}))
                and n + 1 <= len(text)
                and text[n - 1 : n].isspace()
            )
            or (character == ":" and (n + 1 == len(text) or text[n + 1] in " *`"))
        ):
            return text[:n], text[n + 1 :]
    return text, ""


def refers(head: str) -> bool:
    """Whether an item is a sentence that only mentions its first path: "Story 3 wired it via `x`"."""
    before = re.split(r"`[^`]*/|(?<![\w`])[\w.@()\[\]-]+/", head, maxsplit=1)[0]
    return len(before.split()) > 8 or bool(
        _REFERRING.search(before.rstrip("`") + " " if before.rstrip("`").strip() else "")
    )


def is_reference(text: str, path: str) -> bool:
    before = text[: text.find(path)].rstrip("` ")
    return bool(_REFERRING.search(before + " "))


def judge_item(text: str, scope: Scope) -> tuple[Intent, int]:
    remark = TICKED.sub(" ", text)
    if DELETE_MARK.search(remark):
        return "delete", 5
    if CHANGE_MARK.search(remark):
        return "modify", 5
    if NEW_MARK.search(remark):
        return "create", 5
    if scope.intent != "unclear":
        return scope.intent, 4
    first = LEADING.sub("", remark, count=1)
    if re.match(r"(?:create|new)\b", first, re.I):
        return "create", 3
    if re.match(rf"(?:{_MODIFY_VERB})\b", first, re.I):
        return "modify", 3
    after = split_item(text)[1]
    if re.match(r"\W*(?:update|modify|extend|edit|fix|refactor|add .* to\b)", after, re.I):
        return "modify", 3
    if re.match(r"\W*(?:create|new)\b", after, re.I):
        return "create", 3
    return scope.verb, 1


def judge_mention(before: str, after: str) -> tuple[Intent, int]:
    """What the words around a path say of it; strength 0 when they plan nothing."""
    near = re.split(r"[.;!?]\s", before)[-1][-220:]
    # Further paths of one list share its verb: "Create `a`, `b` and `c`".
    while (shorter := re.sub(r"`[^`]*`\s*(?:,|and|&|\+|or|/)*\s*(?:and\s+)?$", "", near)) != near:
        near = shorter
    if UNTOUCHED_MARK.search(after[:60]):
        return "unclear", 0
    if _DIRECT_CREATE.search(near):
        return "create", 3
    if _CREATED_AFTER.match(after):
        return "create", 3
    if _DIRECT_DELETE.search(near):
        return "delete", 3
    if _DIRECT_MODIFY.search(near):
        return "modify", 3
    if _ADD_FILE.search(near) or _CREATE_NOUN.search(near):
        return "create", 2
    if _DIRECT_ADD.search(near) or _MOVED_INTO.search(near) or _FILE_EXISTS.search(near):
        return "unclear", 1
    action = _ACTION_AFTER.match(after) if not re.search(r"\w\s*$", near) else None
    if action and not near.strip(" -*[]xX\t`"):
        verb = action["verb"].lower()
        if verb in {"create", "new"}:
            return "create", 3
        if verb in {"delete", "remove"} and re.match(r"\W*(?:delete|remove)\W*(?:file|$|[.—–-])", after, re.I):
            return "delete", 3
        return ("unclear", 1) if verb == "add" else ("modify", 3)
    if _REFERRING.search(near):
        return "unclear", 0
    if _CREATE_AT.search(near):
        return "create", 3
    if _INTO.search(near):
        return "modify", 3
    within = _WITHIN.search(near)
    if within:
        modify = re.fullmatch(rf"{_MODIFY_VERB}|{_DELETE_VERB}|replace|configure", within["verb"], re.I)
        return ("modify", 2) if modify else ("unclear", 1)
    if near.rstrip().endswith("(") and re.search(rf"\b(?:{_CREATE_VERB}|{_MODIFY_VERB})\b", near, re.I):
        return "unclear", 1
    return "unclear", 0


def judge_row(action: str, rest: str, cell: str, scope: Scope) -> tuple[Intent, int]:
    """A table's row: what its action column, its other cells and the path's own cell say."""
    if re.match(r"\W*(?:create|creat|new|add(?:ed)?\b(?! .))", action):
        return "create", 5
    if re.match(r"\W*(?:modif|updat|edit|chang|extend|enhance|refactor)", action):
        return "modify", 5
    if re.match(r"\W*(?:delet|remov)", action):
        return "delete", 5
    remark = TICKED.sub(" ", cell)
    if CHANGE_MARK.search(remark):
        return "modify", 5
    if NEW_MARK.search(f"{remark} "):
        return "create", 5
    if scope.intent != "unclear":
        return scope.intent, 4
    if re.match(r"\W*new\b", rest, re.I):
        return "create", 3
    if re.match(r"\W*(?:update|modify|extend)\b", rest, re.I):
        return "modify", 3
    return scope.verb, 1


def judge_tree(remark: str, scope: Scope) -> tuple[Intent, int]:
    if re.match(r"\W*(?:modif\w*|updated?|extend(?:ed)?|existing|add)\b", remark, re.I) or CHANGE_MARK.search(remark):
        return "modify", 5
    if NEW_MARK.search(remark) or re.search(r"\bNEW\b", remark):
        return "create", 5
    if re.match(r"\W*(?:delete|remove)[ds]?\b", remark, re.I):
        return "delete", 5
    if scope.intent != "unclear":
        return scope.intent, 4
    return scope.verb, 1
