"""Destinations that need no server: redirects in all their forms, and answers from the file."""

import json
import re
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from clients import curl, fetch, seen_of
from configs import host_each, host_of

PROXY = "127.0.0.9"

# The keys of the route, the target of the request, the status, and where it leads to, as the client
# understands it: `HOST` is the host of the row.
REDIRECTS = {
    "https": ("redirect: https", "/a/b?c=d", 308, "https://HOST/a/b?c=d"),
    "https of the root": ("redirect: https", "/", 308, "https://HOST/"),
    "https without a query": ("redirect: https", "/a", 308, "https://HOST/a"),
    "host": ("redirect: { host: www.example.com }", "/a?b", 302, "http://www.example.com/a?b"),
    "path": ("redirect: { path: /new }", "/a/b", 302, "http://HOST/new"),
    "path keeps the query": ("redirect: { path: /new }", "/a?b=c", 302, "http://HOST/new?b=c"),
    "path with a query of its own": (
        'redirect: { path: "/new?x=1" }', "/a?b=c", 302, "http://HOST/new?x=1"),
    "replace prefix": (
        "path: /old, redirect: { replace_prefix: /new }", "/old/a/b?c", 302,
        "http://HOST/new/a/b?c"),
    "replace prefix alone": (
        "path: /old, redirect: { replace_prefix: /new }", "/old", 302, "http://HOST/new"),
    "replace prefix with a slash": (
        "path: /old, redirect: { replace_prefix: /new }", "/old/", 302, "http://HOST/new/"),
    "replace prefix by the root": (
        "path: /old, redirect: { replace_prefix: / }", "/old/a", 302, "http://HOST/a"),
    "replace prefix by the root alone": (
        "path: /old, redirect: { replace_prefix: / }", "/old?q", 302, "http://HOST/?q"),
    "to a text": (
        'redirect: { to: "https://other.test/x" }', "/", 302, "https://other.test/x"),
    "to keeps the query": (
        'redirect: { to: "https://other.test/x" }', "/a?b=c", 302, "https://other.test/x?b=c"),
    "to with a query of its own": (
        'redirect: { to: "https://other.test/x?y=z" }', "/a?b=c", 302, "https://other.test/x?y=z"),
    "to with placeholders": (
        'redirect: { to: "https://{host}{path}?{query}", status: 308 }', "/a/b?c=d", 308,
        "https://HOST/a/b?c=d"),
    "to with an empty query": (
        'redirect: { to: "https://{host}{path}?{query}", status: 308 }', "/a/b", 308,
        "https://HOST/a/b"),
    "to with a lone question mark": (
        'redirect: { to: "https://{host}{path}?{query}" }', "/a/b?", 302, "https://HOST/a/b"),
    "to with the uri": (
        'redirect: { to: "https://other.test{uri}" }', "/a?b=c", 302, "https://other.test/a?b=c"),
    "to with the uri of a path alone": (
        'redirect: { to: "https://other.test{uri}" }', "/a", 302, "https://other.test/a"),
    "to a path": ('redirect: { to: "/login" }', "/a", 302, "http://HOST/login"),
    "to with a fragment": (
        'redirect: { to: "/page?x=1#part" }', "/a", 302, "http://HOST/page?x=1#part"),
    "301": ("redirect: { path: /new, status: 301 }", "/a", 301, "http://HOST/new"),
    "302": ("redirect: { path: /new, status: 302 }", "/a", 302, "http://HOST/new"),
    "303": ("redirect: { path: /new, status: 303 }", "/a", 303, "http://HOST/new"),
    "307": ("redirect: { path: /new, status: 307 }", "/a", 307, "http://HOST/new"),
    "308": ("redirect: { path: /new, status: 308 }", "/a", 308, "http://HOST/new"),
    "host and path": (
        "redirect: { host: b.test, path: /p }", "/a?q", 302, "http://b.test/p?q"),
    "host and prefix": (
        "path: /old, redirect: { host: b.test, replace_prefix: /new, status: 301 }", "/old/x", 301,
        "http://b.test/new/x"),
    "host by a placeholder": (
        'redirect: { host: "www.{host}" }', "/a", 302, "http://www.HOST/a"),
    "captures": (
        "path_regex: '^/u/([0-9]+)/(.*)$', redirect: { path: '/users/{capture.2}/{capture.1}' }",
        "/u/17/x/y?q=1", 302, "http://HOST/users/x/y/17?q=1"),
    "captures in to": (
        "path_regex: '^/g/(.*)$', redirect: { to: 'https://g.test/{capture.1}' }", "/g/a%20b", 302,
        "https://g.test/a%20b"),
    "canonical path": ("redirect: { host: b.test }", "//a/./b/..//%63", 302, "http://b.test/a/c"),
    "encoded path": ("redirect: { host: b.test }", "/a%2fb%20c", 302, "http://b.test/a%2Fb%20c"),
    "query as it came": (
        "redirect: { host: b.test }", "/?a=%zz&b+c&&=", 302, "http://b.test/?a=%zz&b+c&&="),
}  # fmt: skip

