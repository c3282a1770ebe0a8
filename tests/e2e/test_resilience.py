"""Servers that fail, and what is tried again: never what may have been done already."""

import signal
import socket
import subprocess
import sys
import threading

import pytest
from configs import one_path
from origin import (
    WELL,
    answer,
    close,
    read_head,
    read_request,
    reset,
    send,
    until_closed,
    wait,
)
from waiting import PATIENCE, eventually, happens

ROUND = "balance: round_robin\nhealth: off\n"


def test_refusing_server_is_replaced_by_another(fairlead, origin, dead_port):
    upstream = origin(WELL)
    edge = fairlead(one_path(dead_port, upstream, defaults=ROUND))
    with edge.connect() as client:
        for method in ("GET", "POST") * 5:
            reply = client.request(method, body=b"body").read_answer()
            assert (reply.status, reply.body) == (200, str(upstream.port).encode())
    assert all(request.body == b"body" for request in upstream.requests)


def test_only_server_refuses(fairlead, dead_port):
    reply = fairlead(one_path(dead_port, defaults=ROUND)).get("/")
    assert reply.status in (502, 503) and reply.complete


def test_retry_off_means_one_attempt(fairlead, origin, dead_port):
    upstream = origin(WELL)
    edge = fairlead(one_path(dead_port, upstream, defaults=ROUND + "retry: off"))
    statuses = sorted(edge.get("/").status for _ in range(2))
    assert statuses[0] == 200 and statuses[1] in (502, 503)


# A server that takes the request on a fresh connection and dies without a byte.
DEATHS = {"closed": close, "reset": reset}
METHODS = {"GET": 200, "HEAD": 200, "PUT": 200, "DELETE": 200, "OPTIONS": 200}
METHODS |= {"POST": 502, "PATCH": 502, "BREW": 502}


@pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS)
@pytest.mark.parametrize("method", METHODS)
def test_fresh_connection_that_dies_is_retried_when_idempotent(fairlead, origin, method, death):
    dying = origin([read_request, death])
    well = origin(WELL)
    edge = fairlead(one_path(dying, well, defaults=ROUND))
    status = 200
    while not dying.requests:
        assert status == 200
        with edge.connect() as client:
            status = client.request(method, body=b"x").read_answer(method).status
    assert status == METHODS[method]
    assert len(dying.requests) == 1


def test_server_that_closes_at_once_is_replaced(fairlead, origin):
    closing, well = origin([close]), origin(WELL)
    edge = fairlead(one_path(closing, well, defaults=ROUND))
    assert [edge.get("/").status for _ in range(4)] == [200] * 4


# Idle connections that died.

