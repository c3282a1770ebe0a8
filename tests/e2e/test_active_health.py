"""Active checks: what they ask and expect, when they come, and what their results decide."""

import collections
import socket
import struct
import threading
import time

import pytest
from configs import host_each, host_of, one_pool, pool_with
from crew import CHECK, ask, names, refused_here, statuses
from edge import ADMIN, free_port
from origin import answer, serve
from waiting import PATIENCE, SCALE, eventually

QUICK = "every: 50ms, timeout: 1s"
ROUND = "balance: round_robin\nslow_start: off\n"
SUSPECT = "suspect this host's network"


def http_check(more="", pace=QUICK):
    """A line of health that asks for the crew's check."""
    return f"health: {{ path: {CHECK}, {pace}{', ' + more if more else ''}, passive: off }}\n"


# What is expected. Each row is a pool of one server, which is served (200) or not (503).


def raw(status="200 OK", fields=(), body=b""):
    return answer(body, status, fields)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n"
UNFRAMED = b"HTTP/1.1 200 OK\r\n\r\nready"
EXPECTED = {
    # what is expected, what the server answers, whether that is well
    "range, lowest": ("status: [200-399]", raw("200 OK"), True),
    "range, highest": ("status: [200-399]", raw("399 X"), True),
    "above the range": ("status: [200-399]", raw("400 Bad"), False),
    "listed": ("status: [200, 204]", raw("200 OK"), True),
    "listed without a body": ("status: [200, 204]", b"HTTP/1.1 204 X\r\n\r\n", True),
    "between the listed": ("status: [200, 204]", raw("201 X"), False),
    "range and number": ("status: [200-204, 404]", raw("404 Not Found"), True),
    "beside range and number": ("status: [200-204, 404]", raw("403 Forbidden"), False),
    "error wanted": ("status: [500]", raw("500 X"), True),
    "built-in statuses, redirect": ('headers: { X-Ok: "." }', raw("302 X", ["X-Ok: 1"]), True),
    "built-in statuses, error": ('headers: { X-Ok: "." }', raw("500 X", ["X-Ok: 1"]), False),
    "body": ('body: "^ready$"', raw(body=b"ready"), True),
    "other body": ('body: "^ready$"', raw(body=b"not ready"), False),
    "no body": ('body: "ready"', raw(), False),
    "part of the body": ('body: "[0-9]+ workers"', raw(body=b"{ok, 12 workers}\n"), True),
    "chunked body": ('body: "^ready$"', CHUNKED, True),
    "body until the close": ('body: "^ready$"', UNFRAMED, True),
    "body with a bad status": ('body: "^ready$"', raw("500 X", body=b"ready"), False),
    "header": ('headers: { X-Ok: "^yes" }', raw(fields=["X-Ok: yes, indeed"]), True),
    "header in another letter case": ('headers: { X-Ok: "^yes" }', raw(fields=["x-ok: yes"]), True),
    "other header": ('headers: { X-Ok: "^yes" }', raw(fields=["X-Ok: no"]), False),
    "no header": ('headers: { X-Ok: "^yes" }', raw(), False),
    "one of two headers": (
        'headers: { X-Ok: "^yes", X-Too: "." }', raw(fields=["X-Ok: yes"]), False),
    "one of several values": (
        'headers: { X-Ok: "^yes" }', raw(fields=["X-Ok: no", "X-Ok: yes"]), True),
    "everything": (
        'status: [200], body: ready, headers: { X-Ok: "1" }',
        raw(fields=["X-Ok: 1"], body=b"ready"), True),
    "everything but the body": (
        'status: [200], body: ready, headers: { X-Ok: "1" }',
        raw(fields=["X-Ok: 1"], body=b"no"), False),
    "garbage": ("status: [200-399]", b"SSH-2.0-OpenSSH_9.2\r\n", False),
}  # fmt: skip


@pytest.fixture(scope="module")
def expecting(module_fairlead, module_origin):
    def reply(request):
        if not request.target.startswith("/check/"):
            return answer(b"served")
        told = EXPECTED[rows[request.target]][1]
        # Without framing the body ends with the connection.
        if told in (UNFRAMED, EXPECTED["garbage"][1]):
            request.connection.send(told)
            return None
        return told

    rows = {f"/check/{i}": row for i, row in enumerate(EXPECTED)}
    upstream = module_origin([serve(reply)])
    hosts = {
        row: f"health: {{ path: {path}, {QUICK}, fall: 1, rise: 1, "
        f"expect: {{ {EXPECTED[row][0]} }} }}\nservers: [{upstream.address}]"
        for path, row in rows.items()
    }
    return module_fairlead(host_each(hosts))


