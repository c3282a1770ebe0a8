"""Where a request goes: hosts, paths, conditions and their precedence, in any order of the file."""

import pytest
from clients import fetch, seen_of
from configs import host_each, host_of


def answers(name):
    """A destination that says its name."""
    return f"respond: {{ status: 200, body: {name} }}"


def body_of(reply):
    """What answered: the route's name, or the status that is not 200."""
    return reply.body.decode().strip() if reply.status == 200 else reply.status


def ask(edge, host, target="/", fields=(), method="GET", source=None):
    with edge.connect(source=source) as client:
        return body_of(client.request(method, target, fields, host=host).read_answer(method))


# Hosts.

HOSTS = f"""
hosts:
  - {{ host: exact.test, {answers("exact")} }}
  - {{ host: UPPER.Test, {answers("upper")} }}
  - {{ host: "*.wild.test", {answers("wild")} }}
  - {{ host: "*.deep.wild.test", {answers("deep")} }}
  - {{ host: exact.wild.test, {answers("exact-wild")} }}
  - {{ host: [one.list.test, two.list.test, "*.three.list.test"], {answers("list")} }}
  - {{ host: "[2001:db8::1]", {answers("ipv6")} }}
  - {{ host: 192.0.2.7, {answers("ipv4")} }}
  - {{ host: bücher.test, {answers("idn")} }}
  - {{ host: "*.Müller.test", {answers("idn-wild")} }}
  - {{ host: claimed.test, paths: [{{ path: /only, {answers("only")} }}] }}
  - {{ host: "*.claimed.test", paths: [{{ path: /only, {answers("wild-only")} }}] }}
  - {{ host: inner.claimed.test, paths: [{{ path: /inner, {answers("inner")} }}] }}
paths:
  - {{ path: /, {answers("top")} }}
  - {{ path: /status, exact: true, {answers("top-status")} }}
  - {{ path: /post, methods: [POST], {answers("top-post")} }}
"""


@pytest.fixture(scope="module")
def hosts(module_fairlead):
    return module_fairlead(HOSTS)


# Host as sent, target, what answers.
BY_HOST = {
    "exact": ("exact.test", "/", "exact"),
    "in upper case": ("EXACT.TEST", "/", "exact"),
    "with a trailing dot": ("exact.test.", "/", "exact"),
    "with a port": ("exact.test:8080", "/", "exact"),
    "with a trailing dot and a port": ("Exact.Test.:8080", "/", "exact"),
    "upper case in the file": ("upper.test", "/", "upper"),
    "no suffix of another name": ("notexact.test", "/", "top"),
    "no prefix of another name": ("exact.test.evil", "/", "top"),
    "wildcard": ("a.wild.test", "/", "wild"),
    "wildcard over several labels": ("a.b.wild.test", "/", "wild"),
    "wildcard in upper case with a port": ("A.WILD.Test:81", "/", "wild"),
    "wildcard with a trailing dot": ("a.wild.test.", "/", "wild"),
    "wildcard is not its own suffix": ("wild.test", "/", "top"),
    "wildcard needs a whole label": ("awild.test", "/", "top"),
    "longer wildcard": ("a.deep.wild.test", "/", "deep"),
    "longer wildcard over several labels": ("a.b.deep.wild.test", "/", "deep"),
    "shorter wildcard takes the longer one's suffix": ("deep.wild.test", "/", "wild"),
    "exact over wildcard": ("exact.wild.test", "/", "exact-wild"),
    "wildcard takes names below an exact one": ("x.exact.wild.test", "/", "wild"),
    "first of a list": ("one.list.test", "/", "list"),
    "second of a list": ("two.list.test:1", "/", "list"),
    "wildcard of a list": ("x.three.list.test", "/", "list"),
    "nobody of a list": ("three.list.test", "/", "top"),
    "IPv6 literal": ("[2001:db8::1]", "/", "ipv6"),
    "IPv6 literal with a port": ("[2001:db8::1]:8080", "/", "ipv6"),
    "IPv6 literal in upper case": ("[2001:DB8::1]", "/", "ipv6"),
    "another IPv6 literal": ("[2001:db8::2]", "/", "top"),
    "IPv4 literal": ("192.0.2.7", "/", "ipv4"),
    "IPv4 literal with a port": ("192.0.2.7:80", "/", "ipv4"),
    "punycode": ("xn--bcher-kva.test", "/", "idn"),
    "punycode in upper case": ("XN--BCHER-KVA.test", "/", "idn"),
    "punycode below a wildcard": ("www.xn--mller-kva.test", "/", "idn-wild"),
    "claimed host with a route": ("claimed.test", "/only/x", "only"),
    "claimed host without a route is 404": ("claimed.test", "/", 404),
    "claimed host does not see the top paths": ("claimed.test", "/status", 404),
    "claimed by a wildcard": ("a.claimed.test", "/status", 404),
    "exact host does not fall back to the wildcard": ("inner.claimed.test", "/only", 404),
    "top path": ("nobody.test", "/status", "top-status"),
    "below an exact top path": ("nobody.test", "/status/x", "top"),
    "top path with a condition": ("nobody.test", "/post", "top"),
}


