"""rewrite_rules in anger: the target that the server gets, and the way back of what it sends."""

import pytest
from clients import curl, fetch, reply_line, reply_with, seen_of
from configs import host_each, host_of, indented
from origin import answer, read_head, send, serve
from origin import echo as echo_bytes

# The route, its rules, the target of the request, and the target that the server must see.
ROWS = {
    "strip prefix": ("path: /api", "{ strip_prefix: /api }", "/api/x/y", "/x/y"),
    "strip the whole path": ("path: /api", "{ strip_prefix: /api }", "/api", "/"),
    "strip up to the slash": ("path: /api", "{ strip_prefix: /api }", "/api/", "/"),
    "strip and keep the query": ("path: /api", "{ strip_prefix: /api }", "/api?a=/api", "/?a=/api"),
    "strip a part of the route": ("path: /a/b", "{ strip_prefix: /a }", "/a/b/c", "/b/c"),
    "strip more than the route": ("path: /a", "{ strip_prefix: /a/b }", "/a/b/c", "/c"),
    "strip what is not there": ("path: /", "{ strip_prefix: /api }", "/other/api", "/other/api"),
    "strip whole segments alone": ("path: /", "{ strip_prefix: /api }", "/apiary/x", "/apiary/x"),
    "strip keeps what is encoded": (
        "path: /api", "{ strip_prefix: /api }", "/api/a%2Fb%20c", "/a%2Fb%20c"),
    "replace prefix": ("path: /api", "{ replace_prefix: /v2 }", "/api/x", "/v2/x"),
    "replace prefix alone": ("path: /api", "{ replace_prefix: /v2 }", "/api", "/v2"),
    "replace prefix with a slash": ("path: /api", "{ replace_prefix: /v2 }", "/api/", "/v2/"),
    "replace prefix and keep the query": (
        "path: /api", "{ replace_prefix: /v2 }", "/api/x?a=1&a", "/v2/x?a=1&a"),
    "replace prefix keeps a lone question mark": (
        "path: /api", "{ replace_prefix: /v2 }", "/api/x?", "/v2/x?"),
    "replace prefix by two segments": ("path: /api", "{ replace_prefix: /v2/api }", "/api/x",
                                       "/v2/api/x"),
    "replace prefix by the root": ("path: /api", "{ replace_prefix: / }", "/api/x", "/x"),
    "replace prefix by the root alone": ("path: /api", "{ replace_prefix: / }", "/api", "/"),
    "replace the root": ("path: /", "{ replace_prefix: /v2 }", "/x", "/v2/x"),
    "replace prefix in the canonical path": (
        "path: /api", "{ replace_prefix: /v2 }", "//x/../%61pi/./y", "/v2/y"),
    "replace prefix of an exact path": (
        "path: /api, exact: true", "{ replace_prefix: /v2 }", "/api", "/v2"),
    "add prefix": ("path: /", "{ add_prefix: /base }", "/x?q", "/base/x?q"),
    "replace path": ("path: /", "{ replace_path: /fixed }", "/any/thing", "/fixed"),
    "replace path and keep the query": (
        "path: /", "{ replace_path: /fixed }", "/any?q=1", "/fixed?q=1"),
    "replace": ("path: /", "{ replace: { v1: v2 } }", "/v1/users/v1", "/v2/users/v2"),
    "replace two texts": (
        "path: /", "{ replace: { one: 1, two: 2 } }", "/one/two/three", "/1/2/three"),
    "replace leaves the query": ("path: /", "{ replace: { v1: v2 } }", "/v1?a=v1", "/v2?a=v1"),
    "regex": ("path: /", "{ regex: { match: '^/users/([0-9]+)', with: '/u/{capture.1}' } }",
              "/users/17/x", "/u/17/x"),
    "regex replaces every match": (
        "path: /", "{ regex: { match: '[0-9]+', with: n } }", "/1/a22/x3y", "/n/an/xny"),
    "regex with the whole match": (
        "path: /", "{ regex: { match: '[0-9]+', with: '({capture.0})' } }", "/a1", "/a(1)"),
    "regex that drops": ("path: /", "{ regex: { match: '\\.html$', with: '' } }", "/x.html", "/x"),
    "regex leaves the query": ("path: /", "{ regex: { match: a, with: b } }", "/a?a=a", "/b?a=a"),
    "regex does not match": ("path: /", "{ regex: { match: z, with: y } }", "/x?z", "/x?z"),
    "regex over path by name": (
        "path: /", "{ regex: { match: a, with: b, over: path } }", "/a?a", "/b?a"),
    "regex over the uri": (
        "path: /", "{ regex: { match: '^/find/([a-z]+)$', with: '/search?q={capture.1}', "
        "over: uri } }", "/find/pear", "/search?q=pear"),
    "regex over the uri takes the query": (
        "path: /", "{ regex: { match: '^/item\\?id=([0-9]+)$', with: '/items/{capture.1}', "
        "over: uri } }", "/item?id=5", "/items/5"),
    "regex over the uri moves the query": (
        "path: /", "{ regex: { match: '^/a\\?(.*)$', with: '/b?x&{capture.1}', over: uri } }",
        "/a?y=1", "/b?x&y=1"),
    "captures of the route": (
        "path_regex: '^/u/([0-9]+)/(.*)$'", "{ replace_path: '/users/{capture.2}/{capture.1}' }",
        "/u/17/x/y", "/users/x/y/17"),
    "captures stay encoded": (
        "path_regex: '^/u/(.*)$'", "{ replace_path: '/users/{capture.1}' }",
        "/u/a%2fb%20c", "/users/a%2Fb%20c"),
    "host as a segment": ("path: /", "{ add_prefix: '/sites/{host}' }", "/x",
                          "/sites/host-as-a-segment.test/x"),
    "param as a segment": (
        "path: /", "{ replace_path: '/p/{param.p}' }", "/?p=a%20b", "/p/a%20b?p=a%20b"),
    "param with a slash stays one segment": (
        "path: /", "{ replace_path: '/p/{param.p}' }", "/?p=a/b", "/p/a%2Fb?p=a/b"),
    "param with a question mark stays in the path": (
        "path: /", "{ replace_path: '/p/{param.p}' }", "/?p=a%3Fb%23c", "/p/a%3Fb%23c?p=a%3Fb%23c"),
    "method in a path": ("path: /", "{ add_prefix: '/{method}' }", "/x", "/GET/x"),
    "the path before rewriting": (
        "path: /api", "{ replace_prefix: '/v2{path}' }", "/api/x", "/v2/api/x/x"),
}  # fmt: skip


