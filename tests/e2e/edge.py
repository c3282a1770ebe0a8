"""The real fairlead binary as a process: started on a free port, watched, and stopped cleanly."""

import ctypes
import json
import os
import random
import resource
import signal
import socket
import subprocess
import threading
from pathlib import Path

from admin import Admin
from waiting import PATIENCE, eventually, happens
from wire import Client

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("FAIRLEAD_BINARY", REPOSITORY / "build" / "dev" / "fairlead")).resolve()

# Below the kernel's ephemeral ports, and apart for each parallel pytest worker: fairlead listens
# with SO_REUSEPORT, so that two of them on one port would both start.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_PORTS_EACH = 2000
_FIRST_PORT = 12000 + (_WORKER % 8) * _PORTS_EACH
_next_port = random.randrange(_PORTS_EACH)


def free_port():
    """A port of 127.0.0.1 on which nothing listens."""
    global _next_port
    for _ in range(_PORTS_EACH):
        _next_port = (_next_port + 1) % _PORTS_EACH
        port = _FIRST_PORT + _next_port
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


class DeadPort:
    """An address that refuses every connection for as long as this object lives."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    def close(self):
        self.socket.close()


def run(*arguments, **options):
    """Runs the binary to its end, for the commands that do not serve."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        capture_output=True, text=True, timeout=PATIENCE, **options,
    )  # fmt: skip


def _limited(soft, hard):
    """In the child: descriptor limits of which not even root may raise the hard one."""
    pr_capbset_drop, cap_sys_resource = 24, 24
    prctl = ctypes.CDLL(None).prctl

    def prepare():
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        prctl(pr_capbset_drop, cap_sys_resource, 0, 0, 0)

    return prepare


LISTEN = 'listen: { http: "127.0.0.1:@" }\n'
# Off unless a test wants it: two of them that run at once must not meet on the built-in port.
NO_ADMIN = "admin: off\n"
ADMIN = 'admin: "127.0.0.1:@"\n'


class Edge:
    """A running fairlead. `config` is the text of its file without what has a parameter here."""

    def __init__(
        self, folder, config, workers=1, descriptors=None, log=None, listen=LISTEN, admin=NO_ADMIN
    ):  # fmt: skip
        """`@` in `listen` and in `admin` is a free port; `descriptors` are the soft and hard limit
        of the process."""
        self.port = free_port()
        self.admin = Admin(free_port()) if "@" in admin else None
        if self.admin:
            admin = admin.replace("@", str(self.admin.port))
        self.file = folder / f"fairlead-{self.port}.yaml"
        self.log = folder / f"access-{self.port}.log"
        self.file.write_text(
            f"{listen.replace('@', str(self.port))}"
            f"log: {{ access: {log or self.log} }}\n"
            f"workers: {workers}\n{admin}{config}"
        )
        self.clients = []
        self.stopped = False
        self.output = ""
        self.listening = threading.Event()
        self.ended = threading.Event()
        self.process = subprocess.Popen(
            [str(BINARY), "run", "-c", str(self.file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=_limited(*descriptors) if descriptors else None,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read_output, daemon=True)
        self.reader.start()
        eventually(lambda: self.listening.is_set() or self.ended.is_set(), what="fairlead's start")
        assert self.listening.is_set(), f"fairlead did not start:\n{self.story()}"

    def _read_output(self):
        for line in self.process.stdout:
            self.output += line.decode("utf-8", "replace")
            if b"listening" in line.lower():
                self.listening.set()
        self.ended.set()

    def story(self):
        """What a failed assertion should show."""
        return f"--- {self.file.name}\n{self.file.read_text()}\n--- output\n{self.output}"

    def connect(self, **options):
        """A raw client, closed before fairlead is stopped."""
        client = Client(self.port, **options)
        self.clients.append(client)
        return client

    def get(self, target="/", fields=(), host="a.test"):
        """One GET on a connection of its own."""
        with self.connect() as client:
            return client.get(target, fields, host)

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def log_lines(self, count=1):
        """The access log's lines as objects, once there are at least `count` of them."""
        eventually(lambda: len(self._whole_lines()) >= count, what=f"{count} access log lines")
        return [json.loads(line) for line in self._whole_lines()]

    def _whole_lines(self):
        return self.log.read_text().split("\n")[:-1] if self.log.exists() else []

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def terminate(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def exit_code(self, within=PATIENCE):
        happens(self.ended, f"the end of fairlead\n{self.story()}", within)
        return self.process.wait(within)

    def stop(self):
        """SIGTERM, and a clean end: exit code 0 and nothing for a sanitizer to say."""
        if self.stopped:
            return
        self.stopped = True
        for client in self.clients:
            if client.socket.fileno() >= 0:
                client.reset()
        try:
            if self.process.poll() is None:
                self.terminate()
            code = self.exit_code()
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
        assert "Sanitizer" not in self.output and "runtime error" not in self.output, self.story()
        assert code == 0, f"exit code {code}\n{self.story()}"


