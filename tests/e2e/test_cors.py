"""cors as a browser asks for it: pre-flight and actual requests."""

import pytest
from clients import fetch, reply_line, seen_of
from configs import host_each, host_of
from origin import answer, serve

SHOP, OTHER = "https://shop.test", "https://other.test"

CORS = {
    "exact": f"{{ origins: ['{SHOP}', 'http://localhost:3000'] }}",
    "any": "{ origins: ['*'] }",
    "wildcard": "{ origins: ['https://*.shop.test'] }",
    "full": (
        f"{{ origins: ['{SHOP}'], methods: [GET, PUT], headers: [X-Token, Content-Type], "
        "credentials: true, max_age: 10m, expose: [X-Total, X-Page] }"
    ),
}


@pytest.fixture(scope="module")
def edge(module_fairlead, echo, dead_server):
    servers = f"servers: [{echo.address}]"
    hosts = {row: f"cors: {cors}\n{servers}" for row, cors in CORS.items()}
    hosts["respond"] = f"cors: {CORS['exact']}\nrespond: {{ body: ok }}"
    hosts["refused"] = (
        f"cors: {CORS['exact']}\nfirewall_rules: {{ path_reject: [/secret] }}\npaths:\n"
        f"  - {{ path: /, max_body: 10B, {servers} }}\n"
        "  - { path: /moved, redirect: { path: / } }\n"
        f"  - {{ path: /dead, retry: off, servers: [{dead_server}] }}\n"
    )
    hosts["no route"] = f"cors: {CORS['exact']}\npaths: [{{ path: /x, {servers} }}]"
    hosts["by method"] = (
        f"cors: {CORS['exact']}\npaths:\n  - {{ path: /items, methods: [POST], {servers} }}"
    )
    hosts["none"] = servers
    hosts["off"] = f"cors: {CORS['any']}\npaths:\n  - {{ path: /private, cors: off, {servers} }}\n"
    hosts["off"] += servers
    return module_fairlead(host_each(hosts))


def preflight(edge, row, origin, method="GET", headers=None, target="/"):
    fields = [f"Origin: {origin}", f"Access-Control-Request-Method: {method}"]
    if headers:
        fields.append(f"Access-Control-Request-Headers: {headers}")
    with edge.connect() as client:
        return client.request("OPTIONS", target, fields, host=host_of(row)).read_answer()


def listed(value):
    return {part.strip().lower() for part in (value or "").split(",")} - {""}


ALLOW = "Access-Control-Allow-"

# The row, the origin, and what Access-Control-Allow-Origin says.
ORIGINS = {
    "exact": ("exact", SHOP, SHOP),
    "exact with a port": ("exact", "http://localhost:3000", "http://localhost:3000"),
    "another": ("exact", OTHER, None),
    "another scheme": ("exact", "http://shop.test", None),
    "another port": ("exact", "https://shop.test:8443", None),
    "a host below": ("exact", "https://www.shop.test", None),
    "a host that begins so": ("exact", "https://shop.test.evil.test", None),
    "a host that ends so": ("exact", "https://evilshop.test", None),
    "null": ("exact", "null", None),
    "nonsense": ("exact", "nonsense", None),
    "any": ("any", OTHER, "*"),
    "wildcard": ("wildcard", "https://www.shop.test", "https://www.shop.test"),
    "wildcard over several labels": ("wildcard", "https://a.b.shop.test", "https://a.b.shop.test"),
    "wildcard is not its own suffix": ("wildcard", SHOP, None),
    "wildcard needs a whole label": ("wildcard", "https://evilshop.test", None),
    "wildcard with another scheme": ("wildcard", "http://www.shop.test", None),
    "wildcard with a port": ("wildcard", "https://www.shop.test:8443", None),
    "wildcard further on": ("wildcard", "https://www.shop.test.evil.test", None),
    "wildcard within a path": ("wildcard", "https://evil.test/.shop.test", None),
    "no cors": ("none", SHOP, None),
}