@pytest.mark.parametrize("host, target, name", BY_HOST.values(), ids=BY_HOST)
def test_host(hosts, host, target, name):
    assert ask(hosts, host, target) == name


def test_top_path_with_its_method(hosts):
    assert ask(hosts, "nobody.test", "/post", ["Content-Length: 0"], "POST") == "top-post"


def test_authority_of_an_absolute_target_is_the_host(hosts):
    assert ask(hosts, "exact.test", "http://a.wild.test:81/x") == "wild"


ANY = f"""
hosts:
  - {{ host: "*", paths: [{{ path: /x, {answers("any")} }}] }}
  - {{ host: "*.wild.test", {answers("wild")} }}
  - {{ host: exact.test, {answers("exact")} }}
"""


@pytest.fixture(scope="module")
def any_host(module_fairlead):
    return module_fairlead(ANY)


BY_ANY = {
    "exact beats it": ("exact.test", "/x", "exact"),
    "wildcard beats it": ("a.wild.test", "/x", "wild"),
    "any other name": ("pear.test", "/x", "any"),
    "a name of one label": ("localhost", "/x/y", "any"),
    "an address": ("[::1]:80", "/x", "any"),
    "it claims, so the rest is 404": ("pear.test", "/y", 404),
}


@pytest.mark.parametrize("host, target, name", BY_ANY.values(), ids=BY_ANY)
def test_any_host(any_host, host, target, name):
    assert ask(any_host, host, target) == name


def test_any_host_takes_a_request_without_one(any_host):
    with any_host.connect() as client:
        reply = client.send(b"GET /x HTTP/1.0\r\n\r\n").read_answer()
    assert body_of(reply) == "any"


# Paths. Every table below is served in the order of the file and in the reverse, which must not
# matter.


@pytest.fixture(scope="module", params=["as written", "reversed"])
def order(request):
    return list if request.param == "as written" else lambda routes: list(reversed(routes))


def host_entry(routes, order, own=None):
    """The lines of a host whose routes are pairs of a name and their other keys."""
    entry = "paths:\n"
    for name, keys in order(list(routes.items())):
        entry += f"  - {{ {keys}, {answers(name)} }}\n"
    return entry + (answers(own) + "\n" if own else "")


PATH_ROUTES = {
    "exact-api": "path: /api, exact: true",
    "api": "path: /api",
    "v1": "path: /api/v1",
    "exact-deep": "path: /api/v1/deep, exact: true",
    "slash": "path: /slash/",
    "case": "path: /Case",
    "space": "path: /a%20b",
    "regex-number": "path_regex: '^/n/[0-9]+$'",
    "regex-php": "path_regex: '\\.php$'",
    "regex-in-api": "path_regex: '^/api/v[0-9]/items'",
    "regex-long": "path_regex: '^/tie/[a-z]+/[a-z]*$'",
    "regex-tie": "path_regex: '^/tie/'",
    "regex-post": "path_regex: '^/tie', methods: [POST]",
    "regex-encoded": "path_regex: '^/odd%2Fname$'",
}
PLAIN_ROUTES = {"only-prefix": "path: /p", "only-exact": "path: /e, exact: true"}
EXACT_ROOT = {"exact-root": "path: /, exact: true", "root": "path: /"}


@pytest.fixture(scope="module")
def paths(module_fairlead, order):
    return module_fairlead(
        host_each({
            "paths": host_entry(PATH_ROUTES, order, own="own"),
            "plain": host_entry(PLAIN_ROUTES, order),
            "root": host_entry(EXACT_ROOT, order),
        })
    )  # fmt: skip


