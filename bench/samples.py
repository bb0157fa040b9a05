"""Arithmetic on measured values."""

import heapq
import math


def percentile(values, percent):
    """The smallest value that at least `percent` of all values don't exceed (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    rank = math.ceil(percent * len(ordered) / 100 - 1e-9)  # 99.9 is not exactly 99.9: don't round its error up
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def spread(values):
    """(largest - smallest) / median, a plain measure of noise between rounds."""
    middle = percentile(values, 50)
    return (max(values) - min(values)) / middle if middle else 0.0


def central_queue_waits(arrivals, servers):
    """Waiting times in one queue before `servers` equal servers, first come first served: the ideal of any dispatch.

    `arrivals`: (due, service time) in order of `due`, one unit throughout.
    """
    free_at = [0.0] * servers
    heapq.heapify(free_at)
    waits = []
    for due, service in arrivals:
        start = max(due, heapq.heappop(free_at))
        waits.append(start - due)
        heapq.heappush(free_at, start + service)
    return waits
