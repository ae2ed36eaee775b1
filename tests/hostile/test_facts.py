"""Whole runs of `kbgen facts` on repositories that are broken, huge, tangled or malicious.

What cannot be read has a note, what can be read is read, and the run ends.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest

from tests.gitrepo import Content, GitRepo
from tests.hostile.runs import (
    HEALTHY,
    Reading,
    join_files,
    list_numbered,
    make_repository,
    put_in,
    read_facts,
    run_within,
)


@dataclass(frozen=True)
class Ill:
    """A file, what must be said of it (``""``: nothing), and what must be found in it (kind -> names)."""

    content: Content
    note: str
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def check_ill(reading: Reading, path: str, ill: Ill) -> None:
    if ill.note:
        assert ill.note in reading.notes.get(path, "no note")
    else:
        assert path not in reading.notes
    for kind, names in ill.found.items():
        assert set(names) <= set(reading.names(kind, path))


# ----------------------------------------------------------------------------- files that are wrong by themselves

BROKEN = {
    "bad/a.py": Ill(
        "def good():\n    return 1\n\n\ndef bad(:\n    pass\n\n\nclass Also:\n    pass\n",
        "Python syntax error in line 5",
        {"symbol": ("good", "Also")},
    ),
    "bad/b.py": Ill("def good(): ...\nx = (\n", "Python syntax error", {"symbol": ("good",)}),
    "bad/old.py": Ill("def good(): ...\nprint 'old'\nexec 'x'\n", "Python syntax error", {"symbol": ("good",)}),
    "bad/conflict.py": Ill(
        "def good(): ...\n<<<<<<< HEAD\nA = 1\n=======\nA = 2\n>>>>>>> other\ndef also(): ...\n",
        "Python syntax error in line 2",
        {"symbol": ("good", "also")},
    ),
    "bad/a.ts": Ill(
        "export function good() { return 1 }\nexport const = ;\nexport class Also {}\n",
        "line 2 could not be parsed",
        {"symbol": ("good", "Also")},
    ),
    "bad/a.tsx": Ill(
        "export function Good() { return <div> }\nexport class Also {}\n", "could not be parsed", {"symbol": ("Good",)}
    ),
    "bad/a.js": Ill("module.exports = {\nfunction good() {}\n", "could not be parsed"),
    "bad/a.yaml": Ill("a: 1\nb: [1, 2\nc: {x\n", "YAML syntax error in line 3", {"config": ("a",)}),
    "bad/tab.yaml": Ill("a: 1\n\tb: 2\n", "YAML syntax error in line 2"),
    "bad/a.json": Ill('{"a": 1, "b": }\n', "JSON syntax error in line 1", {"config": ("a",)}),
    "bad/package.json": Ill(
        '{"name": "x", "scripts": {"go": "b"\n', "JSON syntax error", {"package": ("x",), "script": ("go",)}
    ),
    "bad/pyproject.toml": Ill('[project\nname = "x"\n', "TOML syntax error at line 1"),
    "bad/settings.toml": Ill("a = = 1\n", "TOML syntax error at line 1"),
    "bad/Cargo.toml": Ill("[package]\nname = \n", "TOML syntax error at line 2"),
    "bad/schema.prisma": Ill(
        "model User {\n  id Int @id\n\nmodel Post {\n  id Int\n}\n\nmodl Tag {\n  id Int\n}\n",
        "the block in line 1 has no end",
        {"schema": ("User", "Post")},
    ),
    "bad/tables.sql": Ill("CREATE TABLE (;\nCREATE TABLE users (id int);\n", "", {"schema": ("users",)}),
    "bad/docker-compose.yml": Ill(
        "services:\n  a:\n    image: x\n   b:\n  image: y\n", "YAML syntax error in line 4", {"service": ("a",)}
    ),
    "bad/Dockerfile": Ill("FROM\nEXPOSE x\nNONSENSE\nEXPOSE 8080\n", "", {"port": ("8080",)}),
    "bad/Makefile": Ill("a:\nb\n\tc\n:::\n", "", {"target": ("a",)}),
    ".github/workflows/bad.yml": Ill(
        "on: push\njobs:\n  a: {steps: [\n", "YAML syntax error in line 4", {"job": ("a",)}
    ),
    "bad/.env.example": Ill("A=1\nB\n=3\nC='x\n", "", {"setting": ("A", "C")}),
    "bad/empty.py": Ill("", ""),
    "bad/empty.ts": Ill("", ""),
    "bad/empty.json": Ill("", ""),
    "bad/empty.yaml": Ill("", ""),
    "bad/empty/compose.yaml": Ill("", ""),
}

_SOME = {"symbol": ("good",)}
ENCODED = {
    "enc/latin.py": Ill("# caf\xe9\ndef good(): ...\n".encode("latin-1"), "is no UTF-8 text from line 1 on", _SOME),
    "enc/latin.ts": Ill("export function good() {}\n// caf\xe9\n".encode("latin-1"), "from line 2 on", _SOME),
    "enc/latin.yaml": Ill("a: caf\xe9\n".encode("latin-1"), "is no UTF-8 text", {"config": ("a",)}),
    "enc/utf16.py": Ill("def good(): ...\n".encode("utf-16"), "is binary, or text in an encoding other than UTF-8"),
    "enc/utf16.ts": Ill("export const x = 1\n".encode("utf-16-be"), "is binary, or text in an encoding"),
    "enc/utf32.json": Ill('{"a": 1}'.encode("utf-32"), "is binary, or text in an encoding"),
    "enc/bom.py": Ill(b"\xef\xbb\xbfdef good(): ...\n", "", _SOME),
    "enc/bom.ts": Ill(b"\xef\xbb\xbfexport function good() {}\n", "", _SOME),
    "enc/bom.json": Ill(b'\xef\xbb\xbf{"a": 1}\n', "", {"config": ("a",)}),
    "enc/bom.yaml": Ill(b"\xef\xbb\xbfa: 1\n", "", {"config": ("a",)}),
    "enc/package.json": Ill(b'\xef\xbb\xbf{"name": "p"}\n', "", {"package": ("p",)}),
    "enc/pyproject.toml": Ill(b'\xef\xbb\xbf[project]\nname = "q"\n', "", {"package": ("q",)}),
    "enc/nul.py": Ill(b"def good(): ...\n\0\n", "is binary"),
    "enc/late-nul.py": Ill(b"def good(): ...\n" + b"# x\n" * 3_000 + b"\0\n", "Python syntax error", _SOME),
    "enc/late-nul.ts": Ill(
        b"export function good() {}\n" + b"// x\n" * 3_000 + b"\0\n", "line 3002 could not be parsed", _SOME
    ),
    "enc/cr.py": Ill(b"def good():\r    pass\r", "", _SOME),
    "enc/control.py": Ill(b"def good():\n    return '\x1b[31m\x0c\xc2\x85\xe2\x80\xa8'\n", "", _SOME),
    "enc/surrogate.json": Ill('{"a": "\\ud800", "\\udfff": 1}', "", {"config": ("a",)}),
}

_LETTERS = "abcdefghijklm"
BOMBS = {
    "bomb/a.yaml": Ill(
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in pairwise(_LETTERS)),
        "aliases repeat too much to be read whole",
    ),
    "bomb/compose.yaml": Ill(
        "x-a: &a {k: v}\n"
        + "".join(
            f"x-{new}: &{new} {{{', '.join(f'k{n}: *{old}' for n in range(10))}}}\n" for old, new in pairwise(_LETTERS)
        )
        + "services:\n  web:\n    image: x\n    environment: *m\n",
        "aliases repeat too much to be read whole",
        {"service": ("web",)},
    ),
    "bomb/merges.yaml": Ill(
        "a: &a {k0: 1}\n" + list_numbered("b#: &b# {<<: [*a, *a], k#: 1}\n", 300), "only the first 300 keys are read"
    ),
    "bomb/cycle.yaml": Ill("a: &a\n  b: *a\n", "alias in line 2 holds itself"),
    "bomb/cycle/compose.yaml": Ill("services: &s\n  web: *s\n", "alias in line 2 holds itself", {"service": ("web",)}),
    "bomb/merge.yaml": Ill("a: &a\n  <<: *a\n  x: 1\n", "alias in line 2 holds itself", {"config": ("a.x",)}),
    "bomb/deep.yaml": Ill("[" * 5_000 + "]" * 5_000 + "\n", "nested too deeply"),
    "bomb/deep.json": Ill("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "bomb/deep-objects.json": Ill('{"a":' * 3_000 + "1" + "}" * 3_000, "nested too deeply"),
    "bomb/deep.toml": Ill("a = " + "[" * 5_000 + "]" * 5_000 + "\n", "nested too deeply"),
    "bomb/pyproject.toml": Ill(f"[project]\nname = 'x'\na = {'[' * 5_000}{']' * 5_000}\n", "nested too deeply"),
    "bomb/long-number.json": Ill('{"a": ' + "9" * 6_000 + "}", "", {"config": ("a",)}),
    "bomb/many-keys.json": Ill("{" + ",".join(f'"k{n}": {n}' for n in range(9_000)) + "}", "only the first"),
    "bomb/tags.yaml": Ill("!!python/object/apply:os.mkdir ['sprung']\n", ""),
    "bomb/.env.example": Ill("A=" + "${A:-" * 400 + "}" * 400 + "\nB=${B}\nC=${D}\nD=${C}\n", "are cut: 1"),
    "bomb/.env.loop": Ill("B=${B}\nC=${D}\nD=${C}\n", "", {"setting": ("B", "C", "D")}),
}

COMMENTED = {
    "json/tsconfig.json": Ill('{\n  // why\n  "a": 1, /* x */\n  "b": [1, 2,],\n}\n', "", {"config": ("a", "b[1]")}),
    "json/package.json": Ill(
        '{\n  // why\n  "name": "commented",\n  "scripts": {"go": "x",},\n}\n',
        "",
        {"package": ("commented",), "script": ("go",)},
    ),
    "json/twice.json": Ill('{"a": 1, "a": 2}', "", {"config": ("a",)}),
    "json/numbers.json": Ill('{"a": NaN, "b": 1e999, "c": -Infinity}', "", {"config": ("a", "b", "c")}),
    "json/scalar.json": Ill("7", ""),
}

_DEEP = 2_000
_GOOD_PY = "def good(): ...\nX = "
_GOOD_TS = "export function good() {}\nexport const x = "
DEEP = {
    "deep/brackets.py": Ill(_GOOD_PY + "(" * _DEEP + "1" + ")" * _DEEP + "\n", "Python syntax error", _SOME),
    "deep/lists.py": Ill(_GOOD_PY + "[" * _DEEP + "]" * _DEEP + "\n", "Python syntax error", _SOME),
    "deep/dicts.py": Ill(_GOOD_PY + "{'a':" * _DEEP + "1" + "}" * _DEEP + "\n", "Python syntax error", _SOME),
    "deep/calls.py": Ill(_GOOD_PY + "f(" * _DEEP + "1" + ")" * _DEEP + "\n", "Python syntax error", _SOME),
    "deep/ninety.py": Ill(_GOOD_PY + "f([{'a': " * 60 + "1" + "}])" * 60 + "\n", "", _SOME),
    "deep/chain.py": Ill(_GOOD_PY + "a" + ".b(1)" * _DEEP + "\n", "Python syntax error", _SOME),
    "deep/attributes.py": Ill(_GOOD_PY + "a" + ".b" * _DEEP + "\nX()\n", "", _SOME),
    "deep/sum.py": Ill(_GOOD_PY + " + ".join(f"'a{n}'" for n in range(_DEEP)) + "\n", "", _SOME),
    "deep/elif.py": Ill(
        "def good():\n    if x:\n        pass\n" + list_numbered("    elif x == #:\n        go(#)\n", _DEEP), "", _SOME
    ),
    "deep/blocks.py": Ill(
        "def good(): ...\n" + "".join(" " * n + "if x:\n" for n in range(1_000)) + " " * 1_000 + "pass\n",
        "Python syntax error",
        _SOME,
    ),
    "deep/lambdas.py": Ill(_GOOD_PY + "lambda: " * _DEEP + "1\n", "", _SOME),
    "deep/open.py": Ill(_GOOD_PY + "{([" * _DEEP, "Python syntax error", _SOME),
    "deep/quotes.py": Ill("def good(): ...\n" + "'''\"\"\"" * _DEEP, "Python syntax error", _SOME),
    "deep/brackets.ts": Ill(_GOOD_TS + "(" * _DEEP + "1" + ")" * _DEEP + "\n", "", _SOME),
    "deep/lists.ts": Ill(_GOOD_TS + "[" * _DEEP + "]" * _DEEP + "\n", "", _SOME),
    "deep/objects.ts": Ill(_GOOD_TS + "{a:" * _DEEP + "1" + "}" * _DEEP + "\n", "", _SOME),
    "deep/calls.ts": Ill(_GOOD_TS + "f(" * _DEEP + "1" + ")" * _DEEP + "\n", "", _SOME),
    "deep/chain.ts": Ill(_GOOD_TS + "a" + ".b(1)" * _DEEP + "\n", "", _SOME),
    "deep/arrows.ts": Ill(_GOOD_TS + "() => " * _DEEP + "1\n", "", _SOME),
    "deep/sum.ts": Ill(_GOOD_TS + " + ".join(f"'a{n}'" for n in range(_DEEP)) + "\nfetch(x)\n", "", _SOME),
    "deep/templates.ts": Ill(_GOOD_TS + "`${" * _DEEP + "1" + "}`" * _DEEP + "\n", "", _SOME),
    "deep/choices.ts": Ill(_GOOD_TS + "a ? b : " * _DEEP + "1\n", "", _SOME),
    "deep/types.ts": Ill(f"export function good() {{}}\ntype X = {'A<' * _DEEP}string{'>' * _DEEP}\n", "", _SOME),
    "deep/functions.ts": Ill(
        "export function good() {}\n" + "function g() {\n" * _DEEP + "}\n" * _DEEP, "", {"symbol": ("good",)}
    ),
    "deep/else.ts": Ill(
        "export function good() { if (x) {}\n" + list_numbered("else if (x == #) { go(#) }\n", _DEEP) + "}\n", "", _SOME
    ),
    "deep/jsx.tsx": Ill(
        "export function good() { return " + "<div>\n" * _DEEP + "</div>\n" * _DEEP + " }\n", "", _SOME
    ),
    "deep/props.tsx": Ill(
        "export function good() { return " + "<A b={" * _DEEP + "1" + "}/>" * _DEEP + " }\n", "", _SOME
    ),
    "deep/open.tsx": Ill(
        "export function good() {}\nexport const f = () => " + "<div>" * _DEEP, "could not be parsed", _SOME
    ),
    "deep/open.ts": Ill(_GOOD_TS + "{([" * _DEEP, "could not be parsed", _SOME),
    "deep/page.md": Ill(
        "# T\n" + ">" * 5_000 + " x\n\n" + "".join("  " * n + "- x\n" for n in range(300)) + "[" * 20_000 + "\n", ""
    ),
    "deep/tables.sql": Ill(
        "CREATE TABLE x (" + "(" * _DEEP + ")" * _DEEP + ");\nCREATE TABLE y (id int);\n" + "/*" * _DEEP,
        "",
        {"schema": ("x", "y")},
    ),
    "deep/Dockerfile": Ill("FROM a AS a\n" + "RUN x \\\n" * _DEEP + "\nEXPOSE 80\n", "", {"port": ("80",)}),
}

ILL = {**BROKEN, **ENCODED, **BOMBS, **COMMENTED, **DEEP}


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """All of them in one repository: what is wrong with one must not touch the others."""
    repo = make_repository(tmp_path_factory.mktemp("ill"), {path: ill.content for path, ill in ILL.items()})
    return read_facts(repo.folder)


@pytest.mark.parametrize("path", ILL)
def test_ill_files_are_noted_and_read_as_far_as_possible(ill: Reading, path: str) -> None:
    check_ill(ill, path, ILL[path])


def test_nothing_of_a_file_runs(ill: Reading) -> None:
    assert not list(ill.folder.rglob("sprung"))


def test_tables_and_overview_of_them_are_plain_text(ill: Reading) -> None:
    """No control character of a file reaches the terminal."""
    for arguments in (("facts",), ("facts", "symbol", "return", "config", "setting"), ("facts", "--skipped")):
        out = run_within(60, *arguments, at=ill.folder).out
        assert [c for c in out if c != "\n" and not c.isprintable()] == []


# -------------------------------------------------------------------------------- files that lead in circles

_CALLS_PY = "import requests\n"
_DOUBLED = "A## = A# + A#\n"
_CHAINED = "A## = A#\n"
_STARS_PY = list_numbered("from .s# import *\n", 40)
_STARS_TS = list_numbered("export * from './m#'\n", 40)
TANGLES: dict[str, dict[str, Content]] = {
    "imports": {
        "p/__init__.py": "from p.a import A\n",
        "p/a.py": "from p.b import B\nA = B\nclass X(Y):\n    pass\nfrom p.b import Y\n",
        "p/b.py": f"{_CALLS_PY}from p.a import A, X\nB = A\nclass Y(X):\n    pass\nrequests.get(f'{{B}}/x')\n",
        "p/own.py": f"{_CALLS_PY}from p.own import Z\nfrom . import own\nrequests.get(Z)\nrequests.get(own.own.Z)\n",
        "p/star.py": "from p.star import *\nfrom . import *\nfrom .. import *\nfrom ......... import x\n",
    },
    "re-exports": {
        "index.ts": "export * from './a'\nexport * from './b'\nexport { Z } from './a'\n",
        "a.ts": "export * from './index'\nexport { Z } from './b'\nimport { V } from './b'\nexport const U = V\n",
        "b.ts": "export * from './a'\nexport { Z } from './index'\nimport { U, Z } from './a'\nexport const V = U\n"
        "export const go = () => fetch(`${V}/api/${Z}`)\n",
        "own.ts": "export * from './own'\nexport { Q as R, R as Q } from './own'\n"
        "import { R } from './own'\nfetch(R)\n",
    },
    "classes": {
        "a.py": "class A(A):\n    def go(self):\n        return self.nothing()\n\n\nclass B(C):\n    def f(self):\n"
        "        return self.g().h()\n\n\nclass C(B):\n    pass\n\n\nclass D(D.D, metaclass=D):\n"
        "    def __init__(self, d: 'D' = D()):\n        self.d = D(self.d)\n\n    def go(self):\n"
        "        return self.d.d.d.go()\n",
        "a.ts": "export class A extends A { url = this.url; go() { return fetch(this.url + this.nothing()) } }\n"
        "class B extends C { f() { return this.g() } }\nclass C extends B {}\ninterface I extends I {}\ntype T = T\n",
        "injected.ts": "@Injectable()\nexport class S { constructor(private s: S) {} go() { return this.s.s.go() } }\n"
        "@Controller('ring')\nexport class K extends K { constructor(private k: K, private s: S) { super() }\n"
        "  @Get(':id') one() { return this.k.one() + this.s.go() } }\n"
        "@Module({ imports: [M, forwardRef(() => M)], controllers: [K], providers: [S, M] })\nexport class M {}\n",
    },
    "values": {
        "a.py": f"{_CALLS_PY}import os\nA = B\nB = A\nC = C\nD = f'{{D}}/x'\nE = [E, *E]\nF = {{'f': F, **F}}\n"
        "G = lambda: G()\nH = os.getenv('H', H)\nI = I.i.i\nJ = J[J]\nK = K(K(K))\n\n\n"
        "def f(x=f()):\n    return f(x)\n\n\n"
        "def g(x=h(1)):\n    return h(x)\n\n\ndef h(x=g(2)):\n    return g(x)\n\n\n"
        + "".join(
            f"requests.get({text})\n" for text in "A B C D E[0] F['f'] G() H I I.i J J[J] K f() g() h() A+B".split()
        )
        + "\n\nclass S:\n    url = url\n\n    def __init__(self, url=S.url):\n        self.url = self.url\n"
        "        self.a = self.b\n        self.b = self.a\n\n    def go(self):\n"
        "        requests.get(self.url + self.a)\n",
        "a.ts": "const A = B, B = A\nlet C = C\nconst D = `${D}/x`\nconst E = [...E, E]\nconst F = { ...F, f: F }\n"
        "const G = () => G()\nconst H = process.env.H || H\nconst I = I.i.i\nfunction f(x = f()) { return f(x) }\n"
        "function g(x = h()) { return h(x) }\nfunction h(x = g()) { return g(x) }\n"
        + "".join(f"fetch({text})\n" for text in "A B C D E[0] F.f G() H I.i f() g() h()".split()),
        "doubled.py": f"{_CALLS_PY}A0 = 'x'\n{list_numbered(_DOUBLED, 60)}requests.get(A60)\n",
        "branches.py": f"{_CALLS_PY}B0 = c or d\n"
        + list_numbered("B## = B# or C# or D#\nC## = B# or C#\nD## = B# or C# or D#\n", 40)
        + "requests.get(f'{B40}/{C40}/{D40}')\n",
        "long.py": f"{_CALLS_PY}A0 = 'http://x'\n{list_numbered(_CHAINED, 1_500)}requests.get(A1500)\n",
        "wrapped.py": f"{_CALLS_PY}def w0(u):\n    return requests.get(u)\n"
        + list_numbered("def w##(u):\n    w#(u)\n    return w#(u + u)\n", 40)
        + "w40('/a')\n",
    },
    "calls": {
        "every.py": _CALLS_PY
        + "".join(
            f"def f{n}(u=None):\n    requests.get(u or '/x{n}')\n"
            f"    return [{', '.join(f'f{m}(u + str({m}))' for m in range(60))}]\n"
            for n in range(60)
        ),
        "ring.py": _CALLS_PY
        + "def w(u, v=None):\n    requests.get(u + v)\n    w(v, u)\n    w(u + v, v + u)\n"
        + "".join(
            f"def c{n}(u, v):\n    w(u + v, c{(n * 7 + 1) % 50}(v, u))\n    return c{(n * 3 + 1) % 50}(u, v)\n"
            for n in range(50)
        ),
        "long.py": f"{_CALLS_PY}def f0():\n    requests.get('/deep')\n"
        + list_numbered("def f##():\n    return f#()\n", 1_500),
    },
    "bases": {
        "every.py": "".join(
            f"class A{n}({', '.join(f'A{m}' for m in range(30))}):\n    def f{n}(self):\n        return self.no()\n"
            for n in range(30)
        ),
        "long.py": "class A0:\n    def go(self): ...\n"
        + list_numbered("class A##(A#): ...\n", 1_500)
        + "class E(A1500):\n    def f(self):\n        self.go()\n",
        "long.ts": "class A0 { go() {} }\n"
        + list_numbered("class A## extends A# {}\n", 1_500)
        + "class E extends A1500 { f() { this.go() } }\n",
    },
    "stars": {
        **{f"m{n}.ts": f"{_STARS_TS}import {{ q }} from './m{(n + 1) % 40}'\nfetch(q)\n" for n in range(40)},
        **{f"s{n}.py": f"{_STARS_PY}{_CALLS_PY}requests.get(q)\n" for n in range(40)},
    },
    "routers": {
        "own.py": "from fastapi import APIRouter, FastAPI\napp = FastAPI()\nr = APIRouter(prefix='/r')\n"
        "r.include_router(r, prefix='/again')\ns = APIRouter()\ns.include_router(r, prefix='/s')\n"
        "r.include_router(s, prefix='/r2')\napp.include_router(r)\napp.include_router(app)\napp.mount('/m', app)\n"
        "@r.get('/own-x')\ndef x(): ...\n",
        "flask.py": "from flask import Blueprint, Flask\napp = Flask(__name__)\n"
        "b = Blueprint('b', __name__, url_prefix='/b')\nb.register_blueprint(b)\n"
        "app.register_blueprint(b)\n@b.route('/flask-x')\ndef x(): ...\n",
        "urls.py": "from django.urls import include, path\n"
        "urlpatterns = [path('a/', include('urls')), path('b/', view)]\n",
        "express.ts": "import express from 'express'\nconst app = express()\nconst r = express.Router()\n"
        "r.use('/r', r)\nr.get('/express-x', (q, s) => s.send(''))\n"
        "app.use('/api', r)\napp.use(app)\napp.use('/a', app)\n",
        "nest.ts": "@Module({ imports: [N, M] })\nexport class M {}\n@Module({ imports: [M] })\nexport class N {}\n"
        "@Controller(P)\nclass X { @Get(Q) a() {} }\nconst P = Q, Q = P\n"
        "RouterModule.register([{ path: 'a', module: M, children: [{ path: 'b', module: M }] }])\n",
        "every.py": "from fastapi import APIRouter, FastAPI\napp = FastAPI()\n"
        + list_numbered("r# = APIRouter()\n", 30)
        + "@r0.get('/every-x')\ndef x(): ...\n"
        + "".join(f"r{n}.include_router(r{m}, prefix='/p{m}')\n" for n in range(30) for m in range(30))
        + "app.include_router(r29)\n",
        "long.py": "from fastapi import APIRouter, FastAPI\napp = FastAPI()\nr0 = APIRouter()\n@r0.get('/long-x')\n"
        + "def x(): ...\n"
        + list_numbered("r## = APIRouter()\nr##.include_router(r#, prefix='/p')\n", 1_000)
        + "app.include_router(r1000)\n",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def tangled(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    files = join_files(put_in(folder, files) for folder, files in TANGLES.items())
    return read_facts(make_repository(tmp_path_factory.mktemp("tangled"), files).folder)


class TestCircles:
    def test_every_file_was_read_whole(self, tangled: Reading) -> None:
        assert tangled.notes == {}
        assert {f"{folder}/{path}" for folder, files in TANGLES.items() for path in files} <= tangled.paths()

    @pytest.mark.parametrize(
        ("path", "count"),
        [("imports/p/b.py", 1), ("imports/p/own.py", 2), ("re-exports/own.ts", 1), ("values/a.py", 18)],
    )
    def test_a_call_is_a_call_wherever_its_url_leads(self, tangled: Reading, path: str, count: int) -> None:
        assert len({f["line"] for f in tangled.facts if f["kind"] == "client_call" and f["path"] == path}) == count

    def test_no_url_is_made_of_a_circle(self, tangled: Reading) -> None:
        """What leads back to itself is a hole, never a text; and no text grows without end."""
        urls = [f["value"] for f in tangled.facts if f["kind"] == "client_call" and f["path"] == "values/a.py"]
        assert [url for url in urls if "{" not in url] == []
        assert max(len(f["value"]) for f in tangled.facts) < 20_000

    @pytest.mark.parametrize(
        ("path", "route"),
        [
            ("routers/own.py", "GET /r/own-x"),
            ("routers/flask.py", "GET /b/flask-x"),
            ("routers/express.ts", "GET /api/express-x"),
            ("classes/injected.ts", "GET /ring/:id"),
        ],
    )
    def test_routes_of_routers_that_hold_themselves(self, tangled: Reading, path: str, route: str) -> None:
        routes = tangled.names("route", path)
        assert route in routes
        assert len(routes) < 10

    def test_every_way_through_routers_is_not_told(self, tangled: Reading) -> None:
        assert 1 <= len(set(tangled.names("route", "routers/every.py"))) < 1_000
        assert tangled.names("route", "routers/long.py")


# ------------------------------------------------------------------------------------------------------ Compose

COMPOSE = """\
x-base: &base
  restart: always
  environment: &env {LOG: info}