# Host, target, what answers.
BY_PATH = {
    "exact over prefix": ("paths", "/api", "exact-api"),
    "exact is that path alone": ("paths", "/api/", "api"),
    "exact with a query": ("paths", "/api?x=/y", "exact-api"),
    "below a prefix": ("paths", "/api/x", "api"),
    "a prefix ends with a segment": ("paths", "/apiary", "own"),
    "longest prefix": ("paths", "/api/v1/x", "v1"),
    "longest prefix itself": ("paths", "/api/v1", "v1"),
    "longest prefix ends with a segment": ("paths", "/api/v10", "api"),
    "exact further down": ("paths", "/api/v1/deep", "exact-deep"),
    "below an exact one": ("paths", "/api/v1/deep/x", "v1"),
    "trailing slash in the file": ("paths", "/slash", "slash"),
    "trailing slash in both": ("paths", "/slash/", "slash"),
    "below a trailing slash in the file": ("paths", "/slash/x", "slash"),
    "letter case counts": ("paths", "/case", "own"),
    "letter case as in the file": ("paths", "/Case/x", "case"),
    "another letter case is another path": ("paths", "/API", "own"),
    "path with a blank": ("paths", "/a%20b/c", "space"),
    "slashes merged": ("paths", "//api//v1///x", "v1"),
    "dot segments resolved": ("paths", "/x/../api/./v1/y/..", "v1"),
    "encoded letters": ("paths", "/%61p%69/x", "api"),
    "encoded dots": ("paths", "/x/%2e%2E/api/x", "api"),
    "an encoded slash does not separate": ("paths", "/api%2Fv1", "own"),
    "an encoded backslash does not separate": ("paths", "/api%5Cv1", "own"),
    "a semicolon belongs to the segment": ("paths", "/api;v=1/x", "own"),
    "prefix over regex": ("paths", "/api/v2/items", "api"),
    "regex anchored": ("paths", "/n/42", "regex-number"),
    "regex anchored does not reach further": ("paths", "/n/42/x", "own"),
    "regex unanchored": ("paths", "/some/where/index.php", "regex-php"),
    "regex does not see the query": ("paths", "/some?x.php", "own"),
    "regex sees the canonical path": ("paths", "/n/../n//%34%32", "regex-number"),
    "regex sees what stays encoded": ("paths", "/odd%2fname", "regex-encoded"),
    "longer pattern among equals": ("paths", "/tie/a/b", "regex-long"),
    "the other pattern": ("paths", "/tie/1", "regex-tie"),
    "regex over the host's own": ("paths", "/tie/", "regex-tie"),
    "host's own is the rest": ("paths", "/", "own"),
    "no route": ("plain", "/", 404),
    "no route beside a prefix": ("plain", "/pp", 404),
    "no route below an exact path": ("plain", "/e/x", 404),
    "no route at an exact path with a slash": ("plain", "/e/", 404),
    "prefix without a root": ("plain", "/p/x", "only-prefix"),
    "exact root": ("root", "/", "exact-root"),
    "prefix root": ("root", "/x", "root"),
    "above the root": ("paths", "/../x", 400),
    "dot segment with a semicolon": ("paths", "/api/..;/x", 400),
    "encoded NUL": ("paths", "/api/%00", 400),
    "bad percent sign": ("paths", "/api/%zz", 400),
}


@pytest.mark.parametrize("row, target, name", BY_PATH.values(), ids=BY_PATH)
def test_path(paths, row, target, name):
    assert ask(paths, host_of(row), target) == name


def test_method_beats_the_longer_pattern(paths):
    fields = ["Content-Length: 0"]
    assert ask(paths, host_of("paths"), "/tie/a/b", fields, "POST") == "regex-post"


# Conditions. Each row has a host of its own, with one route that has the condition, and the rest.

NEAR, FAR, PROXY = "127.0.0.1", "127.0.0.77", "127.0.0.9"

