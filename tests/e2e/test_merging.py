"""One vocabulary at every level: what defaults, host and path make of each other."""

import re

import pytest
from clients import fetch, reply_line, seen_of
from edge import run
from origin import read_request, until_closed

CONFIG = """\
defaults:
  header_rules:
    add: { X-Level: defaults, X-Defaults: d }
    remove: [X-Gone-Defaults]
    response: { add: { X-Back: defaults, X-Back-Defaults: d } }
  param_rules: { add: { level: defaults, d: 1 }, remove: [gone_defaults] }
  cookie_rules: { add: { level: defaults }, remove: [gone_defaults] }
  rewrite_rules: { replace: { one: 1 } }
  error_pages: { 403: d403, 404: d404, 413: d413 }
  max_body: 1000B
  cors: { origins: ["https://d.test"], methods: [GET, PUT] }
hosts:
  - host: plain.test
    servers: [ECHO]
  - host: a.test
    header_rules:
      add: { X-Level: host, X-Host: h }
      remove: [X-Gone-Host]
      response: { add: { X-Back: host } }
    param_rules: { add: { level: host, h: 1 }, remove: [gone_host] }
    cookie_rules: { add: { level: host }, remove: [gone_host] }
    rewrite_rules: { replace: { two: 2 } }
    error_pages: { 404: h404, 413: h413 }
    firewall_rules: { path_reject: [/a/secret, /b/secret] }
    cors: { origins: ["https://h.test"] }
    max_body: 100B
    servers: [ECHO]
    paths:
      - path: /a
        header_rules:
          add: { X-Level: path, X-Path: p }
          remove: [X-Gone-Path, X-Host]
          response: { add: { X-Back: path } }
        param_rules: { add: { level: path, p: 1 }, remove: [gone_path] }
        cookie_rules: { add: { level: path }, remove: [gone_path] }
        rewrite_rules: { replace: { three: 3, two: zwei }, replace_prefix: /p }
        error_pages: { 413: p413 }
        firewall_rules: { path_reject: [/a/private] }
        cors: { origins: ["https://p.test"], methods: [GET] }
        max_body: 10B
        servers: [ECHO]
      - path: /b
        max_body: off
        cors: off
        timeouts: { response: 200ms }
        servers: [SLOW]
"""


@pytest.fixture(scope="module")
def levels(module_fairlead, module_origin, echo):
    slow = module_origin([read_request, until_closed])
    text = CONFIG.replace("ECHO", echo.address).replace("SLOW", slow.address)
    return module_fairlead(text)


GONE = ["X-Gone-Defaults: 1", "X-Gone-Host: 1", "X-Gone-Path: 1"]
# Host and path, and what the server must see.
FIELDS = {
    "defaults": ("plain.test", "/x", {
        "X-Level": "defaults", "X-Defaults": "d", "X-Host": None, "X-Path": None,
        "X-Gone-Defaults": None, "X-Gone-Host": "1", "X-Gone-Path": "1"}),
    "host": ("a.test", "/x", {
        "X-Level": "host", "X-Defaults": "d", "X-Host": "h", "X-Path": None,
        "X-Gone-Defaults": None, "X-Gone-Host": None, "X-Gone-Path": "1"}),
    "path": ("a.test", "/a", {
        "X-Level": "path", "X-Defaults": "d", "X-Host": "h", "X-Path": "p",
        "X-Gone-Defaults": None, "X-Gone-Host": None, "X-Gone-Path": None}),
}  # fmt: skip


@pytest.mark.parametrize("host, path, expected", FIELDS.values(), ids=FIELDS)
def test_header_rules(levels, host, path, expected):
    """Inner values replace outer ones, `remove` adds up, and removing goes before adding."""
    seen = seen_of(levels.get(path, GONE, host))
    assert {name: seen.get(name) for name in expected} == expected


BACK = {
    "defaults": ("plain.test", "/x", "defaults"),
    "host": ("a.test", "/x", "host"),
    "path": ("a.test", "/a", "path"),
}


@pytest.mark.parametrize("host, path, level", BACK.values(), ids=BACK)
def test_header_rules_of_the_response(levels, host, path, level):
    reply = fetch(levels, host, path)
    assert (reply.headers["X-Back"], reply.headers["X-Back-Defaults"]) == (level, "d")


