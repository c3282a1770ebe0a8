"""Mirrors: copies of requests go to a second pool, and the client never notices them."""

import select
import threading

import pytest
from edge import run
from origin import (
    WELL, always, answer, close, flood, read_body, read_head, read_request, reset, send, serve,
    until_closed, wait,
)  # fmt: skip
from waiting import PATIENCE, eventually, happens

OK = always(answer(b"real"))
# What only the connection to the real server needs.
OF_THE_CONNECTION = {"transfer-encoding", "connection", "te", "trailer", "expect"}


def mirrored(real, *shadows, mirror="shadow", real_pool="", shadow_pool=""):
    """All to one pool, with copies for another; the pools' arguments are further keys."""
    real = real if isinstance(real, (list, tuple)) else [real]
    servers = ", ".join(server.address for server in real)
    copies = ", ".join(server.address for server in shadows)
    return (
        "pools:\n"
        f"  real: {{ servers: [{servers}], {real_pool} }}\n"
        f"  shadow: {{ servers: [{copies}], {shadow_pool} }}\n"
        f"paths: [{{ path: /, pool: real, mirror: {mirror} }}]\n"
    )


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_without_the_key_there_is_no_copy(fairlead, origin):
    shadow = origin(WELL)
    edge = fairlead(mirrored(origin(OK), shadow, mirror="off"))
    assert edge.get("/").body == b"real"
    (line,) = edge.log_lines()
    assert "mirror" not in line
    assert shadow.connections == []


