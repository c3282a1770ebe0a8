"""The programs that the benchmark compares: how each is configured, started, watched and stopped."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 10
STOP_SECONDS = 5
BACKLOG = 4096
IDLE_CONNECTIONS = 256


class CannotStart(Exception):
    """A program that the benchmark needs did not come up; the message says which and why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    """One small GET comes back with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/1k")
        response = connection.getresponse()
        return response.status == 200 and len(response.read()) == 1024
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Process:
    """A program pinned to one CPU, with its output in a file; the processes below it are its own."""

    def __init__(self, name, command, cpu, folder, port, start_seconds=START_SECONDS):
        self.name = name
        self.port = port
        self.output = folder / f"{name}.out"
        pinned = ["taskset", "-c", str(cpu), *[str(part) for part in command]]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self.wait_until_ready(start_seconds)
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self, seconds):
        until = time.monotonic() + seconds
        while not answers(self.port):
            if self.process.poll() is not None:
                raise CannotStart(f"{self.name} ended with status {self.process.returncode}: "
                                  f"{self.last_words()}")
            if time.monotonic() > until:
                raise CannotStart(f"{self.name} did not answer on port {self.port} within "
                                  f"{seconds} s: {self.last_words()}")
            time.sleep(0.02)

    def last_words(self):
        return self.output.read_text(errors="replace").strip()[-800:] or "(no output)"

    def pids(self):
        """The program and all its descendants."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = stat_fields(int(entry.name))
                if fields:
                    parents[int(entry.name)] = int(fields[1])
        found = [self.process.pid]
        for pid in found:
            found.extend(child for child, parent in parents.items() if parent == pid)
        return found

    def cpu_seconds(self):
        """(user, system) of all threads of all its processes so far."""
        tick = os.sysconf("SC_CLK_TCK")
        user = system = 0
        for pid in self.pids():
            fields = stat_fields(pid)
            if fields:
                user += int(fields[11])
                system += int(fields[12])
        return user / tick, system / tick

    def memory_bytes(self):
        """Resident memory; pages that its processes share are counted once (Pss)."""
        return sum(pss_bytes(pid) for pid in self.pids())

    def stop(self):
        """Ends the whole session that was started here."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(STOP_SECONDS)
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                continue


def stat_fields(pid):
    """Fields of /proc/PID/stat after the name: [0] state, [1] parent, [11] utime, [12] stime."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def pss_bytes(pid):
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def find_program(name):
    return shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def fairlead_command(folder, port, origin):
    binary = ROOT / "build" / "release" / "fairlead"
    if not binary.exists():
        return None
    (folder / "fairlead.yaml").write_text(f"""\
listen: {{ http: "127.0.0.1:{port}" }}
workers: 1
log: {{ access: off }}
hosts:
  - host: "*"
    servers: ["127.0.0.1:{origin}"]
""")
    return [binary, "run", "-c", folder / "fairlead.yaml"]


def haproxy_command(folder, port, origin):
    binary = find_program("haproxy")
    if not binary:
        return None
    (folder / "haproxy.cfg").write_text(f"""\
global
    nbthread 1
    maxconn 8192

defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always

frontend web
    bind 127.0.0.1:{port} backlog {BACKLOG}
    default_backend origin

backend origin
    server origin 127.0.0.1:{origin}
""")
    return [binary, "-db", "-f", folder / "haproxy.cfg"]


def nginx_command(folder, port, origin):
    binary = find_program("nginx")
    if not binary:
        return None
    user = "user root root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"""\
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_buffer_size 64k;
    client_body_temp_path {folder}/nginx-client;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    upstream origin {{
        server 127.0.0.1:{origin};
        keepalive {IDLE_CONNECTIONS};
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog={BACKLOG};
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
    }}
}}
""")
    return [binary, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]


def relay_command(_folder, port, origin):
    return own_program("bench_relay", port, origin)


def own_program(name, *arguments):
    binary = ROOT / "build" / "release" / "bench" / name
    return [binary, *arguments] if binary.exists() else None


# In the order of the tables. A command of None means that the program is not there.
CONTESTANTS = {
    "fairlead": fairlead_command,
    "haproxy": haproxy_command,
    "nginx": nginx_command,
    "relay": relay_command,
}


def start_origin(cpu, folder):
    port = free_port()
    command = own_program("bench_origin", port)
    if command is None:
        raise CannotStart("build/release/bench/bench_origin is not built; run ./dev bench")
    return Process("origin", command, cpu, folder, port)


def start(name, cpu, folder, origin_port):
    """The running contestant, or None if its program is not there."""
    port = free_port()
    command = CONTESTANTS[name](folder, port, origin_port)
    return Process(name, command, cpu, folder, port) if command else None
