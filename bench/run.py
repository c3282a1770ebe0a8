#!/usr/bin/python3
"""fairlead beside HAProxy, nginx and a bare TCP relay, one worker each; see bench/README.md.

`./dev bench` builds and calls this. Prints a table a row and keeps them in build/bench/latest.json;
rows that were not asked for stay there as they were.
"""

import argparse
import functools
import json
import os
import platform
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import idle
import loads
import newest
import plots
import report
from contestants import (CONTESTANTS, ROOT, VERSIONED, CannotStart, start, start_origin,
                         versions_of)
from workloads import CLOSED, IDLE_AFTER_ONE, PACED, WORKLOADS

LATEST = ROOT / "build" / "bench" / "latest.json"
WARM_UP_SECONDS = 1
CALIBRATION_SECONDS = 1
IDLE_ROUNDS = 3  # at most: memory hardly varies


def fail(text):
    print(f"bench: {text}", file=sys.stderr)
    sys.exit(1)


class Bench:
    """The programs that run, and who runs on which CPU. Contestants live through all rows."""

    def __init__(self, options, cpus, folder):
        self.options = options
        self.cpus = cpus
        self.folder = folder
        self.running = []
        self.contestants = {}
        self.origins = {}

    def origin(self, cpus):
        if cpus not in self.origins:
            folder = self.folder / f"origin-{len(self.origins)}"
            folder.mkdir()
            self.origins[cpus] = self.keep(start_origin(cpus, folder))
        return self.origins[cpus]

    def contestant(self, name, proxy_cpus, load_cpus):
        """None if its program is not there."""
        if (name, proxy_cpus) not in self.contestants:
            found = self.fresh(name, proxy_cpus, load_cpus)
            self.contestants[name, proxy_cpus] = found and self.keep(found)
        return self.contestants[name, proxy_cpus]

    def fresh(self, name, proxy_cpus, load_cpus):
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        return start(name, proxy_cpus, folder, self.origin(load_cpus).port)

    def keep(self, process):
        self.running.append(process)
        return process

    def stop(self):
        for process in reversed(self.running):
            process.stop()

    def rounds_of(self, workload):
        """{name: [round, ...]}"""
        names = asked(workload, self.options)
        both = ",".join(self.cpus)
        places = (both, both) if workload.together else (self.cpus[0], self.cpus[1])
        if workload.load not in (CLOSED, PACED):
            return self.rounds_of_memory(workload, names, *places)
        found = [self.contestant(name, *places) for name in names]
        for name, process in zip(names, found, strict=True):
            if process is None:
                print(f"without {name}: its program is not there")
        return self.rounds_of_load(workload, [one for one in found if one], places[1])

    def rounds_of_load(self, workload, contestants, load_cpus):
        """Every contestant in every round, another one first in each."""
        warm_up = functools.partial(loads.closed_loop, workload, cpus=load_cpus)
        for contestant in contestants:
            warm_up(contestant.port, seconds=WARM_UP_SECONDS)
        load = functools.partial(warm_up, seconds=self.options.seconds)
        if workload.load == PACED:
            load = functools.partial(loads.open_loop, workload, cpus=load_cpus,
                                     seconds=self.options.seconds,
                                     rate=half_of_the_slowest(warm_up, contestants))
        return interleaved(contestants, self.options.rounds,
                           lambda contestant: loads.measure(contestant, load))

    def rounds_of_memory(self, workload, names, proxy_cpus, load_cpus):
        """Each round has fresh processes, so that nothing is left of an earlier one."""
        idle.need_descriptors(workload.connections)
        rounds = {}
        for _ in range(min(self.options.rounds, IDLE_ROUNDS)):
            for name in names:
                contestant = self.fresh(name, proxy_cpus, load_cpus)
                if contestant is None:
                    continue
                try:
                    value = idle.bytes_per_connection(contestant, workload.connections,
                                                      workload.load == IDLE_AFTER_ONE)
                finally:
                    contestant.stop()
                rounds.setdefault(name.removesuffix("-many"), []).append(
                    {"bytes_per_connection": value})
        return rounds