services:
  api:
    <<: *base
    build: ./svc
    ports: ['8000:80', 9000, '127.0.0.1:7000-7002:7000-7002', {target: 5, published: 6}, '${P:-1234}:1', null, [1]]
    environment: {<<: *env, API_URL: 'http://api:80'}
    depends_on: [api, db, ghost]
    profiles: [dev]
  web: {extends: {service: api}}
  loop1: {extends: {service: loop2}}
  loop2: {extends: loop1}
  own: {extends: {file: docker-compose.yml, service: own}}
  outside: {extends: {file: ../../../etc/passwd, service: x}}
  db:
    image: postgres:15
    profiles: [dev, 'x y']
    ports: 5432
    environment: [A, B=1, 3, {C: 4}]
    depends_on: {api: {condition: service_healthy}}
  nothing:
  list: []
  text: hello
  7: {image: x}
  true: {image: y}
  ? [a, b]
  : {image: z}
include: [docker-compose.yml, {path: other.yml}]
networks: 3
"""


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    files: dict[str, Content] = {
        "docker-compose.yml": COMPOSE,
        "docker-compose.override.yml": "services:\n  api: {ports: ['8001:80']}\n",
        "list/compose.yaml": "services: [a, b]\n",
        "none/compose.yaml": "services:\n",
        "top/compose.yaml": "- 1\n",
        "prose/compose.yaml": "just text\n",
        "many/compose.yaml": "services:\n"
        + "".join(f"  s{n}: {{image: x, ports: ['{n}:80'], depends_on: [s{(n + 1) % 3_000}]}}\n" for n in range(3_000)),
    }
    return read_facts(make_repository(tmp_path_factory.mktemp("composed"), files).folder)


class TestCompose:
    def test_anchors_merges_profiles_and_extends(self, composed: Reading) -> None:
        own = [f for f in composed.facts if f["path"] == "docker-compose.yml"]
        services = {f["name"]: f["attrs"] for f in own if f["kind"] == "service"}
        assert {"api", "web", "loop1", "loop2", "own", "outside", "db", "nothing", "7", "true"} <= services.keys()
        assert services["api"]["profiles"] == "dev"
        settings = {(f["attrs"]["service"], f["name"]): f["value"] for f in composed.facts if f["kind"] == "setting"}
        assert settings["api", "LOG"] == settings["web", "LOG"] == "info"
        assert settings["web", "API_URL"] == "http://api:80"
        ports = {(f["attrs"]["service"], f["name"], f["value"]) for f in composed.facts if f["kind"] == "port"}
        assert {("api", "80", "8000"), ("api", "7002", "7002"), ("api", "5", "6"), ("api", "1", "1234")} <= ports
        assert ("web", "80", "8000") in ports

    def test_nothing_is_without_a_name(self, composed: Reading) -> None:
        named = ("service", "port", "setting", "depends")
        assert [fact for fact in composed.facts if fact["kind"] in named and not fact["name"]] == []

    def test_a_file_with_three_thousand_services(self, composed: Reading) -> None:
        assert composed.notes["many/compose.yaml"] == "only the first 5,000 facts are kept"
        assert "many/compose.yaml" in composed.paths()


# --------------------------------------------------------------------------------------------- names and links

ODD_NAMES = (
    *("a b.py", "new\nline.py", "q'uo\"te.py", "tab\there.py", "ünï.py", "日本/語.ts", "x\udcff\udcfe.py", "..py"),
    *("<script>alert(1)</script>.ts", "</details>.ts", "end.ts", '"];A-->B.ts', "`tick`.py", "|pipe|.py", "#.py"),
    *("-rf.py", "--help.py", "$(touch x).py", "*.py", "[a].py", "a:b.py", "%20.py", "@.py", "~.ts", " lead.py"),
    *("\\back\\slash.py", "\x1b[31m.py", "\u202ebidi.py", "trail .py", "x" * 240 + ".py", "d/" * 60 + "x.py"),
    *("app/[...slug]/page.tsx", "app/[[...slug]]/route.ts", "app/(group)/@slot/(.)x/page.tsx", "pages/api/[id].ts"),
    *("app/api/`x`/\"y\"/route.ts", "app/api/new\nline/route.ts"),
)  # fmt: skip


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    script = "export async function GET() { return fetch('/u') }\nexport default function odd() {}\n"
    files = {name: script if name.endswith(("ts", "tsx")) else "def odd(): ...\n" for name in ODD_NAMES}
    return read_facts(make_repository(tmp_path_factory.mktemp("named"), files).folder)


class TestNames:
    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_a_file_is_read_whatever_its_name(self, named: Reading, name: str) -> None:
        assert [f["name"] for f in named.facts if f["kind"] == "symbol" if f["path"] == name][:1] in (["odd"], ["GET"])

    def test_the_disk_says_the_same(self, named: Reading) -> None:
        assert read_facts(named.folder, "--worktree").facts == named.facts

    def test_tables_keep_to_one_line_a_fact(self, named: Reading) -> None:
        out = run_within(60, "facts", "symbol", at=named.folder).out
        assert [c for c in out if c != "\n" and not c.isprintable()] == []
        lines = out.splitlines()
        assert len(lines) - 1 == len(named.names("symbol"))

    def test_a_name_is_no_pattern(self, named: Reading) -> None:
        one = run_within(60, "facts", "symbol", "--path", "[a].py", "--format", "json", at=named.folder).json
        assert {fact["path"] for fact in one} <= {"[a].py", "a.py"}


class TestLinks:
    LINKS: ClassVar = {
        "loop1": ("loop2", "circle"),
        "loop2": ("loop1", "circle"),
        "own.py": ("own.py", "circle"),
        "up": ("..", "outside"),
        "far.py": ("../../../../../../etc/passwd", "outside"),
        "passwd.py": ("/etc/passwd", "outside"),
        "root": ("/", "outside"),
        "zero.py": ("/dev/zero", "outside"),
        "stdin.json": ("/dev/stdin", "outside"),
        "gone.py": ("nowhere.py", "nothing"),
        "here": (".", ""),
        "same.py": ("healthy/main.py", ""),
        "folder": ("healthy", ""),
        "round": ("here/here/folder/../same.py", ""),
        "deep/link.ts": ("../folder/door.ts", ""),
    }

    def test_links_are_never_followed_and_those_that_lead_away_have_a_note(self, repo: GitRepo) -> None:
        for name, (target, _) in self.LINKS.items():
            place = repo.folder / name
            place.parent.mkdir(exist_ok=True)
            os.symlink(target, place)
        repo.commit("feat: everything", HEALTHY)
        for options in ((), ("--worktree",)):
            reading = read_facts(repo.folder, *options)
            assert reading.paths() == set(HEALTHY)
            for name, (_, why) in self.LINKS.items():
                assert (why in reading.notes[name]) if why else (name not in reading.notes), name

    def test_a_folder_that_links_to_itself_as_the_place_to_start(self, repo: GitRepo) -> None:
        os.symlink(".", repo.folder / "ring")
        repo.commit("feat: everything", HEALTHY)
        assert read_facts(repo.folder / "ring" / "ring" / "ring").paths() == set(HEALTHY)

    def test_submodules_there_and_missing(self, repo: GitRepo, tmp_path: Path) -> None:
        inner = GitRepo(tmp_path / "inner")
        inner.commit("inner", {"inner.py": "def inner(): ...\n"})
        repo.commit("feat: everything", HEALTHY)
        repo.git("submodule", "add", "-q", inner.folder.as_uri(), "there")
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{'7' * 40},missing")
        repo.git("commit", "-q", "-m", "modules")
        for options in ((), ("--worktree",)):
            reading = read_facts(repo.folder, *options)
            assert reading.notes["there"] == "is a submodule, another repository"
            assert "inner" not in reading.names("symbol")
        assert read_facts(repo.folder).notes["missing"] == "is a submodule, another repository"


# -------------------------------------------------------------------------------------------------- large input


@pytest.fixture(scope="module")
def bulky(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    route = "@app.get('/r#')\ndef r#(): ...\n\n\n"
    files: dict[str, Content] = {
        "generated/table.py": "TABLE = {\n" + "    'key': 'a value of some length',\n" * 570_000 + "}\n",
        "generated/table.json": "[" + ",".join(['{"a": 1}'] * 300_000) + "]",
        "web/bundle.js": "!function(){" + "var a=function(b){return b+1};" * 70_000 + "}();\n",
        "web/bundle.py": "x = '" + "y" * 2_000_000 + "'\n",
        "web/style.min.js": "!function(){" + "a();" * 500_000 + "}()\n",
        "routes.py": "from fastapi import FastAPI\napp = FastAPI()\n" + list_numbered(route, 5_000),
        "routes.ts": "import express from 'express'\nconst app = express()\n"
        + list_numbered("app.get('/t#', (q, s) => s.send(''))\n", 5_000),
        "long.md": "# T\n" + "| a | b |\n" * 20_000,
        **{f"tiny/{n // 100}/m{n}.py": f"def f{n}(): ...\n" for n in range(3_000)},
    }
    assert len(files["generated/table.py"] or "") > 20_000_000
    return read_facts(make_repository(tmp_path_factory.mktemp("bulky"), files).folder)


class TestBulk:
    @pytest.mark.parametrize(
        ("path", "note"),
        [
            ("generated/table.py", "bytes, more than 16777216"),
            ("generated/table.json", "larger than 2,000,000 characters"),
            ("web/bundle.js", "larger than 2,000,000 characters"),
            ("web/bundle.py", "larger than 2,000,000 characters"),
        ],
    )
    def test_a_generated_file_has_a_note(self, bulky: Reading, path: str, note: str) -> None:
        assert bulky.notes[path].endswith(note)
        assert path not in bulky.paths()

    def test_what_its_name_says_is_generated_is_left_out(self, bulky: Reading) -> None:
        assert "web/style.min.js" not in bulky.notes.keys() | bulky.paths()

    def test_one_long_line_is_enough(self, tmp_path: Path) -> None:
        files: dict[str, Content] = {"bundle.js": "f();" * 10_000 + "\n", "bundle.py": "f();" * 10_000 + "\n"}
        reading = read_facts(make_repository(tmp_path / "repo", files).folder)
        why = "has a line of more than 20,000 characters: minified or generated"
        assert reading.notes == {"bundle.js": why, "bundle.py": why}

    def test_three_thousand_small_files(self, bulky: Reading) -> None:
        assert len(bulky.names("symbol", "tiny/")) == 3_000

    @pytest.mark.parametrize(("path", "route"), [("routes.py", "GET /r4999"), ("routes.ts", "GET /t4999")])
    def test_five_thousand_routes(self, bulky: Reading, path: str, route: str) -> None:
        routes = bulky.names("route", path)
        assert len(routes) == 5_000
        assert route in routes

    def test_tables_of_it_are_short(self, bulky: Reading) -> None:
        lines = run_within(60, "facts", "route", at=bulky.folder).out.splitlines()
        assert len(lines) < 300
        assert "more: --limit" in lines[-1]
