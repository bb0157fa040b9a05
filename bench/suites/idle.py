"""What many idle keep-alive connections cost one front end, beside nginx measured in the same way."""

import resource
import socket
import time
from dataclasses import asdict, dataclass, replace

import client
from accounting import CpuMeter, rss_bytes
from peers import AnteroomStatic, NginxStatic
from peers.anteroom import start_frontend
from peers.nginx import WORKER_CONNECTIONS
from processes import Processes, StartError
from samples import percentile
from suite_result import Goal, SuiteResult, Table

_PER_SOURCE = 5000   # connections from one address of 127.0.0.0/8, well below the ephemeral ports
_LIVEZ_PROBES = 100


@dataclass(frozen=True)
class Idle:
    peer: str
    connections: int
    cpu_share: float        # of one core, while idle
    rss_before: int
    rss_after: int
    bytes_per_connection: float     # growth
    lost: int               # connections that the server closed although they were only idle
    livez_ms: list          # empty: this server has no such thing
    reserved_per_connection: float = 0  # resident since the start, for each connection that there may be


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def open_connections(port, path, count):
    """Kept-alive connections that have each had one answer. From several source addresses: ports would run short."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench.example\r\n\r\n".encode()
    connections = []
    try:
        for number in range(count):
            source = f"127.0.1.{1 + number // _PER_SOURCE}"
            connection = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(source, 0))
            connections.append(connection)
            connection.sendall(request)
            _read_answer(connection)
            connection.setblocking(False)
    except OSError:
        close_all(connections)
        raise
    return connections


def _read_answer(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise client.ClientError(f"unexpected answer {head[:80]!r}")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    missing = int(fields[b"content-length"]) - len(body)
    while missing > 0:
        missing -= len(_receive(connection))


def _receive(connection):
    data = connection.recv(65536)
    if not data:
        raise client.ClientError("the server closed a connection")
    return data


def count_lost(connections):
    lost = 0
    for connection in connections:
        try:
            connection.recv(1)
            lost += 1  # end of file, or bytes that nobody asked for
        except BlockingIOError:
            pass
        except OSError:
            lost += 1
    return lost


def close_all(connections):
    for connection in connections:
        connection.close()


def probe_livez(admin_port):
    """Milliseconds of each of some requests, a connection each, as a kubelet makes them."""
    found = []
    for _ in range(_LIVEZ_PROBES):
        start = time.perf_counter()
        answer = client.fetch(admin_port, "/livez")
        found.append((time.perf_counter() - start) * 1000)
        if answer.status != 200:
            raise client.ClientError(f"/livez answers {answer.status}")
    return found


def measure(name, server, port, path, admin_port, count, seconds):
    # A few connections come and go first, so that what is allocated once doesn't count as memory of connections.
    close_all(open_connections(port, path, 100))
    time.sleep(1)
    before = rss_bytes(server.pids())
    connections = open_connections(port, path, count)
    try:
        time.sleep(1)
        after = rss_bytes(server.pids())
        meter = CpuMeter([server.pid])
        time.sleep(seconds)
        cpu_share = meter.seconds() / seconds
        livez = probe_livez(admin_port) if admin_port else []
        lost = count_lost(connections)
    finally:
        close_all(connections)
    return Idle(name, count, cpu_share, before, after, (after - before) / count, lost, livez)


def nginx_reserve(setup):
    """Resident bytes that nginx takes for each possible connection of a worker when it starts: it touches all of them."""
    found = {}
    for most in (1000, WORKER_CONNECTIONS):
        with Processes(setup.scratch) as processes:
            running = NginxStatic(setup).start(processes, most)
            client.fetch(running.port, running.path)
            found[most] = rss_bytes(running.parts[0][1].pids())
    return (found[WORKER_CONNECTIONS] - found[1000]) / (WORKER_CONNECTIONS - 1000) / setup.loops


def run(setup, options):
    count, seconds = options.idle_connections, options.idle_seconds
    result = SuiteResult("idle", f"{count} idle keep-alive connections on one server, {seconds} s")
    allowed = raise_file_limit()
    if count > allowed - 500:
        result.notes.append(f"only {allowed - 500} connections: the limit of open files is {allowed}")
        count = allowed - 500
    found = []
    for peer in (AnteroomStatic(setup), NginxStatic(setup)):
        reason = peer.missing()
        if reason is not None:
            result.notes.append(f"{peer.name} skipped: {reason}")
            continue
        try:
            with Processes(setup.scratch) as processes:
                if isinstance(peer, AnteroomStatic):
                    frontend = start_frontend(setup, processes, [])
                    server, port, admin_port = frontend.server, frontend.port, frontend.admin_port
                else:
                    running = peer.start(processes)
                    server, port, admin_port = running.parts[0][1], running.port, None
                one = measure(peer.name, server, port, "/static/1k.bin", admin_port, count, seconds)
            if isinstance(peer, NginxStatic):
                one = replace(one, reserved_per_connection=nginx_reserve(setup))
            found.append(one)
        except (StartError, client.ClientError, OSError) as error:
            result.failures.append(f"{peer.name}: {error}")
            continue
        result.versions[peer.name] = peer.version()
        if found[-1].lost:
            result.failures.append(f"{peer.name} closed {found[-1].lost} idle connections")

    result.tables.append(_table(found, count))
    for one in found:
        if one.peer == AnteroomStatic.name:
            result.goals.append(Goal(f"CPU share with {count} idle connections", 100 * one.cpu_share, 0.5, " %"))
            result.goals.append(Goal("slowest /livez meanwhile", max(one.livez_ms), 10, " ms"))
    result.goals += memory_goals(found)
    result.data = {"rows": [asdict(one) for one in found]}
    return result


def memory_goals(found):
    """What one connection takes, with what was reserved for it; not what is reserved for others that may come."""
    by_peer = {one.peer: one.bytes_per_connection + one.reserved_per_connection for one in found}
    ours, theirs = by_peer.get(AnteroomStatic.name), by_peer.get(NginxStatic.name)
    if ours is None or theirs is None:
        return []
    return [Goal("resident bytes of an idle connection, over nginx's", ours / theirs, 1.0)]


def _table(found, count):
    columns = ["server", "", "CPU %", "RSS before MiB", "RSS with MiB", "bytes/connection", "reserved", "/livez p50 ms",
               "max ms"]  # fmt: skip
    rows = []
    for one in found:
        livez = [f"{percentile(one.livez_ms, 50):.2f}", f"{max(one.livez_ms):.2f}"] if one.livez_ms else ["-", "-"]
        rows.append([
            one.peer, f"{one.lost} LOST" if one.lost else "", f"{100 * one.cpu_share:.3f}",
            f"{one.rss_before / 2**20:.1f}", f"{one.rss_after / 2**20:.1f}", f"{one.bytes_per_connection:,.0f}",
            f"{one.reserved_per_connection:,.0f}", *livez,
        ])  # fmt: skip
    return Table(f"{count} idle connections", columns, rows)
