#!/usr/bin/python3
"""fairlead beside HAProxy, nginx and a bare TCP relay, one worker each; see bench/README.md.

`./dev bench` builds and calls this. Prints a table a workload and writes build/bench/latest.json.
"""

import argparse
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from contestants import CONTESTANTS, ROOT, CannotStart, find_program, start, start_origin

LATEST = ROOT / "build" / "bench" / "latest.json"
SCRIPT = ROOT / "bench" / "load.lua"
WARM_UP_SECONDS = 1
# Above this share of answers that are not 200, or connections that break, a round is not a measure.
TOLERATED_ERRORS = 0.001


@dataclass(frozen=True)
class Workload:
    title: str
    path: str = "/1k"
    connections: int = 64
    method: str = "GET"
    body_bytes: int = 0
    connection: str = "keep-alive"


WORKLOADS = {
    "1k-1": Workload("GET 1 KiB, keep-alive, 1 connection", connections=1),
    "1k-64": Workload("GET 1 KiB, keep-alive, 64 connections"),
    "1k-1000": Workload("GET 1 KiB, keep-alive, 1000 connections", connections=1000),
    "128k": Workload("GET 128 KiB, keep-alive, 64 connections", path="/128k"),
    "1m": Workload("GET 1 MiB, keep-alive, 16 connections", path="/1m", connections=16),
    "post-16k": Workload("POST 16 KiB, answer of 1 KiB, keep-alive, 64 connections",
                         method="POST", body_bytes=16384),
    "close": Workload("GET 1 KiB, a new client connection each, 64 at a time", connection="close"),
}


def fail(text):
    print(f"bench: {text}", file=sys.stderr)
    sys.exit(1)


def load(workload, port, cpu, seconds):
    """One run of wrk; its numbers as a dictionary."""
    command = ["taskset", "-c", str(cpu), "wrk", "-t1", f"-c{workload.connections}",
               f"-d{seconds}s", "--latency", "-s", str(SCRIPT),
               f"http://127.0.0.1:{port}{workload.path}", "--", workload.method,
               str(workload.body_bytes), workload.connection]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=seconds + 30)
    except subprocess.TimeoutExpired:
        fail(f"wrk did not end: {' '.join(command)}")
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    fail(f"wrk gave no result: {done.stdout[-500:]} {done.stderr[-500:]}")


def measure(contestant, workload, cpu, seconds):
    """One round of one contestant."""
    user_before, system_before = contestant.cpu_seconds()
    result = load(workload, contestant.port, cpu, seconds)
    user_after, system_after = contestant.cpu_seconds()
    requests = result["requests"]
    errors = sum(result["errors"].values())
    if requests == 0 or errors > requests * TOLERATED_ERRORS:
        fail(f"{contestant.name} gave {requests} answers and {result['errors']} errors: "
             f"{contestant.last_words()}")
    user = (user_after - user_before) * 1e6 / requests
    system = (system_after - system_before) * 1e6 / requests
    return {
        "cpu_us": user + system,
        "user_us": user,
        "system_us": system,
        "requests_per_s": requests * 1e6 / result["micros"],
        "p50_ms": result["p50"] / 1000,
        "p99_ms": result["p99"] / 1000,
        "memory_mib": contestant.memory_bytes() / 2**20,
        "errors": errors,
    }


def measure_all(contestants, workload, options, cpu):
    """{name: [round, ...]}; every contestant in every round, another one first in each."""
    for contestant in contestants:
        load(workload, contestant.port, cpu, WARM_UP_SECONDS)
    rounds = {contestant.name: [] for contestant in contestants}
    for number in range(options.rounds):
        shift = number % len(contestants)
        for contestant in contestants[shift:] + contestants[:shift]:
            rounds[contestant.name].append(measure(contestant, workload, cpu, options.seconds))
    return rounds


def medians(rounds):
    result = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
    cpu = [one["cpu_us"] for one in rounds]
    result["cpu_spread"] = (max(cpu) - min(cpu)) / 2 / result["cpu_us"] if result["cpu_us"] else 0
    return result


