#!/usr/bin/python3
"""Runs every fuzz target over its corpus, as many at once as there are CPUs.

fuzz/NAME.cpp is a target, fuzz/corpus/NAME its corpus. What a run finds new grows a copy in
build/fuzz/corpus; inputs that crash go to fuzz/found. With 0 seconds the corpus is only replayed.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"
FOUND = ROOT / "fuzz" / "found"
GRACE_SECONDS = 120


def grown_corpus(name):
    """The corpus of the repository and what earlier runs have added to it."""
    grown = BUILD / "corpus" / name
    grown.mkdir(parents=True, exist_ok=True)
    given = ROOT / "fuzz" / "corpus" / name
    if given.is_dir():
        shutil.copytree(given, grown, dirs_exist_ok=True)
    return grown


def command_for(name, seconds):
    command = [BUILD / name, f"-artifact_prefix={FOUND}/{name}-", "-timeout=10",
               "-rss_limit_mb=2048", "-print_final_stats=1"]
    command.append("-runs=0" if seconds == 0 else f"-max_total_time={seconds}")
    dictionary = ROOT / "fuzz" / f"{name}.dict"
    if dictionary.exists():
        command.append(f"-dict={dictionary}")
    return [str(part) for part in command + [grown_corpus(name)]]


def run_target(name, seconds):
    """Returns (name, passed, output)."""
    env = dict(os.environ, ASAN_SYMBOLIZER_PATH="/usr/bin/llvm-symbolizer-19")
    try:
        done = subprocess.run(command_for(name, seconds), env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds + GRACE_SECONDS)
    except FileNotFoundError:
        return name, False, "it was not built"
    except subprocess.TimeoutExpired as late:
        return name, False, (late.output or b"").decode(errors="replace") + "\nit did not stop"
    return name, done.returncode == 0, done.stdout.decode(errors="replace")


def statistic(output, key):
    for line in output.splitlines():
        if line.startswith(f"stat::{key}:"):
            return line.split(":")[-1].strip()
    return "?"


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    names = sorted(path.stem for path in (ROOT / "fuzz").glob("*.cpp"))
    FOUND.mkdir(parents=True, exist_ok=True)
    failed = 0
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, passed, output in pool.map(lambda name: run_target(name, seconds), names):
            runs = statistic(output, "number_of_executed_units")
            print(f"  {name:24} {'passed' if passed else 'FAILED'}  {runs} inputs", flush=True)
            if not passed:
                failed += 1
                print(output[-6000:], flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
