"""cookie_rules in anger: request cookies, and the attributes of Set-Cookie on the way back."""

import pytest
import requests
from clients import reply_line, seen_of
from configs import host_each, host_of
from origin import answer, serve
from waiting import PATIENCE

# The rules, the Cookie lines of the request, and the cookies that the server must see; None for no
# Cookie field at all.
REQUEST = {
    "add": ("{ add: { a: one } }", [], "a=one"),
    "add beside others": ("{ add: { a: one } }", ["b=2; c=3"], "b=2; c=3; a=one"),
    "add replaces": ("{ add: { a: one } }", ["a=zero; b=2"], "a=one; b=2"),
    "add a number": ("{ add: { a: 1 } }", [], "a=1"),
    "remove": ("{ remove: [a] }", ["a=1; b=2"], "b=2"),
    "remove by a map": ("{ remove: { a: x } }", ["a=1; b=2"], "b=2"),
    "remove in the middle": ("{ remove: [b] }", ["a=1; b=2; c=3"], "a=1; c=3"),
    "remove the only one": ("{ remove: [a] }", ["a=1"], None),
    "remove every one": ("{ remove: [a] }", ["a=1; b=2; a=3"], "b=2"),
    "remove heeds the letter case": ("{ remove: [a] }", ["A=1"], "A=1"),
    "remove what only begins so": ("{ remove: [a] }", ["ab=1; ba=2"], "ab=1; ba=2"),
    "remove nothing": ("{ remove: [a] }", [], None),
    "remove by a glob": ('{ remove: ["_ga*"] }', ["_ga=1; x=2; _ga_XY=3"], "x=2"),
    "rename": ("{ rename: { old: new } }", ["a=1; old=2; b=3"], "a=1; new=2; b=3"),
    "rename nothing": ("{ rename: { old: new } }", ["a=1"], "a=1"),
    "remove goes before rename": ("{ rename: { a: b }, remove: [a] }", ["a=1; c=2"], "c=2"),
    "rename goes before add": ("{ add: { b: new }, rename: { a: b } }", ["a=1"], "b=new"),
    "untouched bytes": (
        "{ remove: [gone] }", ['a="x y"; b=%zz; c==d; e'], 'a="x y"; b=%zz; c==d; e'),
    "placeholder": ("{ add: { ip: '{client_ip}' } }", [], "ip=127.0.0.1"),
    "values are of the request before the rules": (
        "{ add: { a: new, b: '{cookie.a}' } }", ["a=old"], "a=new; b=old"),
}  # fmt: skip

# The rules under `response`, what the server sets, and what the client must get: the name and value
# with the attributes in any order.
RESPONSE = {
    "secure": ("{ secure: true }", "s=1", "s=1; Secure"),
    "http only": ("{ http_only: true }", "s=1", "s=1; HttpOnly"),
    "same site lax": ("{ same_site: lax }", "s=1", "s=1; SameSite=Lax"),
    "same site strict": ("{ same_site: strict }", "s=1; SameSite=None", "s=1; SameSite=Strict"),
    "same site none": ("{ same_site: none, secure: true }", "s=1", "s=1; SameSite=None; Secure"),
    "domain": ("{ domain: example.test }", "s=1", "s=1; Domain=example.test"),
    "domain in another letter case": (
        "{ domain: example.test }", "s=1; DOMAIN=inner.test", "s=1; Domain=example.test"),
    "path": ("{ path: /app }", "s=1; Path=/", "s=1; Path=/app"),
    "all": (
        "{ secure: true, http_only: true, same_site: lax, domain: d.test, path: /p }",
        "s=1", "s=1; Secure; HttpOnly; SameSite=Lax; Domain=d.test; Path=/p"),
    "what is there stays once": (
        "{ secure: true, http_only: true }", "s=1; secure; HTTPONLY", "s=1; Secure; HttpOnly"),
    "other attributes stay": (
        "{ secure: true }", "s=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Max-Age=60",
        "s=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Max-Age=60; Secure"),
    "value with an equals sign": ("{ secure: true }", "s=a=b==", "s=a=b==; Secure"),
    "value that looks like an attribute": (
        "{ secure: true }", "secure=Secure", "secure=Secure; Secure"),
    "empty value": ("{ http_only: true }", "s=", "s=; HttpOnly"),
    "by name": ("{ s: { secure: true } }", "s=1", "s=1; Secure"),
    "by another name": ("{ t: { secure: true } }", "s=1", "s=1"),
    "by name beside all": (
        "{ http_only: true, same_site: lax, s: { same_site: strict } }", "s=1",
        "s=1; HttpOnly; SameSite=Strict"),
}  # fmt: skip


@pytest.fixture(scope="module")
def edge(module_fairlead, echo):
    hosts = {row: rules for row, (rules, *_) in REQUEST.items()}
    hosts |= {row: f"{{ response: {rules} }}" for row, (rules, *_) in RESPONSE.items()}
    hosts["some"] = "{ response: { secure: true, s: { http_only: true } } }"
    destination = f"servers: [{echo.address}]"
    return module_fairlead(
        host_each({row: f"cookie_rules: {rules}\n{destination}" for row, rules in hosts.items()})
    )