EXTRA = {
    "param in the query": (
        'paths:\n  - { path: /a, redirect: { to: "/login?next={param.next}&from={path}" } }'),
    "behind a proxy": "paths:\n  - { path: /, scheme: http, redirect: https }\nECHO",
    "https alone": "paths:\n  - { path: /, redirect: https }\nECHO",
    "open path": "paths:\n  - { path: /go, redirect: { replace_prefix: / } }",
    "open capture": "paths:\n  - { path_regex: '^/go/(.*)$', redirect: { path: '/{capture.1}' } }",
    "open param": 'paths:\n  - { path: /go, redirect: { to: "/{param.next}" } }',
    "moved": (
        "paths:\n"
        "  - { path: /old, redirect: { replace_prefix: /new, status: 308 } }\n"
        "  - { path: /form, redirect: { path: /done, status: 303 } }\n"
        "  - { path: /twice, redirect: { path: /old/x } }\n"
        "  - { path: /elsewhere, redirect: { host: moved-to.test } }\n"
        "ECHO"
    ),
    "moved to": "ECHO",
}


@pytest.fixture(scope="module")
def edge(module_fairlead, echo):
    hosts = {}
    for row, (keys, target, *_) in REDIRECTS.items():
        # Below /a where that can be, since what leads to its own host must not lead to itself.
        path = "path: /a, " if re.match(r"/+a(/|\?|$)", target) else "path: /, "
        hosts[row] = f"paths:\n  - {{ {'' if keys.startswith('path') else path}{keys} }}"
    for row, (keys, *_) in RESPONDS.items():
        hosts[row] = keys
    for row, entry in EXTRA.items():
        hosts[row] = entry.replace("ECHO", f"servers: [{echo.address}]")
    anything = '  - { host: "*", redirect: https }\n'
    return module_fairlead(f"trusted_proxies: [{PROXY}]\n" + host_each(hosts) + anything)


def led(reply, url):
    """Where an answer leads the client who asked for `url`."""
    assert len(reply.all("Location")) == 1, reply
    return urljoin(url, reply.get("Location"))


@pytest.mark.parametrize("row", REDIRECTS)
def test_redirect(edge, row):
    _, target, status, expected = REDIRECTS[row]
    host = host_of(row)
    reply = edge.get(target, host=host)
    assert reply.status == status and reply.complete
    assert led(reply, f"http://{host}{target}") == expected.replace("HOST", host)