def ratio(rows, name, other):
    if other not in rows or not rows[other]["cpu_us"]:
        return None
    return rows[name]["cpu_us"] / rows[other]["cpu_us"]


def show(name, workload, rows):
    print(f"\n{name}: {workload.title}")
    print(f"  {'':10} {'CPU us/req':>16} {'user':>7} {'system':>7} {'req/s':>9} {'p50 ms':>8} "
          f"{'p99 ms':>8} {'MiB':>7} {'/haproxy':>9} {'/relay':>7}")
    for contestant, row in rows.items():
        ratios = [ratio(rows, contestant, other) for other in ("haproxy", "relay")]
        shown = ["-" if value is None else f"{value:.2f}" for value in ratios]
        print(f"  {contestant:10} {row['cpu_us']:9.2f} +-{row['cpu_spread'] * 100:3.0f}% "
              f"{row['user_us']:7.2f} {row['system_us']:7.2f} {row['requests_per_s']:9.0f} "
              f"{row['p50_ms']:8.3f} {row['p99_ms']:8.3f} {row['memory_mib']:7.1f} "
              f"{shown[0]:>9} {shown[1]:>7}", flush=True)


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def version_of(name):
    """The first line that a program says about its version."""
    program = find_program(name)
    if not program:
        return None
    done = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else None


def machine():
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "haproxy": version_of("haproxy"),
        "nginx": version_of("nginx"),
    }


def start_all(names, cpu, folder, origin_port, running):
    """Started contestants also go to `running`, so that a failure half-way stops them."""
    contestants = []
    for name in names:
        contestant = start(name, cpu, folder, origin_port)
        if contestant is None:
            print(f"without {name}: its program is not there"
                  + (" (build/release/fairlead)" if name == "fairlead" else ""))
            continue
        contestants.append(contestant)
        running.append(contestant)
    if not contestants:
        fail("nobody to measure")
    return contestants


def run(options, proxy_cpu, load_cpu, folder):
    running = []
    report = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(),
              "rounds": options.rounds, "seconds": options.seconds, "workloads": {}}
    try:
        origin = start_origin(load_cpu, folder)
        running.append(origin)
        contestants = start_all(options.only, proxy_cpu, folder, origin.port, running)
        print(f"{report['machine']['cpu']}, proxy on CPU {proxy_cpu}, load and origin on CPU "
              f"{load_cpu}; medians of {options.rounds} rounds of {options.seconds} s")
        for name in options.workloads:
            rounds = measure_all(contestants, WORKLOADS[name], options, load_cpu)
            rows = {contestant: medians(rounds[contestant]) for contestant in rounds}
            show(name, WORKLOADS[name], rows)
            report["workloads"][name] = {"title": WORKLOADS[name].title, "medians": rows,
                                         "rounds": rounds}
    except CannotStart as reason:
        fail(reason)
    finally:
        for process in reversed(running):
            process.stop()
    return report


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="ROW", help=" ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each round")
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="fairlead,haproxy,...")
    parser.add_argument("--list", action="store_true", help="the workloads")
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name]
    options.workloads = options.workloads or list(WORKLOADS)
    for given, known in ((options.workloads, WORKLOADS), (options.only, CONTESTANTS)):
        unknown = [name for name in given if name not in known]
        if unknown:
            parser.error(f"{unknown[0]} is none of: {' '.join(known)}")
    if options.rounds < 1 or options.seconds < 1:
        parser.error("at least one round of one second")
    return options


def main():
    options = arguments()
    if options.list:
        for name, workload in WORKLOADS.items():
            print(f"{name:10} {workload.title}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` stops everything
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        fail("needs two CPUs: one for the proxy, one for the load and the origin")
    os.sched_setaffinity(0, {cpus[1]})
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        report = run(options, cpus[0], cpus[1], Path(folder))
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\n{LATEST.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
