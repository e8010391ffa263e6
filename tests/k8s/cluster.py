"""What a cluster would be given: overlays rendered by kubectl's kustomize, and schemas of what is not Kubernetes'."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OVERLAYS = Path(__file__).resolve().parents[2] / "k8s" / "overlays"

Resource = dict[str, Any]


def rendered(overlay: str) -> list[Resource]:
    """As `kubectl apply -k` would apply it. Asks no cluster."""
    kubectl = Path(sys.executable).with_name("kubectl")
    done = subprocess.run(
        [kubectl, "kustomize", OVERLAYS / overlay], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@dataclass(frozen=True, slots=True)
class Workload:
    """A resource with a template of pods."""

    resource: Resource

    @property
    def name(self) -> str:
        return str(self.resource["metadata"]["name"])

    @property
    def template(self) -> Resource:
        return dict(self.resource["spec"]["template"])

    @property
    def pod(self) -> Resource:
        return dict(self.template["spec"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.template["metadata"]["labels"])

    @property
    def containers(self) -> list[Resource]:
        return [*self.pod.get("initContainers", ()), *self.pod["containers"]]


def workloads(resources: list[Resource]) -> Iterator[Workload]:
    for resource in resources:
        if "template" in resource.get("spec", {}):
            yield Workload(resource)


def _closed(required: list[str], **properties: Any) -> Resource:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


_TEXT = {"type": "string", "minLength": 1}
_NUMBER = {"type": "integer", "minimum": 0}
_LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA = {"type": "object", "required": ["name"]}
_BEHAVIOR = {"type": "object"}
_TARGET = _closed(["name", "kind", "apiVersion"], name=_TEXT, kind=_TEXT, apiVersion=_TEXT)


def _resource(api: str, kind: str, spec: Resource) -> Resource:
    return _closed(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": api}, kind={"const": kind}, metadata=_METADATA, spec=spec,
    )  # fmt: skip


# The members that we use, as their operators document them: a member that is spelled otherwise is refused.
OTHERS = {
    "ServiceMonitor": _resource(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        _closed(
            ["selector", "endpoints"],
            selector=_closed(["matchLabels"], matchLabels=_LABELS),
            endpoints={
                "type": "array",
                "minItems": 1,
                "items": _closed(["port"], port=_TEXT, path=_TEXT, interval={"pattern": "^[0-9]+s$"}),
            },
        ),
    ),
    "PrometheusRule": _resource(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        _closed(
            ["groups"],
            groups={
                "type": "array",
                "items": _closed(
                    ["name", "rules"],
                    name=_TEXT,
                    rules={
                        "type": "array",
                        "items": _closed(
                            ["alert", "expr"],
                            alert=_TEXT, expr=_TEXT, labels=_LABELS, annotations=_LABELS,
                            **{"for": {"pattern": "^[0-9]+[smh]$"}},
                        ),
                    },
                ),
            },
        ),
    ),
    "ScaledObject": _resource(
        "keda.sh/v1alpha1",
        "ScaledObject",
        _closed(
            ["scaleTargetRef", "triggers"],
            scaleTargetRef=_TARGET,
            minReplicaCount=_NUMBER,
            maxReplicaCount=_NUMBER,
            pollingInterval=_NUMBER,
            fallback=_closed(
                ["failureThreshold", "replicas"],
                failureThreshold=_NUMBER, replicas=_NUMBER,
                behavior={
                    "enum": ["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"]
                },
            ),
            advanced=_closed(
                [], horizontalPodAutoscalerConfig=_closed(["behavior"], behavior=_BEHAVIOR)
            ),
            triggers={
                "type": "array",
                "minItems": 1,
                "items": _closed(
                    ["type", "metadata"],
                    type={"const": "prometheus"}, name=_TEXT,
                    metricType={"enum": ["AverageValue", "Value"]},
                    metadata=_closed(
                        ["serverAddress", "query", "threshold"], serverAddress=_TEXT, query=_TEXT, threshold=_TEXT
                    ),
                ),
            },
        ),
    ),
}  # fmt: skip
