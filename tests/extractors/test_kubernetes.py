"""Kubernetes resources and Skaffold, found by what a document says it is."""

from __future__ import annotations

import pytest

from kbgen.model import FileFacts
from tests.extractors.reading import one, pairs, pick, read, whys


def resource(text: str) -> FileFacts:
    return read("k8s/app.yaml", text)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"])
def test_every_workload_has_its_containers(kind: str) -> None:
    pod = (
        "spec: {containers: [{name: main, image: shop:1, ports: [{containerPort: 80}], env: [{name: A, value: '1'}]}]}"
    )
    spec = {
        "CronJob": f"spec: {{jobTemplate: {{spec: {{template: {{{pod}}}}}}}}}",
        "Pod": pod,
    }.get(kind, f"spec: {{template: {{{pod}}}}}")
    facts = resource(f"apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: shop}}\n{spec}\n")
    service = one(facts, "service", "shop")
    assert (service.value, service.attr("kind"), service.attr("container")) == ("shop:1", kind, "main")
    assert one(facts, "port", "80").attr("service") == "shop"
    assert pairs(facts, "setting") == {"A": "1"}


def test_a_service_maps_its_port_to_that_of_the_container() -> None:
    facts = resource(
        """\
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector: {app: web, tier: front}
          ports:
            - {port: 80, targetPort: 8080}
            - {port: 53, protocol: UDP, nodePort: 30053}
            - {port: 443, targetPort: https}
        """
    )
    assert one(facts, "service", "web").attr("selector") == "app=web tier=front"
    assert one(facts, "service", "web").line == 4
    assert [(f.name, f.value, f.attr("protocol"), f.attr("node_port")) for f in pick(facts, "port")] == [
        ("8080", "80", "", ""),
        ("53", "53", "udp", "30053"),
        ("https", "443", "", ""),
    ]


def test_lists_patches_and_grpc_probes() -> None:
    facts = resource(
        """\
        apiVersion: v1
        kind: List
        items:
          - apiVersion: apps/v1
            kind: Deployment
            metadata: {name: gone}
            $patch: delete
          - apiVersion: apps/v1
            kind: Deployment
            metadata: {name: cart}
            spec: {template: {spec: {containers: [{name: c, readinessProbe: {grpc: {port: 7070}}}]}}}
        """
    )
    assert one(facts, "service", "gone").attr("patch") == "delete"
    assert one(facts, "service", "cart").attr("health") == "grpc:7070"


def test_values_of_secrets_are_never_told() -> None:
    facts = resource(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {user: c2hvcA==}\nstringData: {x: plain}\n"
    )
    assert pairs(facts, "setting") == {"user": "…", "x": "…"}


def test_old_ingresses_and_unknown_kinds() -> None:
    facts = resource(
        """\
        apiVersion: extensions/v1beta1
        kind: Ingress
        metadata: {name: front}
        spec:
          backend: {serviceName: web, servicePort: 80}
          rules:
            - http: {paths: [{path: /api, backend: {serviceName: api, servicePort: http}}]}
        ---
        apiVersion: example.com/v1
        kind: Widget
        metadata: {name: w}
        spec: {size: 3}
        """
    )
    assert pairs(facts, "config") == {
        "ingress.front.*": "web:80",
        "ingress.front.*/api": "api:http",
        "metadata.name": "w",
        "spec.size": "3",
    }
    assert one(facts, "config", "spec.size").attrs == (("kind", "Widget"), ("resource", "w"))


@pytest.mark.parametrize(
    "spec", ["[1]", "{template: x}", "{template: {spec: {containers: {a: b}}}}", "{containers: [x]}"]
)
def test_odd_shapes_give_facts_and_no_error(spec: str) -> None:
    for kind in ("Deployment", "Service", "Pod", "Ingress", "ConfigMap", "CronJob"):
        assert whys(resource(f"apiVersion: v1\nkind: {kind}\nmetadata: x\nspec: {spec}\n")) == []


def test_a_template_is_marked_and_keeps_its_expressions() -> None:
    facts = read(
        "chart/templates/web.yaml",
        """\
        {{- if .Values.on }}
        apiVersion: v1
        kind: Service
        metadata:
          name: {{ .Values.web.name }}
        spec:
          ports:
            - port: {{ .Values.web.port }}
        {{- end }}
        """,
    )
    service = one(facts, "service", "{{.Values.web.name}}")
    assert service.attr("template") == "yes"
    assert whys(facts) == []


def test_skaffold_contexts_are_told_from_the_top_of_the_repository() -> None:
    text = """\
        apiVersion: skaffold/v3
        kind: Config
        build: {artifacts: [{image: web, context: src/web}, {image: all, ko: {}}]}
    """
    facts = read("deploy/skaffold.yaml", text)
    assert pairs(facts, "artifact") == {"web": "deploy/src/web", "all": "deploy"}
    assert one(facts, "artifact", "all").attr("builder") == "ko"
