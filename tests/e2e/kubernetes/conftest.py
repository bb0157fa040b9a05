"""One gallery for all tests of the session; run.sh says what the environment has to hold."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
sys.path.insert(0, str(HERE))

from client import Client, Traffic  # noqa: E402
from cluster import Release, run  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def cluster() -> None:
    # Not the default ~/.kube/config: nobody should test on a cluster by mistake.
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster")
    for program in ("kubectl", "helm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    os.chdir(REPOSITORY)
    run("kubectl", "version", timeout=30)


@pytest.fixture(scope="session")
def images(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Built and in the nodes' stores."""
    load = os.environ.get("E2E_IMAGE_LOAD")
    if not load:
        return  # the nodes can get them by themselves
    folder = tmp_path_factory.mktemp("images")
    targets = ("frontend", "backend", "gallery")
    subprocess.run(["docker/build-images.sh", "--archive", str(folder), *targets], check=True, stdin=subprocess.DEVNULL)
    run(*shlex.split(load), *(str(folder / f"anteroom-{target}.tar") for target in targets), timeout=600)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def release(images: None) -> Iterator[Release]:
    """The gallery."""
    with Release("gallery", "--values", "helm/anteroom/ci/gallery-values.yaml") as release:
        yield release


@pytest.fixture(scope="session")
def client(release: Release) -> Client:
    return Client(release.service_url())


@pytest.fixture
def traffic(client: Client) -> Traffic:
    return Traffic(client.url)


@pytest.fixture(scope="session")
def measurements() -> Iterator[dict[str, object]]:
    """What the tests measured; printed at the end, and kept in E2E_REPORT."""
    found: dict[str, object] = {}
    yield found
    text = json.dumps(found, indent=2)
    print(f"\nmeasured: {text}")
    if path := os.environ.get("E2E_REPORT"):
        pathlib.Path(path).write_text(text + "\n")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    release = item.funcargs.get("release")  # type: ignore[attr-defined]
    if call.when == "call" and outcome.get_result().failed and release is not None:
        outcome.get_result().sections.append(("cluster", release.describe()))
