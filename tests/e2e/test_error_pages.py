"""error_pages: the pages that stand for fairlead's own errors, and for nothing else."""

import pytest
from clients import fetch, reply_line, reply_with
from configs import host_each, host_of
from origin import answer, read_request, send, serve, until_closed

CONFIG = """
defaults:
  retry: off
  health: off
  error_pages:
    404: "<p>nothing at {{path}}</p>"
    4xx: "<p>your fault</p>"
    5xx: "<p>our fault</p>"
"""

ERRORS = """
firewall_rules: {{ path_reject: [/secret] }}
error_pages:
  403: "<h1>No entry for {{client_ip}}</h1>"
  503: "<h1>Back soon</h1>"
paths:
  - {{ path: /echo, servers: [{echo}] }}
  - {{ path: /small, servers: [{echo}], max_body: 10B }}
  - {{ path: /dead, servers: [{dead}] }}
  - {{ path: /garbage, servers: [{garbage}] }}
  - {{ path: /slow, servers: [{slow}], timeouts: {{ response: 200ms }} }}
  - {{ path: /full, servers: [{{ url: {echo}, weight: 0 }}] }}
  - {{ path: /respond, respond: {{ status: 404, body: mine }} }}
  - {{ path: /redirect, redirect: {{ path: /echo }} }}
  - {{ path: /climb, servers: [{echo}], rewrite_rules: {{ regex: {{ match: l, with: /../ }} }} }}
  - {{ path: /nowhere-to-go, redirect: {{ host: "{{param.none}}" }} }}
  - path: /inner
    servers: [{echo}]
    max_body: 10B
    error_pages: {{ 413: "<h1>Ten bytes</h1>", 5xx: "<h1>Inner</h1>" }}
  - path: /inner/dead
    servers: [{dead}]
    error_pages: {{ 5xx: "<h1>Inner</h1>" }}
"""

