"""The programs that the benchmark compares: how they are configured, started and stopped."""

import functools
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import fairlead_configs
import newest

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 10
STOP_SECONDS = 5
BACKLOG = 4096
IDLE_CONNECTIONS = 256
CLIENTS = 8192
MANY_CLIENTS = 12288  # for the rows of idle connections
SPLICING = """\
    option splice-auto
    option splice-request
    option splice-response
"""


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
        connection.request("GET", "/1k", headers={"Host": fairlead_configs.HOST})
        response = connection.getresponse()
        return response.status == 200 and len(response.read()) == 1024
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Process:
    """A program kept on `cpus` ("0" or "0,1"), with its output in a file; the processes below it
    are its own."""

    def __init__(self, name, command, cpus, folder, port, start_seconds=START_SECONDS):
        self.name = name
        self.port = port
        self.output = folder / f"{name}.out"
        pinned = ["taskset", "-c", str(cpus), *[str(part) for part in command]]
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

    def cpu_times(self):
        """Of all threads of all its processes so far: seconds, exact to the nanosecond, and what
        the kernel says of them in ticks of user and of system time."""
        seconds = user = system = 0
        for pid in self.pids():
            fields = stat_fields(pid)
            if fields:
                seconds += time.clock_gettime(cpu_clock_of(pid))
                user += int(fields[11])
                system += int(fields[12])
        return seconds, user, system

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


def cpu_clock_of(pid):
    """The clock that clock_getcpuclockid(3) gives for a process: its threads' time on a CPU."""
    return (~pid << 3) | 2


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


def installed(name):
    """How a program of this machine is started; None without it. newest.command() does the same
    for those of --newest."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    return [found] if found else None


def program_of(name):
    """`haproxy-new` of `haproxy-new-splice`."""
    return name.removesuffix("-splice").removesuffix("-many")


def version_of(program):
    """The first line that haproxy, nginx, haproxy-new or nginx-new says about its version."""
    plain = program.removesuffix("-new")
    command = installed(plain) if plain == program else newest.command(plain)
    if not command:
        return None
    done = subprocess.run([*command, "-v"], capture_output=True, text=True, timeout=10)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else None


def versions_of(names):
    """{program: what it says about its version} of those contestants that have one."""
    programs = dict.fromkeys(program_of(name) for name in names if program_of(name) in VERSIONED)
    found = {program: version_of(program) for program in programs}
    return {program: version for program, version in found.items() if version}


def fairlead_with(name, configuration, build="release"):
    """The command of fairlead with what `configuration(port, origin)` gives."""
    def command(folder, port, origin):
        binary = ROOT / "build" / build / "fairlead"
        if not binary.exists():
            return None
        file = folder / f"{name}.yaml"
        file.write_text(configuration(port, origin))
        return [binary, "run", "-c", file]
    return command


def two_workers(port, origin):
    return fairlead_configs.plain(port, origin, workers=2)


def haproxy_command(folder, port, origin, find=installed, clients=CLIENTS, more="",
                    more_global=""):
    program = find("haproxy")
    if not program:
        return None
    file = folder / f"haproxy-{port}.cfg"
    file.write_text(f"""\
global
    nbthread 1
    maxconn {clients}
{more_global}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
{more}
frontend web
    bind 127.0.0.1:{port} backlog {BACKLOG}
    default_backend origin

backend origin
    server origin 127.0.0.1:{origin}
""")
    return [*program, "-db", "-f", file]


def nginx_command(folder, port, origin, find=installed, clients=CLIENTS):
    program = find("nginx")
    if not program:
        return None
    user = "user root root;" if os.geteuid() == 0 else ""
    file = folder / f"nginx-{port}.conf"
    file.write_text(f"""\
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx-{port}.pid;
error_log stderr crit;
events {{ worker_connections {clients}; }}
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
    return [*program, "-p", folder, "-c", file, "-e", "stderr"]


def others_with(suffix, find):
    """HAProxy and nginx in all their variants, of the machine or of --newest."""
    haproxy = functools.partial(haproxy_command, find=find)
    nginx = functools.partial(nginx_command, find=find)
    return {
        f"haproxy{suffix}": haproxy,
        f"nginx{suffix}": nginx,
        f"haproxy{suffix}-splice": functools.partial(haproxy, more=SPLICING,
                                                     more_global="    maxpipes 256\n"),
        # It wants two descriptors for each client, which idle ones do not need.
        f"haproxy{suffix}-many": functools.partial(haproxy, clients=MANY_CLIENTS,
                                                   more_global="    no strict-limits\n"),
        f"nginx{suffix}-many": functools.partial(nginx, clients=MANY_CLIENTS),
    }


def relay_command(_folder, port, origin):
    return own_program("bench_relay", port, origin)


def own_program(name, *arguments):
    binary = ROOT / "build" / "release" / "bench" / name
    return [binary, *arguments] if binary.exists() else None


# What fairlead is measured with.
CONFIGURATIONS = {
    "fairlead": fairlead_configs.plain,
    "one-prefix": fairlead_configs.one_prefix,
    "one-regex": fairlead_configs.one_regex,
    "rules": fairlead_configs.many_rules,
    "firewall": fairlead_configs.firewall,
    "two-workers": two_workers,
}
# A command of None means that the program is not there.
CONTESTANTS = {
    **{name: fairlead_with(name, text) for name, text in CONFIGURATIONS.items()},
    "trained": fairlead_with("trained", fairlead_configs.plain, "trained"),
    "relay": relay_command,
    **others_with("", installed),
    **others_with("-new", newest.command),
}
# Programs that say which version they are.
VERSIONED = ("haproxy-new", "nginx-new", "haproxy", "nginx")
# Who stands in most tables, in their order.
USUAL = ("fairlead", "haproxy", "nginx", "relay")


def start_origin(cpus, folder):
    port = free_port()
    command = own_program("bench_origin", port)
    if command is None:
        raise CannotStart("build/release/bench/bench_origin is not built; run ./dev bench")
    return Process("origin", command, cpus, folder, port)


def start(name, cpus, folder, origin_port):
    """The running contestant, or None if its program is not there."""
    port = free_port()
    command = CONTESTANTS[name](folder, port, origin_port)
    return Process(name, command, cpus, folder, port) if command else None
