"""A server is measured only with answers that are right; one that ignores what it is asked has no row."""

import gzip
import http.server
import threading

import pytest
from client import ClientError
from suites import static_cases, static_files
from suites.static_cases import RANGE, NotSupported, check_gzip, check_not_modified, check_range, check_whole

BODY = static_files.content(static_files.SIZES["100k"], 1)
PAGE = static_files.page()
LAST = RANGE[0] + RANGE[1] - 1
PART = BODY[RANGE[0]:LAST + 1]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers conditionals, ranges and Accept-Encoding with what the test put into `special`, else with the whole file."""

    special = None  # (status, fields, body)

    def do_GET(self):
        asked = any(self.headers[name] for name in ("If-None-Match", "Range")) or self.headers["Accept-Encoding"] == "gzip"
        whole = PAGE if self.path == "/page" else BODY
        status, fields, body = self.special if self.special and asked else (200, {"ETag": '"e"'}, whole)
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def set_special(*special):
        Handler.special = special or None
        return server.server_port

    yield set_special
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_whole_file_is_compared_byte_by_byte(serve):
    assert check_whole("/file", BODY)(serve()).least == len(BODY)
    with pytest.raises(ClientError):
        check_whole("/file", BODY[:-1] + b"x")(serve())


def test_both_validators_of_the_answer_are_sent_back(serve):
    ready = check_not_modified("/file", BODY)(serve(304, {"ETag": '"e"'}, b""))
    assert ready.request.fields == (("If-None-Match", '"e"'),)
    assert ready.most == 0


def test_the_part_that_was_asked_for_has_to_say_which_it_is(serve):
    named = {"Content-Range": f"bytes {RANGE[0]}-{LAST}/{len(BODY)}"}
    assert check_range("/file", BODY)(serve(206, named, PART)).least == len(PART)
    with pytest.raises(ClientError):
        check_range("/file", BODY)(serve(206, {"Content-Range": f"bytes 0-{LAST}/{len(BODY)}"}, PART))
    with pytest.raises(ClientError):
        check_range("/file", BODY)(serve(206, named, BODY[:len(PART)]))


def test_what_was_packed_has_to_be_the_page(serve):
    packed = gzip.compress(PAGE)
    assert check_gzip("/page", PAGE)(serve(200, {"Content-Encoding": "gzip"}, packed)).least == len(packed)
    for wrong in (gzip.compress(PAGE[1:]), PAGE):
        with pytest.raises(ClientError):
            check_gzip("/page", PAGE)(serve(200, {"Content-Encoding": "gzip"}, wrong))


def test_the_whole_file_instead_is_correct_and_not_supported(serve):
    for check in (check_not_modified("/file", BODY), check_range("/file", BODY), check_gzip("/page", PAGE)):
        with pytest.raises(NotSupported):
            check(serve())


def test_another_status_is_a_failure(serve):
    for check in (check_not_modified("/file", BODY), check_range("/file", BODY), check_gzip("/page", PAGE)):
        with pytest.raises(ClientError):
            check(serve(404, {}, b"gone"))


def test_every_server_is_asked_for_the_same_files_in_the_same_order(tmp_path):
    first, second = (static_files.make_set(tmp_path / name, tmp_path / name, 50, 2000) for name in ("a", "b"))
    assert first.files == second.files
    asked = (tmp_path / "a" / "sequence.txt").read_text().split()
    assert asked == (tmp_path / "b" / "sequence.txt").read_text().split()
    counts = [asked.count(f"/static/{name}") for name in list(first.files)[:8]]
    assert sum(counts[:2]) > 2 * sum(counts[4:6])  # 1 + 1/2 against 1/5 + 1/6
    sizes = {name: (tmp_path / "a" / name).stat().st_size for name in first.files}
    assert sizes == first.files


def test_cases_come_in_one_order_and_write_what_they_need(tmp_path):
    class Setup:
        document = str(tmp_path / "1k.bin")
        scratch = str(tmp_path)

    (tmp_path / "1k.bin").write_bytes(bytes(1024))
    made = static_cases.make(Setup, ["gzip", "304", "16k"], quick=True)
    assert [case.name for case in made] == ["16k", "304", "gzip"]
    assert (tmp_path / "16k.bin").stat().st_size == 16 * 1024
    assert len(gzip.decompress((tmp_path / "gzip" / "page.html.gz").read_bytes())) == len(PAGE)