@pytest.fixture(scope="module")
def edge(module_fairlead, echo):
    hosts = {
        row: f"paths:\n  - {{ {route}, rewrite_rules: {rules}, servers: [{echo.address}] }}"
        for row, (route, rules, *_) in ROWS.items()
    }
    for row, entry in (OTHERS | MAPPED_ROUTES).items():
        hosts[row] = entry.replace("ECHO", f"servers: [{echo.address}]")
    return module_fairlead(host_each(hosts))


@pytest.mark.parametrize("row", ROWS)
def test_target(edge, row):
    *_, target, expected = ROWS[row]
    assert seen_of(edge.get(target, host=host_of(row))).target == expected


OTHERS = {
    "new host": "rewrite_rules: { host: inner.test }\nECHO",
    "new host by a placeholder": "rewrite_rules: { host: 'x-{host}' }\nECHO",
    "new method": "rewrite_rules: { method: PUT }\nECHO",
    "new method and path": "rewrite_rules: { method: GET, replace_path: /p }\nECHO",
    "climbing": "rewrite_rules: { replace_path: '/safe/{param.p}' }\nECHO",
    "climbing by a header": "rewrite_rules: { replace_path: '/safe/{header.X-P}/x' }\nECHO",
    "climbing by a regex": "rewrite_rules: { regex: { match: z, with: . } }\nECHO",
    "bad host": "rewrite_rules: { host: '{header.X-Host}' }\nECHO",
    "everything": (
        "firewall_rules: { path_reject: [/api/secret] }\n"
        "header_rules: { add: { X-Path: '{path}', X-Query: '{query}' } }\n"
        "param_rules: { add: { key: 1 }, remove: [drop] }\n"
        "cookie_rules: { add: { c: '{path}' } }\n"
        "paths:\n"
        "  - path: /api\n"
        "    rewrite_rules: { replace_prefix: /secret, method: PUT }\n"
        "    ECHO"
    ),
}


def test_host_that_the_server_gets(edge):
    assert seen_of(fetch(edge, host_of("new host"))).get("Host") == "inner.test"
    row = host_of("new host by a placeholder")
    seen = seen_of(fetch(edge, f"{row}:8080"))
    assert seen.get("Host") == f"x-{row}"
    assert seen.get("X-Forwarded-Host") == f"{row}:8080", "the client's own is still told"


