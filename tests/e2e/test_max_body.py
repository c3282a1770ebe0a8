"""`max_body`: 413 as soon as a body is known to be longer, whatever its framing says before."""

import pytest
from origin import answer, serve
from waiting import happens

LIMIT = 1000


def with_length(size, sent=None):
    body = b"x" * (size if sent is None else sent)
    return b"Content-Length: %d\r\n\r\n" % size + body


def in_chunks(*sizes, end=b"0\r\n\r\n"):
    chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"x" * size) for size in sizes)
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunks + end


# What follows the Host, and how much of the body the server gets whole; None: 413.
BODIES = {
    "no body": (b"\r\n", 0),
    "empty": (with_length(0), 0),
    "at the limit": (with_length(LIMIT), LIMIT),
    "one over": (with_length(LIMIT + 1), None),
    "one over, not sent yet": (with_length(LIMIT + 1, sent=0), None),
    "one over, at the limit so far": (with_length(LIMIT + 1, sent=LIMIT), None),
    "of 2^62": (with_length(1 << 62, sent=0), None),
    "no chunk": (in_chunks(), 0),
    "chunk at the limit": (in_chunks(LIMIT), LIMIT),
    "chunks at the limit": (in_chunks(*[100] * 10), LIMIT),
    "extensions and trailers do not count": (
        b"Transfer-Encoding: chunked\r\n\r\n3e8;%s\r\n" % (b"a" * 500)
        + b"x" * LIMIT + b"\r\n0\r\nX-Trailer: %s\r\n\r\n" % (b"t" * 500), LIMIT),
    "chunk of one over": (in_chunks(LIMIT + 1), None),
    "last of many chunks is over": (in_chunks(*[100] * 10, 1), None),
    "over before the end has come": (in_chunks(*[100] * 11, end=b""), None),
}  # fmt: skip


@pytest.fixture(scope="module")
def server(module_origin):
    return module_origin([serve(lambda request: answer(b"%d" % len(request.body)))])


@pytest.fixture(scope="module")
def edge(module_fairlead, server):
    return module_fairlead(
        f"paths: [{{ path: /, max_body: {LIMIT}B, servers: [{server.address}] }}]\n"
    )


@pytest.mark.parametrize("rest, size", BODIES.values(), ids=BODIES)
def test_body(edge, server, rest, size):
    before = len(server.requests)
    with edge.connect() as client:
        client.send_all_it_takes(b"POST / HTTP/1.1\r\nHost: a\r\n" + rest)
        reply = client.read_answer()
        if size is not None:
            assert (reply.status, reply.body) == (200, b"%d" % size)
            assert client.get("/").status == 200
            return
        assert reply.status == 413 and reply.complete
    # Of chunks the server may have seen the first, and then the end of its connection.
    for request in server.requests[before:]:
        happens(request.connection.closed, "the close of the server's connection")
        assert not request.finished.is_set()


def test_body_that_is_too_long_is_not_asked_for(edge):
    """413 instead of 100 (Continue)."""
    with edge.connect() as client:
        client.request("PUT", "/", ["Expect: 100-continue", f"Content-Length: {LIMIT + 1}"])
        assert client.read_head().status == 413