@pytest.mark.parametrize("row", EXPECTED)
def test_expect(expecting, row):
    reply = expecting.get("/", host=host_of(row))
    if EXPECTED[row][2]:
        assert (reply.status, reply.body) == (200, b"served")
    else:
        assert refused_here(reply), reply


# What is asked.


def test_check_sends_what_is_configured(fairlead, crew):
    a = crew("a")
    seen = []

    def reply(request):
        seen.append(request)
        return answer()

    a.check_reply = reply
    more = http_check(
        "method: OPTIONS, host: checked.test, headers: { X-Probe: '1', Authorization: Basic YTpi }"
    )
    fairlead(one_pool(a, more=more))
    a.await_checks(1)
    request = seen[0]
    assert (request.method, request.target) == ("OPTIONS", CHECK)
    assert request.all("Host") == ["checked.test"]
    assert (request.get("X-Probe"), request.get("Authorization")) == ("1", "Basic YTpi")


def test_own_port_for_every_server(fairlead, crew):
    """Checks of both servers go to the one port, and what it says holds for both."""
    checked, a, b = crew("checked", "a", "b")
    more = http_check(f"port: {checked.port}, fall: 1, rise: 1") + ROUND
    edge = fairlead(one_pool(a, b, more=more))
    assert set(names(edge)) == {"a", "b"}
    assert a.checks == b.checks == 0
    checked.well = False
    eventually(lambda: edge.get("/").status == 503, what="both are down")


def test_tcp_check_of_another_port(fairlead, crew):
    checked, a = crew("checked", "a")
    more = f"health: {{ {QUICK}, fall: 1, rise: 1, port: {checked.port}, passive: off }}"
    edge = fairlead(one_pool(a, more=more))
    assert edge.get("/").status == 200
    checked.down()
    eventually(lambda: edge.get("/").status == 503, what="the server is down")
    checked.up()
    eventually(lambda: edge.get("/").status == 200, what="the server is back")


def test_off_sends_nothing(fairlead, crew):
    servers = crew("a", "b")
    edge = fairlead(one_pool(*servers, more="health: off\n" + ROUND), admin=ADMIN)
    assert set(names(edge, 20)) == {"a", "b"}
    for server in servers:
        assert server.checks == 0
        assert all(link.requests for link in server.origin.connections), "a connection for nothing"
    assert {one["active"] for one in edge.admin.servers()} == {"unchecked"}


# How many results it takes.


class Sequence:
    """Answers checks by a list of results, the last of which stays; counts them."""

    def __init__(self, server, results):
        self.server = server
        self.results = list(results)
        self.told = 0
        self.over = threading.Event()
        server.check_reply = self.reply

    def reply(self, _):
        well = self.results[min(self.told, len(self.results) - 1)]
        self.told += 1
        if self.told > len(self.results):
            self.over.set()
        return answer() if well else answer(b"ill", "500 X")


def test_fall_counts_failures_in_a_row(fairlead, crew):
    a = crew("a")
    told = Sequence(a, [True] + [False, False, True] * 6)
    edge = fairlead(one_pool(a, more=http_check("fall: 3, rise: 1")))
    seen = []
    eventually(lambda: seen.append(edge.get("/").status) or told.over.is_set(), what="all checks")
    assert set(seen) == {200}
    a.well, a.check_reply = False, None
    eventually(lambda: edge.get("/").status == 503, what="the server is down")


def test_rise_counts_successes_in_a_row(fairlead, crew):
    a = crew("a")
    told = Sequence(a, [False] + [True, True, False] * 6)
    edge = fairlead(one_pool(a, more=http_check("fall: 1, rise: 3")))
    seen = []
    eventually(lambda: seen.append(edge.get("/").status) or told.over.is_set(), what="all checks")
    assert set(seen) == {503}
    a.check_reply = None
    eventually(lambda: edge.get("/").status == 200, what="the server is up")


def test_exactly_fall_failures_and_rise_successes(fairlead, crew):
    """The API tells how many results stood against the server when it changed."""
    a = crew("a")
    edge = fairlead(one_pool(a, more=http_check("fall: 4, rise: 3") + ROUND), admin=ADMIN)
    edge.admin.await_standing("a", "ready")
    told = Sequence(a, [False] * 4 + [True])
    edge.admin.await_standing("a", "down")
    told.over.wait(PATIENCE)
    assert told.told >= 5
    edge.admin.await_standing("a", "ready")
    assert told.told >= 7


# The first check.


