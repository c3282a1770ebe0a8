"""HTTP/1.1 between well-behaved ends: persistence, pipelining, targets, hop-by-hop fields."""

import re
import threading

import pytest
from configs import one_path
from origin import (
    WELL,
    always,
    answer,
    close,
    half_close,
    read_body,
    read_head,
    read_request,
    send,
    serve,
    until_closed,
    wait,
)
from waiting import happens

CHUNKED_POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def echo_target():
    return [serve(lambda request: answer(f"{request.method} {request.target}".encode()))]


# Persistence and pipelining.


def test_keep_alive_uses_one_connection_on_both_sides(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        for _ in range(50):
            assert client.get("/").status == 200
    assert len(upstream.connections) == 1


@pytest.mark.parametrize("count", [2, 10, 100])
def test_pipelined_requests_are_answered_in_order(fairlead, origin, count):
    upstream = origin(echo_target())
    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(count))
    with fairlead(one_path(upstream)).connect() as client:
        client.send(requests)
        for i in range(count):
            assert client.read_answer().body == b"GET /%d" % i


def test_pipelined_requests_may_have_bodies_and_no_bodies(fairlead, origin):
    upstream = origin([serve(lambda request: answer(request.method.encode() + request.body))])
    with fairlead(one_path(upstream)).connect() as client:
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + CHUNKED_POST + b"2\r\nde\r\n0\r\n\r\n"
            b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        )
        assert client.read_answer().body == b"POSTabc"
        assert client.read_answer().body == b"GET"
        assert client.read_answer().body == b"POSTde"
        assert client.read_head().get("Content-Length") == "4"
        # The scripted server sent a body to HEAD: surplus, which nobody sees.
        assert client.read_answer().body == b"PUT"


