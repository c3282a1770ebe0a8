"""Placeholders: what each one stands for, in each place that may have them."""

import datetime
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from clients import fetch, seen_of
from configs import host_each, host_of, indented
from waiting import eventually

PROXY = "127.0.0.9"
ALL = [
    "client_ip", "client_port", "scheme", "host", "port", "method", "path", "query", "uri",
    "request_id", "route", "pool", "server", "header.X-In", "header.None", "cookie.in",
    "cookie.none", "param.in", "param.none", "capture.0", "capture.1", "capture.2", "time",
]  # fmt: skip


def fields_for(names):
    """Header rules that tell the server each placeholder in a field of its own."""
    lines = "".join(f'    {field_of(name)}: "[{{{name}}}]"\n' for name in names)
    return "header_rules:\n  add:\n" + lines


def field_of(name):
    return "P-" + name.replace(".", "-").replace("_", "-")


ROUTE = """
pools:
  fruits:
    servers: [{ url: ECHO, name: pear }]
  plain:
    servers: [ECHO]
hosts:
  - host: [all.test, "*.all.test", bücher.all.test]
    paths:
      - path_regex: "^/in/([^/]*)/?(.*)$"
        pool: fruits
        rewrite_rules: { replace_path: /rewritten, host: rewritten.test, method: PUT }
        param_rules: { add: { in: new }, remove: [gone] }
        cookie_rules: { remove: [in] }
RULES
      - path: /plain
        pool: plain
        header_rules: { add: { P-server: "{server}" } }
"""


@pytest.fixture(scope="module")
def edge(module_fairlead, echo):
    text = ROUTE.replace("ECHO", echo.address).replace("RULES\n", indented(fields_for(ALL), 8))
    places = {row: keys.replace("ECHO", echo.address) for row, (keys, *_) in PLACES.items()}
    places |= {row: f"header_rules: {{ add: {{ X-Out: '{keys}' }} }}\nservers: [{echo.address}]"
               for row, (keys, _) in TEXTS.items()}  # fmt: skip
    return module_fairlead(
        f"trusted_proxies: [{PROXY}]\n" + text + host_each(places).removeprefix("hosts:\n")
    )


def told(edge, target, fields=(), host="all.test", source=None):
    """What each placeholder stood for; and the request as the server saw it."""
    with edge.connect(source=source) as client:
        seen = seen_of(client.get(target, fields, host))
        port = client.socket.getsockname()[1]
    values = {}
    for name in ALL:
        value = seen.fields[field_of(name).lower()]
        assert value.startswith("[") and value.endswith("]"), value
        values[name] = value[1:-1]
    return values, seen, port


REQUESTS = {
    "plain": ("/in/a/b?in=c", ["X-In: d", "Cookie: in=e"], "all.test", {
        "client_ip": "127.0.0.1", "scheme": "http", "host": "all.test", "method": "GET",
        "path": "/in/a/b", "query": "in=c", "uri": "/in/a/b?in=c", "pool": "fruits",
        "server": "pear", "header.X-In": "d", "header.None": "", "cookie.in": "e",
        "cookie.none": "", "param.in": "c", "param.none": "", "capture.0": "/in/a/b",
        "capture.1": "a", "capture.2": "b",
    }),
    "nothing": ("/in/", [], "all.test", {
        "query": "", "uri": "/in/", "header.X-In": "", "cookie.in": "", "param.in": "",
        "capture.1": "", "capture.2": "",
    }),
    "host without port, dot and letter case": (
        "/in/", [], "WWW.All.Test.:8443", {"host": "www.all.test"}),
    "host of an international name": (
        "/in/", [], "xn--bcher-kva.all.test", {"host": "xn--bcher-kva.all.test"}),
    "path in its canonical form": (
        "//in/./x/../%61%2fb/c%20d", [], "all.test",
        {"path": "/in/a%2Fb/c%20d", "capture.1": "a%2Fb", "capture.2": "c%20d"}),
    "query as it came": (
        "/in/?in=%zz&a=%41+b", [], "all.test",
        {"query": "in=%zz&a=%41+b", "uri": "/in/?in=%zz&a=%41+b"}),
    "lone question mark": ("/in/?", [], "all.test", {"query": ""}),
    "param decoded": ("/in/?in=a%20b+c%2F", [], "all.test", {"param.in": "a b c/"}),
    "param in another spelling": ("/in/?%69n=x", [], "all.test", {"param.in": "x"}),
    "first of several params": ("/in/?in=1&in=2", [], "all.test", {"param.in": "1"}),
    "param without a value": ("/in/?in", [], "all.test", {"param.in": ""}),
    "cookie among others": (
        "/in/", ["Cookie: a=1; in=2; b=3"], "all.test", {"cookie.in": "2"}),
    "header in another letter case": ("/in/", ["x-IN: v"], "all.test", {"header.X-In": "v"}),
    "repeated header": (
        "/in/", ["X-In: 1", "X-In: 2"], "all.test", {"header.X-In": "1, 2"}),
}  # fmt: skip