@pytest.mark.parametrize("row, origin, allowed", ORIGINS.values(), ids=ORIGINS)
def test_origin_of_an_actual_request(edge, row, origin, allowed):
    reply = fetch(edge, host_of(row), "/items", headers={"Origin": origin})
    assert (reply.status_code, reply.json()["target"]) == (200, "/items")
    assert reply.headers.get(f"{ALLOW}Origin") == allowed
    if row not in ("any", "none"):
        assert "origin" in listed(reply.headers.get("Vary"))


@pytest.mark.parametrize(
    "row, origin, allowed",
    [row for row in ORIGINS.values() if row[0] != "none"],
    ids=[name for name, row in ORIGINS.items() if row[0] != "none"],
)
def test_origin_of_a_preflight(edge, row, origin, allowed):
    reply = preflight(edge, row, origin)
    assert reply.status in (200, 204) and reply.body == b"", reply
    assert reply.get(f"{ALLOW}Origin") == allowed
    if allowed is None:
        assert not [name for name, _ in reply.fields if name.lower().startswith(ALLOW.lower())]


def test_preflight_says_what_is_allowed(edge):
    reply = preflight(edge, "full", SHOP, "PUT", "x-token, content-type")
    assert {"get", "put"} <= listed(reply.get(f"{ALLOW}Methods"))
    assert "delete" not in listed(reply.get(f"{ALLOW}Methods"))
    assert {"x-token", "content-type"} == listed(reply.get(f"{ALLOW}Headers"))
    assert reply.get(f"{ALLOW}Credentials") == "true"
    assert reply.get("Access-Control-Max-Age") == "600"
    assert "origin" in listed(reply.get("Vary"))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_usual_methods_need_no_words(edge, method):
    assert method.lower() in listed(preflight(edge, "exact", SHOP, method).get(f"{ALLOW}Methods"))


def test_preflight_does_not_allow_other_headers(edge):
    reply = preflight(edge, "full", SHOP, "PUT", "x-other")
    assert "x-other" not in listed(reply.get(f"{ALLOW}Headers"))


def test_headers_that_were_asked_for_cannot_inject(edge):
    reply = preflight(edge, "exact", SHOP, "PUT", "x-ok, bad name, (x), caf\xe9")
    allowed = listed(reply.get(f"{ALLOW}Headers"))
    assert not allowed & {"bad name", "(x)", "caf\xe9"}, reply


def test_preflight_never_reaches_a_server(fairlead, origin):
    upstream = origin([serve(lambda request: answer(request.method.encode()))])
    edge = fairlead(
        f"paths:\n  - path: /\n    servers: [{upstream.address}]\n    cors: {CORS['exact']}\n"
    )
    asked = [f"Origin: {SHOP}", "Access-Control-Request-Method: PUT"]
    with edge.connect() as client:
        for _ in range(3):
            assert client.request("OPTIONS", "/", asked).read_answer().status in (200, 204)
        assert upstream.requests == []
        # OPTIONS that is no pre-flight is the server's own affair.
        for fields in [[], [f"Origin: {SHOP}"], ["Access-Control-Request-Method: PUT"]]:
            assert client.request("OPTIONS", "/", fields).read_answer().body == b"OPTIONS"
    assert len(upstream.requests) == 3


def test_preflight_for_a_route_with_methods(edge):
    """The browser asks about POST; that the question is an OPTIONS must not lose the route."""
    reply = preflight(edge, "by method", SHOP, "POST", target="/items")
    assert reply.status in (200, 204) and reply.get(f"{ALLOW}Origin") == SHOP, reply


def test_preflight_of_an_answer_of_fairlead(edge):
    assert preflight(edge, "respond", SHOP).get(f"{ALLOW}Origin") == SHOP
    reply = edge.get("/", [f"Origin: {SHOP}"], host_of("respond"))
    assert (reply.body, reply.get(f"{ALLOW}Origin")) == (b"ok", SHOP)


