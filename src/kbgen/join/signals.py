"""What the code means, by rule: raw facts in, derived facts out (agents, events, queues, stores, metrics …).

A derived fact has `kind` and `name` from its rule, `path`, `line` and `symbol` of the raw fact, the hash of the
definition around it, and in `attrs`: ``rule``, ``role`` (provides or uses), ``key`` for each join key, then what the
rule keeps: the text where the expression folds to one, else ``=`` and the expression (`kbgen.expressions`).
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources

from kbgen.config import CONFIG_NAME, SignalsConfig
from kbgen.expressions import Expr, decode_arguments, decode_expr, encode_expr, is_unknown, tag_of, walk_expr
from kbgen.join.program import Program
from kbgen.join.receivers import find_receiver_type
from kbgen.join.rules import (
    FIELD,
    NAME_FORMS,
    PATTERN_FORMS,
    Emit,
    Lookup,
    Rule,
    Rules,
    RuleText,
    Selector,
    Where,
    load_rules,
    select_rules,
)
from kbgen.join.sites import HOLE, Answers, Site, to_key_text
from kbgen.model import Fact
from kbgen.paths import translate_glob

__all__ = [
    "RuleText",
    "Rules",
    "derive_facts",
    "find_receiver_type",
    "load_project_rules",
    "load_rules",
    "read_shipped_rules",
    "select_rules",
]

_RAW_KINDS = {form: "symbol" if form == "base" else form for form in NAME_FORMS}
"""Form of a rule -> the raw facts that it looks at."""
_LITERAL_HOLDERS = ("binding", "return", "call", "field", "param", "jsx", "decorator")
_VALUED = ("binding", "return", "param", "field")
"""Raw facts whose value is one expression, which stands for their only argument."""
_LANGUAGES = {
    **dict.fromkeys(("py", "pyi"), "python"),
    **dict.fromkeys(("ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "vue", "svelte"), "typescript"),
}
_KEY_CHOICES = 8
"""Texts of one part of a key that are followed."""


def read_shipped_rules() -> RuleText:
    """``signals.yaml``, which comes with kbgen."""
    text = resources.files("kbgen.join").joinpath("signals.yaml").read_text("utf-8")
    return RuleText("signals.yaml", text)


def load_project_rules(config: SignalsConfig) -> Rules:
    """The rules that kbgen brings along with those of `kbgen.yaml`. Raises ConfigError with file and line."""
    own = [RuleText(CONFIG_NAME, f"[{rule.text}]", (rule.line,)) for rule in config.rules]
    return load_rules([read_shipped_rules(), *own], config.disable)


def derive_facts(program: Program, rules: Rules) -> tuple[Fact, ...]:
    """Every fact that the rules make of the program's raw facts, by path and line; no fact stands twice."""
    found = list(_Engine(program, rules).derive())
    found.sort(key=lambda f: (f.path, f.line, f.kind, f.name, f.symbol, f.value, f.attrs))
    # The hash follows from path and symbol, so that equal facts are neighbours now.
    return tuple(fact for place, fact in enumerate(found) if not place or fact != found[place - 1])


