"""Bodies of every size arrive as they were sent, whichever way they are moved."""

import threading

import pytest
from configs import one_path
from origin import (
    answer,
    close,
    half_close,
    read_head,
    read_request,
    reset,
    send,
    serve,
    signal,
    until_closed,
    wait,
)
from waiting import PATIENCE, eventually, happens

KIB = 1 << 10
MIB = 1 << 20
LARGE = 8 * MIB
# Around the sizes of the buffers, and around where a pipe takes over.
SIZES = [0, 1, 4095, 4096, 4097]
SIZES += [size * KIB + more for size in (16, 64, 80, 128) for more in (-1, 0, 1)]
SIZES += [MIB, LARGE]
PATTERN = bytes(range(251)) * (LARGE // 251 + 1)


def content(size):
    """Bytes that tell where they belong."""
    return PATTERN[:size]


def chunked(body, size=50_000):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


OK = b"HTTP/1.1 200 OK\r\n"
FRAMINGS = {
    "length": lambda body: OK + b"Content-Length: %d\r\n\r\n" % len(body) + body,
    "chunked": lambda body: OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body),
    "until close": lambda body: OK + b"\r\n" + body,
}


def sized(request):
    return content(int(request.target[1:]))


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_answers_of_every_size_over_one_connection(fairlead, origin, framing):
    upstream = origin([serve(lambda request: FRAMINGS[framing](sized(request)))])
    with fairlead(one_path(upstream)).connect() as client:
        for size in SIZES:
            reply = client.get(f"/{size}")
            assert reply.complete and reply.body == content(size), size
    assert len(upstream.connections) == 1


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_answers_until_close(fairlead, origin, version):
    upstream = origin(
        [read_head, lambda c: c.send(FRAMINGS["until close"](sized(c.requests[-1]))), close]
    )
    edge = fairlead(one_path(upstream))
    for size in SIZES:
        with edge.connect() as client:
            client.send(f"GET /{size} HTTP/{version}\r\nHost: a.test\r\n\r\n".encode())
            reply = client.read_answer()
            assert reply.complete and reply.body == content(size), size


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("method", ["POST", "PUT"])  # one is kept for another attempt, while small
def test_uploads_of_every_size_over_one_connection(fairlead, origin, framing, method):
    upstream = origin([serve(lambda request: answer(str(len(request.body)).encode()))])
    with fairlead(one_path(upstream)).connect() as client:
        for size in SIZES:
            body = content(size)
            fields = b"Content-Length: %d\r\n\r\n" % size
            if framing == "chunked":
                fields, body = b"Transfer-Encoding: chunked\r\n\r\n", chunked(body)
            client.send(f"{method} / HTTP/1.1\r\nHost: a.test\r\n".encode() + fields + body)
            assert client.read_answer().body == str(size).encode()
            assert upstream.next_request().body == content(size), size
    assert len(upstream.connections) == 1


@pytest.mark.parametrize("method, status", [("HEAD", 200), ("GET", 304), ("GET", 204)])
def test_heads_that_announce_a_large_body_which_never_comes(fairlead, origin, method, status):
    length = "" if status == 204 else f"Content-Length: {LARGE}\r\n"
    upstream = origin([serve(lambda _: f"HTTP/1.1 {status} X\r\n{length}\r\n".encode())])
    with fairlead(one_path(upstream)).connect() as client:
        for _ in range(3):
            reply = client.request(method).read_answer(method)
            assert (reply.status, reply.body) == (status, b"")
    assert len(upstream.connections) == 1


def test_uploads_that_a_mirror_copies(fairlead, origin):
    size = 200 * KIB
    upstream = origin([serve(lambda _: answer())])
    shadow = origin([serve(lambda _: answer())])
    pools = f"pools: {{ shadow: {{ servers: [{shadow.address}] }} }}\n"
    mirror = "mirror: { pool: shadow, max_body: 256KiB }"
    edge = fairlead(pools + one_path(upstream, path=mirror))
    with edge.connect() as client:
        for more in (0, MIB):
            assert client.request("POST", body=content(size + more)).read_answer().status == 200
            assert upstream.next_whole_request().body == content(size + more)
    assert shadow.next_whole_request().body == content(size)
    assert len(shadow.requests) == 1


def test_many_at_once_share_one_worker(fairlead, origin):
    upstream = origin([serve(lambda request: answer(sized(request)))])
    edge = fairlead(one_path(upstream))
    clients = [edge.connect() for _ in range(32)]
    for number, client in enumerate(clients):
        client.request(target=f"/{MIB + number}")
    for number, client in enumerate(clients):
        assert client.read_answer().body == content(MIB + number)
    for client in clients:
        client.close()
    # What a large body borrows is at rest again, and bounded.
    assert edge.descriptors() < 32 + 32 * 2 + 64


