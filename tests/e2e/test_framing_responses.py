"""Responses of servers: every way to delimit a body, and malformed ones, which become 502."""

import threading

import pytest
from configs import one_path
from origin import answer, close, half_close, read_request, reset, send, trickle, until_closed, wait
from waiting import happens

CRLF = b"\r\n"


def head(*lines, start=b"HTTP/1.1 200 OK"):
    return CRLF.join([start, *lines]) + CRLF + CRLF


# Each becomes 502. The server leaves its connection open, so that it is fairlead who closes it.
MALFORMED = {
    "no status line": b"hello\r\n\r\n",
    "empty line first": b"\r\n" + head(b"Content-Length: 0"),
    "version of something else": head(b"Content-Length: 0", start=b"HTTQ/1.1 200 OK"),
    "version 2.0": head(b"Content-Length: 0", start=b"HTTP/2.0 200 OK"),
    "lower-case version": head(b"Content-Length: 0", start=b"http/1.1 200 OK"),
    "status of two digits": head(b"Content-Length: 0", start=b"HTTP/1.1 20 OK"),
    "status of four digits": head(b"Content-Length: 0", start=b"HTTP/1.1 2000 OK"),
    "status below 100": head(b"Content-Length: 0", start=b"HTTP/1.1 099 OK"),
    "status is no number": head(b"Content-Length: 0", start=b"HTTP/1.1 2x0 OK"),
    "two spaces before the status": head(b"Content-Length: 0", start=b"HTTP/1.1  200 OK"),
    "NUL in the reason": head(b"Content-Length: 0", start=b"HTTP/1.1 200 O\0K"),
    "bare CR in the reason": head(b"Content-Length: 0", start=b"HTTP/1.1 200 O\rK"),
    "bare LF after the status line": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "bare LF after a field": b"HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 0\r\n\r\n",
    "obs-fold": head(b"X-A: 1", b" 2", b"Content-Length: 0"),
    "space before the colon": head(b"X-A : 1", b"Content-Length: 0"),
    "space before Content-Length's colon": head(b"Content-Length : 0"),
    "no colon": head(b"X-A", b"Content-Length: 0"),
    "no name": head(b": 1", b"Content-Length: 0"),
    "name is no token": head(b"X A: 1", b"Content-Length: 0"),
    "NUL in a value": head(b"X-A: \0", b"Content-Length: 0"),
    "bare CR in a value": head(b"X-A: 1\r2", b"Content-Length: 0"),
    "length and chunked": head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "lengths that differ": head(b"Content-Length: 5", b"Content-Length: 6") + b"123456",
    "different lengths in a list": head(b"Content-Length: 5, 6") + b"123456",
    "length with a plus": head(b"Content-Length: +5") + b"12345",
    "negative length": head(b"Content-Length: -5") + b"12345",
    "hexadecimal length": head(b"Content-Length: 0x5") + b"12345",
    "empty length": head(b"Content-Length:") + b"12345",
    "length of 2^64 + 5": head(b"Content-Length: 18446744073709551621") + b"12345",
    "unknown coding": head(b"Transfer-Encoding: x") + b"12345",
    "chunked twice": head(b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "chunked in HTTP 1.0": (
        head(b"Transfer-Encoding: chunked", start=b"HTTP/1.0 200 OK") + b"0\r\n\r\n"),
    "101 that nobody asked for": (
        head(b"Connection: upgrade", b"Upgrade: x", start=b"HTTP/1.1 101 S")),
    "head over the limit": head(*[b"X-%d: " % i + b"v" * 1000 for i in range(80)]),
    "endless field": b"HTTP/1.1 200 OK\r\nX-A: " + b"v" * 100000,
    "endless status line": b"HTTP/1.1 200 " + b"v" * 100000,
    "101 fields": head(*[b"X-%d: 1" % i for i in range(100)], b"Content-Length: 0"),
    "Connection names Content-Length": head(b"Connection: Content-Length", b"Content-Length: 0"),
}  # fmt: skip


def expect_502(edge, upstream):
    with edge.connect() as client:
        reply = client.get("/")
        assert reply.status == 502, reply
        assert reply.complete and reply.get("Content-Type"), reply
        # It is not the client's fault: its connection may go on.
        if not reply.closes():
            assert client.get("/").status == 502
    happens(upstream.connections[0].closed, "the close of the server's connection")


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed_response_is_502_and_its_connection_closed(fairlead, origin, raw):
    upstream = origin([read_request, send(raw), until_closed])
    expect_502(fairlead(one_path(upstream, defaults="retry: off")), upstream)


CUT_HEADS = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "half a field": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
    "100 alone": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("ending", [close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("raw", CUT_HEADS.values(), ids=CUT_HEADS)
def test_response_that_ends_within_its_head_is_502(fairlead, origin, raw, ending):
    upstream = origin([read_request, send(raw), ending])
    edge = fairlead(one_path(upstream, defaults="retry: off"))
    assert edge.get("/").status == 502


# What the server sends after the head; the client must be able to tell that it is not all.
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CUT_BODIES = {
    "short of its length": head(b"Content-Length: 100") + b"some",
    "no body byte of its length": head(b"Content-Length: 100"),
    "within a chunk": CHUNKED + b"64\r\nsome",
    "within a chunk size": CHUNKED + b"4\r\nsome\r\n6",
    "between chunks": CHUNKED + b"4\r\nsome\r\n",
    "within the last chunk": CHUNKED + b"4\r\nsome\r\n0\r\n",
    "within the trailers": CHUNKED + b"4\r\nsome\r\n0\r\nX-A: 1\r\n",
}


@pytest.mark.parametrize("ending", [close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("raw", CUT_BODIES.values(), ids=CUT_BODIES)
def test_truncated_body_is_seen_as_truncated(fairlead, origin, raw, ending):
    upstream = origin([read_request, send(raw), ending])
    edge = fairlead(one_path(upstream, defaults="retry: off"))
    reply = edge.get("/")
    # A reset may overtake the head.
    if reply.status == 502 and ending is reset:
        return
    assert reply.status == 200
    assert not reply.complete, reply
    assert b"some".startswith(reply.body)


BAD_CHUNKS = {
    "size is no number": b"g\r\nx\r\n",
    "bare LF after the size": b"1\nx\r\n0\r\n\r\n",
    "bare LF after the data": b"1\r\nx\n0\r\n\r\n",
    "no CRLF after the data": b"1\r\nx0\r\n\r\n",
    "size of 17 digits": b"10000000000000001\r\nx\r\n",
    "NUL in an extension": b"1;a=\0\r\nx\r\n0\r\n\r\n",
    "trailer without a colon": b"0\r\nTrailer\r\n\r\n",
}


@pytest.mark.parametrize("raw", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_bad_chunk_cuts_the_response(fairlead, origin, raw):
    upstream = origin([read_request, send(CHUNKED + b"4\r\nsome\r\n" + raw), until_closed])
    edge = fairlead(one_path(upstream, defaults="retry: off"))
    reply = edge.get("/")
    # Seen before anything was sent it may still become 502.
    assert reply.status == 502 or not reply.complete, reply
    happens(upstream.connections[0].closed, "the close of the server's connection")


BODIES = {
    "length": (head(b"Content-Length: 4") + b"some", b"some"),
    "length of zero": (head(b"Content-Length: 0"), b""),
    "chunked": (CHUNKED + b"2\r\nso\r\n2\r\nme\r\n0\r\n\r\n", b"some"),
    "chunked with extensions": (CHUNKED + b'2;a="b"\r\nso\r\n2\r\nme\r\n0\r\n\r\n', b"some"),
    "empty chunked": (CHUNKED + b"0\r\n\r\n", b""),
    "no reason": (head(b"Content-Length: 4", start=b"HTTP/1.1 200 ") + b"some", b"some"),
    "no reason and no space": (
        head(b"Content-Length: 4", start=b"HTTP/1.1 200") + b"some", b"some"),
    "unknown status": (head(b"Content-Length: 4", start=b"HTTP/1.1 299 Odd") + b"some", b"some"),
    "103 before": (
        head(start=b"HTTP/1.1 103 Early Hints") + head(b"Content-Length: 4") + b"some", b"some"),
    "100 that nobody asked for": (
        head(start=b"HTTP/1.1 100 Continue") + head(b"Content-Length: 4") + b"some", b"some"),
    "three interim responses": (
        head(start=b"HTTP/1.1 102 Processing") * 3 + head(b"Content-Length: 4") + b"some", b"some"),
    "HTTP 1.0 with a length": (
        head(b"Content-Length: 4", start=b"HTTP/1.0 200 OK") + b"some", b"some"),
    "same length twice": (head(b"Content-Length: 4", b"Content-Length: 4") + b"some", b"some"),
    "large": (answer(b"x" * 1_000_000), b"x" * 1_000_000),
}  # fmt: skip


@pytest.mark.parametrize("sending", [send, trickle], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("name", BODIES)
def test_body_arrives_whole_and_the_connection_is_kept(fairlead, origin, name, sending):
    raw, body = BODIES[name]
    if sending is trickle and len(raw) > 10000:
        raw, body = answer(b"x" * 5000), b"x" * 5000
    upstream = origin([read_request, sending(raw), read_request, sending(raw), until_closed])
    edge = fairlead(one_path(upstream))
    with edge.connect() as client:
        for _ in range(2):
            reply = client.get("/")
            if name == "same length twice" and reply.status == 502:
                return  # RFC 9112 section 6.3 allows both
            assert reply.status in (200, 299) and reply.complete, reply
            assert reply.body == body
            assert not reply.closes()
    expected = 2 if name.startswith("HTTP 1.0") else 1
    assert len(upstream.connections) == expected


UNTIL_CLOSE = {
    "HTTP 1.1": head() + b"some",
    "HTTP 1.0": head(start=b"HTTP/1.0 200 OK") + b"some",
    "HTTP 1.0 that claims keep-alive": (
        head(b"Connection: keep-alive", start=b"HTTP/1.0 200 OK") + b"some"),
    "empty": head(),
}  # fmt: skip


@pytest.mark.parametrize("ending", [close, half_close], ids=["closed", "half-closed"])
@pytest.mark.parametrize("raw", UNTIL_CLOSE.values(), ids=UNTIL_CLOSE)
def test_body_until_close_is_whole(fairlead, origin, raw, ending):
    after = [] if ending is close else [until_closed]
    upstream = origin([read_request, send(raw), ending, *after])
    edge = fairlead(one_path(upstream))
    with edge.connect() as client:
        reply = client.get("/")
        assert reply.status == 200 and reply.complete, reply
        assert reply.body == raw.partition(b"\r\n\r\n")[2]
        # A client of HTTP/1.1 gets it chunked, so that it can tell the end and go on.
        if reply.chunked:
            assert not reply.closes()
            assert client.get("/").complete


def test_trailers_reach_the_client(fairlead, origin):
    raw = CHUNKED.replace(b"\r\n\r\n", b"\r\nTrailer: X-Sum\r\n\r\n")
    raw += b"4\r\nsome\r\n0\r\nX-Sum: 42\r\n\r\n"
    upstream = origin([read_request, send(raw), until_closed])
    reply = fairlead(one_path(upstream)).get("/", ["TE: trailers", "Connection: TE"])
    assert (reply.body, reply.trailers) == (b"some", [("X-Sum", "42")])


def test_trailers_cannot_change_framing_or_routing(fairlead, origin):
    trailers = b"Content-Length: 9\r\nTransfer-Encoding: x\r\nHost: b\r\nX-Good: 1\r\n"
    upstream = origin([read_request, send(CHUNKED + b"0\r\n" + trailers + b"\r\n"), until_closed])
    reply = fairlead(one_path(upstream)).get("/")
    assert reply.complete
    assert {name.lower() for name, _ in reply.trailers} <= {"x-good"}


BODILESS = {
    "204": ("GET", head(start=b"HTTP/1.1 204 No Content")),
    "204 with a length": ("GET", head(b"Content-Length: 0", start=b"HTTP/1.1 204 No Content")),
    "304": ("GET", head(b'ETag: "a"', start=b"HTTP/1.1 304 Not Modified")),
    "304 with a length": ("GET", head(b"Content-Length: 100", start=b"HTTP/1.1 304 Not Modified")),
    "HEAD with a length": ("HEAD", head(b"Content-Length: 100")),
    "HEAD with chunked": ("HEAD", head(b"Transfer-Encoding: chunked")),
    "HEAD with neither": ("HEAD", head()),
    "HEAD of an error": ("HEAD", head(b"Content-Length: 9", start=b"HTTP/1.1 404 Not Found")),
}


@pytest.mark.parametrize("method, raw", BODILESS.values(), ids=BODILESS)
def test_response_without_a_body_ends_with_its_head(fairlead, origin, method, raw):
    upstream = origin([read_request, send(raw), read_request, send(raw), until_closed])
    edge = fairlead(one_path(upstream))
    with edge.connect() as client:
        for _ in range(2):
            reply = client.request(method).read_answer(method)
            assert reply.status == int(raw.split(b" ")[1])
            if b"Content-Length: 100" in raw and method == "HEAD":
                assert reply.get("Content-Length") == "100"
            if reply.status == 204:
                assert reply.get("Content-Length") is None  # RFC 9110 section 8.6
        assert client.buffer == b""
    assert len(upstream.connections) == 1


# Bytes that a server sends beyond its response are nobody's.
SURPLUS = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
SURPLUS_AFTER = {
    "a length": ("GET", head(b"Content-Length: 4") + b"some"),
    "the last chunk": ("GET", CHUNKED + b"4\r\nsome\r\n0\r\n\r\n"),
    "204": ("GET", head(start=b"HTTP/1.1 204 No Content")),
    "304": ("GET", head(b"Content-Length: 100", start=b"HTTP/1.1 304 Not Modified")),
    "HEAD": ("HEAD", head(b"Content-Length: 45")),
}


@pytest.mark.parametrize("method, raw", SURPLUS_AFTER.values(), ids=SURPLUS_AFTER)
@pytest.mark.parametrize("late", [False, True], ids=["in the same write", "after the answer"])
def test_surplus_bytes_reach_nobody(fairlead, origin, method, raw, late):
    answered = threading.Event()
    steps = [send(raw), wait(answered), send(SURPLUS)] if late else [send(raw + SURPLUS)]
    upstream = origin([read_request, *steps, until_closed], [read_request, send(answer(b"mine"))])
    edge = fairlead(one_path(upstream))
    first, second = edge.connect(), edge.connect()
    reply = first.request(method).read_answer(method)
    assert reply.status == int(raw.split(b" ")[1])
    assert reply.body == (b"some" if b"some" in raw else b"")
    answered.set()
    # The connection with the surplus is closed, and not used again.
    happens(upstream.connections[0].closed, "the close of the server's connection")
    assert second.get("/").body == b"mine"
    assert b"poison" not in first.buffer + second.buffer


def test_interim_responses_are_passed_on(fairlead, origin):
    hints = head(b"Link: </a.css>", start=b"HTTP/1.1 103 Early Hints")
    go_on = threading.Event()
    upstream = origin([read_request, send(hints), wait(go_on), send(answer(b"some")), until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        interim = client.request().read_head()
        go_on.set()
        final = client.read_answer()
    assert (final.status, final.body) == (200, b"some")
    assert (interim.status, interim.get("Link")) == (103, "</a.css>")


def test_interim_responses_are_not_sent_to_http_1_0_clients(fairlead, origin):
    hints = head(b"Link: </a.css>", start=b"HTTP/1.1 103 Early Hints")
    upstream = origin([read_request, send(hints + answer(b"some")), until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        first = client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n").read_head()
    assert first.status == 200
