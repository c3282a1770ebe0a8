#!/usr/bin/python3
"""User-space instructions per request, counted by callgrind, for several kinds of requests.

`--check` compares them with bench/instructions.json and fails where one grew by more than 5 %;
`--record` writes that file. The numbers hardly depend on the machine and repeat within 0.5 %.
"""

import argparse
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import callgrind
import guard
import newest
import traffic
from contestants import CONTESTANTS, ROOT, VERSIONED, CannotStart, start_origin, versions_of
from traffic import KINDS
from under_callgrind import Counted

RECORD = ROOT / "bench" / "instructions.json"
LATEST = ROOT / "build" / "bench" / "instructions.json"
COUNTABLE = ("fairlead", *VERSIONED, "relay")
WARM_UP_REQUESTS = 100
COUNTS = 3
SHOWN_FUNCTIONS = 30
# valgrind chooses by these which processor it imitates, and libraries by that which code they run.
CPU_FEATURES = ("sse4_2", "avx", "avx2", "bmi1", "bmi2", "abm")


def made_with():
    """What the numbers depend on beside the sources."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    present = set(flags[1].split()) if flags else set()
    return {
        "processor": os.uname().machine,
        "features": [name for name in CPU_FEATURES if name in present],
        "valgrind": first_line("valgrind", "--version"),
        "compiler": first_line("clang++-19", "--version"),
        "libc": os.confstr("CS_GNU_LIBC_VERSION"),
    }


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return done.stdout.splitlines()[0]
    except (OSError, IndexError):
        return None


def wanted(names, kinds):
    """[(contestant, configuration, [kind, ...])], one process each. Only fairlead has rules."""
    runs = {}
    for name in names:
        for kind in kinds:
            configuration = KINDS[kind].configuration
            if name == "fairlead" or configuration == "fairlead":
                process = configuration if name == "fairlead" else name
                runs.setdefault((name, process), []).append(kind)
    return [(name, process, asked) for (name, process), asked in runs.items()]


def nudge(port):
    traffic.run(KINDS["get-1k"], port, 1)


def count_kinds(process, kinds, cpu, folder, origin_port):
    """{kind: record}, all counted in one process."""
    counted = Counted(process, cpu, folder / process, origin_port, nudge)
    try:
        return {name: count_kind(KINDS[name], counted) for name in kinds}
    except (OSError, subprocess.SubprocessError) as reason:
        raise CannotStart(f"{process} under valgrind: {reason}; "
                          f"{counted.process.last_words()}") from None
    finally:
        counted.stop()


def count_kind(kind, counted):
    """The least of several counts: other work on the machine splits some bytes into more reads."""
    traffic.run(kind, counted.port, WARM_UP_REQUESTS)
    costs = min((counted.count(lambda port: traffic.run(kind, port, kind.requests))
                 for _ in range(COUNTS)), key=Counter.total)
    return guard.record_of(callgrind.by_function(costs), kind.requests, kind.bound)


def count_all(names, kinds, folder):
    """{contestant: {kind: record}}; as many processes at a time as there are CPUs."""
    cpus = queue.SimpleQueue()
    available = sorted(os.sched_getaffinity(0))
    for cpu in available:
        cpus.put(cpu)
    origin = start_origin(",".join(map(str, available)), folder)

    def job(run):
        name, process, asked = run
        cpu = cpus.get()
        try:
            return name, count_kinds(process, asked, cpu, folder, origin.port)
        finally:
            cpus.put(cpu)

    result = {name: {} for name in names}
    try:
        with ThreadPoolExecutor(len(available)) as pool:
            for name, records in pool.map(job, wanted(names, kinds)):
                result[name].update(records)
    finally:
        origin.stop()
    return result


def read_record():
    try:
        return json.loads(RECORD.read_text())
    except OSError:
        return {"made_with": {}, "kinds": {}}


def show(results, recorded, kinds):
    print(f"{'':13}" + "".join(f"{name:>12}" for name in results) + f"{'recorded':>12}")
    for kind in kinds:
        cells = [results[name].get(kind, {}).get("instructions", "") for name in results]
        old = recorded["kinds"].get(kind, {}).get("instructions", "")
        print(f"{kind:13}" + "".join(f"{cell:>12}" for cell in cells) +
              f"{old:>12}  {KINDS[kind].title}")


def show_functions(results):
    for name, records in results.items():
        for kind, record in records.items():
            print(f"\n{name}, {kind}: {record['instructions']} instructions per request, of which")
            for function, count in list(record["functions"].items())[:SHOWN_FUNCTIONS]:
                print(f"{count:8} {function}")


def write_record(measured, recorded):
    """The kinds that were not counted stay as they are."""
    kinds = {**recorded["kinds"], **measured}
    text = json.dumps({"made_with": made_with(), "kinds": {kind: kinds[kind] for kind in KINDS
                                                           if kind in kinds}}, indent=1)
    RECORD.write_text(text + "\n")
    print(RECORD.relative_to(ROOT))


def write_latest(results):
    latest = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    for name, records in results.items():
        counts = {kind: record["instructions"] for kind, record in records.items()}
        latest[name] = {**latest.get(name, {}), **counts}
    latest["versions"] = {**latest.get("versions", {}), **versions_of(results)}
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(latest, indent=1) + "\n")


def check(measured, recorded):
    """Whether all kinds are within their bounds; says so kind by kind."""
    different = guard.differences(recorded["made_with"], made_with())
    if different:
        print(f"counted on another machine ({'; '.join(different)}), so that only a growth of more "
              f"than {guard.FOREIGN_BOUND:.0%} fails")
    verdicts = [guard.judge(kind, recorded["kinds"].get(kind), record, bool(different))
                for kind, record in measured.items()]
    for verdict in verdicts:
        print(verdict.text if verdict.passed else f"FAILED: {verdict.text}")
    failed = sum(not verdict.passed for verdict in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return failed == 0


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench instructions", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="NAME",
                        help=f"kinds: {' '.join(KINDS)}; contestants: {' '.join(COUNTABLE)}")
    parser.add_argument("--functions", action="store_true", help="by function as well")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help=f"against {RECORD.relative_to(ROOT)}")
    what.add_argument("--record", action="store_true", help=f"in {RECORD.relative_to(ROOT)}")
    options = parser.parse_args()
    unknown = [word for word in options.words if word not in KINDS and word not in CONTESTANTS]
    if unknown:
        parser.error(f"{unknown[0]} is none of: {' '.join([*KINDS, *COUNTABLE])}")
    options.kinds = [kind for kind in KINDS if kind in options.words] or list(KINDS)
    options.names = [word for word in options.words if word not in KINDS] or ["fairlead"]
    if (options.check or options.record) and options.names != ["fairlead"]:
        parser.error("only fairlead has a record")
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` stops everything
    recorded = read_record()
    if any(name.endswith("-new") for name in options.names) and not newest.prepare():
        sys.exit("instructions: there are no newest releases to be counted")
    try:
        with tempfile.TemporaryDirectory(prefix="fairlead-instructions-") as folder:
            results = count_all(options.names, options.kinds, Path(folder))
    except CannotStart as reason:
        sys.exit(f"instructions: {reason}")
    write_latest(results)
    if not options.check:
        show(results, recorded, options.kinds)
    if options.functions:
        show_functions(results)
    if options.record:
        write_record(results["fairlead"], recorded)
    if options.check and not check(results["fairlead"], recorded):
        sys.exit(1)


if __name__ == "__main__":
    main()
