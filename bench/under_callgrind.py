"""Runs a program under callgrind and counts the instructions of what is asked of it meanwhile."""

import os
import signal
import subprocess
import time
from collections import Counter

import callgrind
from contestants import CONTESTANTS, CannotStart, Process, free_port

START_SECONDS = 120
STOP_SECONDS = 60
DUMP_SECONDS = 60
# Where valgrind may not be woken (ptrace is forbidden), it looks for orders only while it works.
NUDGE_SECONDS = 2


class Counted:
    """A contestant under callgrind. `count(work)` gives {function: instructions} of user space that
    `work` cost, over all processes and threads; starting and stopping do not count."""

    def __init__(self, name, cpu, folder, origin_port, nudge):
        folder.mkdir()
        self.folder = folder
        self.nudge = nudge
        self.dumps = 0
        port = free_port()
        command = CONTESTANTS[name](folder, port, origin_port)
        if command is None:
            raise CannotStart(f"{name}: its program is not there")
        valgrind = ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes", "--demangle=no",
                    "--vgdb-poll=500", f"--vgdb-prefix={folder}/vgdb",
                    f"--callgrind-out-file={folder}/%p.out"]
        self.process = Process(name, valgrind + command, cpu, folder, port, START_SECONDS)
        self.port = port
        self.pids = self.process.pids()

    def count(self, work):
        self.dump()
        work(self.port)
        return self.dump()

    def dump(self):
        """What was counted since the last time."""
        total = Counter()
        for pid in self.pids:
            total.update(self.dump_one(pid))
        self.dumps += 1
        return total

    def dump_one(self, pid):
        before = set(self.folder.glob(f"{pid}.out.*"))
        command = ["vgdb", f"--vgdb-prefix={self.folder}/vgdb", f"--pid={pid}", "dump"]
        order = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        try:
            self.wait_for(order)
        finally:
            order.kill()
            order.wait()
        written = set(self.folder.glob(f"{pid}.out.*")) - before
        if not written:
            raise CannotStart(f"{self.process.name} under valgrind gave no counts; "
                              f"{self.process.last_words()}")
        text = "\n".join(path.read_text(errors="replace") for path in sorted(written))
        return callgrind.parse(text)

    def wait_for(self, order):
        until = time.monotonic() + DUMP_SECONDS
        while time.monotonic() < until:
            try:
                order.wait(NUDGE_SECONDS)
                return
            except subprocess.TimeoutExpired:
                self.nudge(self.port)
        raise CannotStart(f"{self.process.name} under valgrind did not answer within "
                          f"{DUMP_SECONDS} s")

    def stop(self):
        """At once: everything has been counted, and the last dump would only take time."""
        try:
            os.killpg(self.process.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.stop()
