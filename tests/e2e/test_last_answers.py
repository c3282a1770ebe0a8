"""Answers that are the last of their connection: whole, closed at once, and never held back."""

import threading
import time

import pytest
from configs import one_path
from origin import answer, close, read_request, send, serve, wait

LARGE = b"x" * (1 << 20)
# The kernel holds bytes back for 200 ms when it is told that more will come.
HELD_BACK_SECONDS = 0.2
TRIES = 5

ANSWERS = {
    "a length": ("GET", [send(answer(b"y" * 1024))], b"y" * 1024),
    "a length, large": ("GET", [send(answer(LARGE))], LARGE),
    "chunked": (
        "GET",
        [send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")],
        b"abc",
    ),
    "until the server closes": ("GET", [send(b"HTTP/1.1 200 OK\r\n\r\nabc"), close], b"abc"),
    "no body at all": ("GET", [send(b"HTTP/1.1 204 No Content\r\n\r\n")], b""),
    "304": ("GET", [send(b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")], b""),
    "the head alone": ("HEAD", [send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")], b""),
}  # fmt: skip


def quickest(ask):
    """Of some tries, in seconds: what is held back is held back in each."""
    times = []
    for _ in range(TRIES):
        began = time.monotonic()
        ask()
        times.append(time.monotonic() - began)
    return min(times)


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("method, script, body", ANSWERS.values(), ids=ANSWERS.keys())
def test_last_answer_is_whole_and_comes_at_once(fairlead, origin, version, method, script, body):
    upstream = origin([read_request, *script])
    edge = fairlead(one_path(upstream))

    def ask():
        with edge.connect() as client:
            client.send(f"{method} / {version}\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            reply = client.read_answer(method)
            assert reply.complete and reply.body == body
            client.expect_closed()

    assert quickest(ask) < HELD_BACK_SECONDS


OWN = {
    "a redirect": (b"GET /away HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 302),
    "no route": (b"GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
    "a refused head": (b"GET / HTTP/1.1\r\nX : 1\r\n\r\n", 400),
    "a body that nobody reads": (
        b"POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nConnection: close\r\n\r\n123",
        404,
    ),
}


@pytest.mark.parametrize("request_bytes, status", OWN.values(), ids=OWN.keys())
def test_own_last_answer_comes_at_once(fairlead, request_bytes, status):
    edge = fairlead("paths:\n  - path: /away\n    redirect: https://b.test/\n")

    def ask():
        with edge.connect() as client:
            client.send(request_bytes)
            reply = client.read_answer()
            assert reply.status == status and reply.complete
            client.half_close()  # whoever lingers waits for this
            client.expect_closed()

    assert quickest(ask) < HELD_BACK_SECONDS


def test_surplus_of_the_client_does_not_cost_it_its_answer(fairlead, origin):
    """Some clients send CRLF behind the body: unread, that makes the close a reset."""
    came = threading.Event()
    upstream = origin([read_request, wait(came), send(answer(b"y" * 1024))])
    edge = fairlead(one_path(upstream))
    with edge.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nz")
        client.send(b"\r\n")
        came.set()
        reply = client.read_answer()
        assert reply.complete and reply.body == b"y" * 1024


def test_a_kept_connection_is_not_ended_by_its_answers(fairlead, origin):
    upstream = origin([serve(lambda request: answer(request.target.encode()))])
    with fairlead(one_path(upstream)).connect() as client:
        assert client.get("/1").body == b"/1"
        assert client.get("/2").body == b"/2"
        client.request("GET", "/3", ["Connection: close"])
        assert client.read_answer().body == b"/3"
        client.expect_closed()
