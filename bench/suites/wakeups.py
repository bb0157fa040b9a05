"""How often idle processes wake up: voluntary context switches of every thread, from /proc."""

import os
import time

import client
from accounting import context_switches, cpu_ns, cpu_ticks
from peers import AnteroomDynamic, HaproxyOrigin, NginxOrigin
from processes import Processes, StartError
from suite_result import Goal, SuiteResult, Table

_SETTLE_SECONDS = 2  # connections between the processes are made, start-up work is over


def per_thread(before, after):
    """Thread name -> (voluntary, involuntary) switches in between; threads of one name are added up."""
    found = {}
    for tid, now in after.items():
        then = before.get(tid)
        voluntary = now.voluntary - (then.voluntary if then else 0)
        involuntary = now.involuntary - (then.involuntary if then else 0)
        so_far = found.get(now.thread, (0, 0))
        found[now.thread] = (so_far[0] + voluntary, so_far[1] + involuntary)
    return found


def run(setup, options):
    seconds = options.idle_seconds
    result = SuiteResult("wakeups", f"context switches of idle processes over {seconds} s")
    rows, processes_data = [], []
    with Processes(setup.scratch) as processes:
        watched = []
        for peer in (cls(setup) for cls in (AnteroomDynamic, HaproxyOrigin, NginxOrigin)):
            reason = peer.missing()
            if reason is not None:
                result.notes.append(f"{peer.name} skipped: {reason}")
                continue
            try:
                running = peer.start(processes)
                client.check_answer(running.port, running.path, b"hello world")
            except (StartError, client.ClientError, OSError) as error:
                result.failures.append(f"{peer.name}: {error}")
                continue
            result.versions[peer.name] = peer.version()
            for _, server in running.parts:
                watched += [(peer.name, server.name, pid) for pid in server.pids()]
        time.sleep(_SETTLE_SECONDS)
        before = {pid: (context_switches(pid), cpu_ns(pid), cpu_ticks(pid)) for _, _, pid in watched}
        time.sleep(seconds)
        for peer, name, pid in watched:
            switches, nanoseconds, ticks = before[pid]
            threads = per_thread(switches, context_switches(pid))
            voluntary = sum(count for count, _ in threads.values()) / seconds
            involuntary = sum(count for _, count in threads.values()) / seconds
            cpu_us = (cpu_ns(pid) - nanoseconds) / 1000 / seconds
            new_ticks = cpu_ticks(pid) - ticks
            busiest = sorted(threads.items(), key=lambda item: -item[1][0])[:3]
            rows.append([
                peer, name, f"{voluntary:.1f}", f"{involuntary:.1f}", f"{cpu_us:.0f}", str(new_ticks),
                ", ".join(f"{thread} {count / seconds:.1f}" for thread, (count, _) in busiest if count) or "none",
            ])  # fmt: skip
            processes_data.append({
                "peer": peer, "process": name, "voluntary_per_s": voluntary, "involuntary_per_s": involuntary,
                "cpu_us_per_s": cpu_us, "ticks": new_ticks, "threads": threads,
            })  # fmt: skip
            if peer == AnteroomDynamic.name:
                result.goals.append(Goal(f"wake-ups of idle {name}", voluntary, 1.0, "/s"))
                tick_ms = 1000 / os.sysconf("SC_CLK_TCK")
                result.goals.append(Goal(f"CPU time of idle {name} in {seconds} s", new_ticks * tick_ms, 0, " ms"))
    columns = ["server", "process", "voluntary/s", "involuntary/s", "CPU us/s", "ticks", "busiest threads, /s"]
    result.tables.append(Table(f"idle for {seconds} s, one link between the tiers", columns, rows))
    result.data = {"seconds": seconds, "processes": processes_data}
    return result