def test_bad_request_after_a_good_one_is_answered_behind_it(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.send(
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n"
            b"GET /third HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        assert client.read_answer().status == 200
        assert client.read_answer().status == 400
        client.expect_closed()
    assert len(upstream.requests) == 1


def test_connection_close_of_the_client_is_kept(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        reply = client.get("/", ["Connection: close"])
        assert reply.status == 200 and reply.closes()
        client.expect_closed()


def test_nothing_is_served_after_connection_close(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        assert client.read_answer().status == 200
        client.expect_closed()
    assert len(upstream.requests) == 1


def test_connection_close_of_the_server_concerns_the_server_alone(fairlead, origin):
    upstream = origin([read_request, send(answer(fields=["Connection: close"])), until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        for _ in range(3):
            reply = client.get("/")
            assert reply.status == 200 and not reply.closes()
    assert len(upstream.connections) == 3


HTTP_1_0 = {
    "closes": (b"", True),
    "keeps alive when asked to": (b"Connection: keep-alive\r\n", False),
    "in another letter case": (b"connection: Keep-Alive\r\n", False),
}


@pytest.mark.parametrize("line, closes", HTTP_1_0.values(), ids=HTTP_1_0)
def test_http_1_0_client(fairlead, origin, line, closes):
    upstream = origin(WELL)
    request = b"GET / HTTP/1.0\r\nHost: a\r\n" + line + b"\r\n"
    with fairlead(one_path(upstream)).connect() as client:
        reply = client.send(request).read_answer()
        assert reply.status == 200 and reply.complete
        if closes:
            client.expect_closed()
        else:
            assert "keep-alive" in reply.get("Connection").lower()
            assert client.send(request).read_answer().status == 200


def test_http_1_0_client_needs_no_host(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        assert client.send(b"GET / HTTP/1.0\r\n\r\n").read_answer().status == 200
    request = upstream.next_request()
    assert request.version == "HTTP/1.1" and len(request.all("Host")) == 1


def test_http_1_0_client_never_gets_chunks(fairlead, origin):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n0\r\n\r\n"
    upstream = origin(always(chunked))
    with fairlead(one_path(upstream)).connect() as client:
        reply = client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").read_answer()
        assert not reply.chunked and reply.get("Transfer-Encoding") is None
        assert reply.body == b"some" and reply.complete


def test_half_closed_client_still_gets_its_answer(fairlead, origin):
    go_on = threading.Event()
    upstream = origin([read_request, wait(go_on), send(answer(b"late")), until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        client.request().half_close()
        upstream.next_request()
        go_on.set()
        assert client.read_answer().body == b"late"
        client.expect_closed()


def test_half_closed_client_gets_all_pipelined_answers(fairlead, origin):
    upstream = origin(echo_target())
    with fairlead(one_path(upstream)).connect() as client:
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(5)))
        client.half_close()
        assert [client.read_answer().body for _ in range(5)] == [b"GET /%d" % i for i in range(5)]
        client.expect_closed()


# Bodies.


def test_chunked_request_body_arrives_with_its_trailers(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.send(CHUNKED_POST + b"3;ext=1\r\nabc\r\n1\r\nd\r\n0\r\nX-Sum: 4\r\nX_Bad: 1\r\n\r\n")
        assert client.read_answer().status == 200
    request = upstream.next_whole_request()
    assert request.body == b"abcd"
    assert request.trailers == [("X-Sum", "4")]
    assert request.get("Content-Length") is None


def test_large_request_body_arrives_whole(fairlead, origin):
    upstream = origin(WELL)
    body = bytes(range(256)) * 20_000
    with fairlead(one_path(upstream)).connect() as client:
        assert client.request("PUT", "/", body=body).read_answer().status == 200
    assert upstream.next_whole_request().body == body


def test_request_without_a_body_is_sent_without_framing(fairlead, origin):
    upstream = origin(WELL)
    fairlead(one_path(upstream)).get("/")
    assert upstream.next_request().names().isdisjoint({"content-length", "transfer-encoding"})


def test_empty_post_keeps_its_length(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.request("POST", body=b"").read_answer()
    assert upstream.next_request().get("Content-Length") == "0"


EXPECT = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"


def test_expectation_is_met_before_the_body(fairlead, origin):
    continue_ = send(b"HTTP/1.1 100 Continue\r\n\r\n")
    upstream = origin([read_head, continue_, read_body, send(answer()), until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        assert client.send(EXPECT).read_head().status == 100
        assert client.send(b"body").read_answer().status == 200
    assert upstream.next_whole_request().body == b"body"


def test_client_that_expects_need_not_wait(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        assert client.send(EXPECT + b"body").read_answer().status == 200
        assert client.get("/").status == 200
    assert upstream.next_whole_request().body == b"body"


def test_server_refuses_before_the_body(fairlead, origin):
    no = send(answer(b"no", "403 Forbidden"))
    upstream = origin([read_head, no, read_body, read_request, no, until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        reply = client.send(EXPECT).read_answer()
        assert (reply.status, reply.body) == (403, b"no")
        # The body was not sent; what the connection means now is only clear when it ends.
        assert reply.closes() or client.send(b"body").get("/").status == 403


def test_http_1_0_expectation_is_ignored(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.send(EXPECT.replace(b"HTTP/1.1", b"HTTP/1.0") + b"body")
        assert client.read_head().status == 200


def test_early_response_overtakes_the_upload(fairlead, origin):
    upstream = origin([read_head, send(answer(b"enough", "413 Enough")), until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000)
        reply = client.read_answer()
        assert (reply.status, reply.body) == (413, b"enough")


def test_early_response_with_the_server_gone_still_arrives(fairlead, origin):
    upstream = origin([read_head, send(answer(b"enough", "413 Enough", ["Connection: close"]))])
    with fairlead(one_path(upstream)).connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        reply = client.read_answer()
        assert (reply.status, reply.body) == (413, b"enough")


@pytest.mark.parametrize("ending", [until_closed, close], ids=["server stays", "server goes"])
def test_early_response_waits_for_a_client_that_uploads_first(fairlead, origin, ending):
    """Such a client reads only when all is sent; a hasty close would destroy the answer."""
    no = answer(b"enough", "403 Forbidden", ["Connection: close"] if ending is close else [])

    def refuse_unread(connection):
        read_head(connection)
        connection.send(no)
        if ending is close:
            half_close(connection)
        until_closed(connection)

    upstream = origin([refuse_unread])
    with fairlead(one_path(upstream)).connect() as client:
        client.send_all_it_takes(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000
        )
        reply = client.read_answer()
        assert (reply.status, reply.body) == (403, b"enough")


OWN_REFUSALS = {
    "404": ("/none", 404, b"Content-Length: 5000000\r\n\r\n" + b"x" * 5_000_000),
    "413": ("/small", 413, b"Content-Length: 5000000\r\n\r\n" + b"x" * 5_000_000),
    "400 within chunks": (
        "/a", 400, b"Transfer-Encoding: chunked\r\n\r\nx\r\n" + b"x" * 5_000_000),
}  # fmt: skip


@pytest.mark.parametrize("target, status, rest", OWN_REFUSALS.values(), ids=OWN_REFUSALS)
def test_own_answer_waits_for_a_client_that_uploads_first(fairlead, origin, target, status, rest):
    upstream = origin(WELL)
    edge = fairlead(
        f"paths:\n  - {{ path: /a, servers: [{upstream.address}] }}\n"
        f"  - {{ path: /small, max_body: 1KiB, servers: [{upstream.address}] }}\n"
    )
    with edge.connect() as client:
        client.send_all_it_takes(f"PUT {target} HTTP/1.1\r\nHost: a\r\n".encode() + rest)
        assert client.read_answer().status == status


def test_response_streams_while_the_upload_streams(fairlead, origin):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def dialogue(connection):
        read_head(connection)
        connection.send(head)
        for _ in range(3):
            connection.take_past(b"\r\n")
            connection.send(b"5\r\n" + connection.take(5) + b"\r\n")
            connection.take(2)
        connection.take_past(b"0\r\n\r\n")
        connection.send(b"0\r\n\r\n")

    upstream = origin([dialogue, until_closed])
    with fairlead(one_path(upstream)).connect() as client:
        client.send(CHUNKED_POST)
        client.read_head()
        for word in (b"one--", b"two--", b"three"):
            client.send(b"5\r\n" + word + b"\r\n")
            assert client.read_exactly(10) == b"5\r\n" + word + b"\r\n"
        client.send(b"0\r\n\r\n")
        assert client.read_exactly(5) == b"0\r\n\r\n"


# Forms of target.

TARGETS = {
    "absolute": (b"GET http://b.test/x?y HTTP/1.1", b"Host: a", "/x?y", "b.test"),
    "absolute in capitals": (b"GET HTTP://b.test/x HTTP/1.1", b"Host: a", "/x", "b.test"),
    "absolute with a port": (b"GET http://b.test:81/x HTTP/1.1", b"Host: a", "/x", "b.test:81"),
    "absolute without a path": (b"GET http://b.test HTTP/1.1", b"Host: a", "/", "b.test"),
    "absolute with a query alone": (b"GET http://b.test?y HTTP/1.1", b"Host: a", "/?y", "b.test"),
    "asterisk": (b"OPTIONS * HTTP/1.1", b"Host: a", "*", "a"),
    "OPTIONS of a path": (b"OPTIONS /x HTTP/1.1", b"Host: a", "/x", "a"),
    "Host in capitals": (b"GET / HTTP/1.1", b"Host: A.Test", "/", "A.Test"),
    "empty query": (b"GET /x? HTTP/1.1", b"Host: a", "/x?", "a"),
}


@pytest.mark.parametrize("line, host, target, seen_host", TARGETS.values(), ids=TARGETS)
def test_target_and_host_that_the_server_sees(fairlead, origin, line, host, target, seen_host):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        assert client.send(line + b"\r\n" + host + b"\r\n\r\n").read_answer().status == 200
    request = upstream.next_request()
    assert (request.target, request.all("Host")) == (target, [seen_host])


def test_absolute_target_decides_the_route(fairlead, origin):
    right, wrong = origin(WELL), origin(WELL)
    edge = fairlead(
        f"hosts:\n  - {{ host: b.test, servers: [{right.address}] }}\n"
        f"  - {{ host: a.test, servers: [{wrong.address}] }}\n"
    )
    with edge.connect() as client:
        reply = client.send(b"GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n").read_answer()
    assert reply.body == str(right.port).encode()


PATHS = {
    "plain": ("/a/b", "/a/b"),
    "doubled slash": ("/a//b", "/a/b"),
    "many slashes": ("///a////b//", "/a/b/"),
    "dot": ("/a/./b", "/a/b"),
    "dot at the end": ("/a/.", "/a/"),
    "two dots": ("/a/../b", "/b"),
    "two dots at the end": ("/a/b/..", "/a/"),
    "two dots down to the root": ("/a/..", "/"),
    "slashes merge before dots": ("/a//../b", "/b"),
    "three dots are a name": ("/a/.../b", "/a/.../b"),
    "dots within a name": ("/a..b/.c", "/a..b/.c"),
    "unreserved decoded": ("/%61%2D%7e%5F%30", "/a-~_0"),
    "encoded dots": ("/a/%2e%2E/b", "/b"),
    "encoded dot": ("/a/%2e/b", "/a/b"),
    "encoded slash stays": ("/a%2fb", "/a%2Fb"),
    "encoded backslash stays": ("/a%5cb", "/a%5Cb"),
    "encoded slashes are no dots' border": ("/a%2f..%2fb", "/a%2F..%2Fb"),
    "other escapes in capitals": ("/%e2%82%ac", "/%E2%82%AC"),
    "decoded once": ("/%2561", "/%2561"),
    "encoded percent and dots": ("/%252e%252e/a", "/%252e%252e/a"),
    "reserved characters stay": ("/a:@!$&'()*+,=b", "/a:@!$&'()*+,=b"),
    "parameters stay": ("/admin;x", "/admin;x"),
    "name and dots with a semicolon": ("/a..;/b", "/a..;/b"),
    "letter case stays": ("/ADMIN", "/ADMIN"),
    "query untouched": ("/a?x=%61&y=/../%zz//", "/a?x=%61&y=/../%zz//"),
    "second question mark": ("/a?x?y", "/a?x?y"),
    "canonical path, query kept": ("/%61/../b?%61", "/b?%61"),
}

BAD_PATHS = {
    "above the root": "/..",
    "above the root within": "/a/../../b",
    "above the root by escapes": "/%2e%2e/a",
    "above the root after merging": "//../a",
    "NUL": "/%00",
    "encoded control": "/a%0ab",
    "encoded carriage return": "/%0d",
    "encoded DEL": "/%7f",
    "percent alone": "/%",
    "percent with one digit": "/%2",
    "percent without digits": "/%zz",
    "percent with one good digit": "/%4g",
    "dots with a semicolon": "/a/..;/b",
    "dot with a semicolon": "/a/.;x/b",
    "encoded dots with a semicolon": "/a/%2e%2e;/b",
}


@pytest.fixture(scope="module")
def server(module_origin):
    return module_origin(WELL)


@pytest.fixture(scope="module")
def edge(module_fairlead, server):
    return module_fairlead(one_path(server))


@pytest.mark.parametrize("sent, seen", PATHS.values(), ids=PATHS)
def test_path_is_made_canonical(edge, server, sent, seen):
    assert edge.get(sent).status == 200
    assert server.requests[-1].target == seen


@pytest.mark.parametrize("sent", BAD_PATHS.values(), ids=BAD_PATHS)
def test_bad_path_is_400(edge, server, sent):
    before = server.bytes_received
    assert edge.get(sent).status == 400
    assert server.bytes_received == before


def test_absolute_target_is_made_canonical_too(edge, server):
    assert edge.get("http://a.test/x/../%61//b").status == 200
    assert server.requests[-1].target == "/a/b"


# Fields.

REQUEST_FIELDS = {
    "unknown ones pass": (["X-Any: 1"], {"X-Any": "1"}),
    "repeated ones stay in order": (["X-A: 1", "X-B: 2", "X-A: 3"], {"X-A": "1, 3", "X-B": "2"}),
    "empty value": (["X-A:"], {"X-A": ""}),
    "named by Connection": (["Connection: X-Hop, close", "X-Hop: 1"], {"X-Hop": None}),
    "named in another letter case": (["Connection: x-HOP", "X-Hop: 1"], {"X-Hop": None}),
    "named by a second Connection": (
        ["Connection: close", "Connection: X-Hop", "X-Hop: 1"], {"X-Hop": None}),
    "Keep-Alive": (["Connection: keep-alive", "Keep-Alive: timeout=5"], {"Keep-Alive": None}),
    "Proxy-Connection": (["Proxy-Connection: keep-alive"], {"Proxy-Connection": None}),
    "Proxy-Authorization": (["Proxy-Authorization: Basic x"], {"Proxy-Authorization": None}),
    "TE": (["TE: gzip", "Connection: TE"], {"TE": None}),
    "TE: trailers stays": (
        ["TE: trailers", "Connection: TE"], {"TE": "trailers", "Connection": "TE"}),
    "TE: trailers among others": (["TE: gzip, trailers", "Connection: TE"], {"TE": "trailers"}),
    "Upgrade without Connection": (["Upgrade: websocket"], {"Upgrade": None}),
    "Authorization stays": (["Authorization: Basic x"], {"Authorization": "Basic x"}),
    "Cookie stays": (["Cookie: a=1; b=2"], {"Cookie": "a=1; b=2"}),
    "underscore is dropped": (["X_A: 1", "X-A: 2"], {"X_A": None, "X-A": "2"}),
    "underscored Host is dropped": (["Ho_st: b"], {"Ho_st": None}),
    "X-Request-Id stays": (["X-Request-Id: abc-123"], {"X-Request-Id": "abc-123"}),
    "Max-Forwards stays on a GET": (["Max-Forwards: 3"], {"Max-Forwards": "3"}),
    "value above 127": (["X-A: gr\xfcn"], {"X-A": "gr\xfcn"}),
}  # fmt: skip


@pytest.mark.parametrize("sent, seen", REQUEST_FIELDS.values(), ids=REQUEST_FIELDS)
def test_request_fields_that_the_server_sees(edge, server, sent, seen):
    assert edge.get("/", sent).status == 200
    request = server.requests[-1]
    assert {name: request.get(name) for name in seen} == seen


RESPONSE_FIELDS = {
    "unknown ones pass": (["X-Any: 1"], {"X-Any": "1"}),
    "named by Connection": (["Connection: X-Hop", "X-Hop: 1"], {"X-Hop": None}),
    "Keep-Alive": (["Keep-Alive: timeout=5"], {"Keep-Alive": None}),
    "Proxy-Connection": (["Proxy-Connection: x"], {"Proxy-Connection": None}),
    "Upgrade": (["Upgrade: h2c", "Connection: Upgrade"], {"Upgrade": None}),
    "Set-Cookie lines stay": (["Set-Cookie: a=1", "Set-Cookie: b=2"], {"Set-Cookie": "a=1, b=2"}),
    "Server and Date stay": (
        ["Server: x", "Date: Mon, 01 Jan 2024 00:00:00 GMT"],
        {"Server": "x", "Date": "Mon, 01 Jan 2024 00:00:00 GMT"}),
}  # fmt: skip


@pytest.mark.parametrize("sent, seen", RESPONSE_FIELDS.values(), ids=RESPONSE_FIELDS)
def test_response_fields_that_the_client_sees(fairlead, origin, sent, seen):
    upstream = origin(always(answer(fields=sent)))
    reply = fairlead(one_path(upstream)).get("/")
    assert {name: reply.get(name) for name in seen} == seen


def test_request_id_is_made_when_there_is_none(edge, server):
    seen = set()
    for _ in range(20):
        edge.get("/")
        seen.add(server.requests[-1].get("X-Request-Id"))
    assert len(seen) == 20
    assert all(re.fullmatch(r"[\w-]{8,128}", identity) for identity in seen)


BAD_IDS = {"too long": "x" * 129, "with spaces": "a b", "empty": "", "with quotes": '"a"'}


@pytest.mark.parametrize("identity", BAD_IDS.values(), ids=BAD_IDS)
def test_bad_request_id_is_replaced(edge, server, identity):
    edge.get("/", [f"X-Request-Id: {identity}"])
    (seen,) = server.requests[-1].all("X-Request-Id")
    assert seen != identity and re.fullmatch(r"[\w-]{8,128}", seen)


FORWARDED_LIES = [
    "X-Forwarded-For: 1.2.3.4",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Port: 443",
    "X-Forwarded-Client-Cert: x",
    "X-Real-IP: 1.2.3.4",
    "Forwarded: for=1.2.3.4",
]


@pytest.mark.parametrize("lies", [[], FORWARDED_LIES], ids=["nothing said", "lies told"])
def test_untrusted_peer_is_not_believed(edge, server, lies):
    assert edge.get("/", lies).status == 200
    request = server.requests[-1]
    assert request.all("X-Forwarded-For") == ["127.0.0.1"]
    assert request.all("X-Forwarded-Proto") == ["http"]
    assert request.all("X-Forwarded-Host") == ["a.test"]
    assert request.names().isdisjoint({"x-real-ip", "forwarded", "x-forwarded-client-cert"})


TRUSTED = {
    "nothing said": ([], "127.0.0.1", "http"),
    "an address": (["X-Forwarded-For: 1.2.3.4"], "1.2.3.4, 127.0.0.1", "http"),
    "two addresses": (["X-Forwarded-For: 1.2.3.4, 5.6.7.8"], "1.2.3.4, 5.6.7.8, 127.0.0.1", "http"),
    "two lines": (
        ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 5.6.7.8"],
        "1.2.3.4, 5.6.7.8, 127.0.0.1", "http"),
    "the scheme": (["X-Forwarded-Proto: https"], "127.0.0.1", "https"),
}  # fmt: skip


@pytest.mark.parametrize("sent, chain, scheme", TRUSTED.values(), ids=TRUSTED)
def test_trusted_peer_is_extended(fairlead, origin, sent, chain, scheme):
    upstream = origin(WELL)
    fairlead("trusted_proxies: [127.0.0.0/8]\n" + one_path(upstream)).get("/", sent)
    request = upstream.next_request()
    assert request.get("X-Forwarded-For") == chain
    assert request.all("X-Forwarded-Proto") == [scheme]


# Fairlead's own answers.


def test_own_answer_is_a_small_correct_response(fairlead):
    edge = fairlead("paths: [{ path: /a, respond: { status: 200, body: ok } }]\n")
    with edge.connect() as client:
        reply = client.get("/b")
        assert (reply.status, reply.reason) == (404, "Not Found")
        assert reply.get("Content-Type").startswith("text/plain")
        assert b"Not Found" in reply.body and len(reply.body) < 500
        assert client.request("HEAD", "/b").read_answer("HEAD").status == 404
        assert client.get("/a").body == b"ok"


PREFERENCES = {
    "JSON": ("application/json", True),
    "JSON first": ("application/json, text/plain;q=0.5", True),
    "anything": ("*/*", False),
    "a browser's": ("text/html,application/xhtml+xml,*/*;q=0.8", False),
}


@pytest.mark.parametrize("accept, as_json", PREFERENCES.values(), ids=PREFERENCES)
def test_own_answer_is_json_when_the_client_prefers_it(fairlead, accept, as_json):
    edge = fairlead("paths: [{ path: /a, respond: { status: 200, body: ok } }]\n")
    reply = edge.get("/b", [f"Accept: {accept}"])
    assert reply.status == 404
    assert reply.get("Content-Type").startswith("application/json") == as_json
    assert reply.body.startswith(b"{") == as_json


RESPONDS = {
    "status and body": ("{ status: 200, body: ok }", 200, b"ok"),
    "status alone": ("{ status: 204 }", 204, b""),
    "another status": ("{ status: 418, body: teapot }", 418, b"teapot"),
}


@pytest.mark.parametrize("respond, status, body", RESPONDS.values(), ids=RESPONDS)
def test_respond_route(fairlead, respond, status, body):
    edge = fairlead(f"paths: [{{ path: /, respond: {respond} }}]\n")
    with edge.connect() as client:
        for _ in range(2):
            reply = client.get("/")
            assert (reply.status, reply.body) == (status, body)
        head = client.request("HEAD").read_answer("HEAD")
        assert head.status == status
        if status != 204:
            assert head.get("Content-Length") == str(len(body))
        post = client.request("POST", body=b"x" * 1000).read_answer()
        assert (post.status, post.body) == (status, body)
        assert client.get("/").status == status


def test_client_that_goes_cancels_the_request(fairlead, origin):
    upstream = origin([read_request, until_closed])
    client = fairlead(one_path(upstream)).connect()
    client.request()
    upstream.next_request()
    client.reset()
    happens(upstream.connections[0].closed, "the close of the server's connection")