def test_method_that_the_server_gets(edge):
    seen = seen_of(fetch(edge, host_of("new method"), method="POST", data=b"body"))
    assert (seen.method, seen.body) == ("PUT", "body")
    seen = seen_of(fetch(edge, host_of("new method and path"), method="DELETE"))
    assert (seen.method, seen.target) == ("GET", "/p")


def test_head_answered_by_a_get_has_no_body(edge):
    """The client asked for a head, whatever the server was asked for."""
    with edge.connect() as client:
        host = host_of("new method and path")
        reply = client.request("HEAD", "/", host=host).read_answer("HEAD")
        assert reply.status == 200
        assert client.get("/", host=host).status == 200, "the connection is out of step"


CLIMBS = {
    "dots": ("climbing", "/?p=..", []),
    "dots and slashes": ("climbing", "/?p=../..", []),
    "encoded twice": ("climbing", "/?p=%252e%252e/x", []),
    "a header": ("climbing by a header", "/", ["X-P: .."]),
    "a header with slashes": ("climbing by a header", "/", ["X-P: ../../etc"]),
    "a backslash": ("climbing", "/?p=..%5Cx", []),
    "made by a regex": ("climbing by a regex", "/a/zz/b", []),
    "made by a regex, encoded": ("climbing by a regex", "/a/%7a%7a/b", []),
}


@pytest.mark.parametrize("row, target, fields", CLIMBS.values(), ids=CLIMBS)
def test_no_rule_makes_a_path_that_climbs(edge, row, target, fields):
    reply = edge.get(target, fields, host_of(row))
    if reply.status == 200:
        path = seen_of(reply).target.partition("?")[0]
        assert not {".", ".."} & set(path.split("/")), path
        assert row == "climbing by a regex" or path.startswith("/safe/"), path
    else:
        assert 400 <= reply.status < 500, reply


@pytest.mark.parametrize("value", ["", "a b", "a/b", "user@host", "a.test:99999", "[::1"])
def test_host_that_a_client_spoils_is_not_sent(edge, value):
    reply = edge.get("/", [f"X-Host: {value}"], host_of("bad host"))
    if reply.status == 200:
        sent = seen_of(reply).get("Host")
        assert sent and not set(" /@[") & set(sent) and sent != value, sent
    else:
        assert 400 <= reply.status < 500, reply


def test_order_of_everything(edge):
    """The firewall judges the request as it came, placeholders are of the request as it came."""
    host = host_of("everything")
    seen = seen_of(fetch(edge, host, "/api/x?drop=1&a=2"))
    assert (seen.method, seen.target) == ("PUT", "/secret/x?a=2&key=1")
    assert (seen.get("X-Path"), seen.get("X-Query")) == ("/api/x", "drop=1&a=2")
    assert seen.get("Cookie").startswith("c=")
    assert fetch(edge, host, "/api/secret").status_code == 403


# The way back. A route's rules, the field that the server sends, and what the client must get.