HEAD = b" HTTP/1.1\r\nHost: a.test:80\r\nX-Two: 1\r\nX-Two: 2\r\nCookie: a=b; c=d\r\n"
REQUESTS = {
    "GET": b"GET /a/%7Eb?c=d&c=e" + HEAD + b"\r\n",
    "HEAD": b"HEAD /" + HEAD + b"\r\n",
    "DELETE": b"DELETE /a" + HEAD + b"\r\n",
    "OPTIONS *": b"OPTIONS *" + HEAD + b"\r\n",
    "an unknown method": b"BREW /pot" + HEAD + b"\r\n",
    "POST with a length": b"POST /a" + HEAD + b"Content-Length: 5\r\n\r\nhello",
    "POST with nothing": b"POST /a" + HEAD + b"Content-Length: 0\r\n\r\n",
    "PUT in chunks": (
        b"PUT /a" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        + chunked(b"hel", b"lo", b"x" * 9000)
    ),
    "PUT in no chunks": b"PUT /a" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(),
    "trailers": (
        b"PUT /a" + HEAD + b"TE: trailers\r\nConnection: TE\r\nTrailer: X-Sum\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
    ),
    "an expectation": b"PUT /a" + HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    "as long as may be": b"PUT /a" + HEAD + b"Content-Length: 65536\r\n\r\n" + b"y" * 65536,
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_the_copy_says_what_the_request_said(fairlead, origin, name):
    real, shadow = origin(OK), origin(WELL)
    edge = fairlead(mirrored(real, shadow))
    with edge.connect() as client:
        reply = client.send(REQUESTS[name]).read_answer("HEAD" if name == "HEAD" else "GET")
    assert (reply.status, reply.body) == (200, b"" if name == "HEAD" else b"real")
    sent, copy = real.next_whole_request(), shadow.next_whole_request()
    assert (copy.method, copy.target, copy.version) == (sent.method, sent.target, sent.version)
    assert copy.body == sent.body and copy.trailers == []
    kept = [field for field in sent.fields if field[0].lower() not in OF_THE_CONNECTION]
    if sent.get("Transfer-Encoding"):
        kept.append(("Content-Length", str(len(sent.body))))
    assert copy.fields == kept
    (line,) = edge.log_lines()
    assert line["mirror"] == "shadow" and line["pool"] == "real"


def test_the_copy_is_that_of_the_rewritten_request(fairlead, origin):
    real, shadow = origin(OK), origin(WELL)
    edge = fairlead(
        f"pools: {{ shadow: {{ servers: [{shadow.address}] }} }}\n"
        "hosts:\n"
        "  - host: a.test\n"
        f"    servers: [{real.address}]\n"
        "    mirror: shadow\n"
        "    header_rules: { add: { X-Edge: fairlead }, remove: [X-Debug, Host] }\n"
        "    param_rules: { add: { from: edge }, remove: [utm_source] }\n"
        "    rewrite_rules: { replace: { /v1: /v2 } }\n"
    )
    edge.get("/v1/x?utm_source=a&b=c", ["X-Debug: 1"])
    copy = shadow.next_whole_request()
    assert copy.target == "/v2/x?b=c&from=edge"
    assert copy.get("X-Edge") == "fairlead" and copy.get("X-Debug") is None
    assert copy.get("X-Forwarded-For") == "127.0.0.1"
    assert copy.get("Host") == real.address  # as it was sent
    assert copy.get("X-Request-Id") == real.next_request().get("X-Request-Id")


def test_it_means_the_same_at_every_level(fairlead, origin):
    real, shadow, other = origin(OK), origin(WELL), origin(WELL)
    edge = fairlead(
        "defaults: { mirror: { pool: shadow, percent: 100% } }\n"
        "pools:\n"
        f"  shadow: {{ servers: [{shadow.address}] }}\n"
        f"  other: {{ servers: [{other.address}] }}\n"
        f"  real: {{ servers: [{real.address}] }}\n"
        "paths:\n"
        "  - { path: /, pool: real }\n"
        "  - { path: /off, pool: real, mirror: off }\n"
        "  - { path: /other, pool: real, mirror: other }\n"
        "  - { path: /none, pool: real, mirror: { percent: 0 } }\n"
    )
    for path in ("/", "/off", "/other", "/none"):
        assert edge.get(path).body == b"real"
    lines = {line["path"]: line.get("mirror") for line in edge.log_lines(4)}
    assert lines == {"/": "shadow", "/off": None, "/other": "other", "/none": None}
    assert shadow.next_request().target == "/" and other.next_request().target == "/other"
    assert len(shadow.requests) == len(other.requests) == 1


def ignore(connection):
    """Reads nothing until the other end closes."""
    poll = select.poll()
    poll.register(connection.socket, select.POLLRDHUP)
    assert poll.poll(PATIENCE * 3 * 1000), "nobody closed the connection"


# What shadows do to the copies that they get. None of it may reach the client.
MISCHIEF = {
    "answers well": WELL,
    "answers with an error": always(answer(b"no", "500 Internal Server Error")),
    "answers with a redirect": always(answer(b"", "302 Found", ["Location: /elsewhere"])),
    "never answers": [read_request, until_closed],
    "never reads": [ignore],
    "answers with garbage": [read_request, send(b"\x16\x03\x01\x00 what?\r\n\r\n"), until_closed],
    "answers unasked": [send(b"HTTP/1.1 408 Request Timeout\r\n\r\n"), until_closed],
    "changes the protocol": [
        read_request,
        send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
        until_closed,
    ],
    "breaks off its head": [read_request, send(b"HTTP/1.1 200 OK\r\nX-"), close],
    "breaks off its body": [read_request, send(answer(b"short")[:-2]), close],
    "resets": [read_request, reset],
    "closes at once": [close],
    "never ends its head": [read_request, send(b"HTTP/1.1 200 OK\r\nX-A: "), until_closed],
    "floods": [
        read_request, send(b"HTTP/1.1 200 OK\r\n\r\n"), flood(50_000_000, threading.Event())],
    "floods with interim answers": [
        read_request, *([send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)] * 20), until_closed],
}  # fmt: skip


