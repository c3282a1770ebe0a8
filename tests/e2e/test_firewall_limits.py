"""Limits, actions and `mode: observe`, with real connections: what is answered, what is logged, and
that the server behind sees nothing of what is refused."""

import threading
import time

import pytest
from edge import run
from origin import answer, serve
from waiting import SANITIZED, eventually, happens
from wire import Closed

TRUSTED = "trusted_proxies: [127.0.0.1]\n"


def from_client(address):
    return [f"X-Forwarded-For: {address}"]


def statuses(edge, count, target="/", fields=()):
    return [edge.get(target, fields).status for _ in range(count)]


def blocked_lines(edge, count):
    """The log's lines of `count` requests as (status, blocked_by, place)."""
    file = edge.file.name
    return sorted(
        (line["status"], line.get("blocked_by", ""), line.get("blocked_at", "").replace(str(edge.file), file))
        for line in edge.log_lines(count)
    )  # fmt: skip


# --- rates


def test_burst_passes_and_the_rest_is_429(fairlead):
    edge = fairlead(
        "paths:\n"
        "  - path: /\n"
        "    firewall_rules: { rate_limit: { rate: 6/h, burst: 3 } }\n"
        "    respond: { status: 200, body: ok }\n"
    )
    assert statuses(edge, 5) == [200, 200, 200, 429, 429]
    refused = edge.get()
    assert refused.body == b"Too Many Requests"
    assert 590 <= int(refused.get("Retry-After")) <= 600
    assert refused.get("RateLimit-Limit") == "3"
    assert refused.get("RateLimit-Remaining") == "0"
    assert 1790 <= int(refused.get("RateLimit-Reset")) <= 1800
    assert refused.get("RateLimit-Policy") == "3;w=1800"
    line = edge.log_lines(6)[-1]
    assert line["blocked_by"] == "firewall rate_limit 6/h by client_ip"
    assert line["blocked_at"] == f"{edge.file}:7"


def test_the_bucket_fills_again(fairlead):
    edge = fairlead(
        "firewall_rules: { rate_limit: { rate: 20/s, burst: 1 } }\n"
        "paths: [{ path: /, respond: { status: 200 } }]\n"
    )
    assert edge.get().status == 200
    eventually(lambda: edge.get().status == 200, what="room for another request")


KEYS = {
    "client_ip": (("client_ip", ["X-Forwarded-For: 10.0.0.1"], ["X-Forwarded-For: 10.0.0.2"])),
    "an IPv6 client by its /64": (
        "client_ip", ["X-Forwarded-For: 2001:db8::1"], ["X-Forwarded-For: 2001:db8:0:1::1"]),
    "header": ("header:X-Api-Key", ["X-Api-Key: a"], ["X-Api-Key: b"]),
    "cookie": ("cookie:user", ["Cookie: user=a"], ["Cookie: user=b"]),
}  # fmt: skip


@pytest.mark.parametrize("key, first, other", KEYS.values(), ids=KEYS)
def test_key(fairlead, key, first, other):
    edge = fairlead(
        f'{TRUSTED}firewall_rules: {{ rate_limit: {{ rate: 1/h, key: "{key}" }} }}\n'
        "paths: [{ path: /, respond: { status: 200 } }]\n"
    )
    assert statuses(edge, 2, fields=first) == [200, 429]
    assert statuses(edge, 2, fields=other) == [200, 429]


def test_key_route_and_host(fairlead):
    edge = fairlead(
        "hosts:\n"
        "  - host: a.test\n"
        "    firewall_rules: { rate_limit: { rate: 1/h, key: route } }\n"
        "    paths: [{ path: /x, respond: { status: 200 } }, { path: /y, respond: { status: 200 } }]\n"
    )
    assert [edge.get(path).status for path in ("/x", "/x", "/y", "/y")] == [200, 429, 200, 429]


def test_two_addresses_of_one_ipv6_network_are_one_client(fairlead):
    edge = fairlead(
        f"{TRUSTED}firewall_rules: {{ rate_limit: {{ rate: 1/h }} }}\n"
        "paths: [{ path: /, respond: { status: 200 } }]\n"
    )
    assert edge.get(fields=from_client("2001:db8::1")).status == 200
    assert edge.get(fields=from_client("2001:db8::2")).status == 429