TARGETS = {
    "defaults": (
        "plain.test", "/one/two/three?gone_defaults&gone_host&gone_path", "/1/two/three",
        ["gone_host", "gone_path", "level=defaults", "d=1"]),
    "host": (
        "a.test", "/one/two/three?gone_defaults&gone_host&gone_path", "/1/2/three",
        ["gone_path", "level=host", "d=1", "h=1"]),
    "path": (
        "a.test", "/a/one/two/three?gone_defaults&gone_host&gone_path", "/p/1/zwei/3",
        ["level=path", "d=1", "h=1", "p=1"]),
}  # fmt: skip


@pytest.mark.parametrize("host, target, path, params", TARGETS.values(), ids=TARGETS)
def test_target_rules(levels, host, target, path, params):
    seen_path, _, query = seen_of(levels.get(target, host=host)).target.partition("?")
    assert (seen_path, sorted(query.split("&"))) == (path, sorted(params))


COOKIES = {
    "defaults": ("plain.test", "/", "gone_host=2; gone_path=3; level=defaults"),
    "host": ("a.test", "/", "gone_path=3; level=host"),
    "path": ("a.test", "/a", "level=path"),
}


@pytest.mark.parametrize("host, path, expected", COOKIES.values(), ids=COOKIES)
def test_cookie_rules(levels, host, path, expected):
    fields = ["Cookie: gone_defaults=1; gone_host=2; gone_path=3"]
    assert seen_of(levels.get(path, fields, host)).get("Cookie") == expected


LIMITS = {
    "defaults": ("plain.test", "/", 1000, b"d413"),
    "host": ("a.test", "/", 100, b"h413"),
    "path": ("a.test", "/a", 10, b"p413"),
}


@pytest.mark.parametrize("host, path, limit, page", LIMITS.values(), ids=LIMITS)
def test_max_body_and_error_pages(levels, host, path, limit, page):
    for size in [limit, limit + 1]:
        with levels.connect() as client:
            reply = client.request("POST", path, body=b"x" * size, host=host).read_answer()
        if size == limit:
            assert len(seen_of(reply).body) == limit
        else:
            assert (reply.status, reply.body) == (413, page)


def test_max_body_off_below(levels):
    """The inner `off` lets the body pass; the server never answers it."""
    with levels.connect() as client:
        reply = client.request("POST", "/b", body=b"x" * 5000, host="a.test").read_answer()
    assert reply.status == 504


def test_timeouts_of_a_path(levels):
    assert levels.get("/b", host="a.test").status == 504
    assert levels.get("/a", host="a.test").status == 200


REJECTS = {
    "host's rule": ("/a/secret/x", 403),
    "path's rule beside it": ("/a/private", 403),
    "host's rule at another path": ("/b/secret", 403),
    "path's rule elsewhere": ("/b/private", 504),
    "neither": ("/a/public", 200),
}


@pytest.mark.parametrize("path, status", REJECTS.values(), ids=REJECTS)
def test_firewall_rules_add_up(levels, path, status):
    reply = levels.get(path, host="a.test")
    assert reply.status == status
    if status == 403:
        assert reply.body == b"d403", "the page of the defaults, which nobody replaced"


ORIGINS = {
    "defaults": ("plain.test", "/", "https://d.test", {"GET", "PUT"}),
    "host": ("a.test", "/", "https://h.test", {"GET", "PUT"}),
    "path": ("a.test", "/a", "https://p.test", {"GET"}),
}


@pytest.mark.parametrize("host, path, origin, methods", ORIGINS.values(), ids=ORIGINS)
def test_lists_are_replaced(levels, host, path, origin, methods):
    """All but `remove` and firewall rules: an inner list of origins is the whole list."""
    for one in ["https://d.test", "https://h.test", "https://p.test"]:
        fields = [f"Origin: {one}", "Access-Control-Request-Method: GET"]
        with levels.connect() as client:
            reply = client.request("OPTIONS", path, fields, host=host).read_answer()
        allowed = reply.get("Access-Control-Allow-Origin")
        assert allowed == (one if one == origin else None), (one, reply)
        if allowed:
            said = reply.get("Access-Control-Allow-Methods")
            assert {part.strip() for part in said.split(",")} == methods


