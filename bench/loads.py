"""Puts load on a contestant for one round, and says what it answered and what that cost it."""

import json
import subprocess

from contestants import ROOT, own_program
from fairlead_configs import HOST

SCRIPT = ROOT / "bench" / "load.lua"
MORE_SECONDS = 30
# Above this share of answers that are not 200, or connections that break, a round is not a measure.
TOLERATED_ERRORS = 0.001


class NoMeasure(Exception):
    """A round that says nothing; the message says why."""


def closed_loop(workload, port, cpus, seconds):
    """One run of wrk, which always has `connections` requests open."""
    command = ["wrk", "-t1", f"-c{workload.connections}", f"-d{seconds}s", "--latency",
               "-s", SCRIPT, f"http://127.0.0.1:{port}{workload.path}", "--", workload.method,
               workload.body_bytes, workload.connection, HOST]
    return result_of(command, cpus, seconds)


def open_loop(workload, port, cpus, seconds, rate):
    """One run of bench_pace, which begins `rate` requests a second."""
    command = own_program("bench_pace", port, workload.path, workload.connections, rate, seconds)
    return result_of(command, cpus, seconds)


def result_of(command, cpus, seconds):
    """The line RESULT of a load as a dictionary."""
    pinned = ["taskset", "-c", cpus, *[str(part) for part in command]]
    try:
        done = subprocess.run(pinned, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=seconds + MORE_SECONDS)
    except subprocess.TimeoutExpired:
        raise NoMeasure(f"the load did not end: {' '.join(pinned)}") from None
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    raise NoMeasure(f"the load gave no result: {done.stdout[-500:]} {done.stderr[-500:]}")


def measure(contestant, load):
    """One round; `load(port)` is one of the two above."""
    before = contestant.cpu_times()
    result = load(contestant.port)
    after = contestant.cpu_times()
    requests, errors = result["requests"], sum(result["errors"].values())
    if requests == 0 or errors > requests * TOLERATED_ERRORS:
        raise NoMeasure(f"{contestant.name} gave {requests} answers and {result['errors']} errors: "
                        f"{contestant.last_words()}")
    seconds, user, system = [late - early for early, late in zip(before, after, strict=True)]
    cpu = seconds * 1e6 / requests
    user_share = user / max(user + system, 1)
    return {
        "cpu_us": cpu,
        "user_us": cpu * user_share,
        "system_us": cpu * (1 - user_share),
        "requests_per_s": requests * 1e6 / result["micros"],
        "p50_ms": result["p50"] / 1000,
        "p99_ms": result["p99"] / 1000,
        "worst_ms": result["worst"] / 1000,
        "memory_mib": contestant.memory_bytes() / 2**20,
        "errors": errors,
    }
