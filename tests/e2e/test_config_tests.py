"""`tests:` in the file: what `fairlead check` says of each, and what `fairlead explain` tells."""

import json

import pytest
from configs import indented
from edge import run

SITE = """\
trusted_proxies: [10.9.9.9]
pools:
  shop: { servers: [{ url: 127.0.0.1:8081, name: first }] }
  api: { servers: [127.0.0.1:9001] }
  canary: { servers: [127.0.0.1:9002] }
hosts:
  - host: shop.test
    header_rules:
      add: { X-Edge: fairlead, X-Client: "{client_ip}" }
      remove: [X-Debug]
      response: { add: { X-Frame-Options: DENY } }
    param_rules: { remove: ["utm_*"] }
    firewall_rules: { path_reject: [/.git], ip_reject: [203.0.113.0/24] }
    pool: shop
    paths:
      - path: /api
        pool: api
        rewrite_rules: { replace_prefix: /v2 }
      - path: /api
        headers: { X-Canary: { present: true } }
        pool: canary
      - { path: /upload, methods: [POST, PUT], pool: api }
      - { path: /old, redirect: { replace_prefix: /new, status: 301 } }
      - path_regex: "^/u/([0-9]+)$"
        pool: api
        rewrite_rules: { replace_path: "/users/{capture.1}" }
  - host: secure.test
    paths: [{ path: /, scheme: http, redirect: https }]
    pool: shop
paths:
  - { path: /status, exact: true, respond: { status: 200, body: ok, headers: { X-S: up } } }
"""

PASSING = {
    "pool": '{ get: "http://shop.test/", pool: shop }',
    "server": '{ get: "http://shop.test/", server: first }',
    "server without a name": '{ get: "http://shop.test/api", server: "127.0.0.1:9001" }',
    "upstream": '{ get: "http://shop.test/api/u?id=1&utm_x=2", upstream: "/v2/u?id=1" }',
    "upstream of captures": '{ get: "http://shop.test/u/17", upstream: /users/17 }',
    "status of the firewall": '{ get: "http://shop.test/.git/config", status: 403 }',
    "status of an address": '{ get: "http://shop.test/", from: 203.0.113.7, status: 403 }',
    "status of no route": '{ get: "http://nobody.test/", status: 404 }',
    "status of an answer": '{ get: "http://nobody.test/status", status: 200 }',
    "status of a redirect": '{ get: "http://shop.test/old/x", status: 301 }',
    "redirect": '{ get: "http://shop.test/old/x?y", redirect: "http://shop.test/new/x?y" }',
    "redirect to https": (
        '{ get: "http://secure.test/a?b", status: 308, redirect: "https://secure.test/a?b" }'),
    "https is no http": '{ get: "https://secure.test/a", pool: shop }',
    "headers": '{ get: "http://shop.test/", headers: { X-Edge: fairlead, X-Client: 192.0.2.1 }, '
    "from: 192.0.2.1 }",
    "response headers": (
        '{ get: "http://shop.test/", response_headers: { X-Frame-Options: DENY } }'),
    "response headers of an answer": (
        '{ get: "http://nobody.test/status", response_headers: { X-S: up } }'),
    "post": '{ post: "http://shop.test/upload", pool: api }',
    "put": '{ put: "http://shop.test/upload/x", pool: api }',
    "get of what is not for it": '{ get: "http://shop.test/upload", pool: shop }',
    "request": (
        '{ request: { method: POST, url: "http://shop.test/api/x", from: 192.0.2.7, '
        "headers: { X-Canary: yes } }, pool: canary, headers: { X-Client: 192.0.2.7 } }"),
    "request without a method": '{ request: { url: "http://shop.test/api" }, pool: api }',
    "all at once": (
        '{ get: "http://shop.test/api/x", pool: api, server: "127.0.0.1:9001", upstream: /v2/x, '
        "headers: { X-Edge: fairlead }, response_headers: { X-Frame-Options: DENY } }"),
    "odd spelling": '{ get: "http://SHOP.test:80//x/../%61pi/u", pool: api, upstream: /v2/u }',
}  # fmt: skip