@pytest.mark.parametrize("row", REQUEST)
def test_request_cookies(edge, row):
    _, lines, expected = REQUEST[row]
    seen = seen_of(edge.get("/", [f"Cookie: {line}" for line in lines], host_of(row)))
    assert seen.fields.get("cookie") == expected, seen


def attributes(line):
    """The name and value, and the attributes with names in lower case; SameSite's value as well."""
    first, *rest = [part.strip() for part in line.split(";")]
    pairs = [part.partition("=") for part in rest]
    return first, sorted(
        (name.lower(), value.lower() if name.lower() == "samesite" else value)
        for name, _, value in pairs
    )


@pytest.mark.parametrize("row", RESPONSE)
def test_attributes_of_set_cookie(edge, row):
    _, line, expected = RESPONSE[row]
    reply = edge.get("/", [reply_line(fields=[["Set-Cookie", line]])], host_of(row))
    (sent,) = reply.all("Set-Cookie")
    assert attributes(sent) == attributes(expected), sent


def test_every_line_gets_what_is_for_it(edge):
    lines = [["Set-Cookie", "s=1"], ["Set-Cookie", "t=2; Path=/"], ["Set-Cookie", "S=3"]]
    reply = edge.get("/", [reply_line(fields=lines)], host_of("some"))
    assert [attributes(line) for line in reply.all("Set-Cookie")] == [
        attributes("s=1; Secure; HttpOnly"), attributes("t=2; Path=/; Secure"),
        attributes("S=3; Secure"),
    ]  # fmt: skip


def test_several_lines_of_cookies(fairlead, origin):
    """HTTP/1.1 clients send one, but proxies in front may pass on several of HTTP/2."""
    upstream = origin([serve(lambda _: answer())])
    edge = fairlead(
        f"paths:\n  - path: /\n    servers: [{upstream.address}]\n"
        "    cookie_rules: { remove: [gone], rename: { old: new }, add: { c: 3 } }\n"
    )
    edge.get("/", ["Cookie: a=1; gone=x", "Cookie: gone=y", "Cookie: old=2; b=2"])
    lines = upstream.next_request().all("Cookie")
    assert "; ".join(lines) == "a=1; new=2; b=2; c=3"
    assert all(lines), "an empty Cookie line"


def test_a_browser_keeps_what_the_rules_made(fairlead, echo):
    """The jar of Requests heeds Path and Secure."""
    edge = fairlead(
        "paths:\n"
        f"  - {{ path: /app, servers: [{echo.address}],\n"
        "      cookie_rules: { response: { path: /app } } }\n"
        f"  - {{ path: /, servers: [{echo.address}] }}\n"
        f"  - {{ path: /safe, servers: [{echo.address}],\n"
        "      cookie_rules: { response: { secure: true } } }\n"
    )
    with requests.Session() as browser:
        ask = {"timeout": PATIENCE}
        for path, name in {"/app/x": "narrow", "/": "wide", "/safe": "safe"}.items():
            line = reply_line(fields=[["Set-Cookie", f"{name}=1; Path=/"]]).partition(": ")
            browser.get(edge.url(path), headers={line[0]: line[2]}, **ask)
        seen = browser.get(edge.url("/app/y"), **ask).json()["headers"]["Cookie"]
        assert set(seen.split("; ")) == {"narrow=1", "wide=1"}
        assert browser.get(edge.url("/"), **ask).json()["headers"]["Cookie"] == "wide=1"


def test_cookies_of_fairlead_are_exempt(fairlead, echo):
    pool = f"{{ servers: [{echo.address}] }}"
    edge = fairlead(
        f"pools: {{ one: {pool}, two: {pool} }}\n"
        "paths:\n  - path: /\n    split: { one: 50, two: 50 }\n"
        "    cookie_rules: { response: { path: /elsewhere, domain: other.test } }\n"
    )
    lines = edge.get("/", [reply_line(fields=[["Set-Cookie", "s=1"]])]).all("Set-Cookie")
    by_name = {line.partition("=")[0]: attributes(line)[1] for line in lines}
    assert by_name["s"] == [("domain", "other.test"), ("path", "/elsewhere")]
    own = dict(by_name["fairlead_split"])
    assert own.get("path") == "/" and "domain" not in own, lines


REFUSED = {
    "unknown kind": ("{ ad: { a: 1 } }", ["ad", "add"]),
    "unknown attribute": ("{ response: { s: { secur: true } } }", ["secur", "secure"]),
    "unknown same_site": ("{ response: { same_site: laxx } }", ["laxx", "lax"]),
    "secure that is no boolean": ("{ response: { secure: maybe } }", ["maybe", "true"]),
    "name that is no token": ("{ add: { 'a b': 1 } }", ["a b"]),
    "value with a semicolon": ("{ add: { a: 'b; c' } }", ["b; c"]),
    "unknown placeholder": ("{ add: { a: '{clientip}' } }", ["clientip", "client_ip"]),
}


@pytest.mark.parametrize("rules, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, rules, words):
    text = f"paths:\n  - path: /\n    cookie_rules: {rules}\n    servers: [127.0.0.1:1]\n"
    check.refuses(text, words, 3)