def test_rewrite_location_merges_as_a_key(fairlead, echo):
    edge = fairlead(
        "defaults: { rewrite_rules: { rewrite_location: false } }\n"
        "paths:\n"
        "  - path: /off\n"
        "    rewrite_rules: { replace_prefix: /v2 }\n"
        f"    servers: [{echo.address}]\n"
        "  - path: /on\n"
        "    rewrite_rules: { replace_prefix: /v2, rewrite_location: true }\n"
        f"    servers: [{echo.address}]\n"
    )
    line = reply_line(302, [["Location", "/v2/x"]])
    assert edge.get("/off", [line]).get("Location") == "/v2/x"
    assert edge.get("/on", [line]).get("Location") == "/on/x"


def test_include_brings_rules_of_its_own(fairlead, tmp_path, echo):
    """Hosts of another file merge over the defaults of the first."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "b.yaml").write_text(
        "hosts:\n  - host: b.test\n    header_rules: { add: { X-Host: b } }\n"
        "    error_pages: { 404: '@gone.html' }\n"
        f"    paths: [{{ path: /x, servers: [{echo.address}] }}]\n"
    )
    (tmp_path / "conf.d" / "gone.html").write_text("<p>gone from {host}</p>")
    edge = fairlead(
        "include: [conf.d/*.yaml]\ndefaults: { header_rules: { add: { X-Edge: e } } }\n"
    )
    seen = seen_of(fetch(edge, "b.test", "/x"))
    assert (seen.get("X-Edge"), seen.get("X-Host")) == ("e", "b")
    assert fetch(edge, "b.test", "/y").text == "<p>gone from b.test</p>"


# show: the value of each rule and the line that it came from.

@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    path = tmp_path_factory.mktemp("show") / "fairlead.yaml"
    path.write_text(CONFIG.replace("ECHO", "127.0.0.1:1").replace("SLOW", "127.0.0.1:2"))
    done = run("show", "-c", path)
    assert done.returncode == 0, done
    return done.stdout


# A text that stands in one line of the file alone, and with it what show must print on a line that
# tells that line.
ORIGINS_SHOWN = {
    "header of the defaults": ("X-Level: defaults", r"X-Defaults: \W?d\W"),
    "header of the host": ("X-Level: host", r"X-Level: \W?host\W"),
    "header of the path": ("X-Level: path", r"X-Level: \W?path\W"),
    "response header of the path": ("X-Back: path", r"X-Back: \W?path\W"),
    "removed at the defaults": ("remove: [X-Gone-Defaults]", r"X-Gone-Defaults"),
    "removed at the path": ("remove: [X-Gone-Path", r"X-Gone-Path"),
    "param of the path": ("level: path, p: 1", r"\bp: \W?1\W"),
    "cookie of the host": ("cookie_rules: { add: { level: host }", r"level: \W?host\W"),
    "rewriting of the defaults": ("replace: { one: 1 }", r"one: \W?1\W"),
    "prefix of the path": ("replace_prefix: /p", r"replace_prefix: \W?/p\W"),
    "page of the defaults": ("403: d403", r"403\W+ ?d403"),
    "page of the path": ("413: p413", r"413\W+ ?p413"),
    "limit of the path": ("max_body: 10B", r"max_body: \W?10\s?B"),
    "timeout of the path": ("response: 200ms", r"response: \W?200\s?ms"),
    "origin of the path": ("https://p.test", r"https://p\.test"),
}


@pytest.mark.parametrize("text, pattern", ORIGINS_SHOWN.values(), ids=ORIGINS_SHOWN)
def test_show_tells_where_a_value_comes_from(shown, text, pattern):
    lines = CONFIG.splitlines()
    (number,) = [i for i, line in enumerate(lines, 1) if text in line]
    place = re.compile(rf"fairlead\.yaml:{number}\b")
    told = [line for line in shown.splitlines() if re.search(pattern, line)]
    assert any(place.search(line) for line in told), (place.pattern, told or shown)


def test_what_show_prints_is_a_file_of_the_same_meaning(shown, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(shown)
    done = run("show", "-c", path)
    assert done.returncode == 0, done

    def values(text):
        return [line.partition("#")[0].rstrip() for line in text.splitlines()]

    assert values(done.stdout) == values(shown)


