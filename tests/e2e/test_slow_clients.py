"""A thousand slow clients at once (slowhttptest), and an ordinary one that must not notice."""

import collections
import resource
import subprocess
import time

import pytest
from load import Load
from origin import read_request, send, until_closed
from waiting import PATIENCE, SANITIZED, SCALE, eventually, fewer

HEADS = fewer(400, 100)  # clients that send a head in drops (slowloris)
BODIES = fewer(400, 100)  # a body in drops (R-U-Dead-Yet)
READERS = fewer(200, 50)  # read a response in drops
ALL = HEADS + BODIES + READERS
# All of them are there before the first is cut off.
LIMIT = fewer(10, 15)
LARGE = 16 << 20  # does not fit into what the kernel keeps for a connection
MIB = 1 << 20
# The words of the access log for those who were cut off.
TOO_SLOW = [
    "The request head did not arrive in time.",
    "client_timeout.request_body",
    "client_too_slow.request_body",
    "client_timeout.response_body",
    "client_too_slow.response_body",
]


class Attack:
    """slowhttptest, which connects, dribbles, and says at its end how that went."""

    def __init__(self, edge, mode, count, path, *options):
        self.process = subprocess.Popen(
            ["slowhttptest", mode, "-c", str(count), "-r", "400", "-u", edge.url(path),
             "-l", str(int(PATIENCE * 6)), "-p", str(int(PATIENCE)), "-v", "1", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def end(self):
        self.process.terminate()
        return self.process.communicate(timeout=PATIENCE)[0].decode()


@pytest.fixture
def attack():
    """attack(edge, mode, ...): all of them are ended with the test."""
    attacks = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # they inherit it, as fairlead does
    yield lambda *arguments: attacks.append(Attack(*arguments))
    for one in attacks:
        print(one.end()[-300:])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def edge(fairlead, origin, faulty, attack):
    body = b"x" * LARGE
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n".encode()
    large = origin([read_request, send(head), send(body), until_closed], send_buffer=65536)
    return fairlead(
        f"defaults: {{ timeouts: {{ head: {LIMIT}s, body: {LIMIT}s, min_rate: 500/s }} }}\n"
        f"paths:\n  - {{ path: /, servers: [{faulty('quick').address}] }}\n"
        f"  - {{ path: /large, servers: [{large.address}] }}\n"
    )


def connections_of(port):
    """Those to this port, as the kernel sees them: the state and the unsent bytes of each, whether
    fairlead still has it or not."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    mine = [row for row in rows if row[1].endswith(f":{port:04X}")]
    return [(row[3], int(row[4].split(":")[0], 16)) for row in mine]


def established(port):
    return sum(state == "01" for state, _ in connections_of(port))


def unsent_bytes(port):
    return sum(unsent for _, unsent in connections_of(port))


def cut_off(edge):
    """How many requests of each path ended because their client was too slow."""
    lines = edge.log_lines()
    return collections.Counter(line["path"] for line in lines if line.get("why") in TOO_SLOW)


def test_ordinary_client_does_not_notice(edge, attack):
    with Load(edge.port, connections=4, rate=200 / SCALE, target="/ok") as load:
        load.answers(50)
        before, began = established(edge.port), time.monotonic()
        attack(edge, "-H", HEADS, "/head", "-i", "1", "-x", "10")
        attack(edge, "-B", BODIES, "/upload", "-i", "1", "-x", "10", "-s", "8192", "-t", "POST")
        attack(edge, "-X", READERS, "/large", "-n", "1", "-z", "5", "-w", "1", "-y", "512")
        eventually(
            lambda: established(edge.port) >= before + ALL, what=f"{ALL} slow clients at once"
        )
        resident = edge.resident_bytes()
        wanted = collections.Counter({"/head": HEADS, "/upload": BODIES, "/large": READERS})
        eventually(lambda: cut_off(edge) >= wanted, LIMIT + PATIENCE, "the end of all of them")
        lasted = time.monotonic() - began
        # Slow readers, too, leave nothing behind.
        eventually(lambda: unsent_bytes(edge.port) < MIB, what="the kernel's own memory is free")
    counts = load.all()
    print(f"{ALL} slow clients, gone after {lasted:.1f} s, {resident / MIB:.0f} MiB; {counts}")
    assert not counts.failed
    # Whoever had to wait for one of them to be cut off would wait twice as long.
    assert counts.latency(0.99) < 0.5 * SCALE and counts.slowest < LIMIT / 2
    assert SANITIZED or resident < 100 * MIB
