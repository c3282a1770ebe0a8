"""Bodies stream in both directions as they come, and a slow reader slows the sender."""

import threading

import pytest
from configs import one_path
from origin import (
    WELL,
    answer,
    flood,
    read_bytes,
    read_head,
    read_request,
    send,
    signal,
    until_closed,
    wait,
)
from waiting import PATIENCE, SANITIZED, SCALE, fewer, happens

MIB = 1 << 20
# More than the kernel's buffers of both connections can take (about 10 MiB each way on Linux).
FLOOD = fewer(96 * MIB, 64 * MIB)
BOUND = 32 * MIB
HEADS = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"first", b"last"),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nfirst\r\n", b"4\r\nlast\r\n0\r\n\r\n"),
    "until close": (b"HTTP/1.0 200 OK\r\n\r\n", b"first", b"last"),
}  # fmt: skip


@pytest.mark.parametrize("head, first, last", HEADS.values(), ids=HEADS)
def test_first_bytes_of_a_response_arrive_before_the_last(fairlead, origin, head, first, last):
    go_on = threading.Event()
    upstream = origin([read_request, send(head), send(first), wait(go_on), send(last)])
    with fairlead(one_path(upstream)).connect() as client:
        client.request()
        assert b"first" in client.read_past(b"first")
        go_on.set()
        assert b"last" in client.read_past(b"last")


def test_response_head_arrives_before_its_body(fairlead, origin):
    go_on = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
    upstream = origin([read_request, send(head), wait(go_on), send(b"body"), until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        reply = client.request().read_head()
        go_on.set()
        assert client.read_body(reply).body == b"body"


UPLOADS = {
    "length": (b"Content-Length: 9\r\n\r\n", b"first", b"last"),
    "chunked": (
        b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nfirst\r\n", b"4\r\nlast\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("framing, first, last", UPLOADS.values(), ids=UPLOADS)
def test_first_bytes_of_an_upload_arrive_before_the_last(fairlead, origin, framing, first, last):
    arrived = threading.Event()
    upstream = origin(
        [read_head, read_bytes(len(first)), signal(arrived), read_bytes(len(last)), send(answer())]
    )
    with fairlead(one_path(upstream)).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + first)
        happens(arrived, "the arrival of the first bytes")
        assert client.send(last).read_answer().status == 200


def test_head_of_an_upload_arrives_before_its_body(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        upstream.next_request()
        assert client.send(b"body").read_answer().status == 200


def test_client_that_does_not_read_stalls_the_server(fairlead, origin):
    stalled = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % FLOOD
    upstream = origin(
        [read_request, send(head), flood(FLOOD + len(head), stalled), until_closed],
        send_buffer=65536,
    )
    edge = fairlead(one_path(upstream))
    client = edge.connect(receive_buffer=65536)
    reply = client.request().read_head()
    happens(stalled, "the stall of the server")
    assert upstream.connections[0].sent < BOUND
    if not SANITIZED:
        assert edge.resident_bytes() < 100 * MIB
    received = len(client.buffer)
    while received < FLOOD:
        data = client.socket.recv(1 << 20)
        assert data, f"closed after {received} bytes of {FLOOD}: {reply!r}"
        received += len(data)
    assert received == FLOOD


def test_server_that_does_not_read_stalls_the_client(fairlead, origin):
    go_on = threading.Event()
    taken = []

    def count_body(connection):
        # Beside the usual record of bytes, which a flood would make large.
        left = FLOOD - (len(connection.received) - connection.position)
        while left:
            data = connection.socket.recv(1 << 20)
            assert data, f"closed with {left} bytes to come"
            left -= len(data)
        taken.append(FLOOD)

    upstream = origin(
        [read_head, wait(go_on), count_body, send(answer()), until_closed], receive_buffer=65536
    )
    edge = fairlead(one_path(upstream))
    client = edge.connect()
    client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % FLOOD)
    upstream.next_request()

    client.socket.settimeout(0.5 * SCALE)
    piece, sent = memoryview(b"x" * 65536), 0
    with pytest.raises(TimeoutError):
        while sent < FLOOD:
            sent += client.socket.send(piece[: FLOOD - sent])
    assert sent < BOUND
    if not SANITIZED:
        assert edge.resident_bytes() < 100 * MIB

    client.socket.settimeout(PATIENCE)
    go_on.set()
    while sent < FLOOD:
        sent += client.socket.send(piece[: FLOOD - sent])
    assert client.read_answer().status == 200
    assert taken == [FLOOD]
