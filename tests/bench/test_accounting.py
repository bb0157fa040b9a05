"""CPU time, memory and context switches of process trees."""

import subprocess
import sys

import pytest
from accounting import (
    CpuMeter,
    Switches,
    context_switches,
    cpu_ns,
    parse_stat,
    parse_status,
    peak_rss_bytes,
    process_tree,
    reset_peak_rss,
    rss_bytes,
    thread_cpu_ns,
)
from suites.wakeups import per_thread

STAT = "4711 (a (b) c) S 42 4711 4711 0 -1 4194560 100 200 0 0 31 11 7 9 20 0 3 0 100 1000 200"

# Burns CPU in a thread that ends, then in the main thread, then in a child that is still there.
BURN = """
import subprocess, sys, threading, time
def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
thread = threading.Thread(target=burn, args=(0.2,))
thread.start()
thread.join()
burn(0.1)
child = subprocess.Popen(
    [sys.executable, "-c", "import time\\nwhile time.process_time() < 0.3: pass\\nprint(flush=True)\\ninput()"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
sys.stdin.readline()
child.communicate(b"\\n")
"""


@pytest.fixture
def burner():
    process = subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    meter = CpuMeter([process.pid])
    assert process.stdout.readline() == "ready\n"
    yield process, meter
    process.communicate("\n", timeout=10)


def test_counts_ended_threads_and_living_children(burner):
    _, meter = burner
    assert 0.6 <= meter.seconds() < 1.2  # 0.2 + 0.1 + 0.3 and what two interpreters need to start


def test_threads_have_a_time_of_their_own(burner):
    process, _ = burner
    assert thread_cpu_ns(process.pid)[process.pid] >= 0.1e9


def test_finds_descendants(burner):
    process, _ = burner
    tree = process_tree([process.pid])
    assert process.pid in tree
    assert len(tree) == 2


def test_memory_is_that_of_all_processes(burner):
    process, _ = burner
    tree = process_tree([process.pid])
    assert rss_bytes(tree) == pytest.approx(sum(rss_bytes([pid]) for pid in tree), rel=0.1)
    assert rss_bytes(tree) > 2**20


def test_peak_memory_is_kept_until_it_is_reset():
    code = "import sys; a = bytearray(50_000_000); del a; print(flush=True); sys.stdin.readline()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    try:
        assert peak_rss_bytes([process.pid]) > 50_000_000
        reset_peak_rss([process.pid])
        assert peak_rss_bytes([process.pid]) == pytest.approx(rss_bytes([process.pid]), rel=0.1)
        assert peak_rss_bytes([process.pid]) < 50_000_000
    finally:
        process.communicate(b"\n", timeout=10)


def test_process_that_ends_makes_the_measurement_void():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    meter = CpuMeter([process.pid])
    process.communicate(b"\n", timeout=10)
    with pytest.raises(ProcessLookupError):
        meter.seconds()


def test_clock_of_an_ended_process_is_an_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        cpu_ns(process.pid)


def test_stat_with_parentheses_in_the_name():
    assert parse_stat(STAT) == (42, 31 + 11)


def test_status_values_may_hold_colons():
    assert parse_status("Name:\ta:b\nVmRSS:\t  12 kB\n") == {"Name": "a:b", "VmRSS": "12 kB"}


def test_blocking_read_is_a_voluntary_switch(burner):
    process, _ = burner
    switches = context_switches(process.pid)
    assert switches[process.pid].voluntary > 0


def test_switches_are_counted_from_where_they_were():
    before = {1: Switches("loop", 10, 1), 2: Switches("loop", 5, 0)}
    after = {1: Switches("loop", 12, 1), 2: Switches("loop", 5, 2), 3: Switches("late", 4, 0)}
    assert per_thread(before, after) == {"loop": (2, 2), "late": (4, 0)}