# Each test with what was expected and what is the case instead, in the words of the report.
FAILING = {
    "pool": ('{ get: "http://shop.test/api", pool: shop }', ["shop", "api"]),
    "server": ('{ get: "http://shop.test/", server: second }', ["second", "first"]),
    "upstream": ('{ get: "http://shop.test/api/x", upstream: /api/x }', ["/api/x", "/v2/x"]),
    "status": ('{ get: "http://shop.test/.git", status: 404 }', ["404", "403"]),
    "status, but it goes to a server": ('{ get: "http://shop.test/", status: 403 }', ["403"]),
    "pool, but it is refused": ('{ get: "http://shop.test/.git", pool: shop }', ["shop", "403"]),
    "pool, but it is redirected": ('{ get: "http://shop.test/old", pool: shop }', ["shop", "301"]),
    "pool, but there is no route": ('{ get: "http://nobody.test/", pool: shop }', ["shop", "404"]),
    "redirect": (
        '{ get: "http://shop.test/old/x", redirect: "http://shop.test/newer/x" }',
        ["/newer/x", "/new/x"]),
    "redirect, but it goes to a server": (
        '{ get: "http://shop.test/", redirect: "http://shop.test/x" }', ["http://shop.test/x"]),
    "header": (
        '{ get: "http://shop.test/", headers: { X-Edge: other } }',
        ["X-Edge", "other", "fairlead"]),
    "header that is not sent": (
        '{ get: "http://shop.test/", headers: { X-None: x } }', ["X-None", "x"]),
    "header that was removed": (
        '{ request: { url: "http://shop.test/", headers: { X-Debug: 1 } }, '
        "headers: { X-Debug: 1 } }", ["X-Debug"]),
    "response header": (
        '{ get: "http://shop.test/", response_headers: { X-Frame-Options: SAMEORIGIN } }',
        ["X-Frame-Options", "SAMEORIGIN", "DENY"]),
    "one of several": (
        '{ get: "http://shop.test/api", pool: api, upstream: /api }', ["/api", "/v2"]),
}  # fmt: skip


def with_tests(*tests):
    return SITE + "tests:\n" + "".join(f"  - {test}\n" for test in tests)


LAST = len(SITE.splitlines()) + 2


@pytest.mark.parametrize("test", PASSING.values(), ids=PASSING)
def test_expectation_is_met(check, test):
    check.accepts(with_tests(test))


def test_all_of_them_at_once(check):
    said = check.accepts(with_tests(*PASSING.values()))
    assert str(len(PASSING)) in said, "the number of tests is told"


@pytest.mark.parametrize("test, words", FAILING.values(), ids=FAILING)
def test_expectation_is_not_met(check, test, words):
    done = check(with_tests(test))
    assert done.returncode == 1, done.said
    assert f"fairlead.yaml:{LAST}:" in done.said, done.said
    said = done.said.lower()
    assert "expected" in said, done.said
    # What is the case comes beside the text of the test itself, which the report may quote.
    rest = done.said.replace(test, "")
    assert all(word in rest for word in words), done.said


def test_failing_test_is_explained(check):
    """The same story that `explain` tells: the route, and why the others did not match."""
    done = check(with_tests('{ get: "http://shop.test/api/x", pool: canary }'))
    assert done.returncode == 1
    assert all(word in done.said for word in ("canary", "/api", "X-Canary", "/v2/x")), done.said


def test_every_failure_is_told_at_once(check):
    tests = [test for test, _ in FAILING.values()]
    done = check(with_tests(PASSING["pool"], *tests, PASSING["post"]))
    assert done.returncode == 1
    for i in range(len(tests)):
        assert f"fairlead.yaml:{LAST + 1 + i}:" in done.said, (tests[i], done.said)
    for line in [LAST, LAST + 1 + len(tests)]:
        assert f"fairlead.yaml:{line}:" not in done.said, f"line {line} passes: {done.said}"


def test_failures_as_json(check):
    failing = FAILING["pool"][0]
    done = check(with_tests(PASSING["post"], failing), "--json")
    assert done.returncode == 1, done.said
    text = json.dumps(json.loads(done.stdout))
    assert "fairlead.yaml" in text and str(LAST + 1) in text
    assert all(word in text for word in ('"expected"', "`shop`", "`api`")), text


def test_success_as_json(check):
    json.loads(check.accepts(with_tests(*PASSING.values()), "--json"))


def test_errors_come_before_tests(check):
    done = check(with_tests(FAILING["pool"][0]) + "oops: 1\n")
    assert done.returncode == 1 and "oops" in done.said


MALFORMED = {
    "no request": ("{ pool: shop }", ["get"]),
    "two requests": ('{ get: "http://a.test/", post: "http://a.test/", status: 404 }', ["post"]),
    "no expectation": ('{ get: "http://shop.test/" }', ["pool", "status"]),
    "unknown expectation": ('{ get: "http://shop.test/", pol: shop }', ["pol", "pool"]),
    "unknown pool": ('{ get: "http://shop.test/", pool: shopp }', ["shopp", "shop"]),
    "a URL that is none": ("{ get: shop.test, status: 200 }", ["shop.test"]),
    "an address that is none": (
        '{ get: "http://shop.test/", from: 1.2.3, status: 200 }', ["1.2.3"]),
    "a status that is none": ('{ get: "http://shop.test/", status: 99 }', ["99"]),
    "unknown key of a request": (
        '{ request: { ur: "http://shop.test/" }, status: 200 }', ["ur", "url"]),
}  # fmt: skip


