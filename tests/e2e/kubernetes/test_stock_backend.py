"""The chart's own defaults, with the stock backend's image."""

from client import Client
from cluster import Release

SETTINGS = (
    "frontend.image.tag=dev",
    "backend.image.tag=dev",
    "backend.diag=true",
    # So that two installations fit into a small cluster.
    "frontend.replicas=1",
    "backend.replicas=1",
    "frontend.resources.requests.cpu=50m",
    "backend.resources.requests.cpu=50m",
    "backend.minReadySeconds=0",
)


def test_the_stock_backend_answers(images: None) -> None:
    with Release("stock", "--set", ",".join(SETTINGS)) as release:
        client = Client(release.service_url())
        answer = client.get("/diag/hello")
        assert (answer.status, answer.body.strip().lower()) == (200, b"hello world")
        assert release.requests_answered(release.pods("backend")[0]["metadata"]["name"]) >= 1
        assert client.get("/no-such-handler").status == 404
        assert release.restarts() == {}
