"""mermaid.js and Excalidraw themselves, asked through small node scripts in this folder.

`find_reference` looks for node, the packages of ``package.json`` (``make browser`` installs them) and Chromium.
Variables: ``KBGEN_BROWSER_DIR`` (folder with ``node_modules``), ``KBGEN_CHROMIUM`` (program), ``KBGEN_PICTURES``
(folder for PNG and SVG of everything that is drawn, to look at).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.needs import get_setting

HERE = Path(__file__).parent
_NODE_VERSION = 20
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell")
_PUPPETEER = ("chrome-headless-shell/*/*/chrome-headless-shell", "chrome/*/*/chrome")
_TIME_LIMIT_S = 240


@dataclass(frozen=True, slots=True)
class Reference:
    node: str
    folder: Path
    """Holds ``node_modules``."""
    chromium: str
    """``""`` when there is none: then only `parse` works."""

    def parse(self, blocks: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """What mermaid.js says of each Mermaid text, by name: ``kind``, ``error``."""
        return self._ask("mermaid_parse.mjs", _list_named(blocks))

    def render(self, blocks: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """The same with a drawing in Chromium: ``width``, ``height``, ``texts``, ``error``."""
        return self._ask("mermaid_render.mjs", _list_named(blocks), self.chromium, *_find_pictures("mermaid"))

    def restore(self, drawings: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """What Excalidraw makes of each file: ``given``, ``restored``, ``changes``, ``rewrapped``, ``cut`` and more."""
        return self._ask("excalidraw_restore.mjs", _list_named(drawings), self.chromium, *_find_pictures("excalidraw"))

    def move(self, drawing: str, element: str, dx: int, dy: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Elements by ID before and after one of them was dragged with the mouse."""
        said = self._run("excalidraw_move.mjs", {"text": drawing, "id": element, "dx": dx, "dy": dy}, self.chromium)
        assert said["error"] is None
        before, after = ({each["id"]: each for each in said[when]} for when in ("before", "after"))
        return before, after

    def _ask(self, script: str, request: list[dict[str, str]], *arguments: str) -> dict[str, dict[str, Any]]:
        return {said["name"]: said for said in self._run(script, request, *arguments)}

    def _run(self, script: str, request: object, *arguments: str) -> Any:
        done = subprocess.run(
            (self.node, str(HERE / script), str(self.folder), *arguments),
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-4000:]
        return json.loads(done.stdout)


def find_reference() -> Reference | str:
    """The tools of this machine, or why they cannot be used."""
    node = shutil.which("node")
    if not node:
        return "node is not installed"
    said = subprocess.run((node, "--version"), capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    if not version or int(version[1]) < _NODE_VERSION:
        return f"node is {said.strip()}, needed is {_NODE_VERSION} or newer"
    folder = Path(get_setting("KBGEN_BROWSER_DIR") or HERE).absolute()
    for name, wanted in json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"].items():
        installed = folder / "node_modules" / name / "package.json"
        if not installed.exists():
            return f"the npm package {name} is not installed: run `make browser`"
        found = json.loads(installed.read_text("utf-8"))["version"]
        if found != wanted:
            return f"the npm package {name} is {found}, needed is {wanted}: run `make browser`"
    return Reference(node, folder, _find_chromium())


def _find_chromium() -> str:
    named = get_setting("KBGEN_CHROMIUM")
    if named:
        return shutil.which(named) or ""
    for program in _PROGRAMS:
        found = shutil.which(program)
        if found:
            return found
    cache = Path(get_setting("PUPPETEER_CACHE_DIR") or Path(get_setting("HOME")) / ".cache" / "puppeteer")
    return next((str(found) for pattern in _PUPPETEER for found in sorted(cache.glob(pattern))), "")


def _list_named(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "text": text} for name, text in texts.items()]


def _find_pictures(kind: str) -> tuple[str, ...]:
    wanted = get_setting("KBGEN_PICTURES")
    if not wanted:
        return ()
    folder = Path(wanted).absolute() / kind
    folder.mkdir(parents=True, exist_ok=True)
    return (str(folder),)