@pytest.mark.parametrize("test, words", MALFORMED.values(), ids=MALFORMED)
def test_malformed_test_is_an_error(check, test, words):
    check.refuses(with_tests(test), words, LAST)


# Coverage.


def test_coverage_lists_what_no_test_reaches(check):
    said = check.accepts(with_tests(PASSING["upstream"], PASSING["redirect"]), "--coverage")
    missed = ["/upload", "^/u/", "/status", "secure.test"]
    assert all(path in said for path in missed), said
    assert "/old" not in said, said


def test_coverage_of_a_file_whose_routes_are_all_reached(check):
    text = (
        "paths:\n  - { path: /a, respond: 200 }\n  - { path: /b, respond: 200 }\n"
        'tests:\n  - { get: "http://x.test/a", status: 200 }\n'
        '  - { get: "http://x.test/b/c", status: 200 }\n'
    )
    everything = check.accepts(text, "--coverage")
    less = check.accepts(text.rsplit("  - { get", 1)[0], "--coverage")
    assert "/b" in less and "/b" not in everything, (less, everything)


def test_coverage_without_tests_lists_every_route(check):
    said = check.accepts(SITE, "--coverage")
    assert all(path in said for path in ("/api", "/upload", "/old", "/status")), said


# Tests of other features: split, cors, error pages.

FEATURES = {
    "split by an address": (
        "pools: { a: { servers: [127.0.0.1:1] }, b: { servers: [127.0.0.1:2] } }\n"
        "paths: [{ path: /, split: { a: 0, b: 100 } }]\n",
        '{ get: "http://x.test/", pool: b }'),
    "pre-flight": (
        "paths: [{ path: /, cors: { origins: ['https://a.test'] }, respond: 200 }]\n",
        '{ request: { method: OPTIONS, url: "http://x.test/", headers: { Origin: https://a.test, '
        "Access-Control-Request-Method: PUT } }, "
        "response_headers: { Access-Control-Allow-Origin: https://a.test } }"),
    "cookie of a request": (
        "paths:\n"
        "  - { path: /, cookies: { beta: on }, respond: 202 }\n"
        "  - { path: /, respond: 200 }\n",
        '{ request: { url: "http://x.test/", headers: { Cookie: "a=1; beta=on" } }, status: 202 }'),
    "client of a trusted proxy": (
        "trusted_proxies: [10.9.9.9]\n"
        "paths:\n"
        "  - { path: /, from: [192.0.2.0/24], respond: 202 }\n"
        "  - { path: /, respond: 200 }\n",
        '{ request: { url: "http://x.test/", from: 10.9.9.9, headers: { X-Forwarded-For: '
        "192.0.2.3 } }, status: 202 }"),
    "host removed": (
        "paths:\n  - path: /\n    header_rules: { remove: [Host] }\n"
        "    servers: [127.0.0.1:8081]\n",
        '{ get: "http://x.test/", headers: { Host: "127.0.0.1:8081" } }'),
}  # fmt: skip


@pytest.mark.parametrize("config, test", FEATURES.values(), ids=FEATURES)
def test_tests_know_every_feature(check, config, test):
    check.accepts(f"{config}tests:\n{indented('- ' + test, 2)}")


def test_the_example_of_the_language(check):
    """The tests of the fullest file, around what they need."""
    text = """\
firewall_rules: { ip_reject: [203.0.113.0/24] }
pools:
  shop: { servers: [10.0.0.1:8080, 10.0.0.2:8080] }
  shop-canary: { servers: [10.0.0.9:8080] }
  api:
    servers:
      - 10.0.1.1:9000
      - { url: 10.0.1.2:9000, weight: 2, max_requests: 200 }
hosts:
  - host: shop.example.com
    header_rules:
      add: { X-Edge: fairlead }
      remove: [X-Debug]
      response: { remove: [Server] }
    param_rules: { remove: [utm_source] }
    firewall_rules: { path_reject: [/internal, /.git] }
    paths:
      - path: /api
        pool: api
        rewrite_rules: { replace_prefix: /v2 }
    split: { shop: 95, shop-canary: 5 }
  - host: blog.example.com
    servers: [10.0.2.1:80]
paths:
  - path: /status
    respond: { status: 200, body: ok }
tests:
  - { get: "https://shop.example.com/api/u?id=1", pool: api, upstream: "/v2/u?id=1" }
  - { get: "https://shop.example.com/.git/config", status: 403 }
  - { get: "https://blog.example.com/", from: 203.0.113.7, status: 403 }
"""
    check.accepts(text)