CONDITIONS = {
    "methods": "methods: [POST, PUT]",
    "method get": "methods: [GET]",
    "own method": "methods: [PURGE]",
    "header value": 'headers: { X-Version: "2" }',
    "header number": "headers: { X-Version: 2 }",
    "header boolean": "headers: { X-Beta: true }",
    "header prefix": "headers: { User-Agent: { prefix: curl/ } }",
    "header regex": "headers: { User-Agent: { regex: '[Bb]ot' } }",
    "header regex anchored": "headers: { X-Version: { regex: '^[0-9]+$' } }",
    "header present": "headers: { X-Beta: { present: true } }",
    "header absent": "headers: { X-Beta: { present: false } }",
    "two headers": "headers: { X-A: one, X-B: { present: true } }",
    "host header": "headers: { Host: { prefix: host- } }",
    "param value": "params: { v: two }",
    "param blank": 'params: { q: "a b" }',
    "param empty": 'params: { q: "" }',
    "param prefix": "params: { v: { prefix: tw } }",
    "param regex": "params: { v: { regex: '^t.o$' } }",
    "param present": "params: { debug: { present: true } }",
    "param absent": "params: { debug: { present: false } }",
    "param odd name": 'params: { "a b&": x }',
    "two params": "params: { a: 1, b: 2 }",
    "cookie value": "cookies: { beta: yes }",
    "cookie prefix": "cookies: { beta: { prefix: y } }",
    "cookie regex": "cookies: { beta: { regex: '^(yes|on)$' } }",
    "cookie present": "cookies: { beta: { present: true } }",
    "cookie absent": "cookies: { beta: { present: false } }",
    "from an address": f"from: [{FAR}]",
    "from a network": "from: [10.0.0.0/8, 127.0.0.64/26]",
    "from ipv6": 'from: ["2001:db8::/32"]',
    "scheme https": "scheme: https",
    "scheme http": "scheme: http",
    "all at once": "methods: [GET], headers: { X-A: one }, params: { v: two }, "
    f"cookies: {{ beta: on }}, from: [{FAR}], scheme: http",
}  # fmt: skip


@pytest.fixture(scope="module")
def conditions(module_fairlead):
    hosts = {
        row: f"paths:\n  - {{ path: /, {keys}, {answers('met')} }}\n{answers('rest')}\n"
        for row, keys in CONDITIONS.items()
    }
    return module_fairlead(f"trusted_proxies: [{PROXY}]\n" + host_each(hosts))


def forwarded(client, scheme=None):
    fields = [f"X-Forwarded-For: {client}"]
    return fields + ([f"X-Forwarded-Proto: {scheme}"] if scheme else [])