def test_first_check_decides_before_traffic(fairlead, crew):
    """However slow within the second: nobody is served by a server that was not checked."""
    ill, well = crew("ill", "well")
    pause = threading.Event()

    def slowly(_):
        pause.wait(0.3)
        return answer(b"ill", "500 X")

    ill.check_reply = slowly
    edge = fairlead(one_pool(ill, well, more=http_check(pace="every: 10s, timeout: 1s") + ROUND))
    assert set(names(edge, 20)) == {"well"}
    assert ill.requests == 0


def test_start_waits_a_second_at_most(fairlead, crew, faulty):
    hanging = faulty("hanging", mode="silent")
    start = time.monotonic()
    more = f"health: {{ path: {CHECK}, timeout: 60s, passive: off }}\n" + ROUND
    edge = fairlead(one_pool(hanging, crew("a"), more=more))
    assert time.monotonic() - start < 1.0 + 1.5 * SCALE
    assert edge.get("/").status == 200


def test_start_does_not_wait_for_nothing(fairlead, crew):
    start = time.monotonic()
    fairlead(one_pool(*crew("a", "b"), more=http_check()))
    assert time.monotonic() - start < 0.8 * SCALE


# When they come.


def pauses(server):
    times = list(server.check_times)
    return [later - earlier for earlier, later in zip(times, times[1:])]


def test_every_has_jitter(fairlead, crew):
    a = crew("a")
    more = f"health: {{ path: {CHECK}, every: 200ms, timeout: 1s }}"
    fairlead(one_pool(a, more=more))
    a.await_checks(14)
    # 160 to 240 ms. A check takes time itself, and a busy machine makes one or the other late.
    seen = sorted(pauses(a)[1:])
    assert seen[0] > 0.130 and seen[len(seen) // 2] < 0.3 * SCALE, seen
    assert seen[len(seen) // 2] - seen[0] > 0.008, "no jitter"


def test_checks_come_faster_while_in_doubt(fairlead, crew):
    a = crew("a")
    edge = fairlead(
        one_pool(a, more=f"health: {{ path: {CHECK}, every: 1s, fall: 3, rise: 2 }}\n" + ROUND),
        admin=ADMIN,
    )
    a.await_checks(2)
    assert pauses(a)[-1] > 0.75
    a.well = False
    a.await_checks(1)  # the first that fails
    failing = a.checks
    edge.admin.await_standing("a", "down")
    doubt = pauses(a)[failing - 1 : failing + 1]
    assert len(doubt) == 2 and max(doubt) < 0.75, doubt
    a.well = True
    a.await_checks(1)
    recovering = a.checks
    edge.admin.await_standing("a", "ready")
    assert max(pauses(a)[recovering - 1 :][:1], default=0) < 0.75


def test_workers_do_not_multiply_checks(fairlead, crew):
    """Once a server, and not once a worker."""
    servers = crew("a", "b", "c", "d")
    more = f"health: {{ path: {CHECK}, every: 500ms, timeout: 400ms }}"
    edge = fairlead(one_pool(*servers, more=more), workers=4)
    servers[0].await_checks(3)
    start = time.monotonic()
    servers[0].await_checks(4)
    took = time.monotonic() - start
    for server in servers:
        recent = [when for when in server.check_times if when >= start]
        assert len(recent) <= took / 0.4 + 2
    assert edge.get("/").status == 200


class Thousand:
    """One socket that stands for a thousand servers: 127.1.0.0, 127.1.0.1 ... on one port."""

    def __init__(self, count=1000):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("0.0.0.0", free_port()))
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        self.addresses = [f"127.1.{i // 250}.{1 + i % 250}" for i in range(count)]
        self.seen = []  # (time, address)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.seen.append((self.came_at(sock), sock.getsockname()[0]))
            sock.close()

    @staticmethod
    def came_at(sock):
        """When the kernel had the last packet of the handshake: the test itself may be late."""
        tcpi_last_ack_recv = 8 + 12 * 4  # milliseconds ago
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, tcpi_last_ack_recv + 4)
        (ago,) = struct.unpack_from("I", info, tcpi_last_ack_recv)
        return time.monotonic() - ago / 1000

    def busiest(self, seen, window=0.05):
        """The most probes within any window of so many seconds."""
        times = sorted(when for when, _ in seen)
        most = first = 0
        for last, when in enumerate(times):
            while when - times[first] > window:
                first += 1
            most = max(most, last - first + 1)
        return most

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)


@pytest.fixture
def thousand():
    servers = Thousand()
    yield servers
    servers.close()


