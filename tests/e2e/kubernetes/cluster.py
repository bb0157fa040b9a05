"""kubectl and helm, as far as the test needs them."""

import json
import os
import secrets
import shlex
import subprocess
import time
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]

CHART = "helm/anteroom"


class CommandFailed(AssertionError):
    pass


def run(*command: str, timeout: float = 300, stdin: str | None = None) -> str:
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout)
    if result.returncode != 0:
        raise CommandFailed(f"{shlex.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def wait_until(condition: Callable[[], Any], what: str, timeout: float, explain: Callable[[], str] = lambda: "") -> Any:
    """The first true value of `condition`."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {timeout:.0f} s. {explain()}"
        time.sleep(0.1)
    return value


class Release:
    """The chart, installed into a namespace of its own."""

    def __init__(self, name: str, *values: str):
        """`values` are arguments of helm install."""
        self.name = name
        self.namespace = f"anteroom-e2e-{name}-{secrets.token_hex(3)}"
        self._values = values

    def kubectl(self, *arguments: str, timeout: float = 300) -> str:
        return run("kubectl", "--namespace", self.namespace, *arguments, timeout=timeout)

    def get(self, *arguments: str) -> Object:
        return json.loads(self.kubectl("get", *arguments, "--output", "json"))

    def install(self) -> None:
        # The namespace enforces what the chart promises: no pod that is not restricted starts in it.
        run("kubectl", "create", "namespace", self.namespace)
        run(
            "kubectl", "label", "namespace", self.namespace,
            "pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/enforce-version=latest",
        )  # fmt: skip
        run(
            "helm", "install", self.name, CHART, "--namespace", self.namespace, *self._values,
            "--wait", "--timeout", "180s", *shlex.split(os.environ.get("E2E_HELM_ARGS", "")),
        )  # fmt: skip

    def __enter__(self) -> "Release":
        try:
            self.install()
        except BaseException:
            print(self.describe())
            self.uninstall()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()

    def uninstall(self) -> None:
        # --wait: what is left afterwards is a fault of the chart, not of impatience.
        try:
            run("helm", "uninstall", self.name, "--namespace", self.namespace, "--wait", "--timeout", "180s")
        finally:
            run("kubectl", "delete", "namespace", self.namespace, "--wait=false", "--ignore-not-found")

    def service_url(self) -> str:
        service = self.get("service", f"{self.name}-frontend")
        address = service["spec"]["clusterIP"]
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{service['spec']['ports'][0]['port']}"

    def pods(self, tier: str) -> list[Object]:
        return self.get("pods", "--selector", f"app.kubernetes.io/component={tier}")["items"]

    def requests_answered(self, pod: str) -> float:
        """What handlers of a backend pod have answered, out of its metrics, asked for through the API server."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}:9902/proxy/metrics"
        try:
            page = self.kubectl("get", "--raw", path, timeout=30)
        except CommandFailed:
            return 0  # not started yet
        samples = (line.rpartition(" ") for line in page.splitlines() if line.startswith("anteroom_backend_requests_total{"))
        return sum(float(value) for _, _, value in samples)

    def restarts(self) -> dict[str, int]:
        """Containers that ended by themselves, by pod."""
        return {
            pod["metadata"]["name"]: count
            for tier in ("frontend", "backend")
            for pod in self.pods(tier)
            if (count := sum(status["restartCount"] for status in pod["status"].get("containerStatuses", [])))
        }

    def deployment(self, tier: str) -> Object:
        return self.get("deployment", f"{self.name}-{tier}")

    def scale(self, tier: str, replicas: int) -> None:
        self.kubectl("scale", f"deployment/{self.name}-{tier}", f"--replicas={replicas}")

    def rollout_restart(self, tier: str, timeout: float) -> None:
        """Replaces every pod of the tier and returns when the last old one has ended."""
        old = {pod["metadata"]["uid"] for pod in self.pods(tier)}
        self.kubectl("rollout", "restart", f"deployment/{self.name}-{tier}")
        self.kubectl(
            "rollout", "status", f"deployment/{self.name}-{tier}", f"--timeout={timeout:.0f}s", timeout=timeout + 30
        )
        wait_until(
            lambda: not old & {pod["metadata"]["uid"] for pod in self.pods(tier)}, f"the old {tier} pods to end", timeout
        )

    def describe(self) -> str:
        """For a failure: what the cluster thinks of the pods, and what they logged."""
        parts = []
        for arguments in (
            ("get", "pods", "--output", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            ("logs", "--selector", f"app.kubernetes.io/instance={self.name}", "--prefix", "--tail=30", "--all-containers"),
        ):
            try:
                parts.append(f"--- kubectl {' '.join(arguments)}\n{self.kubectl(*arguments, timeout=60)}")
            except (CommandFailed, subprocess.TimeoutExpired) as error:
                parts.append(str(error))
        return "\n".join(parts)