def test_no_more_than_the_burst_passes_all_workers_together(fairlead):
    """Eight connections over four workers send as fast as they can."""
    burst, connections, each = 500, 8, 400
    edge = fairlead(
        f"firewall_rules: {{ rate_limit: {{ rate: 1/h, burst: {burst} }} }}\n"
        "paths: [{ path: /, respond: { status: 200 } }]\n",
        workers=4,
    )
    passed = []

    def hammer():
        with edge.connect() as client:
            request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            sender = threading.Thread(target=client.send, args=(request * each,))
            sender.start()
            passed.append(sum(client.read_answer().status == 200 for _ in range(each)))
            sender.join()

    threads = [threading.Thread(target=hammer) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == burst


def test_rate_over_time(fairlead):
    """Two workers, three seconds: what passes is the burst and the rate, to 2 % and a request."""
    rate, burst = 300, 50
    edge = fairlead(
        f"firewall_rules: {{ rate_limit: {{ rate: {rate}/s, burst: {burst} }} }}\n"
        "paths: [{ path: /, respond: { status: 200 } }]\n",
        workers=2,
    )
    begun = time.monotonic()
    passed = []

    def hammer():
        with edge.connect() as client:
            count = 0
            while time.monotonic() < begun + 3:
                count += client.get().status == 200
            passed.append(count)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = burst + rate * (time.monotonic() - begun)
    assert 0.95 * expected - 2 <= sum(passed) <= 1.01 * expected + 1


# --- at once


def test_connection_limit_counts_connections_that_say_nothing(fairlead):
    edge = fairlead(
        "firewall_rules: { connection_limit: 2 }\npaths: [{ path: /, respond: { status: 200 } }]\n"
    )
    silent = [edge.connect(), edge.connect()]
    third = edge.connect()
    reply = third.get()
    assert (reply.status, reply.get("Retry-After")) == (429, "1")
    assert reply.closes()
    third.expect_closed()
    silent[0].close()
    eventually(lambda: edge.get().status == 200, what="room for a connection")
    assert silent[1].get().status == 200
    lines = [line for line in edge.log_lines(1) if line["status"] == 429]
    assert lines[0]["blocked_by"] == "firewall connection_limit 2"


def test_beyond_twice_the_connection_limit_nothing_is_read(fairlead):
    edge = fairlead(
        "firewall_rules: { connection_limit: 1 }\npaths: [{ path: /, respond: { status: 200 } }]\n"
    )
    held = [edge.connect(), edge.connect()]
    assert held[0].get().status == 200
    with pytest.raises((Closed, ConnectionResetError, BrokenPipeError)):
        edge.connect().get()
    assert held[0].get().status == 200


def test_request_limit_holds_while_requests_are_in_flight(fairlead, origin):
    arrived, release = threading.Semaphore(0), threading.Event()

    def slow(request):
        arrived.release()
        happens(release, "the test's word")
        return answer(b"ok")

    server = origin([serve(slow)])
    edge = fairlead(
        "firewall_rules: { request_limit: 2 }\n"
        f"paths: [{{ path: /, servers: [{server.address}] }}]\n"
    )
    under_way = [edge.connect() for _ in range(2)]
    for client in under_way:
        client.request()
        assert arrived.acquire(timeout=10)
    assert edge.get().status == 429
    release.set()
    assert [client.read_answer().status for client in under_way] == [200, 200]
    eventually(lambda: edge.get().status == 200, what="room for a request")
    assert {line["blocked_by"] for line in edge.log_lines(4) if line["status"] == 429} == {
        "firewall request_limit 2"
    }


def test_a_request_that_waits_for_its_body_holds_its_place(fairlead, origin):
    server = origin([serve(lambda request: answer(b"ok"))])
    edge = fairlead(
        "firewall_rules: { request_limit: 1 }\n"
        f"paths: [{{ path: /, servers: [{server.address}] }}]\n"
    )
    slow = edge.connect()
    slow.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
    eventually(lambda: edge.get().status == 429, what="the place to be taken")
    slow.send(b"b")
    assert slow.read_answer().status == 200
    eventually(lambda: edge.get().status == 200, what="room for a request")


# --- actions


ACTIONS = "path_reject: [/], action: {}"


@pytest.mark.parametrize("action, status", [("{ status: 404 }", 404), ("{ status: 503 }", 503)])
def test_action_status(fairlead, origin, action, status):
    server = origin([serve(lambda request: answer(b"ok"))])
    edge = fairlead(
        f"paths: [{{ path: /, servers: [{server.address}],"
        f" firewall_rules: {{ {ACTIONS.format(action)} }} }}]\n"
    )
    assert edge.get("/secret").status == status
    assert server.requests == []
    assert edge.log_lines()[0]["blocked_by"] == "firewall path_reject /"


def test_drop_says_nothing(fairlead):
    edge = fairlead(
        "paths: [{ path: /, respond: { status: 200 },"
        f" firewall_rules: {{ {ACTIONS.format('drop')} }} }}]\n"
    )
    with edge.connect() as client:
        client.request()
        with pytest.raises((Closed, ConnectionResetError)):
            client.receive()
    line = edge.log_lines()[0]
    assert (line["status"], line["bytes_out"]) == (444, 0)


def test_tarpit_answers_late_and_closes(fairlead):
    edge = fairlead(
        "paths: [{ path: /, respond: { status: 200 },"
        f" firewall_rules: {{ {ACTIONS.format('{ tarpit: 700ms }')} }} }}]\n"
    )
    with edge.connect() as client:
        begun = time.monotonic()
        client.request(body=b"x" * 3000, method="POST")
        reply = client.read_answer()
        assert time.monotonic() - begun >= 0.69
        assert (reply.status, reply.body) == (403, b"Forbidden")
        assert reply.closes()
        client.expect_closed()


def test_who_is_in_the_tarpit_holds_no_buffers(fairlead):
    """Five hundred wait at once: some hundred bytes each, and nobody else waits for them."""
    count = 500
    edge = fairlead(
        "paths:\n"
        "  - { path: /, respond: { status: 200 } }\n"
        "  - { path: /tar, respond: { status: 200 },"
        " firewall_rules: { path_reject: [/tar], action: { tarpit: 60s } } }\n"
    )
    assert edge.get().status == 200
    before = edge.resident_bytes()
    waiting = [edge.connect() for _ in range(count)]
    for client in waiting:
        client.request(target="/tar", fields=["X-Filler: " + "x" * 2000])
    edge.log_lines(count + 1)
    assert edge.get().status == 200
    # A sanitizer keeps what was freed.
    assert SANITIZED or edge.resident_bytes() - before < count * 4096
    for client in waiting:
        client.close()
    eventually(lambda: edge.descriptors() < count, what="the end of the waiting")


def test_the_tarpit_is_bounded(fairlead):
    edge = fairlead(
        "paths: [{ path: /, respond: { status: 200 },"
        f" firewall_rules: {{ {ACTIONS.format('{ tarpit: 60s }')} }} }}]\n"
    )
    waiting = [edge.connect() for _ in range(1001)]
    for client in waiting[:1000]:
        client.request()
    edge.log_lines(1000)
    assert waiting[1000].get().status == 403


def test_a_limits_own_action(fairlead):
    edge = fairlead(
        "firewall_rules: { rate_limit: { rate: 1/h, action: { status: 503 } } }\n"
        "paths: [{ path: /, respond: { status: 200 } }]\n"
    )
    assert statuses(edge, 2) == [200, 503]


def test_refusals_wear_error_pages_and_response_rules(fairlead):
    edge = fairlead(
        "defaults:\n"
        '  error_pages: { 429: "slow down", 403: "not you" }\n'
        "  header_rules: { response: { add: { X-Edge: here } } }\n"
        "firewall_rules: { rate_limit: { rate: 1/h }, path_reject: [/no] }\n"
        "paths: [{ path: /, respond: { status: 200 } }]\n"
    )
    refused = edge.get("/no")
    assert (refused.status, refused.body, refused.get("X-Edge")) == (403, b"not you", "here")
    assert edge.get().status == 200
    late = edge.get()
    assert (late.status, late.body, late.get("X-Edge")) == (429, b"slow down", "here")
    assert late.get("Retry-After")


# --- observing


OBSERVED = {
    "a rule": ("{ path_reject: [/x], mode: observe }", "firewall path_reject /x"),
    "an address": ("{ ip_reject: [127.0.0.0/8], mode: observe }",
                   "firewall ip_reject 127.0.0.0/8"),
    "a rate": ("{ rate_limit: { rate: 1/h, mode: observe } }",
               "firewall rate_limit 1/h by client_ip"),
    "a body": ("{ max_body: 1B, mode: observe }", "firewall max_body 1B"),
}  # fmt: skip


@pytest.mark.parametrize("rules, name", OBSERVED.values(), ids=OBSERVED)
def test_observe_only_tells(fairlead, origin, rules, name):
    server = origin([serve(lambda request: answer(b"ok"))] * 4)
    edge = fairlead(
        f"paths: [{{ path: /x, servers: [{server.address}], firewall_rules: {rules} }}]\n"
    )
    for _ in range(2):
        with edge.connect() as client:
            client.request("POST", "/x", body=b"ab")
            assert client.read_answer().status == 200
    line = edge.log_lines(2)[1]
    assert "blocked_by" not in line
    assert line["would_block"] == name
    assert line["would_block_at"].startswith(f"{edge.file}:")
    assert len(server.requests) == 2


def test_observe_at_one_level_does_not_open_another(fairlead):
    edge = fairlead(
        "firewall_rules: { path_reject: [/x], mode: observe }\n"
        "paths: [{ path: /x, respond: { status: 200 }, firewall_rules: { method_reject: [PUT] } }]\n"
    )
    assert edge.get("/x").status == 200
    with edge.connect() as client:
        assert client.request("PUT", "/x").read_answer().status == 403
    line = edge.log_lines(2)[1]
    assert line["blocked_by"] == "firewall method_reject PUT"
    assert line["would_block"] == "firewall path_reject /x"


# --- levels, and what explain says


LEVELS = (
    "firewall_rules: { path_reject: [/global], max_body: 100B }\n"
    "hosts:\n"
    "  - host: a.test\n"
    "    firewall_rules: { path_reject: [/host], max_body: 10B }\n"
    "    paths:\n"
    "      - { path: /, respond: { status: 200 }, firewall_rules: { path_reject: [/path], max_body: 50B } }\n"
)


@pytest.mark.parametrize("path", ["/global", "/host", "/path"])
def test_levels_add_up(fairlead, path):
    edge = fairlead(LEVELS)
    assert edge.get(path).status == 403
    assert edge.get("/other").status == 200


def test_the_smallest_body_wins_and_is_named(fairlead):
    edge = fairlead(LEVELS)
    with edge.connect() as client:
        assert client.request("POST", body=b"x" * 11).read_answer().status == 413
    line = edge.log_lines()[0]
    assert line["blocked_by"] == "firewall max_body 10B"
    assert line["blocked_at"] == f"{edge.file}:8"


def test_explain_tells_of_rules_and_limits(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_text(
        "firewall_rules:\n"
        "  ip_reject: [203.0.113.0/24]\n"
        "  ip_allow: [203.0.113.7]\n"
        "  rate_limit: 100/s\n"
        "paths:\n"
        "  - path: /\n"
        "    firewall_rules: { method_reject: [TRACE], mode: observe }\n"
        "    respond: { status: 200, body: ok }\n"
    )
    refused = run("explain", "-c", file, "GET", "/", "--from", "203.0.113.9").stdout
    assert "firewall ip_reject 203.0.113.0/24 rejects 203.0.113.9" in refused
    assert f"({file}:2)" in refused
    passed = run("explain", "-c", file, "TRACE", "/", "--from", "203.0.113.7").stdout
    assert "firewall ip_allow 203.0.113.7/32 exempts 203.0.113.7" in passed
    assert "firewall rate_limit 100/s by client_ip counts the request" in passed
    assert "firewall method_reject TRACE would reject TRACE" in passed
    assert "200 ok" in passed
