"""Every file by its own tool or schema: hadolint, the Compose Specification, Kubernetes' and Argo's own validators,
cfn-lint, botocore, GitHub's workflow schema; and what the tools do not know, such as limits that were measured."""

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import botocore.validate
import kubernetes_validate
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator
from playwright._impl._driver import compute_driver_executable

from data.discovery import kinds
from data.errors import InvalidValue
from data.workloads.poisson import Poisson
from simulators.plan import Deterministic, Plan, Station, Unit, Visit
from simulators.risk import Subject
from simulators.risk.rubric import counted
from simulators.shipping import FileKind, Resources, Shipment, Shipped, ship
from simulators.shipping.files.cronjob import schedule_of
from simulators.shipping.files.sagemaker import OPERATIONS
from strategies.packaging.package import ModelPackage

MANAGED = "managed_serverless"
BIN = Path(sys.executable).parent
ARGO = Path(__file__).parent / "vendor" / "argo.cjs"
KINDS = kinds("simulators.shipping.files", FileKind)  # type: ignore[type-abstract]
EVERYWHERE = ("api", "streaming", "batch")


def documents(shipped: Shipped, folder: str) -> Iterator[tuple[str, Any]]:
    """Path and document of each YAML file of a folder, but for what only kustomize reads."""
    for path, content in shipped.files.items():
        if path.startswith(f"{folder}/") and path.endswith(".yaml") and "kustomization" not in path:
            yield path, yaml.safe_load(content)


