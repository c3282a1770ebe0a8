"""Connections that lie idle: thousands of them, what still works on each, and what each costs."""

import re
import resource
import signal
import time
from pathlib import Path

import pytest
from configs import one_path
from origin import WELL
from waiting import PATIENCE, SANITIZED, eventually, fewer

REQUEST = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
COUNT = fewer(2_000, 300)


@pytest.fixture
def descriptors():
    """Raises this process's own limit, for the clients' ends and for what it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def own_bytes(edge):
    """Without the program's text, whose share is a matter of how many others run at the moment."""
    rollup = Path(f"/proc/{edge.process.pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous:\s+(\d+)", rollup, re.M)[1]) * 1024


def asked_once(edge, count):
    """So many clients that were answered and stay."""
    clients = [edge.connect() for _ in range(count)]
    for client in clients:
        assert client.get("/").status == 200
    return clients


def silent(edge, count):
    return [edge.connect() for _ in range(count)]


@pytest.mark.parametrize("crowd", [silent, asked_once], ids=["silent", "asked_once"])
def test_thousands_lie_idle_and_each_is_served_again(fairlead, origin, descriptors, crowd):
    edge = fairlead(one_path(origin(WELL)))
    clients = crowd(edge, COUNT)
    for client in clients:
        assert client.get("/").status == 200
    # All at once, before anything is read.
    for client in clients:
        client.send(REQUEST)
    assert all(client.read_answer().status == 200 for client in clients)


def test_halves_and_pipelines_wake_an_idle_connection(fairlead, origin, descriptors):
    edge = fairlead(one_path(origin(WELL)))
    clients = asked_once(edge, 200)
    middle = len(REQUEST) // 2
    for client in clients:
        client.send(REQUEST + REQUEST[:middle])
    assert all(client.read_answer().status == 200 for client in clients)
    for client in clients:
        client.send(REQUEST[middle:])
    assert all(client.read_answer().status == 200 for client in clients)
    for octet in REQUEST:
        for client in clients:
            client.send(bytes([octet]))
    assert all(client.read_answer().status == 200 for client in clients)


@pytest.mark.parametrize("crowd", [silent, asked_once], ids=["silent", "asked_once"])
def test_the_idle_timeout_closes_them(fairlead, origin, descriptors, crowd):
    edge = fairlead(one_path(origin(WELL), defaults="timeouts: { idle: 1s }\n"))
    begun = time.monotonic()
    clients = crowd(edge, 300)
    for client in clients:
        client.expect_closed()
    assert time.monotonic() - begun >= 0.9


def test_a_request_begins_the_idle_time_anew(fairlead, origin):
    edge = fairlead(one_path(origin(WELL), defaults="timeouts: { idle: 2s }\n"))
    client = edge.connect()
    begun = time.monotonic()
    while time.monotonic() - begun < 3:
        assert client.get("/").status == 200
        assert client.is_quiet(0.5)
    last = time.monotonic()
    client.expect_closed()
    assert time.monotonic() - last >= 1


def test_a_drain_closes_who_was_served_and_hears_who_was_not(fairlead, origin, descriptors):
    edge = fairlead(one_path(origin(WELL)))
    served, fresh = asked_once(edge, 200), silent(edge, 20)
    eventually(lambda: edge.descriptors() > 220, what="all connections are accepted")
    edge.process.send_signal(signal.SIGTERM)
    for client in served:
        client.expect_closed()
    for client in fresh:
        assert client.request().read_answer().closes()
        client.expect_closed()
    assert edge.exit_code() == 0


def test_whoever_never_asks_does_not_hold_up_a_drain(fairlead, origin, descriptors):
    edge = fairlead(one_path(origin(WELL)))
    clients = silent(edge, 100)
    eventually(lambda: edge.descriptors() > 100, what="all connections are accepted")
    edge.terminate()
    assert edge.exit_code() == 0
    for client in clients:
        client.expect_closed()


def test_clients_that_leave_are_forgotten(fairlead, origin, descriptors):
    edge = fairlead(one_path(origin(WELL)))
    # Stays, so that it is counted before and after; one that left might be counted before only.
    edge.connect().get("/")
    before = edge.descriptors()
    clients = asked_once(edge, 100) + silent(edge, 100)
    eventually(lambda: edge.descriptors() >= before + 200, what="all connections are accepted")
    for number, client in enumerate(clients):
        client.reset() if number % 2 else client.close()
    eventually(lambda: edge.descriptors() <= before + 2, what="all connections are closed")
    assert edge.get("/").status == 200


def test_idle_connections_count_at_the_limit(fairlead, origin):
    rules = "firewall_rules: { connection_limit: 5 }\n"
    edge = fairlead(rules + one_path(origin(WELL)))
    clients = asked_once(edge, 5)
    refused = edge.get("/")
    assert refused.status == 429 and refused.closes()
    clients[0].close()
    eventually(lambda: edge.get("/").status == 200, what="a place becomes free")


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's heap is another one")
@pytest.mark.parametrize("crowd", [silent, asked_once], ids=["silent", "asked_once"])
def test_an_idle_connection_costs_little(fairlead, origin, descriptors, crowd):
    edge = fairlead(one_path(origin(WELL)))
    for client in asked_once(edge, 20):
        client.close()
    count = 4_000
    before = own_bytes(edge)
    clients = crowd(edge, count)
    eventually(lambda: edge.descriptors() > count, what="all connections are accepted")
    # 400 and something, and what the pools keep, shared by fewer; some of it has still to go.
    eventually(
        lambda: own_bytes(edge) - before <= 700 * count,
        within=2 * PATIENCE,
        what="700 bytes for an idle connection",
    )
    assert clients[-1].get("/").status == 200


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's heap is another one")
def test_a_burst_is_forgotten(fairlead, origin, descriptors):
    edge = fairlead(one_path(origin(WELL)))
    clients = asked_once(edge, COUNT)
    before = own_bytes(edge)
    for client in clients:
        client.send(REQUEST)
    for client in clients:
        assert client.read_answer().status == 200
    eventually(
        lambda: own_bytes(edge) - before < 4 << 20,
        within=4 * PATIENCE,
        what="the end of what the burst took",
    )