@pytest.mark.parametrize("name", MISCHIEF)
def test_the_client_gets_its_answer_whatever_the_shadow_does(fairlead, origin, name):
    shadow = origin(MISCHIEF[name])
    edge = fairlead(mirrored(origin(OK), shadow))
    with edge.connect() as client:
        for body in (None, b"x" * 50_000, None):
            reply = client.request("PUT" if body else "GET", body=body).read_answer()
            assert (reply.status, reply.body) == (200, b"real")
            assert not reply.closes() and reply.get("Location") is None
    for line in edge.log_lines(3):
        assert (line["status"], line["attempts"], line["mirror"]) == (200, 1, "shadow")
        assert "why" not in line
    eventually(lambda: shadow.connections, what="a copy")


def test_a_shadow_that_refuses_connections(fairlead, origin, dead_port):
    edge = fairlead(mirrored(origin(OK), dead_port))
    with edge.connect() as client:
        for _ in range(20):
            assert client.get("/").body == b"real"


def test_a_shadow_that_is_down_gets_no_copies(fairlead, origin, dead_port):
    edge = fairlead(mirrored(origin(OK), dead_port, shadow_pool="health: { every: 10ms, fall: 1 }"))
    eventually(lambda: "is down" in edge.output, what="the shadow is found down")
    assert edge.get("/").body == b"real"
    (line,) = edge.log_lines()
    assert "mirror" not in line, "no copy was sent"


def test_a_server_that_is_full_gets_no_copies(fairlead, origin):
    shadow = origin([read_request, until_closed])
    edge = fairlead(
        "pools:\n"
        f"  real: {{ servers: [{origin(OK).address}] }}\n"
        f"  shadow: {{ servers: [{{ url: {shadow.address}, max_requests: 2 }}] }}\n"
        "paths: [{ path: /, pool: real, mirror: shadow }]\n"
    )
    with edge.connect() as client:
        for i in range(5):
            assert client.get(f"/{i}").body == b"real"
    assert [line.get("mirror") for line in edge.log_lines(5)] == ["shadow"] * 2 + [None] * 3


def test_the_answer_does_not_wait_for_the_shadows(fairlead, origin):
    """The shadow answers only after the client has its answer; the next copy comes over the same
    connection, which shows that the late answer was read to its end."""
    answered = [threading.Event() for _ in range(3)]
    steps = []
    for event in answered:
        steps += [read_request, wait(event), send(answer(b"s" * 100_000))]
    real, shadow = origin(OK), origin([*steps, until_closed])
    edge = fairlead(mirrored(real, shadow))
    with edge.connect() as client:
        for count, event in enumerate(answered, 1):
            assert client.get("/").body == b"real"
            shadow.next_whole_request()
            assert shadow.connections[0].sent == (count - 1) * len(answer(b"s" * 100_000))
            event.set()
            eventually(
                lambda count=count: shadow.connections[0].sent
                == count * len(answer(b"s" * 100_000)),
                what="the shadow's answer",
            )
    assert len(shadow.connections) == 1


def test_the_copy_waits_for_the_request(fairlead, origin):
    """While the upload lasts there is not even a connection for the copy."""
    real, shadow = origin(OK), origin(WELL)
    edge = fairlead(mirrored(real, shadow))
    with edge.connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        real.next_request()
        eventually(lambda: real.connections[0].received.endswith(b"first"), what="half the upload")
        assert shadow.connections == []
        client.send(b"-last").read_answer()
    assert shadow.next_whole_request().body == b"first-last"
    assert real.requests[0].body == b"first-last"


def test_the_answer_may_come_before_the_upload_is_over(fairlead, origin):
    """The copy is sent when the upload is complete, also in the middle of the answer."""
    early, late = answer(b"early and late")[:-5], b" late"
    real = origin([read_head, send(early), read_body, send(late), until_closed])
    shadow = origin(WELL)
    edge = fairlead(mirrored(real, shadow))
    with edge.connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        reply = client.read_head()
        assert shadow.connections == []
        client.send(b"-last")
        assert client.read_body(reply).body == b"early and late"
    assert shadow.next_whole_request().body == b"first-last"
    (line,) = edge.log_lines()
    assert line["mirror"] == "shadow"


