"""Malformed and ambiguous requests (RFC 9112): refused, closed, and never shown to a server."""

import pytest
from configs import one_path
from origin import WELL

CRLF = b"\r\n"
# What an attacker would like to have taken for a second request.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def head(*lines, start=b"GET / HTTP/1.1", host=b"Host: a"):
    present = [line for line in (start, host, *lines) if line is not None]
    return CRLF.join(present) + CRLF + CRLF


def post(*lines, body=b"", start=b"POST / HTTP/1.1"):
    return head(*lines, start=start) + body


@pytest.fixture(scope="module")
def server(module_origin):
    return module_origin(WELL)


@pytest.fixture(scope="module")
def edge(module_fairlead, server):
    return module_fairlead(one_path(server))


def refuse(edge, raw, statuses):
    """Sends, and asserts one correct refusal followed by the connection's end."""
    client = edge.connect()
    client.send_all_it_takes(raw)
    answer = client.read_answer()
    assert answer.status in statuses, answer
    assert answer.complete and answer.get("Content-Type") and answer.get("Content-Length"), answer
    assert answer.closes(), answer
    client.expect_closed()


REQUEST_LINES = {
    "two spaces after the method": (b"GET  / HTTP/1.1", {400}),
    "two spaces before the version": (b"GET /  HTTP/1.1", {400}),
    "tab for a space": (b"GET\t/ HTTP/1.1", {400}),
    "space after the version": (b"GET / HTTP/1.1 ", {400}),
    "space before the method": (b" GET / HTTP/1.1", {400}),
    "space in the target": (b"GET /a b HTTP/1.1", {400}),
    "no target": (b"GET HTTP/1.1", {400}),
    "empty target": (b"GET  HTTP/1.1", {400}),
    "no version": (b"GET /", {400}),
    "four parts": (b"GET / HTTP/1.1 x", {400}),
    "method is no token": (b"G(T / HTTP/1.1", {400}),
    "method with a colon": (b"GET: / HTTP/1.1", {400}),
    "NUL in the method": (b"G\0T / HTTP/1.1", {400}),
    "NUL in the target": (b"GET /\0 HTTP/1.1", {400}),
    "control in the target": (b"GET /\x01 HTTP/1.1", {400}),
    "DEL in the target": (b"GET /\x7f HTTP/1.1", {400}),
    "byte above 127 in the target": (b"GET /\xff HTTP/1.1", {400}),
    "bare CR in the line": (b"GET /\rx HTTP/1.1", {400}),
    "vertical tab in the line": (b"GET /\x0b HTTP/1.1", {400}),
    "lower-case version": (b"GET / http/1.1", {400}),
    "version with two digits": (b"GET / HTTP/1.11", {400, 505}),
    "version with no minor": (b"GET / HTTP/1", {400}),
    "version with a comma": (b"GET / HTTP/1,1", {400}),
    "version with a letter": (b"GET / HTTP/1.x", {400}),
    "version of something else": (b"GET / HTTQ/1.1", {400}),
    "version 2.0": (b"GET / HTTP/2.0", {505}),
    "version 3.0": (b"GET / HTTP/3.0", {505}),
    "version 0.9": (b"GET / HTTP/0.9", {400, 505}),
    "target without a slash": (b"GET foo HTTP/1.1", {400}),
    "target is a query alone": (b"GET ?a HTTP/1.1", {400}),
    "asterisk for another method": (b"GET * HTTP/1.1", {400}),
    "fragment in the target": (b"GET /#top HTTP/1.1", {400}),
    "absolute target with userinfo": (b"GET http://u:p@a/ HTTP/1.1", {400}),
    "absolute target without a host": (b"GET http:/// HTTP/1.1", {400}),
    "absolute target with a bad port": (b"GET http://a:b/ HTTP/1.1", {400}),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1", {400, 405, 501}),
    "request line over 8 KiB": (b"GET /" + b"a" * 9000 + b" HTTP/1.1", {414}),
    "endless request line": (b"GET /" + b"a" * 60000, {414}),
}