def test_a_thousand_servers_are_probed_without_a_burst(fairlead, thousand):
    entries = [f'"{address}:{thousand.port}"' for address in thousand.addresses]
    edge = fairlead(
        one_pool(*entries, more="health: { every: 2s, timeout: 1s }\n"), admin=ADMIN
    )
    wanted = set(thousand.addresses)
    eventually(lambda: {one for _, one in list(thousand.seen)} == wanted, what="a first round")
    eventually(lambda: len(thousand.seen) >= 3500, what="three rounds and a half", within=PATIENCE)
    seen = list(thousand.seen)
    counts = collections.Counter(address for _, address in seen)
    assert min(counts.values()) >= 2 and max(counts.values()) <= 6
    # 25 are the mean of 50 ms at a thousand every 2 s; the first round may take one second.
    assert thousand.busiest(seen) <= 150 * SCALE
    assert thousand.busiest([one for one in seen if one[0] > seen[0][0] + 1.5]) <= 80 * SCALE
    took = seen[-1][0] - seen[0][0]
    assert took > 2.5, "faster than every 2 s"
    assert edge.admin.standings() == {entry.strip('"'): "ready" for entry in entries}


# This host's own network.


def test_all_failing_at_once_suspects_the_network(fairlead, crew):
    servers = crew("a", "b", "c")
    more = "health: { every: 300ms, timeout: 1s, fall: 2, rise: 1, passive: off }\n" + ROUND
    edge = fairlead(one_pool(*servers, more=more), admin=ADMIN)
    assert set(names(edge, 9)) == {"a", "b", "c"}
    pool = edge.admin.pool()
    assert not pool["suspect_network"] and SUSPECT not in edge.output
    for server in servers:
        server.down()
    told = edge.admin.await_pool(lambda pool: pool["suspect_network"], "the suspicion")
    assert "network" in " ".join(told["why"])
    eventually(lambda: SUSPECT in edge.output, what="the line of the log")
    assert edge.output.count(SUSPECT) == 1
    for server in servers:
        server.up()
    edge.admin.await_pool(lambda pool: not pool["suspect_network"], "the end of the suspicion")
    # The first of them clears the network; each of the others has its own check to pass.
    for server in servers:
        edge.admin.await_standing(server.name, "ready")
    assert set(names(edge, 9)) == {"a", "b", "c"}


def test_one_after_the_other_is_no_matter_of_the_network(fairlead, crew):
    servers = crew("a", "b", "c")
    more = "health: { every: 100ms, timeout: 1s, fall: 1, rise: 1, passive: off }\n" + ROUND
    edge = fairlead(one_pool(*servers, more=more), admin=ADMIN)
    for server, other in zip(servers, [*servers[1:], None]):
        server.down()
        edge.admin.await_standing(server.name, "down")
        if other:  # several more rounds in which the others were fine
            checked = len(other.origin.connections)
            eventually(lambda: len(other.origin.connections) >= checked + 4, what="more checks")
    assert statuses(edge, 3) == [503] * 3
    assert not edge.admin.pool()["suspect_network"] and SUSPECT not in edge.output


def test_servers_that_were_never_fine_say_nothing_of_the_network(fairlead, crew):
    servers = crew("a", "b")
    for server in servers:
        server.well = False
    edge = fairlead(one_pool(*servers, more=http_check("fall: 1, rise: 1")), admin=ADMIN)
    for server in servers:
        server.await_checks(4)
    assert edge.get("/").status == 503
    assert not edge.admin.pool()["suspect_network"] and SUSPECT not in edge.output


# Requests in flight when a server goes down.


def test_request_in_flight_is_answered_by_a_server_that_went_down(fairlead, crew):
    a, b = crew("a", "b")
    more = http_check("fall: 1, rise: 1") + "balance: first\n"
    edge = fairlead(one_pool(a, b, more=more), admin=ADMIN)
    a.hold()
    client = ask(edge)
    a.await_waiting(1)
    a.well = False
    edge.admin.await_standing("a", "down")
    a.release_all()
    assert client.read_answer().body == b"a"
    assert set(names(edge, 5)) == {"b"}


# The file.

REFUSED = {
    "bad regex": ('health: { path: /h, expect: { body: "(" } }', ["regular expression"]),
    "bad range": ("health: { path: /h, expect: { status: [399-200] } }", ["399-200"]),
    "no status": ("health: { path: /h, expect: { status: [99] } }", ["99"]),
    "unknown key": ("health: { path: /h, expect: { statuses: [200] } }", ["status"]),
    "nothing to expect of": ("health: { expect: { status: [200] } }", ["path"]),
}


@pytest.mark.parametrize("line, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, line, words):
    check.refuses(pool_with(line), words, 4)