# The condition's row, then what of method, target, fields and source the request has, and whether
# the condition is met.
MET = {
    "first method": ("methods", {"method": "POST"}, True),
    "second method": ("methods", {"method": "PUT"}, True),
    "another method": ("methods", {"method": "DELETE"}, False),
    "method in another letter case": ("methods", {"method": "post"}, False),
    "GET": ("method get", {}, True),
    "a method that nobody knows": ("own method", {"method": "PURGE"}, True),
    "a prefix of that method": ("own method", {"method": "PUR"}, False),
    "header value": ("header value", {"fields": ["X-Version: 2"]}, True),
    "header name in another case": ("header value", {"fields": ["x-VERSION: 2"]}, True),
    "header value within blanks": ("header value", {"fields": ["X-Version: \t 2  "]}, True),
    "another header value": ("header value", {"fields": ["X-Version: 20"]}, False),
    "no header": ("header value", {}, False),
    "one of repeated headers": (
        "header value", {"fields": ["X-Version: 1", "X-Version: 2"]}, True),
    "none of repeated headers": (
        "header value", {"fields": ["X-Version: 1", "X-Version: 3"]}, False),
    "a number in the file is text": ("header number", {"fields": ["X-Version: 2"]}, True),
    "a boolean in the file is text": ("header boolean", {"fields": ["X-Beta: true"]}, True),
    "a value's letter case counts": ("header boolean", {"fields": ["X-Beta: True"]}, False),
    "header prefix": ("header prefix", {"fields": ["User-Agent: curl/8.0"]}, True),
    "header prefix alone": ("header prefix", {"fields": ["User-Agent: curl/"]}, True),
    "header prefix further on": ("header prefix", {"fields": ["User-Agent: libcurl/8"]}, False),
    "header regex anywhere": ("header regex", {"fields": ["User-Agent: a Goodbot/2"]}, True),
    "header regex not at all": ("header regex", {"fields": ["User-Agent: BOT"]}, False),
    "header regex anchored": ("header regex anchored", {"fields": ["X-Version: 17"]}, True),
    "header regex anchored fails": ("header regex anchored", {"fields": ["X-Version: 1.7"]}, False),
    "header is there": ("header present", {"fields": ["X-Beta: no"]}, True),
    "header is there and empty": ("header present", {"fields": ["X-Beta:"]}, True),
    "header is not there": ("header present", {}, False),
    "header is absent": ("header absent", {}, True),
    "header is not absent": ("header absent", {"fields": ["x-beta: 1"]}, False),
    "both headers": ("two headers", {"fields": ["X-B: x", "X-A: one"]}, True),
    "one of two headers": ("two headers", {"fields": ["X-A: one"]}, False),
    "Host is a header": ("host header", {}, True),
    "param": ("param value", {"target": "/?v=two"}, True),
    "param among others": ("param value", {"target": "/?a=1&v=two&b=2"}, True),
    "param repeated": ("param value", {"target": "/?v=one&v=two"}, True),
    "param with another value": ("param value", {"target": "/?v=twos"}, False),
    "param encoded": ("param value", {"target": "/?%76=t%77o"}, True),
    "param without a value": ("param value", {"target": "/?v"}, False),
    "param names have a letter case": ("param value", {"target": "/?V=two"}, False),
    "param without a query": ("param value", {}, False),
    "param that ends another": ("param value", {"target": "/?xv=two"}, False),
    "param with %20": ("param blank", {"target": "/?q=a%20b"}, True),
    "param with a plus": ("param blank", {"target": "/?q=a+b"}, True),
    "param with an encoded plus": ("param blank", {"target": "/?q=a%2Bb"}, False),
    "param that is empty": ("param empty", {"target": "/?q="}, True),
    "param that is not empty": ("param empty", {"target": "/?q=1"}, False),
    "param prefix": ("param prefix", {"target": "/?v=twenty"}, True),
    "param prefix fails": ("param prefix", {"target": "/?v=one"}, False),
    "param regex": ("param regex", {"target": "/?v=t%2Fo"}, True),
    "param regex fails": ("param regex", {"target": "/?v=t--o"}, False),
    "param is there": ("param present", {"target": "/?debug=0"}, True),
    "param is there without a value": ("param present", {"target": "/?x&debug"}, True),
    "param is not there": ("param present", {"target": "/?x=debug"}, False),
    "param is absent": ("param absent", {"target": "/?x"}, True),
    "param is absent without a query": ("param absent", {"target": "/"}, True),
    "param is not absent": ("param absent", {"target": "/?debug"}, False),
    "param with an odd name": ("param odd name", {"target": "/?a+b%26=x"}, True),
    "both params": ("two params", {"target": "/?b=2&a=1"}, True),
    "one of two params": ("two params", {"target": "/?b=2&a=2"}, False),
    "cookie": ("cookie value", {"fields": ["Cookie: beta=yes"]}, True),
    "cookie among others": ("cookie value", {"fields": ["Cookie: a=1; beta=yes; b=2"]}, True),
    "cookie of a second line": ("cookie value", {"fields": ["Cookie: a=1", "Cookie: beta=yes"]},
                                True),
    "cookie with another value": ("cookie value", {"fields": ["Cookie: beta=yess"]}, False),
    "cookie names have a letter case": ("cookie value", {"fields": ["Cookie: Beta=yes"]}, False),
    "cookie that ends another": ("cookie value", {"fields": ["Cookie: xbeta=yes"]}, False),
    "cookie within another": ("cookie value", {"fields": ["Cookie: a=beta=yes"]}, False),
    "no cookie": ("cookie value", {}, False),
    "cookie prefix": ("cookie prefix", {"fields": ["Cookie: beta=yup"]}, True),
    "cookie prefix fails": ("cookie prefix", {"fields": ["Cookie: beta=no"]}, False),
    "cookie regex": ("cookie regex", {"fields": ["Cookie: beta=on"]}, True),
    "cookie regex fails": ("cookie regex", {"fields": ["Cookie: beta=only"]}, False),
    "cookie is there": ("cookie present", {"fields": ["Cookie: a=1; beta="]}, True),
    "cookie is not there": ("cookie present", {"fields": ["Cookie: a=1"]}, False),
    "cookie is absent": ("cookie absent", {"fields": ["Cookie: a=1"]}, True),
    "cookie is not absent": ("cookie absent", {"fields": ["Cookie: a=1; beta=1"]}, False),
    "from the peer": ("from an address", {"source": FAR}, True),
    "from another peer": ("from an address", {}, False),
    "from a network": ("from a network", {"source": FAR}, True),
    "from outside of the network": ("from a network", {}, False),
    "from whom the trusted proxy names": (
        "from a network", {"source": PROXY, "fields": forwarded("10.1.2.3")}, True),
    "not from whom a stranger names": (
        "from a network", {"source": NEAR, "fields": forwarded("10.1.2.3")}, False),
    "from an IPv6 network": (
        "from ipv6", {"source": PROXY, "fields": forwarded("2001:db8:1::7")}, True),
    "from another IPv6 network": (
        "from ipv6", {"source": PROXY, "fields": forwarded("2001:db9::7")}, False),
    "https behind a trusted proxy": (
        "scheme https", {"source": PROXY, "fields": forwarded("8.8.8.8", "https")}, True),
    "https that a stranger claims": (
        "scheme https", {"source": NEAR, "fields": forwarded("8.8.8.8", "https")}, False),
    "http behind a trusted proxy": (
        "scheme https", {"source": PROXY, "fields": forwarded("8.8.8.8", "http")}, False),
    "http": ("scheme http", {}, True),
    "https is not http": (
        "scheme http", {"source": PROXY, "fields": forwarded("8.8.8.8", "https")}, False),
    "all at once": ("all at once", {
        "target": "/x?v=two", "fields": ["X-A: one", "Cookie: beta=on"], "source": FAR}, True),
    "all but one": ("all at once", {
        "target": "/x?v=two", "fields": ["X-A: one", "Cookie: beta=on"], "source": NEAR}, False),
}  # fmt: skip