@pytest.mark.parametrize("target, fields, host, expected", REQUESTS.values(), ids=REQUESTS)
def test_value(edge, target, fields, host, expected):
    values, *_ = told(edge, target, fields, host)
    assert {name: values[name] for name in expected} == expected


def test_values_of_the_connection(edge):
    values, seen, port = told(edge, "/in/x")
    assert values["client_port"] == str(port)
    assert values["port"] == str(edge.port), "the listener's"
    assert values["request_id"] == seen.get("X-Request-Id") and values["request_id"]
    stamp = datetime.datetime.fromisoformat(values["time"].replace("Z", "+00:00"))
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs((now - stamp).total_seconds()) < 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", values["time"])


def test_route_is_that_of_the_log(edge):
    values, *_ = told(edge, "/in/logged")

    def line():
        return next((one for one in edge.log_lines() if "/in/logged" in one["path"]), None)

    assert values["route"] == eventually(line, what="the line of the log")["route"] != ""


def test_request_ids_differ(edge):
    assert len({told(edge, "/in/x")[0]["request_id"] for _ in range(5)}) == 5


def test_server_without_a_name_is_its_address(edge, echo):
    assert seen_of(edge.get("/plain", host="all.test")).get("P-server") == echo.address


def test_client_behind_a_trusted_proxy(edge):
    fields = ["X-Forwarded-For: 9.9.9.9, 1.2.3.4", "X-Forwarded-Proto: https"]
    values, *_ = told(edge, "/in/x", fields, source=PROXY)
    assert (values["client_ip"], values["scheme"]) == ("1.2.3.4", "https")
    values, *_ = told(edge, "/in/x", fields)
    assert (values["client_ip"], values["scheme"]) == ("127.0.0.1", "http")


def test_all_are_of_the_request_before_rewriting(edge):
    values, seen, _ = told(edge, "/in/a?in=old&gone=1", ["Cookie: in=c"])
    assert (seen.method, seen.target) == ("PUT", "/rewritten?in=new")
    assert seen.get("Host") == "rewritten.test"
    expected = {
        "method": "GET", "path": "/in/a", "host": "all.test", "query": "in=old&gone=1",
        "param.in": "old", "cookie.in": "c",
    }  # fmt: skip
    assert {name: values[name] for name in expected} == expected


# Texts: several placeholders, braces, and what is none.

TEXTS = {
    "several": ("{scheme}://{host}{path}", "http://several.test/x"),
    "side by side": ("{method}{method}", "GETGET"),
    "a doubled brace": ("{{host}", "{host}"),
    "a doubled brace before one": ("{{{host}", "{a-doubled-brace-before-one.test"),
    "closing braces": ("}{host}}}", "}closing-braces.test}}"),
    "JSON": ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
    "JSON with one": ('{"h": "{host}"}', '{"h": "json-with-one.test"}'),
    "a brace alone": ("a { b", "a { b"),
}


@pytest.mark.parametrize("row", TEXTS)
def test_text(edge, row):
    assert fetch(edge, host_of(row), "/x").json()["headers"]["X-Out"] == TEXTS[row][1]


# Places: the keys of a host, and where to look: a function of the reply.

