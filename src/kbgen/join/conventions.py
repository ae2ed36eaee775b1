"""Definitions that frameworks find by name, place or decorator: used although no file imports them.

One table, read from top to bottom; a row that is too wide only makes kbgen more cautious.
"""

from __future__ import annotations

from dataclasses import dataclass

from kbgen.model import Fact
from kbgen.patterns import LazyPattern


@dataclass(frozen=True, slots=True)
class Convention:
    """A symbol that fits every field given is used. Patterns are searched, not matched whole."""

    why: str
    path: str = ""
    name: str = ""
    decorators: str = ""
    default: bool = False
    """Only default exports."""
    member: bool = False
    """Only methods."""
    inherits: bool = False
    """Only methods of a class with a base, which may call them."""


CONVENTIONS: tuple[Convention, ...] = (
    Convention(
        "a file-system route of Next.js or a sibling",
        path=r"(?:^|/)app/(?:.*/)?(?:page|layout|route|loading|error|global-error|not-found|template|default|forbidden|"
        r"unauthorized|icon|apple-icon|opengraph-image|twitter-image|sitemap|robots|manifest)\.[cm]?[jt]sx?$",
    ),
    Convention("a file-system page", path=r"(?:^|/)pages/.+\.[cm]?[jt]sx?$", default=True),
    Convention(
        "a data function of a file-system page",
        path=r"(?:^|/)pages/.+\.[cm]?[jt]sx?$",
        name=r"^(?:getServerSideProps|getStaticProps|getStaticPaths|getInitialProps|config|middleware|runtime)$",
    ),
    Convention("a file-system route of Remix or SvelteKit", path=r"(?:^|/)routes/(?:.*/)?\+?[\w.$\-\[\]()]+\.[jt]sx?$"),
    Convention(
        "a file that the framework loads by name",
        path=r"(?:^|/)(?:middleware|instrumentation(?:-client)?|proxy|next-env\.d|_app|_document|env\.d|vite-env\.d)\.[jt]sx?$",
    ),
    Convention(
        "a tool's configuration", path=r"(?:^|/)(?:\.[\w.-]+rc|[\w.-]+\.(?:config|setup|workspace))\.[cm]?[jt]s$"
    ),
    Convention("a story of Storybook", path=r"\.stories\.[jt]sx?$|(?:^|/)\.storybook/"),
    Convention("an ambient declaration", path=r"\.d\.[cm]?ts$"),
    Convention("a worker", path=r"(?:\.worker|(?:^|/)(?:service-)?worker|(?:^|/)sw)\.[cm]?[jt]s$"),
    Convention(
        "a seed or migration that a tool runs", path=r"(?:^|/)(?:seeds?|migrations?|alembic)/|(?:^|/)seed\.[jt]s$"
    ),
    Convention("a test fixture", path=r"(?:^|/)conftest\.py$"),
    Convention(
        "a name that Python frameworks look up",
        path=r"\.py$",
        name=r"^(?:main|app|application|lambda_handler|handler|urlpatterns|default_app_config|create_app|setup|"
        r"pytest_\w+|upgrade|downgrade|revision|down_revision|branch_labels|depends_on|target_metadata)$",
    ),
    Convention("a Python special name", path=r"\.pyi?$", name=r"^__\w+__$"),
    Convention("Django's own files", path=r"(?:^|/)(?:settings(?:/\w+)?|urls|admin|apps|asgi|wsgi|manage)\.py$"),
    Convention("a management command", path=r"(?:^|/)management/commands/"),
    Convention(
        "a class that its decorator hands to the framework",
        decorators=r"(?:^|\s)(?:Module|Controller|Resolver|WebSocketGateway|Processor|Catch|Component|Directive|Pipe|"
        r"NgModule|EventSubscriber|EventsHandler|CommandHandler|QueryHandler|Entity|Schema|customElement|Command|Global)"
        r"(?:\s|$)",
    ),
    Convention(
        "a function that its decorator registers",
        decorators=r"(?:^|[\s._])(?:tool|task|shared_task|fixture|hookimpl|command|group|callback|route|get|post|put|"
        r"delete|patch|websocket|head|options|middleware|exception_handler|errorhandler|on_event|event|listener|listens_for|"
        r"receiver|subscribe[r]?|handler|register\w*|resolver|query|mutation|field|validator|field_validator|"
        r"model_validator|root_validator|field_serializer|computed_field|hybrid_property|before_\w+|after_\w+|periodic_task|"
        r"job|scheduled|cron|hook|plugin|step|flow|agent|workflow|signal|activity|resource|prompt|implements|entrypoint|"
        r"skill|action|provider|factory|singledispatch|setter|property|cached_property)(?:\s|$)",
    ),
    Convention(
        "a function that an object's decorator registers",
        decorators=r"\w\.(?:on|once|listen|consumer?|when|bind|connect|observe|watch|startup|shutdown)(?:\s|$)",
    ),
    Convention(
        "a method that its decorator registers",
        member=True,
        decorators=r"(?:^|\s)(?:Get|Post|Put|Delete|Patch|All|Sse|MessagePattern|EventPattern|SubscribeMessage|OnEvent|"
        r"Cron|Interval|Timeout|Process|OnQueue\w*|OnWorkerEvent|EventSubscriber|OnGateway\w*|Query|Mutation|"
        r"Subscription|ResolveField|HostListener|Input|Output|Action|Selector|UseGuards|Subscribe|OnModule\w*)(?:\s|$)",
    ),
    Convention(
        "a method that a framework or the language calls",
        member=True,
        name=r"^(?:constructor|ngOn\w+|onModule\w+|onApplication\w+|beforeApplication\w+|handleConnection|"
        r"handleDisconnect|afterInit|canActivate|intercept|transform|use|catch|configure|register|validate|"
        r"render|component\w+|getDerivedState\w+|shouldComponentUpdate|getSnapshot\w+|serialize|deserialize|toJSON|toString|"
        r"setUp|tearDown|setUpClass|tearDownClass|visit_\w+|generic_visit|do_[A-Z]+|model_post_init|get_queryset|"
        r"dispatch|forward|on_\w+)$",
    ),
    Convention(
        "a method that a base class may call",
        member=True,
        inherits=True,
        name=r"^_?a?(?:process|handle|execute|run|perform|invoke|call|emit|format|filter|default|get_response|on[A-Z]\w*)$",
    ),
)

_COMPILED = tuple(
    (
        rule,
        LazyPattern(rule.path) if rule.path else None,
        LazyPattern(rule.name) if rule.name else None,
        LazyPattern(rule.decorators) if rule.decorators else None,
    )
    for rule in CONVENTIONS
)


def find_convention(symbol: Fact, owner: Fact | None = None) -> str:
    """Why a ``symbol`` fact counts as used without an import, or ``""``; `owner` is a method's class."""
    own_decorators = symbol.attr("decorators")
    for rule, path, name, decorators in _COMPILED:
        if path is not None and not path.search(symbol.path):
            continue
        if name is not None and not name.search(symbol.name):
            continue
        if decorators is not None and not (own_decorators and decorators.search(own_decorators)):
            continue
        if rule.default and symbol.attr("default") != "yes":
            continue
        if rule.member and not symbol.attr("parent"):
            continue
        if rule.inherits and not (owner is not None and owner.attr("bases")):
            continue
        return rule.why
    return ""