def test_an_answer_that_ends_the_upload_ends_the_copy(fairlead, origin):
    real = origin([read_head, send(answer(b"no", "413 Content Too Large")), until_closed])
    shadow = origin(WELL)
    edge = fairlead(mirrored(real, shadow))
    with edge.connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        assert client.read_answer().status == 413
    (line,) = edge.log_lines()
    assert line["status"] == 413 and "mirror" not in line
    assert shadow.connections == []


TOO_LARGE = {
    "with a length": b"Content-Length: 11\r\n\r\nhello world",
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"hello", b" ", b"world"),
    "far too large": b"Content-Length: 3000000\r\n\r\n" + b"z" * 3_000_000,
    "far too large, in chunks": (
        b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*[b"z" * 9000] * 300)
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_larger_bodies_are_not_copied(fairlead, origin, name):
    real, shadow = origin(OK), origin(WELL)
    edge = fairlead(mirrored(real, shadow, mirror="{ pool: shadow, max_body: 10B }"))
    with edge.connect() as client:
        head = b"PUT /large HTTP/1.1\r\nHost: a\r\n"
        assert client.send(head + TOO_LARGE[name]).read_answer().body == b"real"
        assert client.request("PUT", "/small", body=b"0123456789").read_answer().body == b"real"
    copied = {line["path"]: line.get("mirror") for line in edge.log_lines(2)}
    assert copied == {"/large": None, "/small": "shadow"}
    assert shadow.next_whole_request().target == "/small"
    assert len(shadow.requests) == 1


def test_an_upload_that_fails_is_not_copied(fairlead, origin):
    real, shadow = origin(OK), origin(WELL)
    edge = fairlead(mirrored(real, shadow))
    client = edge.connect()
    client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
    real.next_request()
    client.reset()
    (line,) = edge.log_lines()
    assert line["status"] == 499 and "mirror" not in line
    assert shadow.connections == []


def test_an_upgrade_is_not_copied(fairlead, origin):
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    real, shadow = origin([read_head, send(head), until_closed]), origin(WELL)
    edge = fairlead(mirrored(real, shadow))
    with edge.connect() as client:
        client.request(fields=["Connection: Upgrade", "Upgrade: x"])
        assert client.read_head().status == 101
    (line,) = edge.log_lines()
    assert line["status"] == 101 and "mirror" not in line
    assert shadow.connections == []


def test_an_answer_of_fairleads_own_is_not_copied(fairlead, origin):
    shadow = origin(WELL)
    edge = fairlead(
        f"pools: {{ shadow: {{ servers: [{shadow.address}] }} }}\n"
        "defaults: { mirror: shadow }\n"
        f"paths:\n  - {{ path: /, servers: [{origin(OK).address}],"
        " firewall_rules: { path_reject: [/secret] } }\n"
        "  - { path: /own, respond: 204 }\n"
    )
    assert (edge.get("/secret").status, edge.get("/own").status) == (403, 204)
    assert [line.get("mirror") for line in edge.log_lines(2)] == [None, None]
    assert shadow.connections == []


FIRST_TRIES = {
    "it read nothing": [close],
    "it read the head": [read_head, reset],
    "it read everything": [read_request, reset],
}


@pytest.mark.parametrize("name", FIRST_TRIES)
@pytest.mark.parametrize("body", [None, b"b" * 2000], ids=["no body", "body"])
def test_a_retry_is_not_copied_again(fairlead, origin, name, body):
    """Requests that were sent twice give one copy each, with the body once."""
    bad, good, shadow = origin(FIRST_TRIES[name]), origin(OK), origin(WELL)
    pool = "balance: round_robin, health: off, retry: { attempts: 1, budget: 100% }"
    edge = fairlead(mirrored([bad, good], shadow, real_pool=pool))
    for count in range(1, 7):
        with edge.connect() as client:
            reply = client.request("PUT", f"/{count}", body=body).read_answer()
            assert (reply.status, reply.body) == (200, b"real")
    lines = edge.log_lines(6)
    assert 2 in {line["attempts"] for line in lines}, "nothing was tried again"
    assert [line["mirror"] for line in lines] == ["shadow"] * 6
    copies = sorted((shadow.next_whole_request() for _ in range(6)), key=lambda copy: copy.target)
    assert [copy.target for copy in copies] == [f"/{count}" for count in range(1, 7)]
    assert {copy.body for copy in copies} == {body or b""}
    assert len(shadow.requests) == 6


