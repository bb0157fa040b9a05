"""What is made of the output of wrk and of answers over HTTP."""

import http.server
import threading

import pytest
import client
from client import ClientError, Request, check_answer, parse_wrk

GOOD = (
    "Running 1s test @ http://127.0.0.1:1/\n  1 threads and 1 connections\n"
    '{"requests":1000,"duration_us":2000000,"bytes":5,"connect":0,"read":0,"write":0,"status":0,"timeout":0,'
    '"p50_us":120,"p99_us":900,"max_us":1500}\n'
)


def test_reads_numbers_from_amid_other_output():
    result = parse_wrk(GOOD)
    assert (result.rate, result.p50_us, result.p99_us, result.max_us) == (500.0, 120, 900, 1500)
    assert result.bytes == 5
    assert result.errors == {}


def test_keeps_the_kinds_of_errors_that_happened():
    result = parse_wrk(GOOD.replace('"status":0', '"status":3').replace('"timeout":0', '"timeout":1'))
    assert result.errors == {"status": 3, "timeout": 1}


@pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:1 Connection refused\n", GOOD + GOOD])
def test_anything_but_one_result_is_an_error(output):
    with pytest.raises(ClientError):
        parse_wrk(output)


@pytest.mark.parametrize(
    ("request_", "end"),
    [
        (Request(), ["http://a/"]),
        (Request(body_bytes=5), ["http://a/", "--", "body", "5"]),
        (Request(paths="list"), ["http://a/", "--", "paths", "list"]),
        (Request(fields=(("Range", "bytes=0-1"),)), ["-H", "Range: bytes=0-1", "http://a/"]),
    ],
)
def test_what_is_asked_reaches_wrk(monkeypatch, request_, end):
    monkeypatch.setattr(client, "_start", lambda argv: argv)
    argv = client.start_wrk("http://a/", 64, 2, 1, request_)
    assert argv[-len(end):] == end
    assert argv[argv.index("-c") + 1] == "64"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello world\n"
        self.send_response(200 if self.path == "/diag/hello" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_expected_answer_passes_with_or_without_a_final_newline(port):
    assert check_answer(port, "/diag/hello", b"hello world").status == 200


@pytest.mark.parametrize(("path", "body"), [("/elsewhere", b"hello world"), ("/diag/hello", b"something else")])
def test_another_status_or_body_is_an_error(port, path, body):
    with pytest.raises(ClientError):
        check_answer(port, path, body)
