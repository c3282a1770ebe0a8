"""The suite's own servers and load client do what the scenarios rely on."""

import ipaddress
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
from edge import free_port
from load import Load
from name_server import NO_ERROR, NO_SUCH_NAME, SERVER_FAILURE, TYPE_A, TYPE_AAAA
from waiting import SCALE, eventually
from wire import Client, Closed


def get(server, target="/"):
    with Client(server.port) as client:
        return client.get(target)


def test_server_says_its_name(faulty):
    reply = get(faulty("a"))
    assert (reply.status, reply.body, reply.get("X-Server")) == (200, b"a", "a")


def test_server_counts(faulty):
    server = faulty("a")
    with Client(server.port) as client:
        for target in ("/", "/healthz", "/x"):
            client.request("POST", target, body=b"body").read_answer()
    assert server.counts() == {"connections": 1, "requests": 2, "checks": 1}


def test_killed_server_refuses_and_returns_on_its_port(faulty):
    server = faulty("a")
    with Client(server.port) as client:
        client.get()
        server.kill()
        with pytest.raises((Closed, ConnectionResetError, BrokenPipeError)):
            client.get()
    with pytest.raises(ConnectionRefusedError):
        Client(server.port)
    server.start()
    assert get(server).body == b"a"


def test_silent_server_accepts_and_never_answers(faulty):
    server = faulty("a", mode="silent")
    with Client(server.port) as client:
        assert client.request().is_quiet(0.2)
    server.turn_to(checks=200)
    assert get(server, "/healthz").status == 200
    server.turn_to("well")
    assert get(server).status == 200


def test_slow_server(faulty):
    server = faulty("a", mode="slow", seconds=0.3)
    start = time.monotonic()
    with Client(server.port) as one, Client(server.port) as two:
        one.request()
        two.request()
        assert (one.read_answer().status, two.read_answer().status) == (200, 200)
    assert 0.3 <= time.monotonic() - start < 0.6 * SCALE


def test_every_third_connection_is_reset(faulty):
    server = faulty("a", mode="reset", each=3)
    ends = []
    for _ in range(6):
        with Client(server.port) as client:
            try:
                client.get()
                ends.append(client.get().status)
            except ConnectionResetError:
                ends.append("reset")
    assert ends == [200, 200, "reset"] * 2


def test_server_that_closes_without_saying(faulty):
    server = faulty("a", mode="close")
    with Client(server.port) as client:
        reply = client.get()
        assert reply.status == 200 and reply.get("Connection") is None
        client.expect_closed()


def test_server_that_answers_errors(faulty):
    server = faulty("a", mode="error", status=503, retry_after=7)
    reply = get(server)
    assert (reply.status, reply.get("Retry-After")) == (503, "7")


def test_blackholed_server_says_nothing_at_all(faulty):
    server = faulty("a")
    with Client(server.port) as client:
        client.get()
        server.turn_to(blackhole=True)
        with pytest.raises((Closed, ConnectionResetError)):
            client.get()
    with socket.socket() as probe:
        probe.settimeout(0.3)
        with pytest.raises(TimeoutError):
            probe.connect(("127.0.0.1", server.port))
    server.turn_to(blackhole=False)
    assert get(server).status == 200


def test_load_counts_what_comes_back(faulty):
    server = faulty("a")
    with Load(server.port, connections=4) as load:
        load.answers(200)
        moment = load.now()
        server.turn_to("error", status=503, retry_after=2)
        load.answers(100)
    assert set(load.ended_since(0, moment).statuses) == {200}
    after = load.since(moment)
    assert set(after.statuses) <= {200, 503} and after.statuses[503] >= 90
    assert all(b"Retry-After: 2" in sample.head for sample in after.failed)
    assert not load.all().lost and load.all().servers == {"a": load.all().total}
    assert 0 < load.all().latency(0.5) <= load.all().latency(0.99) <= load.all().slowest


def test_load_counts_what_is_lost(faulty):
    server = faulty("a")
    with Load(server.port, connections=4) as load:
        load.answers(50)
        server.kill()
        load.until(lambda counts: "ConnectionRefusedError" in counts.statuses, "refusals")
        server.start()
        load.until(lambda counts: counts.statuses[200] == 200, "the server's return")
    assert len(load.all().lost) == len(load.all().failed) > 0