PERCENTS = [("0", 0, 0), ("100", 1000, 1000), ("30%", 225, 375)]


@pytest.mark.parametrize("percent, least, most", PERCENTS)
def test_percent(fairlead, origin, percent, least, most):
    """30 % of 1,000: five standard deviations either way."""
    shadow = origin(WELL)
    edge = fairlead(
        mirrored(origin(OK), shadow, mirror=f"{{ pool: shadow, percent: {percent} }}"), workers=2
    )
    for _ in range(10):
        with edge.connect() as client:
            for _ in range(100):
                assert client.get("/").body == b"real"
    copies = sum("mirror" in line for line in edge.log_lines(1000))
    assert least <= copies <= most
    eventually(lambda: len(shadow.requests) == copies, what=f"{copies} copies")


def test_copies_under_way_are_bounded(fairlead, origin):
    """Behind a shadow that hangs, 256 copies wait; there are no more, and nobody else waits."""
    shadow = origin([read_request, until_closed])
    edge = fairlead(mirrored(origin(OK), shadow))
    with edge.connect() as client:
        for _ in range(300):
            assert client.get("/").body == b"real"
    mirrors = [line.get("mirror") for line in edge.log_lines(300)]
    assert mirrors == ["shadow"] * 256 + [None] * 44
    eventually(lambda: len(shadow.requests) == 256, what="256 copies")
    assert len(shadow.connections) == 256


def test_copies_give_their_descriptors_to_requests(fairlead, origin):
    """Hanging copies hold all descriptors; a request that needs one for its server gets it."""
    go_on = threading.Event()

    def reply(request):
        if request.target == "/wait":
            happens(go_on, "the permission to answer")
        return answer(b"real")

    real, shadow = origin([serve(reply)]), origin([read_request, until_closed])
    edge = fairlead(mirrored(real, shadow), descriptors=(64, 64))
    first, second = edge.connect(), edge.connect()
    assert second.get("/").body == b"real"
    for _ in range(100):
        assert first.get("/").body == b"real"
    eventually(lambda: edge.descriptors() == 64, what="that copies hold all descriptors")
    first.request(target="/wait")
    eventually(lambda: any(request.target == "/wait" for request in real.requests), what="its wait")
    assert second.get("/").body == b"real"  # over a second connection
    go_on.set()
    assert first.read_answer().body == b"real"
    assert len(real.connections) == 2


def test_a_stop_does_not_wait_for_copies(fairlead, origin):
    """The shadow never answers: its time would be over in a minute, the drain's in half a one."""
    shadow = origin([read_request, until_closed])
    edge = fairlead(mirrored(origin(OK), shadow), workers=2)
    assert edge.get("/").body == b"real"
    shadow.next_whole_request()
    edge.terminate()
    assert edge.exit_code() == 0
    happens(shadow.connections[0].closed, "the end of the copy")


def test_explain_says_it(origin, tmp_path):
    file = tmp_path / "fairlead.yaml"
    file.write_text(mirrored(origin(OK), origin(WELL), mirror="{ pool: shadow, percent: 10 }"))
    told = run("explain", "-c", file, "GET", "http://a.test/x")
    assert told.returncode == 0
    assert "mirror      shadow, 10% of the requests, bodies up to 64KiB" in told.stdout


def test_a_pool_that_is_not_there(origin, tmp_path):
    file = tmp_path / "fairlead.yaml"
    file.write_text(mirrored(origin(OK), origin(WELL), mirror="shado"))
    told = run("check", "-c", file)
    assert told.returncode != 0
    text = told.stdout + told.stderr
    assert "there is no pool `shado`" in text and "did you mean `shadow`?" in text