PAGES = {
    "escaped": "error_pages: { 404: '<p>{path} {query} {param.q} {header.X-A} {host}</p>' }",
    "several lines": "error_pages:\n  404: |\n    <h1>gone</h1>\n    <p>{method}</p>",
    "plain text": "error_pages: { 404: 'gone: {path}' }",
    "a brace": "error_pages: { 404: '<style>p { color: red }</style>{{path}' }",
    "head": "error_pages: { 404: '<p>1234567890</p>' }",
    "with fields": (
        "error_pages: { 404: '<p>gone</p>' }\n"
        "header_rules: { response: { add: { X-Edge: e } } }"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def edge(module_fairlead, module_origin, echo, dead_server):
    garbage = module_origin([read_request, send(b"no HTTP\r\n\r\n"), until_closed])
    slow = module_origin([read_request, until_closed])
    servers = {
        "echo": echo.address, "dead": dead_server,
        "garbage": garbage.address, "slow": slow.address,
    }  # fmt: skip
    some = "\npaths:\n  - { path: /x, respond: 200 }"
    pages = {row: keys + some for row, keys in PAGES.items()}
    config = CONFIG.format() + host_each({"errors": ERRORS.format(**servers), **pages})
    return module_fairlead(config)


# The target, the body of the request, the statuses that it may have, and the page.
STATUSES = {
    "firewall": ("/secret", b"", {403}, "<h1>No entry for 127.0.0.1</h1>"),
    "no route": ("/nowhere", b"", {404}, "<p>nothing at /nowhere</p>"),
    "too large": ("/small", b"x" * 100, {413}, "<p>your fault</p>"),
    "exact of an inner level": ("/inner", b"x" * 100, {413}, "<h1>Ten bytes</h1>"),
    "garbage": ("/garbage", b"", {502}, "<p>our fault</p>"),
    "slow": ("/slow", b"", {504}, "<p>our fault</p>"),
    "no server": ("/full", b"", {503}, "<h1>Back soon</h1>"),
}


@pytest.mark.parametrize("target, body, statuses, page", STATUSES.values(), ids=STATUSES)
def test_page_of_an_error(edge, target, body, statuses, page):
    with edge.connect() as client:
        host = host_of("errors")
        reply = client.request("POST", target, body=body, host=host).read_answer()
    assert reply.status in statuses and reply.complete, reply
    assert reply.body.decode() == page
    assert reply.get("Content-Type").startswith("text/html")


def test_inner_page_replaces_key_by_key(edge):
    """The class is the inner one's, the exact status still that of the host."""
    reply = edge.get("/inner/dead", host=host_of("errors"))
    pages = {502: b"<h1>Inner</h1>", 503: b"<h1>Back soon</h1>"}
    assert reply.body == pages[reply.status], reply


def test_page_keeps_what_the_error_says_besides(edge):
    reply = edge.get("/full", host=host_of("errors"))
    assert reply.status == 503 and int(reply.get("Retry-After")) > 0


def test_page_of_an_unknown_host(edge):
    reply = fetch(edge, "nobody.test", "/x")
    assert (reply.status_code, reply.text) == (404, "<p>nothing at /x</p>")


# What is no error of fairlead's: the target, the fields, the status and the body.
OTHERS = {
    "the server's 404": ("/echo", [reply_line(404, body="its own")], 404, b"its own"),
    "the server's 503": ("/echo", [reply_line(503, body="its own")], 503, b"its own"),
    "the server's empty 500": ("/echo", [reply_line(500)], 500, b""),
    "an answer of the file": ("/respond", [], 404, b"mine"),
}


@pytest.mark.parametrize("target, fields, status, body", OTHERS.values(), ids=OTHERS)
def test_no_page_for_others(edge, target, fields, status, body):
    reply = edge.get(target, fields, host_of("errors"))
    assert (reply.status, reply.body) == (status, body)


EARLY = {
    "bad path": (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "long line": (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "large head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
    "bad field": (b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
}


@pytest.mark.parametrize("head, status", EARLY.values(), ids=EARLY)
def test_page_of_an_error_before_any_route(edge, head, status):
    """No host is known yet: those of the defaults."""
    with edge.connect() as client:
        reply = client.send_all_it_takes(head).read_answer()
    assert (reply.status, reply.body) == (status, b"<p>your fault</p>")


LATE = {"rewritten": "/climb", "redirected": "/nowhere-to-go"}


@pytest.mark.parametrize("target", LATE.values(), ids=LATE)
def test_page_of_a_request_that_a_rule_made_bad(edge, target):
    reply = edge.get(target, host=host_of("errors"))
    assert (reply.status, reply.body) == (400, b"<p>your fault</p>"), reply


def test_no_page_for_a_redirect(edge):
    reply = edge.get("/redirect", host=host_of("errors"))
    assert reply.status == 302 and b"fault" not in reply.body


def test_values_of_a_client_are_escaped(edge):
    fields = ['X-A: <b>&"\'']
    target = "/%3Cscript%3E?q=%3Cscript%3Ealert(1)%3C/script%3E&r='\"<>"
    reply = edge.get(target, fields, host_of("escaped"))
    page = reply.body.decode()
    assert reply.status == 404 and page.startswith("<p>") and page.endswith("</p>")
    inner = page.removeprefix("<p>").removesuffix("</p>")
    assert not set("<>\"'") & set(inner), page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in inner
    assert "&lt;b&gt;&amp;" in inner and host_of("escaped") in inner


def test_page_over_several_lines(edge):
    reply = edge.get("/y", host=host_of("several lines"))
    assert reply.body == b"<h1>gone</h1>\n<p>GET</p>\n"


def test_page_may_be_plain_text(edge):
    reply = edge.get("/y", host=host_of("plain text"))
    assert reply.body == b"gone: /y"


def test_braces_of_a_style_sheet_are_no_placeholders(edge):
    reply = edge.get("/y", host=host_of("a brace"))
    assert reply.body == b"<style>p { color: red }</style>{path}"


def test_page_of_head(edge):
    with edge.connect() as client:
        host = host_of("head")
        for method in ["HEAD", "GET"]:
            reply = client.request(method, "/y", host=host).read_answer(method)
            assert (reply.status, reply.get("Content-Length")) == (404, "17"), reply
            assert reply.body == (b"" if method == "HEAD" else b"<p>1234567890</p>")


def test_response_rules_hold_for_pages(edge):
    reply = edge.get("/y", host=host_of("with fields"))
    assert (reply.body, reply.get("X-Edge")) == (b"<p>gone</p>", "e")


def test_page_from_a_file(fairlead, tmp_path, origin):
    """Relative to the configuration, with placeholders, and for a server that went away."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "down.html").write_text("<h1>{host} is down</h1>\n" + "x" * 50_000)
    upstream = origin([serve(lambda _: answer())])
    edge = fairlead(
        "defaults: { retry: off }\n"
        "hosts:\n  - host: a.test\n"
        '    error_pages: { 502: "@pages/down.html", 503: "@pages/down.html" }\n'
        f"    servers: [{upstream.address}]\n"
    )
    assert edge.get("/").body == b"ok"
    upstream.close()
    with edge.connect() as client:
        for _ in range(2):
            reply = client.get("/")
            assert reply.status in (502, 503) and reply.complete
            assert reply.body == b"<h1>a.test is down</h1>\n" + b"x" * 50_000
            assert reply.get("Content-Type").startswith("text/html")


def test_page_for_requests(edge):
    """Requests decodes the page like any other."""
    reply = fetch(edge, host_of("errors"), "/secret/x", headers=reply_with(200))
    assert (reply.status_code, reply.text) == (403, "<h1>No entry for 127.0.0.1</h1>")


REFUSED = {
    "no status": ("{ oops: x }", ["oops"]),
    "no error": ("{ 200: x }", ["200"]),
    "no such class": ("{ 6xx: x }", ["6xx"]),
    "file that is not there": ('{ 503: "@nothing.html" }', ["nothing.html"]),
    "unknown placeholder": ("{ 503: '{hots}' }", ["hots", "host"]),
}


@pytest.mark.parametrize("pages, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, pages, words):
    text = f"paths:\n  - path: /\n    error_pages: {pages}\n    servers: [127.0.0.1:1]\n"
    check.refuses(text, words, 3)