PLACES = {
    "request field": (
        "header_rules: { append: { X-Out: '{host}' } }\nservers: [ECHO]",
        lambda reply: seen_of(reply).get("X-Out")),
    "missing field": (
        "header_rules: { set_if_missing: { X-Out: '{host}' } }\nservers: [ECHO]",
        lambda reply: seen_of(reply).get("X-Out")),
    "replaced field": (
        "header_rules: { replace: { Accept: { regex: '^.*$', with: '{host}' } } }\nservers: [ECHO]",
        lambda reply: seen_of(reply).get("Accept")),
    "response field": (
        "header_rules: { response: { add: { X-Out: '{host}' } } }\nservers: [ECHO]",
        lambda reply: reply.headers["X-Out"]),
    "parameter": (
        "param_rules: { add: { out: '{host}' } }\nservers: [ECHO]",
        lambda reply: seen_of(reply).target.removeprefix("/x?out=")),
    "cookie": (
        "cookie_rules: { add: { out: '{host}' } }\nservers: [ECHO]",
        lambda reply: seen_of(reply).get("Cookie").removeprefix("out=")),
    "prefix": (
        "rewrite_rules: { add_prefix: '/{host}' }\nservers: [ECHO]",
        lambda reply: seen_of(reply).target.removeprefix("/").removesuffix("/x")),
    "path": (
        "rewrite_rules: { replace_path: '/{host}' }\nservers: [ECHO]",
        lambda reply: seen_of(reply).target.removeprefix("/")),
    "regex": (
        "rewrite_rules: { regex: { match: '^.*$', with: '/{host}' } }\nservers: [ECHO]",
        lambda reply: seen_of(reply).target.removeprefix("/")),
    "uri": (
        "rewrite_rules: { regex: { match: '^.*$', with: '/?{host}', over: uri } }\nservers: [ECHO]",
        lambda reply: seen_of(reply).target.removeprefix("/?")),
    "sent host": (
        "rewrite_rules: { host: '{host}' }\nservers: [ECHO]",
        lambda reply: seen_of(reply).get("Host")),
    "redirect": (
        "redirect: { to: 'https://other.test/?h={host}' }",
        lambda reply: parse_qs(urlsplit(reply.headers["Location"]).query)["h"][0]),
    "redirect to a path": (
        "paths: [{ path: /x, redirect: { path: '/{host}' } }]",
        lambda reply: urlsplit(reply.headers["Location"]).path.removeprefix("/")),
    "body": ("respond: { body: '{host}' }", lambda reply: reply.text),
    "field of an answer": (
        "respond: { headers: { X-Out: '{host}' } }", lambda reply: reply.headers["X-Out"]),
    "error page": (
        "error_pages: { 404: '<p>{host}</p>' }\npaths:\n  - { path: /y, respond: 200 }",
        lambda reply: reply.text.removeprefix("<p>").removesuffix("</p>")),
}  # fmt: skip


@pytest.mark.parametrize("row", PLACES)
def test_place(edge, row):
    reply = fetch(edge, host_of(row), "/x")
    assert PLACES[row][1](reply) == host_of(row), reply.headers


# What the loader refuses, whatever the place.

MISSPELT = {
    "clientip": "client_ip",
    "hots": "host",
    "requestid": "request_id",
    "heder.Accept": "header",
    "params.a": "param",
    "captures.1": "capture",
    "Path": "path",
}


@pytest.mark.parametrize("name, nearest", MISSPELT.items(), ids=MISSPELT)
def test_unknown_placeholder(check, name, nearest):
    text = (
        "paths:\n  - path: /\n    servers: [127.0.0.1:1]\n"
        f"    header_rules: {{ add: {{ X-Out: 'a {{{name}}} b' }} }}\n"
    )
    check.refuses(text, [name, nearest], 4)


NO_CAPTURES = {
    "prefix route": "path: /",
    "regex without groups": "path_regex: '^/x'",
}


@pytest.mark.parametrize("route", NO_CAPTURES.values(), ids=NO_CAPTURES)
def test_capture_that_no_route_has(check, route):
    text = (
        f"paths:\n  - {route}\n    servers: [127.0.0.1:1]\n"
        "    header_rules: { add: { X-Out: '{capture.1}' } }\n"
    )
    check.refuses(text, ["{capture.1}"])