def checked(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", EVERYWHERE)
def test_hadolint_finds_nothing_in_the_dockerfile(folders: dict[str, Path], name: str) -> None:
    checked(BIN / "hadolint", folders[name] / "Dockerfile")
    text = (folders[name] / "Dockerfile").read_text()
    assert "USER 10001:10001" in text
    assert ("HEALTHCHECK" in text) == (name == "api")
    for line in text.splitlines():
        if line.startswith("COPY"):
            assert (folders[name] / line.split()[1]).exists()


@pytest.mark.parametrize("name", EVERYWHERE)
def test_the_compose_file_follows_the_specification(shipped: dict[str, Shipped], name: str) -> None:
    document = yaml.safe_load(shipped[name].files["compose.yaml"])
    errors = [
        error.message for error in Draft7Validator(get_builtin_schema("vendor.compose-spec")).iter_errors(document)
    ]
    assert errors == []
    ours = [service for service in document["services"].values() if "build" in service]
    assert ours
    for service in ours:
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["mem_limit"] == "224m"  # 140 MiB and half as much again, in steps of 16


@pytest.mark.parametrize("name", EVERYWHERE)
def test_manifests_follow_kubernetes_schemas_strictly(shipped: dict[str, Shipped], name: str) -> None:
    found = dict(documents(shipped[name], "kubernetes"))
    for path, document in found.items():
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
        assert document["metadata"]["name"].startswith("tumour"), path
    expected = {
        "api": {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"},
        "streaming": {"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"},
        "batch": {"CronJob", "PersistentVolumeClaim"},
    }[name]
    assert {document["kind"] for document in found.values()} == expected


@pytest.mark.parametrize(("name", "folder"), [*((n, "kubernetes") for n in EVERYWHERE), ("api", "rollouts")])
def test_kustomize_reads_every_file(folders: dict[str, Path], name: str, folder: str) -> None:
    listed = yaml.safe_load((folders[name] / folder / "kustomization.yaml").read_text())["resources"]
    there = {path.name for path in (folders[name] / folder).glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed) == there
    if kubectl := shutil.which("kubectl"):  # an addition where it happens to be installed
        built = list(yaml.safe_load_all(checked(kubectl, "kustomize", folders[name] / folder)))
        assert len(built) == len(listed)


def test_pods_get_what_was_measured_and_nothing_they_do_not_need(shipped: dict[str, Shipped]) -> None:
    found = {document["kind"]: document for _, document in documents(shipped["api"], "kubernetes")}
    spec = found["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    # 2 ms at 100 requests/s on two replicas are a tenth of a processor each, and replicas are to be half busy.
    assert container["resources"]["requests"] == {"cpu": "200m", "memory": "224Mi"}
    assert container["resources"]["limits"]["memory"] == "224Mi"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] == "http"
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert found["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == 2
    selected = found["Service"]["spec"]["selector"].items()
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert found[kind]["spec"]["selector"]["matchLabels"].items() <= selected
    assert selected <= found["Deployment"]["spec"]["template"]["metadata"]["labels"].items()


def argo_errors(*found: Any) -> list[list[dict[str, Any]]]:
    """What the validators generated from Argo Rollouts' own types say, run by the Node.js that Playwright brings."""
    node = compute_driver_executable()[0]
    done = subprocess.run(
        [node, "--no-deprecation", str(ARGO)], input=json.dumps(found), capture_output=True, text=True, check=True
    )
    errors: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return errors


def broken(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The document with one value after the other replaced by what no field of Argo's or Kubernetes' takes."""
    inner: Any = document
    for key in path:
        inner = inner[key]
    places = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
    for key, value in places:
        changed = copy.deepcopy(document)
        target = changed
        for step in path:
            target = target[step]
        target[key] = 7.5 if isinstance(value, dict | list) else {"wrong": {}}
        yield (*path, key), changed
        if key not in ("matchLabels", "labels", "emptyDir"):
            yield from broken(document, (*path, key))


def test_the_rollout_follows_argos_types_and_every_key_is_one_of_theirs(shipped: dict[str, Shipped]) -> None:
    found = {d["kind"]: d for _, d in documents(shipped["api"], "rollouts")}
    rollout, analysis = found["Rollout"], found["AnalysisTemplate"]
    assert argo_errors(rollout, analysis) == [[], []]
    # A key that the types do not have would be dropped in silence: then no value of it could be wrong.
    for document in (rollout, analysis):
        tried = [(path, changed) for path, changed in broken({"spec": document["spec"]})]
        changed_documents = [{**document, **changed} for _, changed in tried]
        quiet = [path for (path, _), errors in zip(tried, argo_errors(*changed_documents), strict=True) if not errors]
        assert quiet == []
    for path, document in documents(shipped["api"], "rollouts"):
        if document["apiVersion"] != "argoproj.io/v1alpha1":
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
        else:
            assert document["metadata"]["name"] == "tumour", path
    as_deployment = {
        **rollout,
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {**rollout["spec"], "strategy": {}},
    }
    kubernetes_validate.validate(as_deployment, kubernetes_validate.latest_version(), strict=True)


def test_the_canary_takes_the_policys_steps(shipped: dict[str, Shipped]) -> None:
    found = {d["kind"]: d for _, d in documents(shipped["api"], "rollouts") if d["kind"] != "Service"}
    canary = found["Rollout"]["spec"]["strategy"]["canary"]
    assert [step["setWeight"] for step in canary["steps"] if "setWeight" in step] == list(range(5, 51, 5))
    services = {d["metadata"]["name"] for _, d in documents(shipped["api"], "rollouts") if d["kind"] == "Service"}
    assert {canary["stableService"], canary["canaryService"]} == services
    failed, late = found["AnalysisTemplate"]["spec"]["metrics"]
    assert "<= 0.01" in failed["successCondition"]
    assert 'le="0.05"' in late["provider"]["prometheus"]["query"]  # the first bound that holds 40 ms


def test_cfn_lint_finds_nothing_in_the_sam_template(folders: dict[str, Path], shipped: dict[str, Shipped]) -> None:
    checked(BIN / "cfn-lint", *(folders[name] / "sam" / "template.yaml" for name in ("api", MANAGED)))
    function = yaml.safe_load(shipped[MANAGED].files["sam/template.yaml"])["Resources"]["Model"]["Properties"]
    assert function["ReservedConcurrentExecutions"] == 50
    assert function["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 2}
    assert function["MemorySize"] == 512


@pytest.mark.parametrize("name", ["api", MANAGED])
def test_sagemakers_requests_are_what_awss_own_client_accepts(shipped: dict[str, Shipped], name: str) -> None:
    session = botocore.session.get_session()
    found = {p: json.loads(c) for p, c in shipped[name].files.items() if p.startswith("sagemaker/")}
    assert len(found) == (5 if name == "api" else 3)
    for path, request in found.items():
        service, operation = OPERATIONS[Path(path).stem]
        shape = session.get_service_model(service).operation_model(operation).input_shape
        report = botocore.validate.ParamValidator().validate(request, shape)
        assert not report.has_errors(), f"{path}: {report.generate_report()}"
    (variant,) = found["sagemaker/create-endpoint-config.json"]["ProductionVariants"]
    if name == MANAGED:
        assert variant["ServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 50}
    else:
        assert variant["InitialInstanceCount"] == 2


def test_the_workflow_follows_githubs_schema_and_tests_measures_and_only_then_releases(
    shipped: dict[str, Shipped], folders: dict[str, Path]
) -> None:
    path = ".github/workflows/release.yml"
    document = yaml.safe_load(shipped["api"].files[path])
    schema = get_builtin_schema("vendor.github-workflows")
    assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
    names = [step.get("name") for step in document["jobs"]["check"]["steps"]]
    assert names.index("Build") < names.index("Test what it answers") < names.index("Measure against the SLO")
    assert document["jobs"]["release"]["needs"] == "check"
    text = shipped["api"].files[path].decode()
    assert "--percentile 99 --latency-ms 40 --max-error-share 0.01" in " ".join(text.split())
    for mentioned in ("test_contract.py", "requirements/check.txt", "rollouts/kustomization.yaml", "files/model"):
        assert (folders["api"] / mentioned).exists()


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_keeps_the_contract(name: str, shipments: dict[str, Shipment]) -> None:
    kind = KINDS[name]()
    assert kind.title
    assert kind.summary
    assert kind.use
    made = 0
    for shipment in shipments.values():
        if reason := kind.why_not(shipment):
            assert shipment.candidate.strategy in reason
            continue
        one, again = kind.files(shipment), kind.files(shipment)
        assert one == again
        assert one
        made += 1
        for path, content in one.items():
            assert not path.startswith("/")
            assert ".." not in path.split("/")
            assert isinstance(content, bytes)
            assert str(Path.home()).encode() + b"/" not in content
    assert made


def test_kinds_never_write_the_same_file_and_the_zip_is_the_same_every_time(shipped: dict[str, Shipped]) -> None:
    for each in shipped.values():
        paths = [path for made in each.made for path in made.files]
        assert len(paths) == len(set(paths))
        assert each.zipped() == each.zipped()
        assert "README.md" in each.files
        for made in each.made:
            assert made.title in each.readme
    assert set(shipped["api"].left_out) == {"Kubernetes CronJob", "NATS streams", "Python package"}


def test_bad_shipments_are_refused(tumour_forest: ModelPackage, shipments: dict[str, Shipment]) -> None:
    chosen = shipments["api"].candidate
    with pytest.raises(InvalidValue, match="registry"):
        Shipment(tumour_forest, chosen, registry="https://evil example")
    with pytest.raises(InvalidValue, match="rate_rps"):
        Shipment(tumour_forest, chosen, rate_rps=0.0)
    with pytest.raises(InvalidValue, match="memory_bytes"):
        Resources.measured(0.001, 0, 10.0, 1)
    assert ship(shipments["embedded"]).files


def test_schedules_are_the_nearest_that_cron_knows() -> None:
    assert schedule_of(1) == "*/1 * * * *"
    assert schedule_of(7 * 60) == "*/6 * * * *"
    assert schedule_of(3_600) == "0 */1 * * *"
    assert schedule_of(10 * 86_400) == "0 3 * * *"


def test_the_risk_rubric_counts_what_is_shipped(shipped: dict[str, Shipped]) -> None:
    """Images, ports and secrets of the rubric, which looks at plans alone, against those in the files."""
    start, model = Deterministic(0.5), Station("model", Deterministic(0.005))
    server = Plan("served", (Unit("model", (model,), start_up=start),), Visit("model"))
    consumers = Unit("model", (model,), start_up=start, balancing="shared_queue")
    stream = Plan("stream", (consumers,), Visit("model", hop=Deterministic(0.001)))
    for name, plan in (("api", server), ("streaming", stream)):
        items = counted(Subject(plan, Poisson(rate_rps=1.0)), "container_orchestrated")
        services = yaml.safe_load(shipped[name].files["compose.yaml"])["services"].values()
        assert len({service["image"] for service in services}) == items["images"]
        text = b"".join(c for p, c in shipped[name].files.items() if p.startswith(("compose", "kubernetes", ".github")))
        mentioned = {word for word in (b"DRYDOCK_TOKEN", b"NATS_TOKEN") if word in text}
        # The credentials of registry and cluster are in no file: whoever deploys has them.
        assert len(mentioned) + 2 == items["secrets"]
    ports = [d for _, d in documents(shipped["api"], "kubernetes") if d["kind"] == "Service"]
    assert len(ports) == counted(Subject(server, Poisson(rate_rps=1.0)), "container_orchestrated")["ports"] == 1
