#!/usr/bin/python3
"""Runs build/training/fairlead through every kind of request that the benchmark counts, and leaves what
it counted of itself in build/training/fairlead.profdata; `./dev build trained` compiles with that."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import traffic
from contestants import (CONFIGURATIONS, ROOT, CannotStart, Process, fairlead_with, free_port,
                         start_origin)

TRAINING = ROOT / "build" / "training"
REQUESTS = 2000
# So much more often than each of the others is the plain one asked for.
PLAIN, PLAIN_TIMES = "get-1k", 8


def train(name, kind, origin, folder, cpu):
    port = free_port()
    command = fairlead_with(name, CONFIGURATIONS[kind.configuration], "training")(folder, port, origin.port)
    if command is None:
        raise CannotStart("build/training/fairlead is not built; run ./dev build trained")
    counts = f"LLVM_PROFILE_FILE={folder}/{name}.profraw"
    process = Process(name, ["env", counts, *command], cpu, folder, port)
    try:
        traffic.run(kind, port, REQUESTS * (PLAIN_TIMES if name == PLAIN else 1))
    finally:
        process.stop()


def merge(folder):
    tool = shutil.which("llvm-profdata-19")
    if not tool:
        raise CannotStart("llvm-profdata-19 is not there (Debian: llvm-19)")
    counted = sorted(str(path) for path in folder.glob("*.profraw"))
    subprocess.run([tool, "merge", "-o", TRAINING / "fairlead.profdata", *counted], check=True)


def main():
    cpus = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="fairlead-training-") as temporary:
        folder = Path(temporary)
        try:
            origin = start_origin(cpus[-1], folder)
            try:
                for name, kind in traffic.KINDS.items():
                    train(name, kind, origin, folder, cpus[0])
            finally:
                origin.stop()
            merge(folder)
        except CannotStart as reason:
            sys.exit(f"train: {reason}")


if __name__ == "__main__":
    main()
