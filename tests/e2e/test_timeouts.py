"""Slow clients and slow servers: each limit of `timeouts`, made short by the configuration."""

import threading
import time

import pytest
from configs import one_path
from origin import (
    WELL,
    answer,
    close,
    flood,
    read_head,
    read_request,
    send,
    until_closed,
    wait,
)
from waiting import PATIENCE, SCALE, happens


def short(**limits):
    """A `timeouts` line; the limits are in milliseconds, more where the binary is slow."""
    values = ", ".join(f"{name}: {value * SCALE}ms" for name, value in limits.items())
    return f"timeouts: {{ {values} }}"


PARTIAL_HEADS = {
    "half a request line": b"GET /",
    "a whole request line": b"GET / HTTP/1.1\r\n",
    "half a field": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ",
    "all but the empty line": b"GET / HTTP/1.1\r\nHost: a\r\n",
}


@pytest.mark.parametrize("raw", PARTIAL_HEADS.values(), ids=PARTIAL_HEADS)
def test_head_that_does_not_end_is_408(fairlead, origin, raw):
    upstream = origin(WELL)
    client = fairlead(one_path(upstream, defaults=short(head=300))).connect()
    reply = client.send(raw).read_answer()
    assert reply.status == 408 and reply.closes() and reply.complete
    client.expect_closed()
    assert upstream.bytes_received == 0


def test_head_in_drops_is_408_all_the_same(fairlead, origin):
    """The limit holds for the whole head, not for the silence within it."""
    client = fairlead(one_path(origin(WELL), defaults=short(head=500))).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ")
    begin = time.monotonic()
    while client.is_quiet(0.05):
        client.send_all_it_takes(b"x")
        assert time.monotonic() - begin < PATIENCE, "a head in drops was never cut off"
    assert client.read_answer().status == 408


def test_second_head_has_the_limit_too(fairlead, origin):
    client = fairlead(one_path(origin(WELL), defaults=short(head=300))).connect()
    assert client.get("/").status == 200
    assert client.send(b"GET / HTTP/1.1\r\n").read_answer().status == 408


def test_connection_without_a_byte_is_closed(fairlead, origin):
    """Silently: nobody asked anything."""
    client = fairlead(one_path(origin(WELL), defaults=short(head=300, idle=300))).connect()
    client.expect_closed()


def test_idle_connection_is_closed_without_an_answer(fairlead, origin):
    client = fairlead(one_path(origin(WELL), defaults=short(idle=300))).connect()
    reply = client.get("/")
    assert reply.status == 200
    client.expect_closed()


def test_idle_limit_does_not_hit_a_request_in_flight(fairlead, origin):
    go_on = threading.Event()
    upstream = origin([read_request, wait(go_on), send(answer(b"late")), until_closed])
    edge = fairlead(one_path(upstream, defaults=short(idle=200)))
    busy, idle = edge.connect(), edge.connect()
    busy.request()
    upstream.next_request()
    # The idle one is closed first; by then the limit is over for the busy one as well.
    idle.expect_closed()
    go_on.set()
    assert busy.read_answer().body == b"late"


BODIES = {
    "length": b"Content-Length: 100\r\n\r\nsome",
    "no byte of it": b"Content-Length: 100\r\n\r\n",
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
}


@pytest.mark.parametrize("framing", BODIES.values(), ids=BODIES)
def test_request_body_that_stops_is_408(fairlead, origin, framing):
    upstream = origin([read_head, until_closed])
    client = fairlead(one_path(upstream, defaults=short(body=300))).connect()
    reply = client.send(b"PUT / HTTP/1.1\r\nHost: a\r\n" + framing).read_answer()
    assert reply.status == 408 and reply.closes()
    client.expect_closed()
    if upstream.connections:
        happens(upstream.connections[0].closed, "the close of the server's connection")


def test_request_body_in_drops_is_under_the_least_rate(fairlead, origin):
    upstream = origin([read_head, until_closed])
    defaults = short(body=500).replace(" }", ", min_rate: 1000/s }")
    client = fairlead(one_path(upstream, defaults=defaults)).connect()
    client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    begin = time.monotonic()
    while client.is_quiet(0.05):
        client.send_all_it_takes(b"x")
        assert time.monotonic() - begin < PATIENCE, "a body in drops was never cut off"
    assert client.read_answer().status == 408