class _Engine:
    """Finds the sites of each rule, checks its conditions, makes its facts."""

    def __init__(self, program: Program, rules: Rules) -> None:
        self.program = program
        self.rules = rules
        self.answers = Answers(program)
        self._wanted: dict[str, tuple[str, bool]] = {}
        """Path -> its language, whether it is a test."""
        self._chosen: dict[tuple[str, frozenset[str], str], tuple[Fact, ...]] = {}
        self._aliases: dict[tuple[str, str], str] = {
            (fact.path, alias): fact.name
            for fact in program.list_facts("import", tests=True)
            if fact.attrs and fact.name not in ("", "*", "default") and (alias := fact.attr("alias"))
        }
        """(path, local name) -> the name that was imported."""

    def derive(self) -> Iterator[Fact]:
        for form, kind in _RAW_KINDS.items():
            if self.rules.by_form[form]:
                index = _NameIndex(self.rules.by_form[form])
                for fact, name, alias in self._list_names(form, kind):
                    candidates = index.find(alias or name)
                    if candidates:
                        yield from self._derive_named(form, fact, name, alias, candidates)
        for form in PATTERN_FORMS:
            for rule in self.rules.by_form[form]:
                for kind in rule.match.raw or (form,):
                    yield from self._derive_patterned(rule, kind)
        yield from self._derive_literals(self.rules.by_form["literal"])
        for rule in self.rules.by_form["path"]:
            yield from self._derive_paths(rule)

    # ------------------------------------------------------------------------------------------------- forms

    def _list_names(self, form: str, kind: str) -> Iterator[tuple[Fact, str, str]]:
        """(fact, name in it, what that is called where it is imported from, if otherwise)"""
        for fact in self.program.list_facts(kind, tests=True):
            names: Iterable[str] = (fact.name,)
            if form == "base":
                names = fact.attr("bases").split()
            elif form == "with" and not fact.name:
                value = decode_expr(fact.value)
                names = (str(value[1]),) if tag_of(value) == "call" else ()
            for name in names:
                yield fact, name, "" if "." in name else self._aliases.get((fact.path, name.removesuffix("()")), "")

    def _derive_named(
        self, form: str, fact: Fact, name: str, alias: str, candidates: Iterable[tuple[Rule, bool]]
    ) -> Iterator[Fact]:
        site: Site | None = None
        for rule, by_method in candidates:
            wanted = rule.match.decorates
            if not self._is_wanted(rule, fact) or (wanted and fact.attr("on") not in wanted):
                continue
            site = site or self._make_site(form, fact, name)
            site.alias = alias
            site.by_method = by_method
            yield from self._try(rule, site)

    def _make_site(self, form: str, fact: Fact, name: str) -> Site:
        if form == "base":
            return Site(self.answers, fact, name)
        if form == "with":
            value = decode_expr(fact.value)
            return (
                Site(self.answers, fact, name, *value[2:4])
                if tag_of(value) == "call"
                else Site(self.answers, fact, name)
            )
        return Site(self.answers, fact, name, *decode_arguments(fact.value))

    def _derive_patterned(self, rule: Rule, kind: str) -> Iterator[Fact]:
        match = rule.match
        for fact in self._list_wanted(rule, kind):
            if match.value is not None and not match.value.search(fact.value):
                continue
            if match.pattern is None or not match.pattern.search(fact.value if match.form == "import" else fact.name):
                continue
            if not match.kinds or fact.attr("kind") in match.kinds:
                yield from self._try(rule, self._make_pattern_site(fact))

    def _list_wanted(self, rule: Rule, kind: str) -> tuple[Fact, ...]:
        """The facts of a kind in files that the rule is for; rules differ little in that."""
        key = (kind, rule.languages, rule.tests)
        known = self._chosen.get(key)
        if known is None:
            facts = self.program.list_facts(kind, tests=True)
            firsts = {fact.path: fact for fact in facts}
            paths = {path for path, fact in firsts.items() if self._is_wanted(rule, fact)}
            known = self._chosen[key] = tuple(fact for fact in facts if fact.path in paths)
        return known

    def _make_pattern_site(self, fact: Fact) -> Site:
        if fact.value and fact.kind in _VALUED:
            value = decode_expr(fact.value)
            return Site(self.answers, fact, fact.name, [value], value[3] if tag_of(value) == "call" else {})
        if fact.value and fact.kind in ("call", "decorator", "jsx", "raise"):
            return Site(self.answers, fact, fact.name, *decode_arguments(fact.value))
        return Site(self.answers, fact, fact.name)

    def _derive_literals(self, rules: Sequence[Rule]) -> Iterator[Fact]:
        needles = [(rule, [f'["{key}",' for key in rule.match.names]) for rule in rules]
        for kind in _LITERAL_HOLDERS if rules else ():
            for fact in self.program.list_facts(kind, tests=True):
                if '["dict",' not in fact.value:
                    continue
                wanted = [rule for rule, keys in needles if all(key in fact.value for key in keys)]
                wanted = [rule for rule in wanted if self._is_wanted(rule, fact)]
                for key, literal in _find_dicts(fact) if wanted else ():
                    names = {pair[0] for pair in literal[1:] if isinstance(pair[0], str)}
                    for rule in wanted:
                        if names.issuperset(rule.match.names):
                            site = Site(self.answers, fact, fact.name, [literal])
                            site.key = key
                            yield from self._try(rule, site)

    def _derive_paths(self, rule: Rule) -> Iterator[Fact]:
        globs = [translate_glob(glob) for glob in rule.match.names]
        for path in sorted(self.program.paths):
            if any(glob.fullmatch(path) for glob in globs):
                fact = Fact("path", posixpath.basename(path), path, 1)
                if self._is_wanted(rule, fact):
                    yield from self._try(rule, Site(self.answers, fact, path))

    # -------------------------------------------------------------------------------------------- conditions

    def _is_wanted(self, rule: Rule, fact: Fact) -> bool:
        known = self._wanted.get(fact.path)
        if known is None:
            known = self._wanted[fact.path] = (find_language(fact.path), self.program.is_test(fact.path))
        language, is_test = known
        if rule.languages and language not in rule.languages:
            return False
        return is_test == (rule.tests == "only") or rule.tests == "also"

    def _try(self, rule: Rule, site: Site) -> Iterator[Fact]:
        if rule.origin is not None and not any(map(rule.origin.search, site.find_origins() or ("",))):
            return
        if self._holds(rule.where, site):
            for emit in rule.emits:
                for inner in self._list_items(emit, site):
                    if self._holds(emit.when, inner):
                        yield self._make_fact(rule, emit, inner)

    def _holds(self, where: Where | None, site: Site) -> bool:
        if where is None:
            return True
        for selector in where.given:
            if site.find(selector) is None:
                return False
        for selector in where.missing:
            if site.find(selector) is not None:
                return False
        if where.any and all(site.find(selector) is None for selector in where.any):
            return False
        for selector, shapes in where.shape:
            if not self._has_shape(site, selector, shapes):
                return False
        for selector, pattern in where.text:
            if not any(map(pattern.search, site.fold((selector,)))):
                return False
        for selector, pattern in where.not_text:
            if any(map(pattern.search, site.fold((selector,)))):
                return False
        if where.literals and not self._has_literal(site, where.literals):
            return False
        if where.own is not None and bool(site.find_definition()) != where.own:
            return False
        return self._fits_class(where, site)

    def _has_shape(self, site: Site, selector: Selector, shapes: Sequence[str]) -> bool:
        value = site.find(selector)
        if value is None:
            return False
        return tag_of(value[1]) in shapes or tag_of(self.answers.open(value)[1]) in shapes

    def _has_literal(self, site: Site, texts: frozenset[str]) -> bool:
        return any(isinstance(expr, str) and expr in texts for expr in (*site.positional, *site.keywords.values()))

    def _fits_class(self, where: Where, site: Site) -> bool:
        if where.class_base is None and where.class_decorator is None and where.parameter is None:
            return True
        path, owner = site.fact.path, site.get_class()
        symbol = self.program.get_symbol((path, owner)) if owner else None
        if where.class_base is not None:
            bases = symbol.attr("bases").split() if symbol is not None else []
            if not any(where.class_base.search(self.program.find_origin(path, base) or base) for base in bases):
                return False
        if where.class_decorator is not None:
            decorators = symbol.attr("decorators").split() if symbol is not None else []
            if not any(map(where.class_decorator.search, decorators)):
                return False
        if where.parameter is not None:
            scopes = [f"{owner}.__init__", f"{owner}.constructor", owner] if owner else [site.fact.symbol]
            params = (
                f"{fact.name}:{fact.attr('type')}"
                for scope in scopes
                for kind in ("param", "field")
                for fact in self.program.list_within(path, scope, kind)
            )
            return any(map(where.parameter.search, params))
        return True

    # ---------------------------------------------------------------------------------------------- emitting

    def _list_items(self, emit: Emit, site: Site) -> Iterator[Site]:
        if emit.deep:
            yield from _list_deep(emit.deep, site)
            return
        if not emit.each:
            yield site
            return
        value = next((v for v in map(site.find, emit.each) if v is not None), None)
        if value is None:
            return
        scope, expr = self.answers.open(value)
        if tag_of(expr) == "call":
            expr = self.program.expand(*scope, expr)
        if tag_of(expr) == "dict":
            for index, (key, item) in enumerate(expr[1:]):
                for text in self.answers.fold((scope, key)):
                    yield site.enter(scope, text, item, index)
            return
        for index, (inner, item) in enumerate(self.program.expand_items(*scope, expr)):
            yield site.enter(inner, "", item, index)

    def _make_fact(self, rule: Rule, emit: Emit, site: Site) -> Fact:
        names = site.fold(emit.name)
        fields: dict[str, tuple[str, ...]] = {"name": names}
        kept: list[tuple[str, str]] = []
        for name, selectors in emit.args:
            text, fields[name] = self._keep(site, selectors)
            if text:
                kept.append((name, text))
        for row in emit.lookup:
            text = _look_up(row, site.fold(row.of))
            if text:
                fields[row.name] = (text,)
                kept.append((row.name, text))
        for name, text in emit.set:
            fields[name] = (text,)
            kept.append((name, text))
        keys = (("key", key) for key in _make_keys(emit.keys, fields, site))
        attrs = (("rule", rule.id), ("role", emit.role), *keys, *kept)
        value = next(iter(site.fold(emit.value)), "")
        path, line, symbol = site.fact.path, site.fact.line, site.fact.symbol
        if emit.at == "definition" and site.find_definition():
            path, symbol = site.find_definition()[0]
        around = self.program.get_symbol((path, symbol))
        digest = around.hash if around is not None else ""
        if emit.at and around is not None:
            line = around.line
        return Fact(emit.kind, names[0] if names else "", path, line, value, symbol, digest, attrs)

    def _keep(self, site: Site, selectors: Sequence[Selector]) -> tuple[str, tuple[str, ...]]:
        """(text of the attribute, texts for keys) of the first selector that has a value."""
        value = next((v for v in map(site.find, selectors) if v is not None), None)
        if value is None:
            return "", ()
        scope, expr = value
        if is_unknown(expr):
            return "", ("{}",)
        if isinstance(expr, bool):
            return ("true" if expr else "false"), ()
        texts = () if tag_of(expr) in ("list", "dict", "fn", "spread") else self.answers.fold(value) or ("{}",)
        if len(texts) == 1 and (not HOLE.fullmatch(texts[0]) or texts[0].startswith("{env:")):
            return texts[0], texts
        # An expression from elsewhere reads there: what its names hold is put in their place.
        shown = expr if scope == (site.fact.path, site.fact.symbol) else self.program.expand(*scope, expr)
        return "=" + encode_expr(shown), texts