MAPPED_ROUTES = {
    "mapped": "paths:\n  - path: /api\n    rewrite_rules: { replace_prefix: /v2 }\n    ECHO",
    "stripped": "paths:\n  - path: /api\n    rewrite_rules: { strip_prefix: /api }\n    ECHO",
    "prefixed": "paths:\n  - path: /\n    rewrite_rules: { add_prefix: /base }\n    ECHO",
    "unmapped": (
        "paths:\n  - path: /api\n    ECHO\n"
        "    rewrite_rules: { replace_prefix: /v2, rewrite_location: false }"
    ),
    "unchanged": "paths:\n  - path: /api\n    ECHO",
    "inner host": (
        "paths:\n  - path: /api\n    ECHO\n"
        "    rewrite_rules: { replace_prefix: /v2, host: inner.test }"
    ),
    "server host": (
        "header_rules: { remove: [Host] }\n"
        "paths:\n  - path: /api\n    rewrite_rules: { replace_prefix: /v2 }\n    ECHO"
    ),
}
MAPPED = {
    "path": ("mapped", "/v2/login", "/api/login"),
    "the prefix itself": ("mapped", "/v2", "/api"),
    "the prefix with a slash": ("mapped", "/v2/", "/api/"),
    "query and fragment": ("mapped", "/v2/a?x=/v2&y#/v2", "/api/a?x=/v2&y#/v2"),
    "query alone": ("mapped", "/v2?x=1", "/api?x=1"),
    "another path": ("mapped", "/other/x", "/other/x"),
    "no whole segment": ("mapped", "/v22/x", "/v22/x"),
    "the prefix further down": ("mapped", "/x/v2", "/x/v2"),
    "relative": ("mapped", "v2/x", "v2/x"),
    "relative upwards": ("mapped", "../v2", "../v2"),
    "query only": ("mapped", "?page=2", "?page=2"),
    "another host": ("mapped", "http://elsewhere.test/v2/x", "http://elsewhere.test/v2/x"),
    "another host without a scheme": ("mapped", "//elsewhere.test/v2/x", "//elsewhere.test/v2/x"),
    "another scheme": ("mapped", "mailto:v2@a.test", "mailto:v2@a.test"),
    "whole URL of the host": ("mapped", "http://mapped.test/v2/x?y", "http://mapped.test/api/x?y"),
    "whole URL in another letter case": (
        "mapped", "HTTP://Mapped.test/v2/x", "http://mapped.test/api/x"),
    "whole URL of the host, another path": (
        "mapped", "http://mapped.test/other", "http://mapped.test/other"),
    "stripped path": ("stripped", "/login", "/api/login"),
    "stripped root": ("stripped", "/", "/api/"),
    "stripped whole URL": ("stripped", "http://stripped.test/x", "http://stripped.test/api/x"),
    "stripped another host": ("stripped", "http://elsewhere.test/x", "http://elsewhere.test/x"),
    "prefix taken away": ("prefixed", "/base/x", "/x"),
    "prefix alone taken away": ("prefixed", "/base", "/"),
    "prefix not there to take away": ("prefixed", "/x", "/x"),
    "switched off": ("unmapped", "/v2/login", "/v2/login"),
    "no prefix changed": ("unchanged", "/v2/login", "/v2/login"),
    "URL of the host that was sent": (
        "inner host", "http://inner.test/v2/x", "http://inner-host.test/api/x"),
    "path with another host sent": ("inner host", "/v2/x", "/api/x"),
    "URL of the server": ("server host", "http://SERVER/v2/x", "http://server-host.test/api/x"),
}


@pytest.mark.parametrize("field", ["Location", "Content-Location"])
@pytest.mark.parametrize("row, sent, expected", MAPPED.values(), ids=MAPPED)
def test_location_is_mapped_back(edge, echo, field, row, sent, expected):
    sent = sent.replace("SERVER", echo.address)
    status = 302 if field == "Location" else 200
    reply = edge.get("/api/start", [reply_line(status, [[field, sent]])], host_of(row))
    assert reply.status == status
    assert same_url(reply.get(field), expected), (sent, reply.get(field), expected)


def same_url(one, other):
    """Scheme and host have no letter case."""
    head, mark, rest = one.partition("://")
    if not mark:
        return one == other
    authority, slash, path = rest.partition("/")
    return f"{head.lower()}://{authority.lower()}{slash}{path}" == other


def test_location_keeps_the_port_of_the_client(edge):
    """The server was told the host with the port, and so it says it."""
    host = f"{host_of('mapped')}:8443"
    line = reply_line(302, [["Location", f"http://{host}/v2/x"]])
    assert edge.get("/api/x", [line], host).get("Location") == f"http://{host}/api/x"


COOKIE_PATHS = {
    "path": ("mapped", "s=1; Path=/v2; Secure", "s=1; Path=/api; Secure"),
    "below": ("mapped", "s=1; path=/v2/x", "s=1; path=/api/x"),
    "another path": ("mapped", "s=1; Path=/other", "s=1; Path=/other"),
    "no whole segment": ("mapped", "s=1; Path=/v22", "s=1; Path=/v22"),
    "no path": ("mapped", "s=/v2; HttpOnly", "s=/v2; HttpOnly"),
    "stripped": ("stripped", "s=1; Path=/x", "s=1; Path=/api/x"),
    "switched off": ("unmapped", "s=1; Path=/v2", "s=1; Path=/v2"),
    "no prefix changed": ("unchanged", "s=1; Path=/v2", "s=1; Path=/v2"),
}


@pytest.mark.parametrize("row, sent, expected", COOKIE_PATHS.values(), ids=COOKIE_PATHS)
def test_cookie_path_is_mapped_back(edge, row, sent, expected):
    fields = [["Set-Cookie", sent], ["Set-Cookie", "t=2"]]
    reply = edge.get("/api/x", [reply_line(fields=fields)], host_of(row))
    assert reply.all("Set-Cookie") == [expected, "t=2"]