# explain.


@pytest.fixture(scope="module")
def explain(tmp_path_factory):
    path = tmp_path_factory.mktemp("explain") / "fairlead.yaml"
    path.write_text(SITE)

    def explained(*arguments):
        done = run("explain", "-c", path, *arguments)
        assert done.returncode == 0, done
        return done.stdout

    return explained


EXPLAINED = {
    "route and rewriting": (
        ["GET", "http://shop.test/api/u?id=1&utm_x=2"],
        ["shop.test/api", "api", "/v2/u?id=1", "X-Edge: fairlead"]),
    "why others did not match": (
        ["GET", "http://shop.test/api"], ["X-Canary is absent", "/upload", "secure.test"]),
    "a condition that is met": (
        ["GET", "http://shop.test/api", "-H", "X-Canary: 1"], ["127.0.0.1:9002"]),
    "a method that does not match": (
        ["GET", "http://shop.test/upload"], ["/upload", "POST", "PUT", "8081"]),
    "captures": (["GET", "http://shop.test/u/17"], ["^/u/([0-9]+)$", "/users/17"]),
    "redirect": (
        ["GET", "http://shop.test/old/x?y"], ["301", "http://shop.test/new/x?y"]),
    "scheme": (["GET", "http://secure.test/x"], ["308", "https://secure.test/x"]),
    "another scheme": (["GET", "https://secure.test/x"], ["shop", "scheme", "8081"]),
    "firewall": (
        ["GET", "http://shop.test/", "--from", "203.0.113.7"], ["403", "203.0.113.0/24"]),
    "client": (["GET", "http://shop.test/", "--from", "192.0.2.1"], ["X-Client: 192.0.2.1"]),
    "client of a trusted proxy": (
        ["GET", "http://shop.test/", "--from", "10.9.9.9", "-H", "X-Forwarded-For: 192.0.2.5"],
        ["X-Client: 192.0.2.5"]),
    "answer": (["GET", "http://nobody.test/status"], ["200", "ok"]),
    "no route": (["GET", "http://nobody.test/"], ["404", "/status"]),
}  # fmt: skip


@pytest.mark.parametrize("arguments, words", EXPLAINED.values(), ids=EXPLAINED)
def test_explain(explain, arguments, words):
    said = explain(*arguments)
    assert all(word in said for word in words), said


# The request, the place of the rule in the file, and what the lines around it must tell: before and
# after.
CHANGES = {
    "rewriting": (
        ["GET", "http://shop.test/api/x"], "replace_prefix: /v2", "/api/x", "/v2/x"),
    "parameters": (
        ["GET", "http://shop.test/?a=1&utm_x=2"], "param_rules:", "?a=1&utm_x=2", "?a=1"),
    "a field that is removed": (
        ["GET", "http://shop.test/", "-H", "X-Debug: 1"], "remove: [X-Debug]", "X-Debug: 1", ""),
    "a field that is set": (
        ["GET", "http://shop.test/", "-H", "X-Edge: forged"], "X-Edge: fairlead",
        "X-Edge: forged", "X-Edge: fairlead"),
}  # fmt: skip


@pytest.mark.parametrize("arguments, rule, before, after", CHANGES.values(), ids=CHANGES)
def test_explain_shows_before_and_after(explain, arguments, rule, before, after):
    said = explain(*arguments)
    (number,) = [i for i, line in enumerate(SITE.splitlines(), 1) if rule in line]
    lines = said.splitlines()
    told = [i for i, line in enumerate(lines) if f"fairlead.yaml:{number}" in line]
    assert told, f"the rule of line {number} is not told: {said}"
    # What was and what is stand with the rule: a few lines around one of its places.
    around = ["\n".join(lines[max(0, i - 4) : i + 5]) for i in told]
    assert any(before in part and after in part for part in around), said


def test_explain_blames_no_rule_for_what_fairlead_does_itself(explain):
    """Forwarded fields and the request's id come from no rule of the file."""
    said = explain("GET", "http://shop.test/api/x")
    around = said[said.index("fairlead.yaml:18") : said.index("fairlead.yaml:9)")]
    assert "/v2/x" in around and "X-Forwarded" not in around and "X-Request-Id" not in around, said


def test_rules_that_touched_nothing_are_not_told(explain):
    """Without parameters and without X-Debug, two rules had nothing to do."""
    said = explain("GET", "http://shop.test/")
    filters = said.partition("considered")[2]
    assert "X-Debug" not in filters and "utm_" not in filters, said