@pytest.mark.parametrize("row, request_, met", MET.values(), ids=MET)
def test_condition(conditions, row, request_, met):
    if request_.get("method", "GET") != "GET":
        request_ = {**request_, "fields": [*request_.get("fields", ()), "Content-Length: 0"]}
    assert ask(conditions, host_of(row), **request_) == ("met" if met else "rest")


def test_get_does_not_include_head(conditions):
    """Both answers are 200, so their lengths tell them apart."""
    with conditions.connect() as client:
        client.request("HEAD", "/", host=host_of("method get"))
        reply = client.read_answer("HEAD")
        assert (reply.status, reply.get("Content-Length")) == (200, str(len("rest"))), reply


# Precedence among routes of one path, and what happens when conditions fail.

TWO_HEADERS = "headers: { X-A: one, X-B: two }"
RANKED = {
    "method-header": "path: /rank, methods: [GET], headers: { X-M: 1 }",
    "method": "path: /rank, methods: [GET]",
    "two-headers": f"path: /rank, {TWO_HEADERS}",
    "header-param": "path: /rank, headers: { X-A: one }, params: { h: 1 }",
    "header": "path: /rank, headers: { X-A: one }",
    "two-params": "path: /rank, params: { a: 1, b: 1 }",
    "param": "path: /rank, params: { a: 1 }",
    "cookie": "path: /rank, cookies: { c: x }",
    "from": f"path: /rank, from: [{FAR}]",
    "scheme": "path: /rank, scheme: http",
    "rank": "path: /rank",
}
FALLING = {
    "exact": "path: /a/b, exact: true, headers: { X-Go: exact }",
    "long": "path: /a/b, headers: { X-Go: long }",
    "short": "path: /a, headers: { X-Go: short }",
    "regex": "path_regex: '^/a/', headers: { X-Go: regex }",
    "root": "path: /, headers: { X-Go: root }",
    "post": "path: /post, methods: [POST]",
}


@pytest.fixture(scope="module")
def ranked(module_fairlead, order):
    hosts = {"ranked": host_entry(RANKED, order), "falling": host_entry(FALLING, order)}
    return module_fairlead(f"trusted_proxies: [{PROXY}]\n" + host_each(hosts))


A, B, C, M = "X-A: one", "X-B: two", "Cookie: c=x", "X-M: 1"
RANKS = {
    "a method and a header go first": (
        {"fields": [M, A, B, C], "target": "/rank?a=1&b=1&h=1"}, "method-header"),
    "a method beats headers": ({"fields": [A, B], "target": "/rank?a=1&b=1&h=1"}, "method"),
    "two headers beat a header and a param": (
        {"method": "PUT", "fields": [A, B], "target": "/rank?a=1&b=1&h=1"}, "two-headers"),
    "a header with a param beats a header": (
        {"method": "PUT", "fields": [A], "target": "/rank?a=1&b=1&h=1"}, "header-param"),
    "a header beats params": (
        {"method": "PUT", "fields": [A], "target": "/rank?a=1&b=1"}, "header"),
    "two params beat one": (
        {"method": "PUT", "fields": [C], "target": "/rank?b=1&a=1", "source": FAR}, "two-params"),
    "a param beats a cookie": (
        {"method": "PUT", "fields": [C], "target": "/rank?a=1", "source": FAR}, "param"),
    "a cookie beats an address": ({"method": "PUT", "fields": [C], "source": FAR}, "cookie"),
    "an address beats a scheme": ({"method": "PUT", "source": FAR}, "from"),
    "a scheme beats nothing": ({"method": "PUT"}, "scheme"),
    "no condition is the rest": (
        {"method": "PUT", "source": PROXY, "fields": forwarded("8.8.8.8", "https")}, "rank"),
}  # fmt: skip