def test_cookie_of_the_root_holds_for_what_was_stripped(edge):
    line = reply_line(fields=[["Set-Cookie", "s=1; Path=/"]])
    sent = edge.get("/api/x", [line], host_of("stripped")).get("Set-Cookie")
    assert sent.rstrip("/") == "s=1; Path=/api"


def test_mapping_happens_for_every_answer_of_the_server(edge):
    reply = fetch(
        edge, host_of("mapped"), "/api/items", "POST", data=b"x",
        headers=reply_with(201, [["Location", "/v2/items/1"]]),
    )  # fmt: skip
    assert (reply.status_code, reply.headers["Location"]) == (201, "/api/items/1")


def test_curl_follows_the_server_through_the_mapping(fairlead, origin):
    """An application below /v2 that redirects to itself, seen below /api."""

    def application(request):
        if request.target == "/v2/start":
            return answer(b"", "302 Found", ["Location: /v2/end?x=1"])
        return answer(request.target.encode())

    upstream = origin([serve(application)])
    edge = fairlead(
        "paths:\n  - path: /api\n    rewrite_rules: { replace_prefix: /v2 }\n"
        f"    servers: [{upstream.address}]\n"
    )
    assert curl("--location", edge.url("/api/start")) == "/v2/end?x=1"


REFUSED = {
    "unknown kind": ("{ strip_prefx: /a }", ["strip_prefx", "strip_prefix"]),
    "prefix without a slash": ("{ strip_prefix: api }", ["/api"]),
    "prefix with a query": ("{ replace_prefix: '/a?b' }", ["?"]),
    "path without a slash": ("{ replace_path: fixed }", ["fixed"]),
    "bad regex": ("{ regex: { match: '(', with: x } }", ["missing )"]),
    "regex over something else": (
        "{ regex: { match: a, with: b, over: query } }", ["query", "uri"]),
    "regex without with": ("{ regex: { match: a } }", ["with"]),
    "capture that the regex does not have": (
        "{ regex: { match: '(a)', with: '{capture.2}' } }", ["capture.2"]),
    "unknown placeholder": ("{ add_prefix: '/{hots}' }", ["hots", "host"]),
    "method that is no token": ("{ method: 'G T' }", ["G T"]),
    "host that is no authority": ("{ host: 'a/b' }", ["a/b"]),
}


@pytest.mark.parametrize("rules, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, rules, words):
    route = f"path: /\nrewrite_rules: {rules}\nservers: [127.0.0.1:1]"
    check.refuses("paths:\n  -\n" + indented(route, 4), words, 4)


def test_check_warns_of_a_replacement_within_a_segment(check):
    """`v1` also hits `/v10`: the course's rule, with the trap that it has."""
    route = "  - path: /v10/users\n    rewrite_rules: { replace: { v1: v2 } }\n"
    said = check.accepts(f"paths:\n{route}    servers: [127.0.0.1:1]\n")
    assert "warning" in said and "segment" in said, said


def test_tunnel_goes_through_the_rules(fairlead, origin):
    """A WebSocket is a request like any other until it is upgraded."""
    accept = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    upstream = origin([read_head, send(accept + b"X-Server: s\r\n\r\n"), echo_bytes])
    edge = fairlead(
        "paths:\n  - path: /ws\n    rewrite_rules: { replace_prefix: /v2 }\n"
        "    header_rules: { add: { X-Edge: e }, response: { remove: [X-Server] } }\n"
        "    param_rules: { add: { via: edge } }\n"
        f"    servers: [{upstream.address}]\n"
    )
    with edge.connect() as client:
        client.request("GET", "/ws/chat", ["Connection: Upgrade", "Upgrade: websocket"])
        reply = client.read_head()
        assert (reply.status, reply.get("X-Server")) == (101, None)
        assert client.send(b"ping").read_exactly(4) == b"ping"
    request = upstream.next_request()
    assert (request.target, request.get("X-Edge")) == ("/v2/chat?via=edge", "e")


def test_a_retry_does_not_rewrite_twice(fairlead, origin, dead_port):
    """The second attempt is of the same request, not of what the first attempt had made of it."""
    upstream = origin([serve(lambda request: answer(request.target.encode()))])
    edge = fairlead(
        "defaults: { balance: round_robin, health: off }\n"
        "paths:\n  - path: /a\n    rewrite_rules: { add_prefix: /a, replace: { x: xx } }\n"
        "    param_rules: { append: { n: 1 } }\n"
        f"    servers: [{dead_port.address}, {upstream.address}]\n"
    )
    assert [edge.get("/a/x").body for _ in range(6)] == [b"/a/a/xx?n=1"] * 6
