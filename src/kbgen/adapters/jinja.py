"""Documents from templates and contexts: kbgen's own templates, or the project's in their place.

Jinja itself is imported when the first page is rendered (it costs about 40 ms of CPU).
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kbgen.errors import ConfigError, TemplateError
from kbgen.model import Document

if TYPE_CHECKING:
    from kbgen.adapters.jinja_sandbox import Sandbox

# Not by importlib.resources: its import alone costs as much as rendering a page.
SHIPPED = Path(__file__).parent.parent / "templates"
MAX_TEMPLATE_BYTES = 1024 * 1024

_HEAD = re.compile(r"---[ \t]*\r?\n(.*?\n)---[ \t]*\r?\n", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.j2")


class JinjaTemplates:
    """Templates by name without folder, ``story_notes.md.j2``.

    `overrides` are the project's own, by the same names: a mapping of name to text, or a folder (its
    plain files are read, links are not followed). They run in a sandbox with bounded work.
    """

    def __init__(self, overrides: Mapping[str, str] | Path | None = None) -> None:
        self._overrides: Mapping[str, str] | Path = overrides if overrides is not None else {}
        self._sandbox: Sandbox | None = None

    def render(self, name: str, context: object) -> str:
        """The document's text.

        A dataclass gives its fields and properties as names, a mapping its keys. Raises TemplateError with
        the template's name and line; for a name that is not there, with the names that are.
        """
        from jinja2 import exceptions

        from kbgen.adapters.jinja_sandbox import Sandbox, list_names

        if self._sandbox is None:
            self._sandbox = Sandbox(self._load, _find_shipped)
        sandbox = self._sandbox
        sandbox.names = list_names(context)
        sandbox.steps = 0
        try:
            values = dict(context) if isinstance(context, Mapping) else {n: getattr(context, n) for n in sandbox.names}
            text: str = sandbox.get_template(name).render(values)
            return text
        except TemplateError:
            raise
        except exceptions.TemplateNotFound as error:
            known = self.list_templates()
            near = difflib.get_close_matches(str(error.name), known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise TemplateError(f"no template {error.name!r}", f"{hint}there are: {', '.join(known)}") from error
        except exceptions.TemplateSyntaxError as error:
            message = f"{error.name or name}:{error.lineno}: {error.message}"
            raise TemplateError(message, self._explain_syntax(error.message or "")) from error
        except RecursionError as error:
            raise TemplateError(f"{_find_place(error, name)}: the template calls itself too deeply") from error
        except MemoryError as error:
            raise TemplateError(f"{_find_place(error, name)}: the template takes too much memory") from error
        except Exception as error:
            message, _, hint = str(error).partition("\n")
            raise TemplateError(f"{_find_place(error, name)}: {message or type(error).__name__}", hint) from error

    def read_head(self, name: str) -> Document:
        """The front matter of a template; an empty document where there is none.

        Raises TemplateError for a template that is not there and for front matter that is no YAML.
        """
        from kbgen.adapters.yaml_file import read_yaml_with_lines

        found = self._load_text(name)
        if found is None:
            raise TemplateError(f"no template {name!r}", f"there are: {', '.join(self.list_templates())}")
        head = _HEAD.match(found[0])
        try:
            # The line of the opening mark counts, so that lines are those of the file.
            return read_yaml_with_lines("\n" + head[1] if head else "", name)
        except ConfigError as error:
            raise TemplateError(str(error), error.hint) from error

    def list_templates(self) -> tuple[str, ...]:
        """The names of all templates, the project's own ones included."""
        names = {name for name in os.listdir(SHIPPED) if _NAME.fullmatch(name)}
        own = os.listdir(self._overrides) if isinstance(self._overrides, Path) and self._overrides.is_dir() else ()
        names.update(name for name in own if _NAME.fullmatch(name))
        if not isinstance(self._overrides, Path):
            names.update(self._overrides)
        return tuple(sorted(names))

    def _load(self, name: str) -> tuple[str, str] | None:
        """(text without front matter, name for tracebacks); None when there is no such template."""
        found = self._load_text(name)
        if found is None:
            return None
        head = _HEAD.match(found[0])
        if head is None:
            return found
        # A comment as long as the front matter: the lines of errors stay those of the file.
        blank = "{#" + "\n" * head[0].count("\n") + "#}"
        return blank + found[0][head.end() :], found[1]

    def _load_text(self, name: str) -> tuple[str, str] | None:
        if not _NAME.fullmatch(name):
            return None
        if isinstance(self._overrides, Path):
            own = _read_plain_file(self._overrides / name)
        else:
            own = self._overrides.get(name)
        if own is not None:
            if len(own) > MAX_TEMPLATE_BYTES:
                raise TemplateError(f"{name}: more than {MAX_TEMPLATE_BYTES // 1024} KB", "split the template")
            return own, _OWN_PREFIX + name
        shipped = SHIPPED / name
        return (shipped.read_text("utf-8"), _SHIPPED_PREFIX + name) if shipped.is_file() else None

    def _explain_syntax(self, message: str) -> str:
        unknown = re.match(r"No (filter|test) named '(.+?)'", message)
        if unknown is None or self._sandbox is None:
            return ""
        table: Mapping[str, Any] = self._sandbox.filters if unknown[1] == "filter" else self._sandbox.tests
        names = sorted(name for name in table if not name.startswith("kbgen_"))
        near = difflib.get_close_matches(unknown[2], names, 1)
        return f"{f'did you mean {near[0]}? ' if near else ''}there are: {', '.join(names)}"


# File names of templates in tracebacks, and how a shipped template is told from a project's of the same name.
_SHIPPED_PREFIX = "kbgen template "
_OWN_PREFIX = "project template "


def _find_shipped(filename: str) -> Path | None:
    """The file of a template that came with kbgen; None for a project's."""
    return SHIPPED / filename.removeprefix(_SHIPPED_PREFIX) if filename.startswith(_SHIPPED_PREFIX) else None


def _find_place(error: BaseException, name: str) -> str:
    """``name:line`` of the innermost template line that the error passed through."""
    place = name
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        for prefix in (_SHIPPED_PREFIX, _OWN_PREFIX):
            if filename.startswith(prefix):
                place = f"{filename.removeprefix(prefix)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _read_plain_file(path: Path) -> str | None:
    """None when there is no such file. Raises TemplateError for a link, a folder, or text that is not UTF-8."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise TemplateError(f"{path.name}: is no plain file", "a template is a file, not a link or a folder")
        with path.open("rb") as file:
            content = file.read(MAX_TEMPLATE_BYTES + 1)
        return content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TemplateError(f"{path.name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TemplateError(f"{path.name}:{line}: not UTF-8 text", "save the template as UTF-8") from error
