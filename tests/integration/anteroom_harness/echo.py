"""What a handler got, as /diag/echo tells it."""

from .http_client import Connection


def fields_at_the_handler(connection: Connection, headers: list[tuple[str, str]] | None = None) -> dict[str, list[str]]:
    """The values that the handler got, by name in lower case."""
    connection.send_request("GET", "/diag/echo", headers)
    response = connection.read_response()
    assert response.status == 200
    values: dict[str, list[str]] = {}
    for name, value in response.json()["headers"]:
        values.setdefault(name.lower(), []).append(value)
    return values