@pytest.mark.parametrize("request_, name", RANKS.values(), ids=RANKS)
def test_precedence(ranked, request_, name):
    request_ = {"target": "/rank/below", **request_}
    if "method" in request_:
        request_["fields"] = [*request_.get("fields", ()), "Content-Length: 0"]
    assert ask(ranked, host_of("ranked"), **request_) == name


FALLS = {
    "exact": ("/a/b", ["exact"], "exact"),
    "exact over all": ("/a/b", ["exact", "long", "short", "regex", "root"], "exact"),
    "from exact to the prefix": ("/a/b", ["root", "regex", "short", "long"], "long"),
    "to the shorter prefix": ("/a/b", ["root", "regex", "short"], "short"),
    "to the regex": ("/a/b", ["root", "regex"], "regex"),
    "to the root": ("/a/b", ["root"], "root"),
    "to nothing": ("/a/b", [], 404),
    "a method that no route has is 404": ("/post", [], 404),
    "a method that no route has, beside a root": ("/post", ["root"], "root"),
}


@pytest.mark.parametrize("target, goes, name", FALLS.values(), ids=FALLS)
def test_falling_through(ranked, target, goes, name):
    fields = [f"X-Go: {where}" for where in goes]
    assert ask(ranked, host_of("falling"), target, fields) == name


# To real servers.


def test_routes_of_a_host_reach_their_servers(fairlead, sample_servers):
    """One server for each route, asked by Requests."""
    names = ["shop", "api", "beta", "post"]
    servers = {name: sample_servers(name) for name in names}
    edge = fairlead(
        f"pools: {{ api: {{ servers: [{servers['api'].address}] }} }}\n"
        "hosts:\n"
        "  - host: [shop.test, '*.shop.test']\n"
        f"    servers: [{servers['shop'].address}]\n"
        "    paths:\n"
        "      - { path: /api, pool: api }\n"
        "      - { path: /api, cookies: { beta: { present: true } }, "
        f"servers: [{servers['beta'].address}] }}\n"
        "      - { path_regex: '^/orders/[0-9]+$', methods: [POST], "
        f"servers: [{servers['post'].address}] }}\n"
    )
    rows = [
        ("shop.test", "/", "GET", {}, "shop"),
        ("de.shop.test", "/api/x?y=1", "GET", {}, "api"),
        ("shop.test", "/api/x", "GET", {"beta": "1"}, "beta"),
        ("shop.test", "/orders/17", "POST", {}, "post"),
        ("shop.test", "/orders/17", "GET", {}, "shop"),
    ]
    for host, target, method, cookies, name in rows:
        reply = fetch(edge, host, target, method, cookies=cookies)
        told = reply.json()
        assert (told["server"], told["host"]) == (name, host), (host, target, method, told)
        assert told["path"] == target.partition("?")[0]


FORWARDED = {
    "canonical": ("/a/./b//c/../%7Euser", "/a/b/~user"),
    "percent in upper case": ("/%e4%2f", "/%E4%2F"),
    "what looks like a dot segment": ("/x/..a/...", "/x/..a/..."),
    "parameters of a segment": ("/admin;x/y", "/admin;x/y"),
    "the query passes as it is": ("/a?b=../%zz&c=//d", "/a?b=../%zz&c=//d"),
    "a lone question mark": ("/a?", "/a?"),
}


@pytest.fixture(scope="module")
def to_echo(module_fairlead, echo):
    raw = f"path_policy: raw\nservers: [{echo.address}]"
    return module_fairlead(
        host_each({"canonical": f"servers: [{echo.address}]", "raw": raw})
    )