REFUSALS = {
    "too large": ("refused", "/", b"x" * 100, {413}),
    "dead server": ("refused", "/dead", b"", {502, 503}),
    "redirect": ("refused", "/moved", b"", {302}),
    "firewall": ("refused", "/secret", b"", {403}),
    "no route": ("no route", "/y", b"", {404}),
}


@pytest.mark.parametrize("row, target, body, statuses", REFUSALS.values(), ids=REFUSALS)
def test_a_page_may_read_why_it_was_refused(edge, row, target, body, statuses):
    """Else the browser tells its script of a network error, whatever fairlead said."""
    with edge.connect() as client:
        client.request("POST", target, [f"Origin: {SHOP}"], body, host_of(row))
        reply = client.read_answer()
    assert reply.status in statuses and reply.get(f"{ALLOW}Origin") == SHOP, reply


def test_cors_switched_off_below(edge):
    row = host_of("off")
    assert edge.get("/public", [f"Origin: {OTHER}"], row).get(f"{ALLOW}Origin") == "*"
    assert edge.get("/private", [f"Origin: {OTHER}"], row).get(f"{ALLOW}Origin") is None
    assert seen_of(preflight(edge, "off", OTHER, target="/private")).method == "OPTIONS"


def test_actual_request_exposes_and_carries_credentials(edge):
    reply = edge.get("/", [f"Origin: {SHOP}"], host_of("full"))
    assert listed(reply.get("Access-Control-Expose-Headers")) == {"x-total", "x-page"}
    assert reply.get(f"{ALLOW}Credentials") == "true"
    assert reply.get(f"{ALLOW}Methods") is None, "that is for pre-flights"


def test_request_of_no_page(edge):
    reply = edge.get("/", host=host_of("exact"))
    assert reply.status == 200 and reply.get(f"{ALLOW}Origin") is None
    assert "origin" in listed(reply.get("Vary")), "a cache must not keep this for a page"


def test_server_that_does_cors_itself_is_not_doubled(edge):
    its = [[f"{ALLOW}Origin", "https://its.test"], [f"{ALLOW}Credentials", "true"],
           ["Vary", "Origin, Accept"]]  # fmt: skip
    line = reply_line(fields=its)
    reply = edge.get("/", [f"Origin: {SHOP}", line], host_of("exact"))
    assert reply.all(f"{ALLOW}Origin") == [SHOP]
    vary = [part.strip().lower() for part in reply.get("Vary").split(",")]
    assert sorted(vary) == ["accept", "origin"]


def test_errors_of_the_server_can_be_read_as_well(edge):
    reply = edge.get("/", [f"Origin: {SHOP}", reply_line(500)], host_of("exact"))
    assert (reply.status, reply.get(f"{ALLOW}Origin")) == (500, SHOP)


REFUSED = {
    "any origin with credentials": (
        "{ origins: ['*'], credentials: true }", ["credentials", "*"]),
    "origin without a scheme": ("{ origins: [shop.test] }", ["shop.test", "https://"]),
    "origin with a path": ("{ origins: ['https://shop.test/x'] }", ["https://shop.test"]),
    "star in the middle": ("{ origins: ['https://a.*.test'] }", ["a.*.test"]),
    "two stars": ("{ origins: ['https://*.*.test'] }", ["*.*.test"]),
    "unknown key": ("{ origins: ['*'], maxage: 1m }", ["maxage", "max_age"]),
    "max_age without a unit": ("{ origins: ['*'], max_age: 600 }", ["600"]),
    "method that is no token": ("{ origins: ['*'], methods: ['G T'] }", ["G T"]),
    "header that is no token": ("{ origins: ['*'], headers: ['X Y'] }", ["X Y"]),
}  # fmt: skip


@pytest.mark.parametrize("cors, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, cors, words):
    text = f"paths:\n  - path: /\n    cors: {cors}\n    servers: [127.0.0.1:1]\n"
    check.refuses(text, words, 3)