STALE = {
    "GET": b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT with its body": b"PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    "POST without a body": b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "unknown method without a body": b"BREW /2 HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS)
@pytest.mark.parametrize("raw", STALE.values(), ids=STALE)
def test_reused_connection_that_dies_is_retried_on_a_fresh_one(fairlead, origin, raw, death):
    upstream = origin([read_request, send(answer(b"1")), read_head, death], WELL)
    with fairlead(one_path(upstream)).connect() as client:
        assert client.get("/1").body == b"1"
        assert client.send(raw).read_answer().status == 200
    assert [request.target for request in upstream.requests] == ["/1", "/2", "/2"]


def test_post_is_retried_while_its_body_was_not_sent(fairlead, origin):
    upstream = origin([read_request, send(answer(b"1")), read_head, close], WELL)
    with fairlead(one_path(upstream)).connect() as client:
        assert client.get("/1").body == b"1"
        upstream.next_request()
        client.send(b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        upstream.next_request()
        happens(upstream.connections[0].done, "the death of the idle connection")
        retried = upstream.next_request()
        assert client.send(b"body").read_answer().status == 200
        assert retried.body == b"body"


def test_post_is_not_retried_once_its_body_was_sent(fairlead, origin):
    upstream = origin([read_request, send(answer(b"1")), read_request, close], WELL)
    with fairlead(one_path(upstream)).connect() as client:
        assert client.get("/1").body == b"1"
        assert client.request("POST", body=b"body").read_answer().status == 502
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS)
def test_idle_connection_closed_by_the_server_is_not_used(fairlead, origin, death):
    """Even a POST with its body goes through: the close was there before the request."""
    upstream = origin([read_request, send(answer(b"1")), death], WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.get("/1")
        happens(upstream.connections[0].done, "the close of the idle connection")
        assert client.request("POST", body=b"body").read_answer().status == 200


def test_server_that_dies_after_the_first_byte_is_not_retried(fairlead, origin):
    dying = origin([read_request, send(b"HTTP/1.1 2"), close])
    edge = fairlead(one_path(dying))
    assert edge.get("/").status == 502
    assert len(dying.requests) == 1


KILLED = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.recv(65536)
framing, body = (argument.encode() for argument in sys.argv[1:])
connection.sendall(b"HTTP/1.1 200 OK\\r\\n" + framing + b"\\r\\n\\r\\n" + body)
connection.recv(1)
"""
KILLED_FRAMINGS = {
    "length": ("Content-Length: 100", "some"),
    "chunked": ("Transfer-Encoding: chunked", "4\r\nsome\r\n"),
}


@pytest.mark.parametrize("framing, body", KILLED_FRAMINGS.values(), ids=KILLED_FRAMINGS)
def test_server_process_killed_in_the_middle_of_a_body(fairlead, framing, body):
    server = subprocess.Popen([sys.executable, "-c", KILLED, framing, body], stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline())
        edge = fairlead(f"paths: [{{ path: /, servers: [127.0.0.1:{port}] }}]\n")
        with edge.connect() as client:
            reply = client.request().read_head()
            assert b"some" in client.read_past(b"some")
            server.send_signal(signal.SIGKILL)
            rest = client.read_to_end()
            assert reply.status == 200 and b"0\r\n\r\n" not in rest
        (line,) = edge.log_lines()
        assert line["status"] == 200 and line["why"]
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


class FullServer:
    """Listens, but its queue is full: further connections get no answer at all."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.fillers = []
        while self.has_room():
            pass

    def has_room(self):
        filler = socket.socket()
        filler.settimeout(0.2)
        self.fillers.append(filler)
        try:
            filler.connect(self.listener.getsockname())
            return True
        except TimeoutError:
            return False

    def close(self):
        for one in [*self.fillers, self.listener]:
            one.close()


@pytest.fixture
def full_server():
    server = FullServer()
    yield server
    server.close()


def test_connect_timeout_is_an_error(fairlead, full_server):
    edge = fairlead(one_path(full_server, defaults="timeouts: { connect: 200ms }\nretry: off"))
    assert edge.get("/").status in (502, 503, 504)


def test_connect_timeout_tries_another_server(fairlead, origin, full_server):
    upstream = origin(WELL)
    defaults = ROUND + "timeouts: { connect: 200ms }"
    edge = fairlead(one_path(full_server, upstream, defaults=defaults))
    assert [edge.get("/").status for _ in range(2)] == [200, 200]


def test_client_that_goes_while_waiting_cancels_the_request(fairlead, origin):
    upstream = origin([read_request, until_closed])
    edge = fairlead(one_path(upstream))
    client = edge.connect()
    client.request()
    upstream.next_request()
    client.reset()
    happens(upstream.connections[0].closed, "the close of the server's connection")
    (line,) = edge.log_lines()
    assert line["why"]


def test_client_that_goes_within_an_upload_cancels_the_request(fairlead, origin):
    upstream = origin([read_head, until_closed])
    client = fairlead(one_path(upstream)).connect()
    client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")
    upstream.next_request()
    client.close()
    happens(upstream.connections[0].closed, "the close of the server's connection")
    assert not upstream.requests[0].finished.is_set()


def test_client_that_goes_within_a_download_cancels_it(fairlead, origin):
    go_on = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"
    upstream = origin([read_request, send(head), wait(go_on), until_closed])
    client = fairlead(one_path(upstream)).connect()
    client.request().read_past(b"some")
    client.reset()
    go_on.set()
    happens(upstream.connections[0].closed, "the close of the server's connection")


MAX_BODIES = {
    "in defaults": ("defaults: {{ max_body: 1KiB }}\npaths: [{{ path: /, servers: [{0}] }}]\n"),
    "in a path": ("paths: [{{ path: /, max_body: 1KiB, servers: [{0}] }}]\n"),
    "in a host": ('hosts: [{{ host: "*", max_body: 1KiB, servers: [{0}] }}]\n'),
}


@pytest.mark.parametrize("config", MAX_BODIES.values(), ids=MAX_BODIES)
def test_body_over_the_limit_is_413(fairlead, origin, config):
    upstream = origin(WELL)
    edge = fairlead(config.format(upstream.address))
    with edge.connect() as client:
        assert client.request("PUT", body=b"x" * 1024).read_answer().status == 200
        seen = upstream.bytes_received
        reply = client.send_all_it_takes(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n" + b"x" * 1025
        ).read_answer()
        assert reply.status == 413 and reply.complete
        assert upstream.bytes_received == seen


def test_expected_body_over_the_limit_is_413_without_100(fairlead, origin):
    edge = fairlead(one_path(origin(WELL), path="max_body: 1KiB"))
    with edge.connect() as client:
        client.send(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\nExpect: 100-continue\r\n\r\n"
        )
        assert client.read_head().status == 413


def test_chunked_body_over_the_limit_is_413(fairlead, origin):
    upstream = origin(WELL)
    edge = fairlead(one_path(upstream, path="max_body: 1KiB"))
    with edge.connect() as client:
        client.send_all_it_takes(
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"400\r\n" + b"x" * 1024 + b"\r\n400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"
        )  # fmt: skip
        reply = client.read_answer()
        assert reply.status == 413 and reply.complete and reply.closes()
        client.expect_closed()
    assert not any(request.finished.is_set() for request in upstream.requests)


def test_server_that_returns_is_used_again(fairlead, origin):
    first = origin(WELL)
    edge = fairlead(one_path(first))
    assert edge.get("/").status == 200
    first.close()
    eventually(lambda: edge.get("/").status in (502, 503), what="the loss of the only server")
    origin(WELL, port=first.port)
    eventually(lambda: edge.get("/").status == 200, within=PATIENCE, what="the server's return")
