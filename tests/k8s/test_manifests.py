"""The manifests, as a cluster would be given them: valid for the last three versions of Kubernetes, and closed."""

import re
from typing import Any

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import pytest

from common.settings import FrontendSettings, SenderSettings, parse_duration
from tests.k8s.cluster import OTHERS, OVERLAYS, Resource, Workload, rendered, workloads

RENDERED = {path.name: rendered(path.name) for path in sorted(OVERLAYS.iterdir())}
VERSIONS = list({version.rsplit(".", 1)[0]: version for version in kubernetes_validate.utils.all_versions()}.values())[
    -3:
]
EVERYTHING = [
    pytest.param(resource, id=f"{overlay}-{resource['kind']}-{resource['metadata']['name']}")
    for overlay, resources in RENDERED.items()
    for resource in resources
]
WORKLOADS = [
    pytest.param(workload, id=f"{overlay}-{workload.name}")
    for overlay, resources in RENDERED.items()
    for workload in workloads(resources)
]
OURS = [each for each in WORKLOADS if "pombo-" in str(each.id)]

VARIABLES = {name.upper() for settings in (FrontendSettings, SenderSettings) for name in settings.model_fields} | {
    "DATABASE_URL"
}


def of_kind(overlay: str, kind: str, name: str | None = None) -> list[Resource]:
    return [each for each in RENDERED[overlay] if each["kind"] == kind and name in (None, each["metadata"]["name"])]


@pytest.mark.parametrize("resource", EVERYTHING)
def test_a_resource_is_valid_in_the_last_three_versions(resource: Resource) -> None:
    if resource["kind"] in OTHERS:
        jsonschema.validate(resource, OTHERS[resource["kind"]])
        return
    for version in VERSIONS:
        kubernetes_validate.validate(resource, version, strict=True)


def test_the_schemas_are_of_three_versions_and_refuse_what_is_wrong() -> None:
    assert len({version.rsplit(".", 1)[0] for version in VERSIONS}) == 3
    wrong = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x"}, "automountServiceAccountTokn": 1}
    for version in VERSIONS:
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, version, strict=True)


@pytest.mark.parametrize("overlay", RENDERED)
def test_the_variables_are_settings(overlay: str) -> None:
    given = {name for each in of_kind(overlay, "ConfigMap") for name in each["data"] if "json" not in name}
    given |= {name for each in of_kind(overlay, "Secret") for name in each["data"]}
    given |= {
        variable["name"]
        for workload in workloads(RENDERED[overlay])
        if workload.name.startswith("pombo-")
        for container in workload.containers
        for variable in container.get("env", ())
    }
    assert given - VARIABLES == set()