def test_load_keeps_its_rate(faulty):
    server = faulty("a")
    with Load(server.port, connections=8, rate=400) as load:
        load.answers(400)
        start = load.now()
        load.go_on(1.0)
        counts = load.ended_since(start, start + 1.0)
    assert 300 <= counts.total <= 440
    assert server.counts()["connections"] == 8


def test_load_is_quick(faulty):
    """As fast as it is answered, one process of it asks thousands of times a second."""
    server = faulty("a")
    with Load(server.port, connections=16) as load:
        load.answers(2000)
        start = load.now()
        load.answers(2000)
        rate = 2000 / (load.now() - start)
    print(f"{rate:.0f} requests a second")
    assert rate > 1000 / SCALE


def test_crew_holds_and_releases(crew):
    server = crew("a")
    server.hold()
    clients = [Client(server.port).request("GET", f"/{i}") for i in range(3)]
    server.await_waiting(3)
    server.release()
    server.await_waiting(2)
    server.release_all()
    assert [client.read_answer().body for client in clients] == [b"a"] * 3
    for client in clients:
        client.close()


def test_crew_goes_and_returns(crew):
    server = crew("a")
    with Client(server.port) as client:
        client.get("/healthz")
        server.down()
        client.expect_closed()
    with pytest.raises(ConnectionRefusedError):
        Client(server.port)
    server.up()
    assert get(server).body == b"a" and (server.requests, server.checks) == (1, 1)


def test_crew_says_what_it_is_told(crew):
    server = crew("a")
    server.alternate("503 Busy", "200 OK")
    assert [get(server).status for _ in range(4)] == [503, 200, 503, 200]
    server.turn_to("404 Not Found", ["X-A: 1"], b"gone")
    assert (get(server).status, get(server).get("X-A")) == (404, "1")
    server.recover()
    server.well = False
    assert (get(server).status, get(server, "/healthz").status) == (200, 500)


# The DNS server, by a resolver of a few lines.


def lookup(dns, name, kind=TYPE_A, within=1.0):
    """The response code, the addresses and their TTLs; None when no answer comes."""
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    query = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(within)
        client.sendto(query, ("127.0.0.1", dns.port))
        try:
            reply = client.recv(4096)
        except TimeoutError:
            return None
    ident, flags, questions, answers, _, _ = struct.unpack("!6H", reply[:12])
    assert (ident, questions) == (7, 1) and flags & 0x8000 and reply[12 : len(query)] == query[12:]
    at, addresses, ttls = len(query), [], set()
    for _ in range(answers):
        _, found, _, ttl, length = struct.unpack("!3HIH", reply[at : at + 12])
        assert found == kind
        addresses.append(str(ipaddress.ip_address(reply[at + 12 : at + 12 + length])))
        ttls.add(ttl)
        at += 12 + length
    assert at == len(reply)
    return flags & 0xF, addresses, ttls


def test_name_server_answers_what_a_test_says(dns):
    assert lookup(dns, "a.example") == (NO_SUCH_NAME, [], set())
    dns.has("a.example", "127.0.0.2", "127.0.0.3", "::1", ttl=5)
    assert lookup(dns, "A.Example") == (NO_ERROR, ["127.0.0.2", "127.0.0.3"], {5})
    assert lookup(dns, "a.example", TYPE_AAAA) == (NO_ERROR, ["::1"], {5})
    dns.has("a.example")
    assert lookup(dns, "a.example") == (NO_ERROR, [], set())
    dns.fail("a.example")
    assert lookup(dns, "a.example") == (SERVER_FAILURE, [], set())
    dns.silence("a.example")
    assert lookup(dns, "a.example", within=0.2) is None
    dns.has("a.example", "127.0.0.2", ttl=1)
    assert lookup(dns, "a.example") == (NO_ERROR, ["127.0.0.2"], {1})
    assert dns.asked("a.example") == 6


# The rest.


def test_free_ports_are_not_the_kernels(crew):
    """So that a connection to a server that is down can never meet itself."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(port < lowest for port in (free_port(), crew("a").port))


def test_eventually_tells_what_did_not_come():
    with pytest.raises(AssertionError, match="the end of the world"):
        eventually(threading.Event().is_set, 0.05, "the end of the world")