def _look_up(row: Lookup, texts: Sequence[str]) -> str:
    for text in texts:
        if text in row.exact:
            return row.exact[text]
        for pattern, result in row.like:
            found = pattern.search(text)
            if found is not None:
                return found.expand(result)
    return row.otherwise


def _list_deep(keys: frozenset[str], site: Site) -> Iterator[Site]:
    """Every value under one of the keys, however deep; the arguments are those of the dict that it stands in."""
    found: list[tuple[str, Expr, Sequence[Expr], Mapping[str, Expr]]] = [
        (key, expr, site.positional, site.keywords) for key, expr in site.keywords.items() if key in keys
    ]
    for argument in (*site.positional, *site.keywords.values()):
        for part in walk_expr(site.answers.open((site.scope, argument))[1]):
            if tag_of(part) == "dict":
                found += [
                    (pair[0], pair[1], [part], {}) for pair in part[1:] if isinstance(pair[0], str) and pair[0] in keys
                ]
    for index, (key, expr, positional, keywords) in enumerate(found):
        inner = site.enter(site.scope, key, expr, index)
        inner.positional, inner.keywords, inner.scope = positional, keywords, site.scope
        yield inner


def _make_keys(templates: Sequence[str], fields: Mapping[str, tuple[str, ...]], site: Site) -> Iterator[str]:
    """The templates with every choice of their fields; none where a field has no text."""
    found: dict[str, None] = {}
    for template in templates:
        texts, rest = [""], 0
        for match in FIELD.finditer(template):
            name = match[1].removesuffix("!")
            given = fields.get(name)
            if given is None:
                word = site.find_text(name)
                given = (word,) if word else ()
            if name != match[1]:
                given = tuple(text for text in given if "*" not in to_key_text(text))
            before = template[rest : match.start()]
            texts = [text + before + to_key_text(value) for text in texts for value in given[:_KEY_CHOICES]]
            rest = match.end()
        found.update(dict.fromkeys(text + template[rest:] for text in texts[:_KEY_CHOICES]))
    return iter(found)


