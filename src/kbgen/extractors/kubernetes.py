"""Facts of Kubernetes resources: workloads, services, ports, variables.

``service``
    A workload or a Service by its name, `value` the image of a workload's container (one fact a container).
    [source: kubernetes; kind: Deployment, StatefulSet, Service …; image; container: its name; init: yes for one
    that runs before; labels: of the pods, ``app=web tier=front``; selector: of a Service, the same form;
    namespace; replicas; type: of a Service; external: the name outside; health: path of its probe; command:
    with its arguments; env_from: config maps and secrets taken whole, blank-joined; patch: delete]
``port``
    `name` the port of the container, `value` the one that a Service gives it; empty for a container's own.
    [service; kind; source; protocol: unless TCP; port_name; node_port]
``setting``
    A container's variable, `value` as written. [service; container; source; ref: where it comes from instead,
    ``configmap/name/key``, ``secret/name/key``, ``field/path``]. A ConfigMap's and a Secret's entries too.
    [configmap or secret: its name]
``config``
    An Ingress's rules, ``ingress.NAME.HOST/path``, `value` ``service:port``; every key of other kinds. [kind;
    resource]
"""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.extractors.base import shorten
from kbgen.extractors.configuration import read_keys
from kbgen.extractors.nodes import Node, keep_attrs
from kbgen.extractors.variables import HIDDEN, VALUE_LIMIT, make_setting
from kbgen.model import Fact

VERSION = "kubernetes-1"

_Attrs = tuple[tuple[str, str], ...]

_READ = frozenset({"CronJob", "Pod", "Service", "ConfigMap", "Secret", "Ingress"})
_TEMPLATED = frozenset(
    {
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "Rollout",
        "DeploymentConfig",
    }
)


def read_resource(root: Node, path: str) -> Iterator[Fact]:
    """All but the `config` facts of resources that have no reader here."""
    for resource in _list_resources(root):
        kind = resource.read("kind")
        if kind in _TEMPLATED or (kind == "Service" and resource.get("spec", "template").entries):
            yield from _read_workload(resource, kind, resource.get("spec", "template"), path)
        elif kind == "CronJob":
            yield from _read_workload(resource, kind, resource.get("spec", "jobTemplate", "spec", "template"), path)
        elif kind == "Pod":
            yield from _read_workload(resource, kind, resource, path)
        elif kind == "Service":
            yield from _read_service(resource, path)
        elif kind in ("ConfigMap", "Secret"):
            yield from _read_entries(resource, kind, path)
        elif kind == "Ingress":
            yield from _read_ingress(resource, path)


def read_rest(root: Node, path: str) -> Iterator[Fact]:
    """Every key of the other resources."""
    for resource in _list_resources(root):
        kind = resource.read("kind")
        if kind not in _READ and kind not in _TEMPLATED:
            attrs = keep_attrs(("kind", kind), ("resource", resource.read("metadata", "name")))
            rest = {key: child for key, child in resource.entries.items() if key not in ("apiVersion", "kind")}
            yield from read_keys(Node(resource.line, entries=rest), path, "", attrs)


def _list_resources(root: Node) -> list[Node]:
    if root.read("kind") != "List":
        return [root]
    return [item for item in root.get("items").items if item.read("kind")]


def _read_workload(root: Node, kind: str, template: Node, path: str) -> Iterator[Fact]:
    name = root.read("metadata", "name")
    spec = template.get("spec")
    common = keep_attrs(
        ("labels", _join_labels(template.get("metadata", "labels"))),
        ("namespace", root.read("metadata", "namespace")),
        ("replicas", root.read("spec", "replicas")),
        ("schedule", root.read("spec", "schedule")),
        ("patch", root.read("$patch")),
    )
    containers = [(container, "") for container in spec.get("containers").items]
    containers += [(container, "yes") for container in spec.get("initContainers").items]
    if not containers:
        attrs = (("source", "kubernetes"), ("kind", kind), *common)
        yield Fact("service", name, path, root.get("metadata", "name").line or root.line, "", "", "", attrs)
    for container, init in containers:
        yield from _read_container(container, name, keep_attrs(("kind", kind), ("init", init), *common), path)