@pytest.mark.parametrize("sent, target", FORWARDED.values(), ids=FORWARDED)
def test_path_is_forwarded_in_one_form(to_echo, sent, target):
    assert seen_of(to_echo.get(sent, host=host_of("canonical"))).target == target


def test_path_is_forwarded_as_received_on_demand(to_echo):
    sent = "/a/./b/%7Euser//%e4?x"
    assert seen_of(to_echo.get(sent, host=host_of("raw"))).target == sent


# Files that are refused, and those that deserve a warning.

ECHO = "respond: 200"
REFUSED = {
    "the same path twice": (
        "hosts:\n"
        "  - host: a.test\n"
        "    paths:\n"
        f"      - {{ path: /x, {ECHO} }}\n"
        f"      - {{ path: /x/, {ECHO} }}\n", ["/x"], [4, 5]),
    "the same conditions in another order": (
        "paths:\n"
        f"  - {{ path: /x, methods: [GET, PUT], headers: {{ A: 1, B: 2 }}, {ECHO} }}\n"
        f"  - {{ path: /x, headers: {{ b: 2, a: 1 }}, methods: [PUT, GET], {ECHO} }}\n",
        ["/x"], [2, 3]),
    "the same host in two lists": (
        "hosts:\n"
        f"  - {{ host: [a.test, b.test], {ECHO} }}\n"
        f"  - {{ host: [c.test, B.test.], {ECHO} }}\n", ["b.test"], [2, 3]),
    "the same host in two spellings": (
        "hosts:\n"
        f"  - {{ host: bücher.test, {ECHO} }}\n"
        f"  - {{ host: xn--bcher-kva.test, {ECHO} }}\n", ["xn--bcher-kva.test"], [2, 3]),
    "the root beside the host's own": (
        "hosts:\n"
        "  - host: a.test\n"
        f"    {ECHO}\n"
        f"    paths: [{{ path: /, {ECHO} }}]\n", ["/"], [4]),
    "bad path_regex": (f"paths: [{{ path_regex: '^/(x', {ECHO} }}]\n", ["missing )"], [1]),
    "bad regex of a condition": (
        f"paths: [{{ path: /, headers: {{ A: {{ regex: '[' }} }}, {ECHO} }}]\n",
        ["missing ]"], [1]),
    "path and path_regex": (
        f"paths: [{{ path: /x, path_regex: '^/y', {ECHO} }}]\n", ["path_regex"], [1]),
    "unknown kind of condition": (
        f"paths: [{{ path: /, headers: {{ A: {{ prefx: x }} }}, {ECHO} }}]\n",
        ["prefx", "prefix"], [1]),
    "two kinds in one condition": (
        f"paths: [{{ path: /, headers: {{ A: {{ prefix: x, regex: y }} }}, {ECHO} }}]\n",
        ["prefix"], [1]),
    "unknown scheme": (f"paths: [{{ path: /, scheme: ftp, {ECHO} }}]\n", ["ftp", "https"], [1]),
    "from with host bits": (
        f"paths: [{{ path: /, from: [10.1.2.3/8], {ECHO} }}]\n", ["10.0.0.0/8"], [1]),
    "wildcard in the middle": (f"hosts: [{{ host: 'a.*.test', {ECHO} }}]\n", ["a.*.test"], [1]),
    "two destinations": (
        f"paths: [{{ path: /, redirect: https, {ECHO} }}]\n", ["redirect", "respond"], [1]),
    "unknown pool of a split": (
        "pools: { one: { servers: [127.0.0.1:1] } }\n"
        "paths: [{ path: /, split: { one: 50, onne: 50 } }]\n", ["onne", "one"], [2]),
}  # fmt: skip


@pytest.mark.parametrize("text, words, lines", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, text, words, lines):
    check.refuses(text, words, *lines)


UNREACHABLE = {
    "top paths beside any host": (
        f"hosts:\n  - {{ host: '*', {ECHO} }}\npaths:\n  - {{ path: /lost, {ECHO} }}\n", "/lost"),
    "regex below an unconditional prefix": (
        f"paths:\n  - {{ path: /x, {ECHO} }}\n  - {{ path_regex: '^/x/[0-9]+$', {ECHO} }}\n",
        "^/x/[0-9]+$"),
}  # fmt: skip


@pytest.mark.parametrize("text, word", UNREACHABLE.values(), ids=UNREACHABLE)
def test_check_warns_of_a_route_that_is_never_reached(check, text, word):
    said = check.accepts(text)
    assert "warning" in said and word in said, said