class _NameIndex:
    """Rules by the last part of the names that they look for; wildcards are tried once for each name."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._exact: dict[str, list[tuple[int, Rule, str]]] = {}
        self._wild: list[tuple[int, Rule, str, re.Pattern[str]]] = []
        self._by_last: dict[str, tuple[tuple[int, Rule, str], ...]] = {}
        self._found: dict[str, list[tuple[Rule, bool]]] = {}
        for order, rule in enumerate(rules):
            for name in rule.match.names:
                last = name.rpartition(".")[2]
                if "*" in last or "?" in last:
                    self._wild.append((order, rule, name, re.compile(fnmatch.translate(last))))
                else:
                    self._exact.setdefault(last, []).append((order, rule, name))
        # Most names fit no wildcard: one pattern for all of them says so at once.
        self._any_wild = re.compile("|".join(row[3].pattern for row in self._wild) or r"(?!)")

    def find(self, written: str) -> list[tuple[Rule, bool]]:
        """(rule, whether it looks for a method) of those that a name as written may match, in their order."""
        known = self._found.get(written)
        if known is None:
            known = self._found[written] = self._find(written)
        return known

    def _find(self, written: str) -> list[tuple[Rule, bool]]:
        last = written.rpartition(".")[2].removesuffix("()")
        rows = self._by_last.get(last)
        if rows is None:
            found = list(self._exact.get(last, ()))
            if self._any_wild.match(last):
                found += [(order, rule, name) for order, rule, name, pattern in self._wild if pattern.match(last)]
            rows = self._by_last[last] = tuple(sorted(found, key=lambda row: row[0]))
        kept: dict[int, tuple[Rule, bool]] = {}
        for order, rule, name in rows:
            if order not in kept and _fits_name(rule, name, written):
                kept[order] = (rule, name.startswith("."))
        return list(kept.values())


def _fits_name(rule: Rule, name: str, written: str) -> bool:
    if name.startswith("."):
        return "." in written and (name.count(".") == 1 or written.endswith(name))
    if "." in name:
        return written == name or written.endswith("." + name) or ("*" in name and fnmatch.fnmatchcase(written, name))
    # A bare name that is reached through something is meant only where the rule says where it comes from.
    return "." not in written or rule.origin is not None


def _find_dicts(fact: Fact) -> Iterator[tuple[str, Expr]]:
    """(key or name that it stands under, literal) of every dict of a fact, but those inside an inner call."""
    if fact.kind in _VALUED:
        start = [(fact.attr("item") or fact.name, decode_expr(fact.value))]
    else:
        positional, keywords = decode_arguments(fact.value)
        start = [*(("", expr) for expr in positional), *keywords.items()]
    stack = start[::-1]
    while stack:
        key, expr = stack.pop()
        tag = tag_of(expr)
        if tag == "dict":
            yield key, expr
            stack.extend((pair[0] if isinstance(pair[0], str) else "", pair[1]) for pair in reversed(expr[1:]))
        elif tag in ("any", "list", "spread", "fn"):
            stack.extend((key, part) for part in reversed(expr[1:]))


def find_language(path: str) -> str:
    """python, typescript or config, by suffix."""
    return _LANGUAGES.get(path.rpartition(".")[2].lower(), "config")
