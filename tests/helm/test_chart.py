"""The chart, for several sets of values: linted, rendered, checked against the API's schemas and for good practice, and
the configuration that it makes for the front end checked by the front end itself.

Wants helm; kubeconform, kube-score and helm-unittest where they are there. What is missing is skipped by name.
KUBECONFORM_SCHEMAS names another place for the schemas than kubeconform's own (the network).
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "helm/anteroom"
BIN_DIR = pathlib.Path(os.environ.get("ANTEROOM_BIN_DIR", REPOSITORY / "build/release/bin"))
KUBERNETES = "1.36.0"

VALUES = sorted((REPOSITORY / "tests/helm/values").glob("*.yaml")) + sorted((CHART / "ci").glob("*.yaml"))

Object = dict[str, Any]


def tool(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"{names[0]} is not installed")


def run(*command: str, stdin: str = "") -> str:
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
    return result.stdout


def render(*arguments: str) -> str:
    return run(tool("helm"), "template", "shop", str(CHART), "--namespace", "store", *arguments)


def objects(manifest: str) -> list[Object]:
    return [document for document in yaml.safe_load_all(manifest) if document]


def find(manifest: str, kind: str, name: str) -> Object:
    found = [o for o in objects(manifest) if o["kind"] == kind and o["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
    return found[0]


def frontend_config(manifest: str) -> str:
    return find(manifest, "ConfigMap", "shop-frontend")["data"]["frontend.yaml"]


@pytest.fixture(params=VALUES, ids=lambda path: path.stem)
def values(request: pytest.FixtureRequest) -> pathlib.Path:
    return request.param


def test_lints(values: pathlib.Path) -> None:
    run(tool("helm"), "lint", "--strict", str(CHART), "--values", str(values))


def test_fits_the_schemas_of_the_api(values: pathlib.Path) -> None:
    schemas = os.environ.get("KUBECONFORM_SCHEMAS")
    location = ["-schema-location", schemas] if schemas else []
    run(
        tool("kubeconform"), "-strict", "-kubernetes-version", KUBERNETES, *location, "-",
        stdin=render("--values", str(values)),
    )  # fmt: skip


# `bare` goes without what is scored.
@pytest.mark.parametrize("values", [path for path in VALUES if path.stem != "bare"], ids=lambda path: path.stem)
def test_scores_well(values: pathlib.Path) -> None:
    # The pull policy is the user's: Always costs a registry's answer at each start of a pod, and gains nothing when tags
    # are never moved.
    run(
        tool("kube-score"), "score", "--exit-one-on-warning", "--output-format", "ci",
        "--kubernetes-version", f"v{KUBERNETES.rpartition('.')[0]}", "--ignore-test", "container-image-pull-policy", "-",
        stdin=render("--values", str(values)),
    )  # fmt: skip


def test_unit_tests_of_the_chart_pass() -> None:
    run(tool("helm-unittest", "untt"), "--strict", str(CHART))


def test_the_front_end_accepts_its_configuration(values: pathlib.Path, tmp_path: pathlib.Path) -> None:
    program = BIN_DIR / "anteroom-frontend"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    text = frontend_config(render("--values", str(values)))
    # Folders that only exist in a pod.
    for folder in ("/srv/www", "/var/spool/anteroom"):
        here = tmp_path / folder.strip("/")
        here.mkdir(parents=True)
        text = text.replace(folder, str(here))
    path = tmp_path / "frontend.yaml"
    path.write_text(text)
    run(str(program), "--config", str(path), "--check")


def test_a_changed_configuration_replaces_the_pods() -> None:
    def checksum(*arguments: str) -> str:
        deployment = find(render(*arguments), "Deployment", "shop-frontend")
        return deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum() == checksum("--set", "frontend.replicas=7")
    assert checksum() != checksum("--set", "frontend.config.log.level=debug")


def test_every_object_carries_the_recommended_labels(values: pathlib.Path) -> None:
    for each in objects(render("--values", str(values))):
        labels = each["metadata"]["labels"]
        name = f"{each['kind']}/{each['metadata']['name']}"
        for label in ("name", "instance", "version", "component", "part-of", "managed-by"):
            assert f"app.kubernetes.io/{label}" in labels, name
        assert labels["app.kubernetes.io/component"] in ("frontend", "backend"), name


def test_selectors_match_the_pods_of_one_tier_only(values: pathlib.Path) -> None:
    rendered = objects(render("--values", str(values)))
    pods = {
        o["metadata"]["labels"]["app.kubernetes.io/component"]: o["spec"]["template"]["metadata"]["labels"]
        for o in rendered
        if o["kind"] == "Deployment"
    }
    for each in rendered:
        spec = each.get("spec", {})
        selector = {
            "Service": lambda: spec["selector"],
            "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
            "Deployment": lambda: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
        }.get(each["kind"])
        if selector is None:
            continue
        selected = {tier for tier, labels in pods.items() if selector().items() <= labels.items()}
        assert selected == {each["metadata"]["labels"]["app.kubernetes.io/component"]}, each["metadata"]["name"]


def test_the_spool_fits_into_its_volume_and_the_volume_into_the_limit(values: pathlib.Path) -> None:
    manifest = render("--values", str(values))
    spool = yaml.safe_load(frontend_config(manifest))["spool"]
    pod = find(manifest, "Deployment", "shop-frontend")["spec"]["template"]["spec"]
    volume = next(v for v in pod["volumes"] if v["name"] == "spool")["emptyDir"]["sizeLimit"]
    container = pod["containers"][0]
    assert next(m for m in container["volumeMounts"] if m["name"] == "spool")["mountPath"] == spool["directory"]
    assert in_bytes(spool["total"]) < in_bytes(volume) < in_bytes(container["resources"]["limits"]["ephemeral-storage"])


def test_request_bodies_fit_into_the_memory_limit(values: pathlib.Path) -> None:
    manifest = render("--values", str(values))
    buffers = yaml.safe_load(frontend_config(manifest))["limits"]["buffers"]
    container = find(manifest, "Deployment", "shop-frontend")["spec"]["template"]["spec"]["containers"][0]
    # Connections and the process itself want some, too.
    assert in_bytes(buffers) <= 3 * in_bytes(container["resources"]["limits"]["memory"]) // 4


def in_bytes(text: str) -> int:
    units = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}
    number, unit = text.rstrip("BKMGTi"), text.lstrip("0123456789").rstrip("B")
    return int(number) << units.get(unit, 0)


SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def resolve(node: Object) -> Object:
    while "$ref" in node:
        node = SCHEMA["definitions"][node["$ref"].rpartition("/")[2]]
    return node


def test_every_value_has_a_schema_and_a_default() -> None:
    """values.yaml and values.schema.json are the same list."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(node: Object, value: Any, path: str) -> None:
        node = resolve(node)
        # What the user fills in (labels, a configuration whose defaults the front end knows) has no list of defaults.
        if node.get("additionalProperties") is not False or not isinstance(value, dict):
            return
        if path in (".frontend.config", ".frontend.static.fromImage") or path.endswith("resources"):
            return
        known = set(node["properties"]) - {"global"}
        assert known == set(value), f"values{path}: {known ^ set(value)}"
        for key in known:
            compare(node["properties"][key], value[key], f"{path}.{key}")

    compare(SCHEMA, defaults, "")


def test_every_setting_of_the_front_end_can_be_made_in_the_chart() -> None:
    """docs/CONFIG.md and the schema of frontend.config are the same list, but for what the chart sets by itself."""

    def keys(node: Object, path: str) -> set[str]:
        node = resolve(node)
        if "items" in node and resolve(node["items"]).get("type") == "object":
            return keys(node["items"], f"{path}*.")
        if isinstance(node.get("additionalProperties"), dict):
            return keys(node["additionalProperties"], f"{path}*.")
        if "properties" not in node:
            return {path.rstrip(".")}
        return {key for name, child in node["properties"].items() for key in keys(child, f"{path}{name}.")}

    document = (REPOSITORY / "docs/CONFIG.md").read_text()
    documented = set(re.findall(r"^\| `([a-z_*.]+)` \| [^|]+ \| [^|]+ \| ", document, re.MULTILINE))
    assert len(documented) > 30
    of_the_chart = {f"listeners.*.{key}" for key in ("address", "unix", "mode", "proxy_protocol")}
    of_the_chart |= {"admin.address", "spool.directory"}
    assert keys(SCHEMA["definitions"]["config"], "") == documented - of_the_chart