def test_the_next_answer_follows_a_large_one_at_once(fairlead, origin):
    upstream = origin([serve(lambda request: answer(sized(request)))])
    with fairlead(one_path(upstream)).connect() as client:
        client.request(target=f"/{MIB}").request(target="/3").request(target=f"/{MIB + 1}")
        for size in (MIB, 3, MIB + 1):
            assert client.read_answer().body == content(size)


# Half of the body, and then an end.
HEAD_OF_TWO_MIB = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * MIB)


@pytest.mark.parametrize("end", [close, half_close, reset], ids=["close", "half_close", "reset"])
def test_a_server_that_ends_in_mid_body(fairlead, origin, end):
    go_on = threading.Event()
    upstream = origin(
        [read_request, send(HEAD_OF_TWO_MIB + content(MIB)), wait(go_on), end, until_closed]
    )
    edge = fairlead(one_path(upstream))
    with edge.connect() as client:
        reply = client.request().read_head()
        client.buffer = b"" if client.read_exactly(MIB) == content(MIB) else None
        go_on.set()
        client.read_length(reply, MIB)
        assert not reply.complete and reply.body == b""
    assert edge.log_lines()[0]["why"].startswith("upstream_")


def test_a_client_that_goes_in_mid_body_takes_nothing_else_with_it(fairlead, origin):
    upstream = origin([serve(lambda request: answer(sized(request)))])
    edge = fairlead(one_path(upstream))
    gone = edge.connect(receive_buffer=65536)
    gone.request(target=f"/{LARGE}").read_head()
    gone.reset()
    assert edge.log_lines()[0]["why"].startswith("client_")
    # Nothing of the first body is left in what the second one is moved with.
    with edge.connect() as client:
        assert client.get(f"/{MIB}").body == content(MIB)


def test_a_client_that_ends_in_mid_upload(fairlead, origin):
    begun = threading.Event()
    upstream = origin([read_head, lambda c: c.take(MIB), signal(begun), until_closed])
    edge = fairlead(one_path(upstream))
    with edge.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % (2 * MIB))
        client.send(content(MIB))
        happens(begun, "the first half of the upload")
        client.half_close()
        assert upstream.connections[0].closed.wait(PATIENCE)
    assert upstream.connections[0].received.endswith(content(MIB))
    assert edge.log_lines()[0]["why"].startswith("client_")


def test_a_slow_end_gets_its_octets_as_they_come(fairlead, origin):
    """Far into a large body, single octets are passed on and not collected."""
    steps = [threading.Event() for _ in range(4)]
    script = [read_request, send(HEAD_OF_TWO_MIB + content(MIB))]
    for step in steps:
        script += [wait(step), send(b"x")]
    upstream = origin([*script, close])
    with fairlead(one_path(upstream)).connect() as client:
        client.request().read_head()
        assert client.read_exactly(MIB) == content(MIB)
        for step in steps:
            step.set()
            assert client.read_exactly(1) == b"x"


def test_silence_in_mid_body_is_a_timeout(fairlead, origin):
    upstream = origin([read_request, send(HEAD_OF_TWO_MIB + content(MIB)), until_closed])
    edge = fairlead(one_path(upstream, path="timeouts: { body: 300ms }"))
    with edge.connect() as client:
        reply = client.request().read_answer()
        assert not reply.complete and reply.body == content(MIB)
    assert edge.log_lines()[0]["why"] == "upstream_timeout.response_body"


def test_a_client_that_stops_reading_is_a_timeout_and_frees_what_it_held(fairlead, origin):
    upstream = origin([serve(lambda request: answer(sized(request)))])
    edge = fairlead(one_path(upstream, path="timeouts: { body: 300ms }"))
    before = edge.descriptors()
    client = edge.connect(receive_buffer=65536)
    client.request(target=f"/{LARGE}").read_head()
    assert edge.log_lines()[0]["why"] == "client_timeout.response_body"
    eventually(lambda: edge.descriptors() <= before + 2, what="the end of all descriptors")


def test_scarce_descriptors_cost_no_answer(fairlead, origin):
    """Where there is no descriptor for a pipe, bodies are copied."""
    upstream = origin([serve(lambda request: answer(sized(request)))])
    edge = fairlead(one_path(upstream), descriptors=(64, 64))
    clients = [edge.connect() for _ in range(8)]
    for client in clients:
        client.request(target=f"/{MIB}")
    for client in clients:
        assert client.read_answer().body == content(MIB)