def _read_container(container: Node, workload: str, common: _Attrs, path: str) -> Iterator[Fact]:
    image, label = container.read("image"), container.read("name")
    sources = [
        f"{short}/{entry.read(key, 'name')}"
        for entry in container.get("envFrom").items
        for key, short in (("configMapRef", "configmap"), ("secretRef", "secret"))
        if key in entry.entries
    ]
    command = [*container.get("command").list_texts(), *container.get("args").list_texts()]
    attrs = keep_attrs(
        ("source", "kubernetes"),
        ("image", image),
        ("container", label),
        *common,
        ("health", _find_probe(container)),
        ("command", shorten(" ".join(command), VALUE_LIMIT)),
        ("env_from", " ".join(sources)),
    )
    yield Fact("service", workload, path, container.line, image, "", "", attrs)
    owner = keep_attrs(("service", workload), ("source", "kubernetes"))
    for port in container.get("ports").items:
        details = keep_attrs(*owner, ("kind", dict(common)["kind"]), *_describe_port(port))
        if port.read("containerPort"):
            yield Fact("port", port.read("containerPort"), path, port.line, "", "", "", details)
    for variable in container.get("env").items:
        yield from _read_variable(variable, (*owner, *keep_attrs(("container", label))), path)


def _find_probe(container: Node) -> str:
    for key in ("readinessProbe", "livenessProbe", "startupProbe"):
        probe = container.get(key)
        if "grpc" in probe.entries:
            return f"grpc:{probe.read('grpc', 'port')}"
        if probe.read("httpGet", "path"):
            return probe.read("httpGet", "path")
    return ""


def _describe_port(port: Node) -> _Attrs:
    protocol = port.read("protocol")
    return keep_attrs(
        ("protocol", "" if protocol == "TCP" else protocol.lower()),
        ("port_name", port.read("name")),
        ("node_port", port.read("nodePort")),
    )


def _read_variable(variable: Node, owner: _Attrs, path: str) -> Iterator[Fact]:
    name = variable.read("name")
    source = variable.get("valueFrom")
    if not name:
        return
    if not source.entries:
        yield make_setting(path, variable.line, name, variable.read("value"), owner)
        return
    ref = ""
    for key, short in (("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")):
        if key in source.entries:
            ref = f"{short}/{source.read(key, 'name')}/{source.read(key, 'key')}"
    if "fieldRef" in source.entries:
        ref = f"field/{source.read('fieldRef', 'fieldPath')}"
    yield Fact("setting", name, path, variable.line, "", "", "", keep_attrs(*owner, ("ref", ref)))


def _read_service(root: Node, path: str) -> Iterator[Fact]:
    name, spec = root.read("metadata", "name"), root.get("spec")
    attrs = keep_attrs(
        ("source", "kubernetes"),
        ("kind", "Service"),
        ("selector", _join_labels(spec.get("selector"))),
        ("namespace", root.read("metadata", "namespace")),
        ("type", spec.read("type")),
        ("external", spec.read("externalName")),
    )
    yield Fact("service", name, path, root.get("metadata", "name").line or root.line, "", "", "", attrs)
    for port in spec.get("ports").items:
        outside = port.read("port")
        inside = port.read("targetPort") or outside
        details = keep_attrs(("service", name), ("source", "kubernetes"), ("kind", "Service"), *_describe_port(port))
        if inside:
            yield Fact("port", inside, path, port.line, outside, "", "", details)


def _join_labels(labels: Node) -> str:
    return " ".join(f"{key}={value.text or ''}" for key, value in labels.entries.items())


def _read_entries(root: Node, kind: str, path: str) -> Iterator[Fact]:
    """What a ConfigMap holds; of a Secret the names alone."""
    name = root.read("metadata", "name")
    owner = (("source", "kubernetes"), (kind.lower(), name))
    for part in ("data", "stringData"):
        for key, value in root.get(part).entries.items():
            if kind == "Secret":
                yield Fact("setting", key, path, value.line, HIDDEN, "", "", owner)
            else:
                yield make_setting(path, value.line, key, value.text or "", owner)


def _read_ingress(root: Node, path: str) -> Iterator[Fact]:
    name = root.read("metadata", "name")
    attrs = (("kind", "Ingress"), ("resource", name))
    spec = root.get("spec")
    for rule in spec.get("rules").items:
        for place in rule.get("http", "paths").items:
            key = f"ingress.{name}.{rule.read('host') or '*'}{place.read('path') or '/'}"
            yield Fact("config", key, path, place.line, _name_backend(place.get("backend")), "", "", attrs)
    for key in ("defaultBackend", "backend"):
        if key in spec.entries:
            yield Fact(
                "config", f"ingress.{name}.*", path, spec.get(key).line, _name_backend(spec.get(key)), "", "", attrs
            )


def _name_backend(backend: Node) -> str:
    """``service:port``, in the shape of networking.k8s.io/v1 and in the older one."""
    service = backend.read("service", "name") or backend.read("serviceName")
    port = backend.get("service", "port")
    number = port.read("number") or port.read("name") or backend.read("servicePort")
    return f"{service}:{number}" if number else service
