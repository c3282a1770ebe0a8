#!/usr/bin/python3
"""Builds one CMake preset and runs the tests over it, part by part; `./dev test` is its front door.

A part that fails does not stop the ones after it. The last line is `N passed, N failed`: GoogleTest
cases and pytest cases each count, and so does every check (build, layers, format). Exits with 1 if
anything failed.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("build", "layers", "format", "tools", "unit", "e2e")
# What a sanitizer sees: code that runs.
SANITIZED_PARTS = ("build", "unit", "e2e")
# Parts that run what `build` makes.
BUILT_PARTS = {"unit", "e2e"}
FORMATTED = ("src", "tests", "fuzz", "bench")
BUILD_SECONDS = 40 * 60
UNIT_SECONDS = 5 * 60
E2E_SECONDS = 20 * 60
SHOWN_CHARACTERS = 20_000  # of a unit program that failed
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def text(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def say(text):
    print(text, flush=True)


def run(command, seconds, env=None, output=None):
    """Runs to the end or for `seconds`; returns the exit status, negative for a signal.

    What it says goes to `output`, an open file, or is shown.
    """
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=env, stdout=output,
                               stderr=subprocess.STDOUT if output else None,
                               stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        say(f"stopped after {seconds} s: {command[0]}")
        return -signal.SIGKILL
    finally:
        end_group(process)


def end_group(process):
    """Nothing that a test started outlives it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def check(status):
    return Tally(passed=1) if status == 0 else Tally(failed=1)


def tally_of_report(report, status):
    """Counts from a JUnit file as GoogleTest and pytest write it."""
    tally = Tally()
    try:
        root = ElementTree.parse(report).getroot()
    except (OSError, ElementTree.ParseError):
        say(f"no report from {report.stem}: it ended with status {status}")
        return Tally(failed=1)
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            tally.skipped += 1
        else:
            tally.passed += 1
    if status != 0 and tally.failed == 0:
        say(f"{report.stem}: all cases passed, but it ended with status {status}")
        tally.failed += 1
    return tally


class Runner:
    def __init__(self, preset, pytest_arguments):
        self.preset = preset
        self.pytest_arguments = pytest_arguments
        self.build = ROOT / "build" / preset
        self.reports = self.build / "reports"

    def part_build(self):
        configure = ["cmake", "--preset", self.preset, "--log-level=WARNING"]
        with open(ROOT / "build" / f"{self.preset}-configure.txt", "w+b") as log:
            done = subprocess.run(configure, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, timeout=BUILD_SECONDS)
            if done.returncode != 0:
                log.seek(0)
                say(log.read().decode(errors="replace"))
                return Tally(failed=1)
        # All faults at once, and whatever can be built is tested.
        command = ["ninja", "-C", self.build, "-k", "0", "-j", os.cpu_count() or 2]
        if not sys.stdout.isatty():
            command.append("--quiet")
        return check(run(command, BUILD_SECONDS))

    def part_layers(self):
        return check(run(["/usr/bin/python3", "tools/check_layers.py"], 60))

    def part_format(self):
        files = [path for folder in FORMATTED for path in sorted((ROOT / folder).rglob("*"))
                 if path.suffix in (".h", ".cpp")]
        if not files:
            return Tally()
        return check(run(["clang-format-19", "--dry-run", "-Werror", *files], 120))

    def part_tools(self):
        return self.pytest("tools", "tests/tools", 120, dict(os.environ))

    def part_unit(self):
        tally = Tally()
        rooms = sorted({path.relative_to(ROOT / "tests/unit").parts[0]
                        for path in (ROOT / "tests/unit").rglob("*.cpp")})
        for room in rooms:
            outcome = self.unit_program(f"unit_{room}")
            say(f"  {'unit_' + room:18} {outcome.text()}")
            tally.add(outcome)
        return tally

    def unit_program(self, name):
        report = self.fresh_report(name)
        program = self.build / name
        if not program.exists():
            say(f"{name} was not built")
            return Tally(failed=1)
        command = [program, "--gtest_brief=1", f"--gtest_output=xml:{report}"]
        output = report.with_suffix(".txt")
        with open(output, "wb") as file:
            status = run(command, UNIT_SECONDS, self.environment(), file)
        if status != 0:
            say(output.read_text(errors="replace")[-SHOWN_CHARACTERS:])
        return tally_of_report(report, status)

    def part_e2e(self):
        binary = self.build / "fairlead"
        if not binary.exists():
            say(f"{binary.relative_to(ROOT)} was not built")
            return Tally(failed=1)
        env = self.environment()
        env["FAIRLEAD_BINARY"] = str(binary)
        return self.pytest("e2e", "tests/e2e", E2E_SECONDS, env, "-n", "2")

    def pytest(self, name, folder, seconds, env, *arguments):
        report = self.fresh_report(name)
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                   f"--junitxml={report}", *arguments, folder, *self.pytest_arguments]
        return tally_of_report(report, run(command, seconds, env))

    def fresh_report(self, name):
        self.reports.mkdir(parents=True, exist_ok=True)
        report = self.reports / f"{name}.xml"
        report.unlink(missing_ok=True)
        return report

    def environment(self):
        env = dict(os.environ)
        if self.preset in ("asan", "tsan"):
            env["FAIRLEAD_SANITIZED"] = "1"
            env.update(SANITIZER_OPTIONS)
            for name in ("ASAN", "UBSAN", "TSAN"):
                env[f"{name}_SYMBOLIZER_PATH"] = "/usr/bin/llvm-symbolizer-19"
        return env


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="dev")
    parser.add_argument("parts", nargs="*", metavar="PART", help=" ".join(PARTS))
    own, rest = sys.argv[1:], []
    if "--" in own:
        own, rest = own[:own.index("--")], own[own.index("--") + 1:]
    given = parser.parse_args(own)
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"no such part: {unknown[0]} (there are: {' '.join(PARTS)})")
    return given, rest


def main():
    given, pytest_arguments = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no child is left behind
    everything = SANITIZED_PARTS if given.preset in ("asan", "tsan") else PARTS
    parts = [part for part in PARTS if part in (given.parts or everything)]
    if BUILT_PARTS & set(parts) and "build" not in parts:
        parts.insert(0, "build")
    (ROOT / "build").mkdir(exist_ok=True)
    runner = Runner(given.preset, pytest_arguments)
    total, rows = Tally(), []
    for part in parts:
        say(f"-- {given.preset}: {part}")
        start = time.monotonic()
        tally = getattr(runner, f"part_{part}")()
        rows.append(f"  {part:8} {tally.text()}  ({time.monotonic() - start:.1f} s)")
        total.add(tally)
    say("\n" + "\n".join(rows))
    say(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