def asked(workload, options):
    """Who is measured in a row: the usual ones, or those of --only."""
    if not options.only:
        return workload.names(options.newest)
    everybody = dict.fromkeys([*workload.contestants, *workload.names(True)])
    return [name for name in everybody if name.removesuffix("-many") in options.only]


def half_of_the_slowest(load, contestants):
    results = [load(contestant.port, seconds=CALIBRATION_SECONDS) for contestant in contestants]
    return min(one["requests"] * 1e6 / one["micros"] for one in results) / 2


def interleaved(contestants, rounds, measure):
    result = {contestant.name: [] for contestant in contestants}
    for number in range(rounds):
        shift = number % len(contestants)
        for contestant in contestants[shift:] + contestants[:shift]:
            result[contestant.name].append(measure(contestant))
    return result


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine():
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "kernel": platform.release().split("-")[0],
    }


def run(bench, options):
    """Measures row by row, and keeps each as soon as it is there."""
    print(f"{cpu_model()}; the proxy on CPU {bench.cpus[0]}, load and origin on CPU "
          f"{bench.cpus[1]}; medians of {options.rounds} rounds of {options.seconds} s")
    for name in options.workloads:
        workload = WORKLOADS[name]
        rounds = bench.rounds_of(workload)
        if not rounds:
            continue
        rows = report.summary(workload, rounds)
        report.show(name, workload, rows)
        keep(name, {"title": workload.title, "measured": time.strftime("%Y-%m-%d", time.gmtime()),
                    "rounds_of_s": options.seconds, "versions": versions_of(rows),
                    "contestants": rows, "rounds": rounds})


def keep(name, row):
    latest = read_latest()
    latest["machine"] = machine()
    latest["rows"][name] = row
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(latest, indent=1) + "\n")


def read_latest():
    try:
        latest = json.loads(LATEST.read_text())
    except (OSError, json.JSONDecodeError):
        latest = {}
    facts, rows = latest.get("machine", {}), latest.get("rows", {})
    for row in rows.values():
        # Until rows had them, versions stood with the machine.
        row.setdefault("versions", {name: facts[name] for name in VERSIONED if facts.get(name)})
    return {"machine": facts, "rows": rows}


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="ROW", help=" ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=1, help="of each round")
    parser.add_argument("--only", default="", help="fairlead,haproxy,...")
    parser.add_argument("--newest", action="store_true",
                        help="HAProxy and nginx of Debian's sid and experimental as well, which "
                             "are fetched and not installed")
    parser.add_argument("--list", action="store_true", help="the rows")
    parser.add_argument("--plot", action="store_true",
                        help="no measuring: docs/performance from the latest numbers")
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name]
    options.workloads = options.workloads or list(WORKLOADS)
    for given, known in ((options.workloads, WORKLOADS), (options.only, CONTESTANTS)):
        unknown = [name for name in given if name not in known]
        if unknown:
            parser.error(f"{unknown[0]} is none of: {' '.join(known)}")
    options.newest |= any("-new" in name for name in options.only)
    if options.rounds < 1 or options.seconds < 1:
        parser.error("at least one round of one second")
    return options


def main():
    options = arguments()
    if options.list:
        for name, workload in WORKLOADS.items():
            print(f"{name:13} {workload.title}")
        return
    if options.plot:
        plots.write_all(read_latest())
        return
    options.newest = options.newest and newest.prepare()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` stops everything
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        fail("needs two CPUs: one for the proxy, one for the load and the origin")
    os.sched_setaffinity(0, {cpus[1]})
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        bench = Bench(options, [str(cpu) for cpu in cpus[:2]], Path(folder))
        try:
            run(bench, options)
        except (CannotStart, loads.NoMeasure) as reason:
            fail(reason)
        finally:
            bench.stop()
    print(f"\n{LATEST.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