def test_slow_but_steady_upload_is_not_cut(fairlead, origin):
    """Longer than every limit in total, and never silent for as long as one."""
    upstream = origin(WELL)
    defaults = short(body=500, head=500, idle=500).replace(" }", ", min_rate: 10/s }")
    client = fairlead(one_path(upstream, defaults=defaults)).connect()
    client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n")
    for _ in range(20):
        assert client.is_quiet(0.05 * SCALE), client.read_to_end()
        client.send(b"x" * 100)
    assert client.read_answer().status == 200


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 100\r\n\r\nsome", b"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"],
    ids=["length", "chunked"],
)
def test_response_body_that_stops_is_cut(fairlead, origin, head):
    upstream = origin([read_request, send(b"HTTP/1.1 200 OK\r\n" + head), until_closed])
    reply = fairlead(one_path(upstream, defaults=short(body=300))).get("/")
    assert (reply.status, reply.body, reply.complete) == (200, b"some", False)
    happens(upstream.connections[0].closed, "the close of the server's connection")


def test_response_that_nobody_takes_is_cut_by_a_reset(fairlead, origin):
    """After an orderly end the kernel would keep what is on its way for as long as the client."""
    length, stalled = 64 << 20, threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length
    upstream = origin([read_request, send(head), flood(length, stalled)])
    edge = fairlead(one_path(upstream, defaults=short(body=300)))
    client = edge.connect(receive_buffer=4096)
    client.request()
    happens(upstream.next_request().connection.done, "the end of the server's connection")
    _, clean = client.read_to_end(tell=True)
    assert not clean
    (line,) = edge.log_lines()
    assert line["why"] == "client_timeout.response_body"


PARTIAL_RESPONSES = {"nothing": b"", "half a head": b"HTTP/1.1 200 OK\r\nX-A: "}


@pytest.mark.parametrize("raw", PARTIAL_RESPONSES.values(), ids=PARTIAL_RESPONSES)
def test_response_that_does_not_come_is_504(fairlead, origin, raw):
    upstream = origin([read_request, send(raw), until_closed])
    edge = fairlead(one_path(upstream, defaults=short(response=300)))
    with edge.connect() as client:
        reply = client.get("/")
        assert reply.status == 504 and reply.complete
    happens(upstream.connections[0].closed, "the close of the server's connection")
    (line,) = edge.log_lines()
    assert line["status"] == 504 and "timeout" in line["why"]


def test_interim_responses_do_not_hold_off_the_limit(fairlead, origin):
    """A server may say 102 as often as it likes: the limit is for the final head."""

    def says_102(connection):
        read_request(connection)
        while not connection.closed.is_set():
            connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            connection.closed.wait(0.05)

    upstream = origin([says_102])
    assert fairlead(one_path(upstream, defaults=short(response=500))).get("/").status == 504


def test_total_limit_is_504(fairlead, origin):
    upstream = origin([read_request, until_closed])
    edge = fairlead(one_path(upstream, defaults=short(total=300)))
    assert edge.get("/").status == 504
    happens(upstream.connections[0].closed, "the close of the server's connection")


def test_limits_of_a_pool_merge_over_those_of_defaults(fairlead, origin):
    upstream = origin([read_request, until_closed])
    edge = fairlead(
        "defaults: { timeouts: { response: 50s, total: 40s } }\n"
        f"pools: {{ slow: {{ servers: [{upstream.address}], timeouts: {{ response: 300ms }} }} }}\n"
        "paths: [{ path: /, pool: slow }]\n"
    )
    assert edge.get("/").status == 504


def test_idle_server_connection_is_closed_after_its_time(fairlead, origin):
    upstream = origin(WELL)
    edge = fairlead(one_path(upstream, defaults=short(upstream_idle=300)))
    with edge.connect() as client:
        client.get("/")
        happens(upstream.connections[0].closed, "the close of the server's connection")
        assert client.get("/").status == 200


def test_keep_alive_of_the_server_shortens_the_idle_time(fairlead, origin):
    """One second less than the server's own, which leaves one second here instead of forty."""
    upstream = origin([read_request, send(answer(fields=["Keep-Alive: timeout=2"])), until_closed])
    edge = fairlead(one_path(upstream, defaults="timeouts: { upstream_idle: 40s }"))
    edge.get("/")
    happens(upstream.connections[0].closed, "the close of the server's connection")


def test_slow_server_is_no_reason_to_hold_up_others(fairlead, origin):
    slow = origin([read_request, until_closed])
    quick = origin(WELL)
    edge = fairlead(
        f"paths:\n  - {{ path: /slow, servers: [{slow.address}] }}\n"
        f"  - {{ path: /quick, servers: [{quick.address}] }}\n"
    )
    waiting = [edge.connect().request("GET", "/slow") for _ in range(20)]
    assert all(edge.get("/quick").status == 200 for _ in range(20))
    assert all(client.is_quiet(0) for client in waiting)


def test_server_that_closes_after_the_limit_is_no_surprise(fairlead, origin):
    upstream = origin([read_request, until_closed, close], WELL)
    edge = fairlead(one_path(upstream, defaults=short(response=200)))
    with edge.connect() as client:
        assert client.get("/").status == 504
        if not client.is_quiet(0):
            client.expect_closed()
            return
        assert client.get("/").status == 200
