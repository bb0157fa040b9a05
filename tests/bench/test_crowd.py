"""What is read of the backend and the access log while two thousand slow clients are served."""

import http.server
import json
import threading

from suite_result import SuiteResult
from suites.crowd import Found, RunningGauge, judge, parse_metrics, runs_ms

MIB = 2**20


def found(**changes):
    errors = {"status": {}, "mismatch": 0, "malformed": 0, "connection": 0, "timeout": 0}
    values = {
        "direction": "up", "quiet_run_ms": 2.0, "run_ms": [2.0, 90.0], "held_ms": 5.0, "mean_run_ms": 3.0,
        "rss": {"front": 100 * MIB, "back": 900 * MIB},
        "crowd": {"count": 2, "completed": 2, "errors": errors},
    }  # fmt: skip
    return Found(**{**values, **changes})


def verdicts(one):
    result = SuiteResult("crowd")
    judge(result, one)
    return [goal.met for goal in result.goals]


def test_each_goal_is_missed_for_its_own_reason():
    assert verdicts(found()) == [True, True, True, True]
    assert verdicts(found(crowd={**found().crowd, "completed": 1})) == [False, True, True, True]
    assert verdicts(found(run_ms=[2.0, 103.0])) == [True, False, True, True]
    assert verdicts(found(held_ms=104.0)) == [True, True, False, True]
    assert verdicts(found(rss={"front": 282 * MIB, "back": 0})) == [True, True, True, False]


def test_wrong_bytes_make_it_invalid():
    errors = {**found().crowd["errors"], "mismatch": 1}
    result = SuiteResult("crowd")
    judge(result, found(crowd={"count": 2, "completed": 1, "errors": errors}))
    assert len(result.failures) == 1


def test_labelled_metrics_are_added_up():
    text = '# HELP a x\n# TYPE a counter\na{b="c d"} 1\na{b="e"} 2.5\nab 7\n'
    assert parse_metrics(text) == {"a": 3.5, "ab": 7}


def test_runs_come_from_complete_lines_only(tmp_path):
    log = tmp_path / "log"
    lines = [json.dumps({"run_ms": 1.5}), json.dumps({"status": 404}), json.dumps({"run_ms": 2.5})]
    log.write_text("\n".join(lines) + '\n{"run_ms"')
    assert runs_ms(log, 3, deadline_s=0) == [1.5, 2.5]


class Backend(http.server.BaseHTTPRequestHandler):
    asked = threading.Semaphore(0)

    def do_GET(self):
        body = b"anteroom_backend_running 4\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.asked.release()

    def log_message(self, *_):
        pass


def test_thread_seconds_are_the_gauge_over_time():
    server = http.server.HTTPServer(("127.0.0.1", 0), Backend)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with RunningGauge(server.server_port) as gauge:
            for _ in range(3):
                assert Backend.asked.acquire(timeout=10)
        assert gauge.samples >= 2
        assert gauge.thread_seconds >= 4 * 2 * 0.1
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