HOSTS = {
    "IPv6 literal": (b"GET /a HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "https://[2001:db8::1]/a"),
    "IPv6 literal with a port": (
        b"GET /a HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n", "https://[2001:db8::1]/a"),
    "trailing dot and letter case": (
        b"GET /a HTTP/1.1\r\nHost: Any.Test.:8080\r\n\r\n", "https://any.test/a"),
    "absolute target": (
        b"GET http://any.test:81/a?b HTTP/1.1\r\nHost: other.test\r\n\r\n", "https://any.test/a?b"),
    "no host": (b"GET /a HTTP/1.0\r\n\r\n", None),
    "empty host": (b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", None),
}  # fmt: skip


@pytest.mark.parametrize("head, expected", HOSTS.values(), ids=HOSTS)
def test_redirect_of_any_host(edge, head, expected):
    with edge.connect() as client:
        reply = client.send(head).read_answer()
    if expected is None:
        assert (reply.status, reply.get("Location")) == (400, None), reply
    else:
        assert (reply.status, reply.get("Location")) == (308, expected), reply


def test_redirect_needs_no_body_and_keeps_the_connection(edge):
    with edge.connect() as client:
        host = host_of("https")
        for method in ["GET", "HEAD", "POST"]:
            body = b"body" if method == "POST" else None
            reply = client.request(method, "/a", host=host, body=body).read_answer(method)
            assert (reply.status, reply.get("Location")) == (308, f"https://{host}/a")
            assert not reply.closes()


PORTS = {
    "goes when the scheme changes": ("https", "https://HOST/a"),
    "goes when the scheme changes in to": ("to with placeholders", "https://HOST/a"),
    "stays for another path": ("path", "http://HOST:8080/new"),
    "stays for another host": ("host", "http://www.example.com:8080/a"),
}


@pytest.mark.parametrize("row, expected", PORTS.values(), ids=PORTS)
def test_port_of_the_client(edge, row, expected):
    host = host_of(row)
    reply = edge.get("/a", host=f"{host}:8080")
    assert led(reply, f"http://{host}:8080/a") == expected.replace("HOST", host)


@pytest.mark.parametrize("row", ["behind a proxy", "https alone"])
def test_https_ends_where_a_trusted_proxy_speaks_it(edge, row):
    host = host_of(row)
    told = ["X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: https"]
    with edge.connect(source=PROXY) as proxy, edge.connect() as stranger:
        assert seen_of(proxy.get("/a", told, host)).target == "/a"
        assert proxy.get("/a", ["X-Forwarded-Proto: http"], host).status == 308
        assert stranger.get("/a", told, host).status == 308


def test_scheme_of_the_client_is_kept(edge):
    told = ["X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: https"]
    with edge.connect(source=PROXY) as proxy:
        host = host_of("host")
        reply = proxy.get("/a", told, host)
        assert led(reply, f"https://{host}/a") == "https://www.example.com/a"


def test_values_of_a_client_stay_within_their_parameter(edge):
    host = host_of("param in the query")
    reply = edge.get("/a/b?next=%2Fx%26y%3D%23z%20%C3%A4", host=host)
    where = urlsplit(led(reply, f"http://{host}/a/b"))
    assert (where.netloc, where.path, where.fragment) == (host, "/login", "")
    assert parse_qs(where.query) == {"next": ["/x&y=#z ä"], "from": ["/a/b"]}


OPEN = {
    "slashes after the prefix": ("open path", "/go//evil.test/x"),
    "encoded slash after the prefix": ("open path", "/go/%2Fevil.test/x"),
    "backslash after the prefix": ("open path", "/go/%5Cevil.test/x"),
    "slashes in the capture": ("open capture", "/go//evil.test"),
    "encoded slash in the capture": ("open capture", "/go/%2fevil.test"),
    "backslash in the capture": ("open capture", "/go/%5c%5cevil.test"),
    "slash in the param": ("open param", "/go?next=/evil.test"),
    "backslash in the param": ("open param", "/go?next=%5Cevil.test"),
    "tab and slash in the param": ("open param", "/go?next=%09/evil.test"),
}


@pytest.mark.parametrize("row, target", OPEN.values(), ids=OPEN)
def test_no_value_of_a_client_leads_to_another_host(edge, row, target):
    host = host_of(row)
    reply = edge.get(target, host=host)
    assert reply.status in (302, 400)
    if reply.status == 302:
        # Browsers take a backslash for a slash, and drop tabs and line ends.
        location = reply.get("Location").replace("\\", "/")
        assert urlsplit(urljoin(f"http://{host}/", location)).hostname == host, location


def follow(edge, host, target, *arguments):
    """curl as a browser would go: through every redirect, with the names of this test resolved."""
    names = [f"{name}:{edge.port}:127.0.0.1" for name in (host, host_of("moved to"))]
    resolve = [argument for name in names for argument in ("--resolve", name)]
    return json.loads(
        curl("--location", *resolve, *arguments, f"http://{host}:{edge.port}{target}")
    )


# The target, further arguments of curl, and what the server sees in the end.
FOLLOWED = {
    "to another path": ("/old/x?y=z", [], ("GET", "/new/x?y=z", "")),
    "twice": ("/twice", [], ("GET", "/new/x", "")),
    "a form stays a form by 308": ("/old/f", ["--data", "a=b"], ("POST", "/new/f", "a=b")),
    "a form becomes a page by 303": ("/form", ["--data", "a=b"], ("GET", "/done", "")),
    "to another host": ("/elsewhere?q", [], ("GET", "/elsewhere?q", "")),
}


@pytest.mark.parametrize("target, arguments, expected", FOLLOWED.values(), ids=FOLLOWED)
def test_curl_follows(edge, target, arguments, expected):
    told = follow(edge, host_of("moved"), target, *arguments)
    assert (told["method"], told["target"], told["body"]) == expected


# Answers from the file. The keys of a host, the target, the status, fields and the body.

RESPONDS = {
    "a status": ("respond: 204", "/", 204, {}, b""),
    "a body": ("respond: { body: hello }", "/", 200, {}, b"hello"),
    "a status and a body": (
        "respond: { status: 418, body: teapot }", "/", 418, {}, b"teapot"),
    "fields": (
        "respond: { status: 200, body: ok, headers: { X-A: one, Cache-Control: no-store } }", "/",
        200, {"X-A": "one", "Cache-Control": "no-store"}, b"ok"),
    "a content type": (
        "respond: { body: '{\"a\": 1}', content_type: application/json }", "/", 200,
        {"Content-Type": "application/json"}, b'{"a": 1}'),
    "placeholders": (
        "respond: { body: '{method} {host} {path} {param.a}', headers: { X-P: '{path}' } }",
        "/x?a=b%20c", 200, {"X-P": "/x"}, b"GET placeholders.test /x b c"),
    "a brace": ("respond: { body: '{{host}' }", "/", 200, {}, b"{host}"),
    "several lines": ("respond:\n  body: |\n    one\n    two", "/", 200, {}, b"one\ntwo\n"),
    "an error of its own": (
        "error_pages: { 404: page }\nrespond: { status: 404, body: mine }", "/", 404, {}, b"mine"),
    "captures of a path": (
        "paths:\n  - { path_regex: '^/hi/([a-z]+)$', respond: { body: 'hi {capture.1}' } }",
        "/hi/you", 200, {}, b"hi you"),
}  # fmt: skip


@pytest.mark.parametrize("row", RESPONDS)
def test_respond(edge, row):
    _, target, status, fields, body = RESPONDS[row]
    reply = edge.get(target, host=host_of(row))
    assert (reply.status, reply.body, reply.complete) == (status, body, True), reply
    for name, value in fields.items():
        assert reply.get(name).partition(";")[0] == value, reply
    assert (reply.get("Content-Length") is None) == (status == 204), reply


def test_respond_to_head_and_post(edge):
    with edge.connect() as client:
        host = host_of("a body")
        for method, body in {"HEAD": None, "POST": b"x" * 1000, "GET": None}.items():
            reply = client.request(method, host=host, body=body).read_answer(method)
            assert (reply.status, reply.get("Content-Length")) == (200, "5"), reply
            assert reply.body == (b"" if method == "HEAD" else b"hello")
            assert not reply.closes()


FILES = {
    "page.html": (b"<h1>{host}</h1>\n", "text/html"),
    "data.json": (b'{"a": "{path}"}', "application/json"),
    "notes.txt": ("grün\n".encode(), "text/plain"),
    "large.html": (b"0123456789abcdef\n" * 20_000, "text/html"),
}


@pytest.mark.parametrize("name", FILES)
def test_respond_with_a_file(fairlead, tmp_path, name):
    """Named relative to the configuration, and sent as it is."""
    content, content_type = FILES[name]
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / name).write_bytes(content)
    edge = fairlead(
        "paths:\n  - path: /\n"
        f"    respond: {{ status: 200, file: pages/{name}, headers: {{ X-A: one }} }}\n"
    )
    with edge.connect() as client:
        for method in ["GET", "HEAD", "GET"]:
            reply = client.request(method).read_answer(method)
            assert (reply.status, reply.get("X-A")) == (200, "one")
            assert reply.get("Content-Type").partition(";")[0] == content_type
            assert reply.get("Content-Length") == str(len(content))
            assert reply.body == (b"" if method == "HEAD" else content)
    assert fetch(edge, "a.test").content == content


# What the loader refuses: the keys of a route, and words that the error must have.

REFUSED = {
    "unknown key of a redirect": ("redirect: { pth: /x }", ["pth", "path"]),
    "status that is no redirect": ("redirect: { path: /x, status: 200 }", ["200", "308"]),
    "not modified is no redirect": ("redirect: { path: /x, status: 304 }", ["304"]),
    "nowhere": ("redirect: {}", ["redirect"]),
    "to and host": ("redirect: { to: 'https://a.test/', host: b.test }", ["to", "host"]),
    "path without a slash": ("redirect: { path: new }", ["new"]),
    "path and prefix": ("redirect: { path: /a, replace_prefix: /b }", ["replace_prefix"]),
    "unknown placeholder": ("redirect: { to: 'https://{hots}/' }", ["hots", "host"]),
    "the server of a redirect": ("redirect: { to: 'https://{server}/' }", ["server"]),
    "a capture that is not there": ("redirect: { path: '/{capture.1}' }", ["capture.1"]),
    "status of an answer": ("respond: { status: 99 }", ["99"]),
    "unknown key of an answer": ("respond: { bdy: x }", ["bdy", "body"]),
    "body and file": ("respond: { body: x, file: fairlead.yaml }", ["file"]),
    "file that is not there": ("respond: { file: nothing.html }", ["nothing.html"]),
    "framing in an answer": ("respond: { headers: { Content-Length: 5 } }", ["Content-Length"]),
    "two destinations": ("redirect: https\n    respond: 200", ["redirect", "respond"]),
}


@pytest.mark.parametrize("keys, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, keys, words):
    check.refuses(f"paths:\n  - path: /x\n    {keys}\n", words)


CYCLES = {
    "to its own path": "paths: [{ path: /a, redirect: { path: /a } }]",
    "to a path below itself": "paths: [{ path: /a, redirect: { path: /a/b } }]",
    "to its own host": "hosts: [{ host: a.test, redirect: { host: a.test } }]",
    "to its own host by name": "hosts: [{ host: a.test, redirect: { to: 'http://a.test/x' } }]",
    "to its own prefix": "paths: [{ path: /a, redirect: { replace_prefix: /a } }]",
    # This one grows instead of repeating itself, and never ends either.
    "to its prefix with more": "paths: [{ path: /a, redirect: { replace_prefix: /a/b } }]",
}
NO_CYCLES = {
    "https": "hosts: [{ host: a.test, redirect: https }]",
    "https by name": "hosts: [{ host: a.test, redirect: { to: 'https://{host}{uri}' } }]",
    "to an exact path's other paths": (
        "paths: [{ path: /a, exact: true, redirect: { path: /a/b } }]"),
    "to a longer route below": (
        "paths:\n"
        "  - { path: /a, redirect: { path: /a/b } }\n"
        "  - { path: /a/b, respond: 200 }"),
    "to another host": "hosts: [{ host: a.test, redirect: { host: www.a.test } }]",
}  # fmt: skip


@pytest.mark.parametrize("text", CYCLES.values(), ids=CYCLES)
def test_check_refuses_a_redirect_to_itself(check, text):
    check.refuses(text + "\n", ["redirect"], 1)


@pytest.mark.parametrize("text", NO_CYCLES.values(), ids=NO_CYCLES)
def test_check_accepts_a_redirect_that_ends(check, text):
    check.accepts(text + "\n")