FIELDS = {
    "obs-fold with a space": (head(b"X-A: 1", b" 2"), {400}),
    "obs-fold with a tab": (head(b"X-A: 1", b"\t2"), {400}),
    "whitespace before the first field": (head(host=b" Host: a"), {400}),
    "line of a space alone": (head(b" "), {400}),
    "space before the colon": (head(b"X-A : 1"), {400}),
    "tab before the colon": (head(b"X-A\t: 1"), {400}),
    "space before Content-Length's colon": (post(b"Content-Length : 5", body=b"12345"), {400}),
    "no colon": (head(b"X-A"), {400}),
    "no name": (head(b": 1"), {400}),
    "name is no token": (head(b"X(A: 1"), {400}),
    "name with a space": (head(b"X A: 1"), {400}),
    "name above 127": (head(b"X\xe4: 1"), {400}),
    "NUL in a name": (head(b"X\0A: 1"), {400}),
    "NUL in a value": (head(b"X-A: 1\x002"), {400}),
    "control in a value": (head(b"X-A: 1\x012"), {400}),
    "escape in a value": (head(b"X-A: \x1b[0m"), {400}),
    "DEL in a value": (head(b"X-A: 1\x7f"), {400}),
    "bare CR in a value": (head(b"X-A: 1\r2"), {400}),
    "bare CR before the CRLF": (head(b"X-A: 1\r"), {400}),
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", {400}),
    "bare LF after a field": (b"GET / HTTP/1.1\r\nHost: a\nX-A: 1\r\n\r\n", {400}),
    "bare LF in a value's middle": (b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\nX-B: 2\r\n\r\n", {400}),
    "bare LF as the empty line": (b"GET / HTTP/1.1\r\nHost: a\r\n\n", {400}),
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: a\n\n", {400}),
    "three empty lines before": (b"\r\n\r\n\r\n" + head(), {400}),
    "101 fields": (head(*[b"X-%d: 1" % i for i in range(100)]), {431}),
    "head over 32 KiB": (head(*[b"X-%d: " % i + b"v" * 1000 for i in range(40)]), {431}),
    "one field over 32 KiB": (head(b"X-A: " + b"v" * 40000), {431}),
    "endless field": (b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"v" * 60000, {431}),
}

HOSTS = {
    "none": (head(host=None), {400}),
    "none with an absolute target": (head(start=b"GET http://a/ HTTP/1.1", host=None), {400}),
    "two different": (head(b"Host: b"), {400}),
    "two alike": (head(b"Host: a"), {400}),
    "two in another letter case": (head(b"hOST: b"), {400}),
    "two with an absolute target": (head(b"Host: b", start=b"GET http://a/ HTTP/1.1"), {400}),
    "two in HTTP 1.0": (head(b"Host: b", start=b"GET / HTTP/1.0"), {400}),
    "a list": (head(host=b"Host: a, b"), {400}),
    "with a space": (head(host=b"Host: a b"), {400}),
    "with userinfo": (head(host=b"Host: u@a"), {400}),
    "with a path": (head(host=b"Host: a/b"), {400}),
    "with a scheme": (head(host=b"Host: http://a"), {400}),
    "with a port that is none": (head(host=b"Host: a:b"), {400}),
    "with two ports": (head(host=b"Host: a:1:2"), {400}),
    "with a backslash": (head(host=b"Host: a\\b"), {400}),
    "with an open bracket": (head(host=b"Host: [::1"), {400}),
}


def length(value, body=b"12345"):
    return post(b"Content-Length: " + value, body=body)


def coding(value, body=b"0\r\n\r\n"):
    return post(b"Transfer-Encoding: " + value, body=body)


FRAMINGS = {
    "length and chunked": (
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), {400}),
    "chunked and length": (
        post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), {400}),
    "length and an unknown coding": (
        post(b"Content-Length: 5", b"Transfer-Encoding: x", body=b"12345"), {400, 501}),
    "lengths that differ": (
        post(b"Content-Length: 5", b"Content-Length: 6", body=b"123456"), {400}),
    "lengths in a list": (length(b"5, 5"), {400}),
    "different lengths in a list": (length(b"5, 6"), {400}),
    "length with a plus": (length(b"+5"), {400}),
    "negative length": (length(b"-5"), {400}),
    "negative zero": (length(b"-0", b""), {400}),
    "hexadecimal length": (length(b"0x5"), {400}),
    "length with a letter": (length(b"5a"), {400}),
    "length with a space inside": (length(b"5 5"), {400}),
    "length with a point": (length(b"5.0"), {400}),
    "length with an exponent": (length(b"1e1"), {400}),
    "empty length": (length(b""), {400}),
    "quoted length": (length(b'"5"'), {400}),
    "length of 2^64": (length(b"18446744073709551616"), {400, 413}),
    "length of 2^64 + 5": (length(b"18446744073709551621"), {400, 413}),
    "length of 30 digits": (length(b"9" * 30), {400, 413}),
    "length after a control": (length(b"\x0b5"), {400}),
    "bad length on a GET": (head(b"Content-Length: x"), {400}),
    "unknown coding": (coding(b"x"), {501}),
    "gzip": (coding(b"gzip"), {501}),
    "gzip before chunked": (coding(b"gzip, chunked"), {501}),
    "chunked is not last": (coding(b"chunked, gzip"), {400, 501}),
    "identity": (coding(b"identity"), {400, 501}),
    "identity and chunked": (coding(b"identity, chunked"), {400, 501}),
    "chunked twice": (coding(b"chunked, chunked"), {400}),
    "chunked twice in two fields": (
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        {400}),
    "chunked and identity in two fields": (
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
        {400, 501}),
    "chunked with a letter before": (coding(b"xchunked"), {400, 501}),
    "chunked with a letter behind": (coding(b"chunkedx"), {400, 501}),
    "chunked with a parameter": (coding(b"chunked;q=1"), {400, 501}),
    "chunked in quotes": (coding(b'"chunked"'), {400, 501}),
    "chunked after a control": (coding(b"\x0bchunked"), {400}),
    "chunked before a NUL": (coding(b"chunked\0"), {400}),
    "empty coding": (coding(b""), {400, 501}),
    "chunked in HTTP 1.0": (
        post(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0", body=b"0\r\n\r\n"), {400}),
}  # fmt: skip

TABLES = {
    **{f"line: {name}": (head(start=line), want) for name, (line, want) in REQUEST_LINES.items()},
    **{f"field: {name}": row for name, row in FIELDS.items()},
    **{f"host: {name}": row for name, row in HOSTS.items()},
    **{f"framing: {name}": row for name, row in FRAMINGS.items()},
    "HTTP 2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "HTTP 0.9": (b"GET /\r\n\r\n", {400}),
    "TLS hello": (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\0" * 40 + b"\r\n\r\n", {400}),
}


@pytest.mark.parametrize("raw, statuses", TABLES.values(), ids=TABLES)
def test_server_never_sees(edge, server, raw, statuses):
    before = server.bytes_received
    refuse(edge, raw + SMUGGLED, statuses)
    assert server.bytes_received == before


# Well framed, so that the connection may go on; refused for what they say.
REFUSED = {
    "Connection names Host": (head(b"Connection: Host"), 400),
    "Connection names Content-Length": (head(b"Connection: Content-Length"), 400),
    "Connection names Authorization": (head(b"Connection: Authorization"), 400),
    "Connection names X-Forwarded-For": (head(b"Connection: X-Forwarded-For"), 400),
    "Connection names X-Forwarded-Host": (head(b"Connection: close, X-Forwarded-Host"), 400),
    "Connection names Cookie": (head(b"Connection: keep-alive, Cookie"), 400),
    "in another letter case": (head(b"Connection: aUTHORIZATION"), 400),
    "in a second line": (head(b"Connection: keep-alive", b"Connection: Cookie"), 400),
    "unknown expectation": (head(b"Expect: x"), 417),
}


@pytest.mark.parametrize("raw, status", REFUSED.values(), ids=REFUSED)
def test_server_never_sees_what_is_refused(edge, server, raw, status):
    before = server.bytes_received
    with edge.connect() as client:
        answer = client.send(raw).read_answer()
        assert answer.status == status and answer.complete
        if answer.closes():
            client.expect_closed()
    assert server.bytes_received == before


CHUNKED = {
    "size is no number": b"g\r\nx\r\n",
    "negative size": b"-1\r\nx\r\n",
    "size with a plus": b"+1\r\nx\r\n",
    "size with 0x": b"0x1\r\nx\r\n",
    "space before the size": b" 1\r\nx\r\n",
    "space after the size": b"1 \r\nx\r\n",
    "tab after the size": b"1\t\r\nx\r\n",
    "no size": b"\r\nx\r\n",
    "extension without a size": b";a=b\r\nx\r\n",
    "size of 17 digits": b"10000000000000000\r\nx\r\n",
    "size of 2^64 + 1 with zeros": b"00010000000000000001\r\nx\r\n",
    "bare LF after the size": b"1\nx\r\n0\r\n\r\n",
    "bare CR after the size": b"1\rx\r\n0\r\n\r\n",
    "bare LF after the data": b"1\r\nx\n0\r\n\r\n",
    "bare CR after the data": b"1\r\nx\rX0\r\n\r\n",
    "no CRLF after the data": b"1\r\nx0\r\n\r\n",
    "data longer than its size": b"1\r\nxy\r\n0\r\n\r\n",
    "bare LF in an extension": b"1;a\nb\r\nx\r\n0\r\n\r\n",
    "bare CR in an extension": b"1;a\rb\r\nx\r\n0\r\n\r\n",
    "NUL in an extension": b"1;a=\0\r\nx\r\n0\r\n\r\n",
    "extension without a name": b"1;=b\r\nx\r\n0\r\n\r\n",
    "extension's name is no token": b"1;a(b\r\nx\r\n0\r\n\r\n",
    "open quotes in an extension": b'1;a="b\r\nx\r\n0\r\n\r\n',
    "endless extension": b"1;a=" + b"b" * 5000 + b"\r\nx\r\n0\r\n\r\n",
    "bare LF after the last chunk": b"0\n\r\n",
    "bare LF as the empty line": b"0\r\n\n",
    "trailer without a colon": b"0\r\nTrailer\r\n\r\n",
    "trailer with a space before the colon": b"0\r\nX-A : 1\r\n\r\n",
    "trailer is folded": b"0\r\nX-A: 1\r\n 2\r\n\r\n",
    "bare LF after a trailer": b"0\r\nX-A: 1\n\r\n",
    "bare CR in a trailer": b"0\r\nX-A: 1\r2\r\n\r\n",
    "NUL in a trailer": b"0\r\nX-A: \0\r\n\r\n",
}
CHUNKED_STATUSES = {name: {400} for name in CHUNKED}
CHUNKED["trailers too large"] = b"0\r\n" + b"X-A: %s\r\n" % (b"v" * 1000) * 20 + b"\r\n"
CHUNKED_STATUSES["trailers too large"] = {400, 431}
CHUNKED["too many trailers"] = b"0\r\n" + b"X: 1\r\n" * 300 + b"\r\n"
CHUNKED_STATUSES["too many trailers"] = {400, 431}


@pytest.mark.parametrize("name", CHUNKED)
def test_bad_chunked_body_never_becomes_a_request(edge, server, name):
    before = len([request for request in server.requests if request.finished.is_set()])
    raw = post(b"Transfer-Encoding: chunked", body=CHUNKED[name])
    refuse(edge, raw + SMUGGLED, CHUNKED_STATUSES[name])
    whole = [request for request in server.requests if request.finished.is_set()]
    assert len(whole) == before


# What is unusual, and right.
ACCEPTED = {
    "empty lines before": b"\r\n\r\n" + head(),
    "100 fields": head(*[b"X-%d: 1" % i for i in range(99)]),
    "no space after the colon": head(b"X-A:1"),
    "tabs around a value": head(b"X-A:\t 1 \t"),
    "empty value": head(b"X-A:"),
    "value above 127": head(b"X-A: \xe4\xff"),
    "names in odd letter case": head(host=b"hOsT: a"),
    "unknown method": head(start=b"BREW /pot HTTP/1.1"),
    "Host with a port": head(host=b"Host: a:8080"),
    "Host is an IPv6 address": head(host=b"Host: [::1]:80"),
    "length with zeros": post(b"Content-Length: 0005", body=b"12345"),
    "body of a GET": post(b"Content-Length: 5", start=b"GET / HTTP/1.1", body=b"12345"),
    "chunked in odd letter case": coding(b"cHuNkEd"),
    "chunk size with zeros": coding(b"chunked", b"0001\r\nx\r\n000\r\n\r\n"),
    "chunk size in both cases": coding(b"chunked", b"aA\r\n" + b"x" * 0xAA + b"\r\n0\r\n\r\n"),
    "chunk extensions": coding(b"chunked", b'1;a;b=c;d="e;\\" f"\r\nx\r\n0;z\r\n\r\n'),
    "chunk data with line ends": coding(b"chunked", b"6\r\n\r\n0\r\n\r\r\n0\r\n\r\n"),
    "underscored coding is no coding": post(
        b"Transfer_Encoding: chunked", b"Content-Length: 5", body=b"12345"),
    "request line of 8 KiB": head(start=b"GET /" + b"a" * 8100 + b" HTTP/1.1"),
}  # fmt: skip


@pytest.mark.parametrize("raw", ACCEPTED.values(), ids=ACCEPTED)
def test_unusual_request_is_served_and_the_connection_kept(edge, server, raw):
    with edge.connect() as client:
        for attempt in ("first", "second"):
            answer = client.send(raw).read_answer()
            assert (answer.status, answer.body) == (200, str(server.port).encode()), attempt
            assert not answer.closes(), attempt


@pytest.mark.parametrize("raw", ACCEPTED.values(), ids=ACCEPTED)
def test_unusual_request_may_come_byte_by_byte(edge, server, raw):
    with edge.connect() as client:
        for i in range(len(raw)):
            client.send(raw[i : i + 1])
        assert client.read_answer().body == str(server.port).encode()
