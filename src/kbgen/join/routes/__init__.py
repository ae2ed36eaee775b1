"""Which HTTP routes a program serves: methods and whole paths, put together across files.

One module for each family of frameworks; `routers` has what they share. A route that the code defines and hangs
nowhere is there too, with ``mounted`` ``no``.
"""

from __future__ import annotations

from kbgen.join.program import Program
from kbgen.join.routes.django import find_django_routes
from kbgen.join.routes.nest import find_nest_routes
from kbgen.join.routes.next import find_next_routes, find_rewrites
from kbgen.join.routes.python_web import add_python_routes
from kbgen.join.routes.routers import Routers
from kbgen.join.routes.script_web import add_script_routes
from kbgen.model import Fact

__all__ = ["find_rewrites", "find_routes"]


def find_routes(program: Program) -> tuple[Fact, ...]:
    """Every route of production code, in order of path and line.

    Kind ``route``, name and value ``METHOD /full/path``; the method is ``ANY``, ``WEBSOCKET`` or ``PAGE`` where it is
    no HTTP method. Attributes: method, path (``{id}``, ``{rest...}``), framework, kind (``route`` or ``page``),
    mounted (``yes`` or ``no``), via (``path:line`` of what puts prefixes before it, blank-joined), handler
    (``path::symbol``). `symbol` is the handler when it stands in the same file, else the definition around the line.
    """
    routers = Routers(program)
    add_python_routes(program, routers)
    add_script_routes(program, routers)
    found = [
        *routers.make_facts(),
        *find_nest_routes(program),
        *find_next_routes(program),
        *find_django_routes(program),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda f: (f.path, f.line, f.name, f.attrs)))