@pytest.mark.parametrize("overlay", RENDERED)
def test_the_settings_are_understood_by_both_programs(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    values = {
        name.lower(): value
        for each in of_kind(overlay, "ConfigMap")
        for name, value in each["data"].items()
        if name in VARIABLES and name != "SETTINGS_FOLDER"
    }
    secrets = {
        "postgres_dsn": "postgresql://x", "client_auth_token": "a client token for this",
        "token_encryption_key": "key",
    }  # fmt: skip
    FrontendSettings(**secrets, **values)
    SenderSettings(**secrets, **values)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_pod_may_do_nothing_special(workload: Workload) -> None:
    security = workload.pod["securityContext"]
    assert security["runAsNonRoot"]
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert workload.pod["automountServiceAccountToken"] is False
    for container in workload.containers:
        confined = container["securityContext"]
        assert confined["readOnlyRootFilesystem"]
        assert not confined["allowPrivilegeEscalation"]
        assert confined["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_selectors_and_volumes_fit(workload: Workload) -> None:
    if selector := workload.resource["spec"].get("selector"):
        assert selector["matchLabels"].items() <= workload.labels.items()
    for constraint in workload.pod.get("topologySpreadConstraints", ()):
        assert constraint["labelSelector"]["matchLabels"].items() <= workload.labels.items()
    volumes = {volume["name"] for volume in workload.pod["volumes"]}
    assert {mount["name"] for each in workload.containers for mount in each.get("volumeMounts", ())} == volumes


@pytest.mark.parametrize("workload", OURS)
def test_what_a_program_writes_to_is_mounted(workload: Workload) -> None:
    if workload.name == "pombo-migrate":
        return
    writable = {mount["mountPath"] for mount in workload.pod["containers"][0]["volumeMounts"]}
    assert {"/tmp", SenderSettings.model_fields["media_local_storage_path"].default} <= writable


@pytest.mark.parametrize("workload", OURS)
def test_a_program_has_time_for_its_last_work(workload: Workload) -> None:
    """Kubernetes counts the hook and the signal together."""
    needed = {"pombo-migrate": 0.0, "pombo-frontend": 5 + 20 + 5.0, "pombo-sender": 0.0}[workload.name]
    if workload.name == "pombo-sender":
        defaults = SenderSettings.model_fields
        needed = sum(defaults[name].default.total_seconds() for name in ("drain_timeout", "shutdown_timeout")) + 5
        assert needed > defaults["send_timeout"].default.total_seconds()
    assert workload.pod.get("terminationGracePeriodSeconds", 30) > needed


@pytest.mark.parametrize("workload", OURS)
def test_probes_ask_for_what_the_programs_serve(workload: Workload) -> None:
    if workload.name == "pombo-migrate":
        return
    container = workload.pod["containers"][0]
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    # Liveness asks nobody else: an outage of a store must not restart everything.
    assert paths == {"startupProbe": "/health", "livenessProbe": "/health", "readinessProbe": "/ready"}
    settings = FrontendSettings if workload.name == "pombo-frontend" else SenderSettings
    name = "http_addr" if settings is FrontendSettings else "sender_http_addr"
    port = int(settings.model_fields[name].default.rpartition(":")[2])
    assert [each["containerPort"] for each in container["ports"]] == [port]
    patience: Any = parse_duration(f"{container['readinessProbe']['timeoutSeconds']}s")
    assert patience > FrontendSettings.model_fields["ready_timeout"].default


@pytest.mark.parametrize("overlay", RENDERED)
def test_nothing_is_let_in_or_out_but_what_is_named(overlay: str) -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(overlay, "NetworkPolicy")}
    closed = policies["pombo-closed"]
    assert set(closed["policyTypes"]) == {"Ingress", "Egress"}
    assert not closed.get("ingress")
    assert not closed.get("egress")
    for workload in workloads(RENDERED[overlay]):
        if workload.name.startswith("pombo-"):
            assert closed["podSelector"]["matchLabels"].items() <= workload.labels.items()
            assert workload.labels["pombo/reaches-stores"] == "true"
    world = policies["pombo-world"]["egress"][0]
    assert {"10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/8"} <= set(world["to"][0]["ipBlock"]["except"])
    assert {each["port"] for each in world["ports"]} == {80, 443}


@pytest.mark.parametrize("overlay", RENDERED)
def test_new_programs_wait_for_the_schema(overlay: str) -> None:
    for workload in workloads(RENDERED[overlay]):
        if workload.name in ("pombo-frontend", "pombo-sender"):
            (waiting,) = workload.pod["initContainers"]
            assert waiting["args"] == ["-m", "common.schema", "--wait"]
            assert waiting["image"] == workload.pod["containers"][0]["image"]


def test_production_scales_both_programs_and_keeps_some_of_each() -> None:
    (frontends,) = of_kind("production", "HorizontalPodAutoscaler")
    assert [each["type"] for each in frontends["spec"]["metrics"]] == ["Resource", "Pods"]
    (senders,) = of_kind("production", "ScaledObject")
    queries = [trigger["metadata"]["query"] for trigger in senders["spec"]["triggers"]]
    assert [name in query for name, query in zip(("sessions", "oldest"), queries, strict=True)] == [True, True]
    assert min(frontends["spec"]["minReplicas"], senders["spec"]["minReplicaCount"]) >= 2
    for name in ("pombo-frontend", "pombo-sender"):
        (budget,) = of_kind("production", "PodDisruptionBudget", name)
        assert budget["spec"]["maxUnavailable"] == 1


def test_production_holds_no_secret() -> None:
    assert of_kind("production", "Secret") == []
    assert not re.search(r"(?i)(password|token|secret_key)=\S", "".join(
        path.read_text() for path in (OVERLAYS / "production").iterdir()
    ))  # fmt: skip
