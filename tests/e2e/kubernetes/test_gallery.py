"""The gallery on a real Kubernetes: what a user sees of it, and that neither scaling nor a rollout costs a request."""

import time
from typing import Any

import jpeg
import pytest
from client import Client, Traffic
from cluster import Release, wait_until

# Every rollout step waits for minReadySeconds and the drain of a pod.
ROLLOUT_TIMEOUT = 300.0

Measurements = dict[str, Any]


@pytest.fixture(scope="session")
def photo(client: Client) -> str:
    names = client.get("/photos").json()
    assert len(names) >= 3 and all(isinstance(name, str) for name in names), names
    return names[0]


def test_the_page_comes_from_the_front_end(client: Client) -> None:
    answer = client.get("/")
    assert answer.status == 200
    assert answer.content_type.startswith("text/html")
    assert b"<html" in answer.body.lower()


def test_a_thumbnail_has_the_size_that_was_asked_for(client: Client, photo: str) -> None:
    for width in (160, 320):
        answer = client.get(f"/thumb/{photo}?w={width}&fmt=jpeg")
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert jpeg.size(answer.body)[0] == width


def test_no_photograph_is_a_404(client: Client) -> None:
    assert client.get("/thumb/no-such-photograph.jpg?w=160").status == 404


def test_pods_are_what_the_deployments_say(release: Release) -> None:
    for tier in ("frontend", "backend"):
        ready = release.deployment(tier)["status"]["readyReplicas"]
        assert ready == len(release.pods(tier)) == 2


def test_new_backends_are_used_within_ten_seconds(
    release: Release, traffic: Traffic, photo: str, measurements: Measurements
) -> None:
    used: set[str] = set()

    def four_have_answered() -> bool:
        pods = {pod["metadata"]["name"] for pod in release.pods("backend")}
        used.update(pod for pod in pods - used if release.requests_answered(pod) > 0)
        return len(used) == 4

    with traffic("/photos", f"/thumb/{photo}?w=160&fmt=jpeg"):
        began = time.monotonic()
        release.scale("backend", 4)
        wait_until(four_have_answered, "requests to run on four backends", 60, lambda: f"ran on {sorted(used)}")
        took = time.monotonic() - began
    measurements["seconds until four backends were in use"] = round(took, 1)
    traffic.assert_no_failure()
    assert took < 10, f"took {took:.1f} s"


def test_fewer_backends_cost_no_request(
    release: Release, traffic: Traffic, photo: str, measurements: Measurements
) -> None:
    with traffic("/diag/sleep?ms=50", f"/thumb/{photo}?w=160&fmt=jpeg"):
        release.scale("backend", 2)
        wait_until(lambda: len(release.pods("backend")) == 2, "two backends to be left", ROLLOUT_TIMEOUT)
    measurements["scaling from 4 to 2 backends"] = traffic.report
    traffic.assert_no_failure()


@pytest.mark.parametrize("tier", ["backend", "frontend"])
def test_a_rolling_restart_costs_no_request(
    release: Release, traffic: Traffic, photo: str, measurements: Measurements, tier: str
) -> None:
    before = {pod["metadata"]["name"] for pod in release.pods(tier)}
    with traffic("/diag/hello", "/", "/diag/sleep?ms=50", f"/thumb/{photo}?w=160&fmt=jpeg"):
        began = time.monotonic()
        release.rollout_restart(tier, ROLLOUT_TIMEOUT)
        took = time.monotonic() - began
    after = {pod["metadata"]["name"] for pod in release.pods(tier)}
    assert len(after) == 2 and not after & before
    measurements[f"rolling restart of the {tier}s"] = {**traffic.report, "restart_seconds": round(took, 1)}
    traffic.assert_no_failure()


def test_a_killed_backend_costs_no_request(
    release: Release, traffic: Traffic, measurements: Measurements
) -> None:
    """Without grace: what ran in it runs again in the other."""
    victim = release.pods("backend")[0]["metadata"]["name"]
    with traffic("/diag/hello", "/diag/sleep?ms=50"):
        release.kubectl("delete", "pod", victim, "--grace-period=0", "--force")
        wait_until(
            lambda: release.deployment("backend")["status"].get("readyReplicas") == 2
            and victim not in {pod["metadata"]["name"] for pod in release.pods("backend")},
            "the pod to be replaced",
            60,
        )
    measurements["a backend killed"] = traffic.report
    traffic.assert_no_failure()


def test_nothing_has_restarted_by_itself(release: Release) -> None:
    assert release.restarts() == {}
