"""param_rules in anger: the target as the server gets it, to the byte."""

from urllib.parse import parse_qsl

import pytest
from clients import fetch, seen_of
from configs import host_each, host_of

# The rules, the query of the request with its question mark, and that which the server must see.
ROWS = {
    "add": ("{ add: { a: 1 } }", "", "?a=1"),
    "add at the end": ("{ add: { a: 1 } }", "?x=y", "?x=y&a=1"),
    "add in place": ("{ add: { a: 1 } }", "?x=y&a=0&z", "?x=y&a=1&z"),
    "add replaces a valueless one": ("{ add: { a: 1 } }", "?a&b", "?a=1&b"),
    "add replaces every one": ("{ add: { a: 1 } }", "?a=0&x=y&a=2&%61=3", "?a=1&x=y"),
    "add to a lone question mark": ("{ add: { a: 1 } }", "?", "?a=1"),
    "add a boolean": ("{ add: { a: true } }", "", "?a=true"),
    "append": ("{ append: { a: 1 } }", "?a=0&x", "?a=0&x&a=1"),
    "append alone": ("{ append: { a: 1 } }", "", "?a=1"),
    "set if missing": ("{ set_if_missing: { a: 1 } }", "?b=2", "?b=2&a=1"),
    "set if missing but there": ("{ set_if_missing: { a: 1 } }", "?a=0&b", "?a=0&b"),
    "set if missing but there without a value": (
        "{ set_if_missing: { a: 1 } }", "?a", "?a"),
    "set if missing but there in another spelling": (
        "{ set_if_missing: { a: 1 } }", "?%61=", "?%61="),
    "remove": ("{ remove: [a] }", "?a=1&b=2", "?b=2"),
    "remove as the course does": ("{ remove: { a: x, c: y } }", "?a=1&b=2&c=3", "?b=2"),
    "remove every one": ("{ remove: [a] }", "?a=1&b=2&a&a=", "?b=2"),
    "remove in the middle": ("{ remove: [b] }", "?a=1&b=2&c=3", "?a=1&c=3"),
    "remove at the end": ("{ remove: [c] }", "?a=1&b=2&c=3", "?a=1&b=2"),
    "remove the last loses the question mark": ("{ remove: [a] }", "?a=1", ""),
    "remove all by a glob": ('{ remove: ["*"] }', "?a=1&b&c=", ""),
    "remove by a glob": (
        '{ remove: ["utm_*"] }', "?utm_source=x&q=1&utm_medium=y&utm=z", "?q=1&utm=z"),
    "remove an encoded name": ("{ remove: [RemoveMe] }", "?%52emove%4De=1&b", "?b"),
    "remove a name with a blank": ('{ remove: ["a b"] }', "?a+b=1&a%20b=2&ab=3", "?ab=3"),
    "remove heeds the letter case": ("{ remove: [a] }", "?A=1", "?A=1"),
    "remove what only begins so": ("{ remove: [a] }", "?ab=1&ba=2", "?ab=1&ba=2"),
    "remove nothing keeps a lone question mark": ("{ remove: [a] }", "?", "?"),
    "remove nothing keeps no question mark": ("{ remove: [a] }", "", ""),
    "rename": ("{ rename: { old: new } }", "?a&old=1&b", "?a&new=1&b"),
    "rename keeps the value's bytes": (
        "{ rename: { old: new } }", "?old=a+b%20c%2f&z", "?new=a+b%20c%2f&z"),
    "rename without a value": ("{ rename: { old: new } }", "?old&z", "?new&z"),
    "rename with an empty value": ("{ rename: { old: new } }", "?old=&z", "?new=&z"),
    "rename every one": ("{ rename: { old: new } }", "?old=1&x&old=2", "?new=1&x&new=2"),
    "replace": ("{ replace: { v: { regex: 'o', with: '0' } } }", "?v=foo&w=foo", "?v=f00&w=foo"),
    "replace with captures": (
        "{ replace: { v: { regex: '^(.)(.*)$', with: '{capture.2}{capture.1}' } } }",
        "?v=abc", "?v=bca"),
    "replace over the decoded value": (
        "{ replace: { v: { regex: '/', with: _ } } }", "?v=a%2Fb/c", "?v=a_b_c"),
    "replace nothing keeps the bytes": (
        "{ replace: { v: { regex: x, with: y } } }", "?v=a+b%20%7e", "?v=a+b%20%7e"),
    "remove goes before rename": (
        "{ rename: { a: b }, remove: [a] }", "?a=1&c", "?c"),
    "rename goes before replace": (
        "{ replace: { b: { regex: '1', with: '2' } }, rename: { a: b } }", "?a=1", "?b=2"),
    "replace goes before add": (
        "{ add: { a: 1 }, replace: { a: { regex: '1', with: '2' } } }", "?a=1", "?a=1"),
    "add goes before append": ("{ append: { a: 2 }, add: { a: 1 } }", "?a=0", "?a=1&a=2"),
    "append goes before set if missing": (
        "{ set_if_missing: { a: 3 }, append: { a: 2 } }", "", "?a=2"),
    "remove makes room for set if missing": (
        "{ set_if_missing: { a: 1 }, remove: [a] }", "?a=0&b", "?b&a=1"),
    "values are of the request before the rules": (
        "{ add: { a: 1, b: '{param.a}' } }", "?a=0", "?a=1&b=0"),
    "a removed one can still be told": (
        "{ remove: [a], add: { b: 'was-{param.a}' } }", "?a=0", "?b=was-0"),
}  # fmt: skip

# Queries of which rules for other names change no byte.
UNTOUCHED = [
    "?q=a+b%20c", "?a=1&a=2&a=1", "?a", "?a=", "?=a", "?a==b", "?&", "?a&&b", "?&a&", "?a=1;b=2",
    "?%zz=%", "?a=%e4%E4", "??a", "?a=?b/c:@!$'()*,",
    "?a[]=1&a[]=2", "?%00=%0a", '?a="<>"', "?a=%2561",
]  # fmt: skip
BYSTANDER = (
    "{ remove: [gone, 'gone_*'], rename: { old: new }, replace: { v: { regex: x, with: y } }, "
    "set_if_missing: { z: 9 } }"
)


@pytest.fixture(scope="module")
def edge(module_fairlead, echo):
    hosts = {row: rules for row, (rules, *_) in ROWS.items()} | {
        "bystander": BYSTANDER,
        "odd values": "{ add: { a: 'b c&d=e+f#g%', 'n m': ä } }",
        "hostile": "{ add: { out: '{param.in}' } }",
    }
    destination = f"servers: [{echo.address}]"
    return module_fairlead(
        host_each({row: f"param_rules: {rules}\n{destination}" for row, rules in hosts.items()})
    )


@pytest.mark.parametrize("row", ROWS)
def test_param_rules(edge, row):
    _, query, expected = ROWS[row]
    assert seen_of(edge.get(f"/{query}", host=host_of(row))).target == f"/{expected}"


@pytest.mark.parametrize("query", UNTOUCHED)
def test_what_no_rule_names_keeps_its_bytes(edge, query):
    # A question mark of its own is followed by the new parameter, all else by an ampersand.
    seen = seen_of(edge.get(f"/p{query}", host=host_of("bystander")))
    assert seen.target == f"/p{query}&z=9"


def test_values_of_rules_are_encoded(edge):
    target = seen_of(edge.get("/", host=host_of("odd values"))).target
    path, _, query = target.partition("?")
    assert path == "/" and query.isascii() and not set(' "#<>') & set(query)
    assert parse_qsl(query) == [("a", "b c&d=e+f#g%"), ("n m", "ä")]


VALUES = ["a b", "a&b=c", "a#b", "ä", "a+b", "100%", "a\r\nb", '"<x>"', ""]


@pytest.mark.parametrize("value", VALUES)
def test_value_of_a_client_arrives_as_it_was(edge, value):
    """Requests encodes it, fairlead decodes and encodes it again."""
    target = fetch(edge, host_of("hostile"), params={"in": value}).json()["target"]
    query = target.partition("?")[2]
    decoded = parse_qsl(query, keep_blank_values=True)
    assert decoded == [("in", value), ("out", value)], target


REFUSED = {
    "unknown kind": ("{ ad: { a: 1 } }", ["ad", "add"]),
    "response": ("{ response: { add: { a: 1 } } }", ["response"]),
    "bad regex": ("{ replace: { a: { regex: '[', with: x } } }", ["missing ]"]),
    "unknown placeholder": ("{ add: { a: '{clientip}' } }", ["clientip", "client_ip"]),
    "value that is a mapping": ("{ add: { a: { b: c } } }", ["a"]),
}


@pytest.mark.parametrize("rules, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, rules, words):
    text = f"paths:\n  - path: /\n    param_rules: {rules}\n    servers: [127.0.0.1:1]\n"
    check.refuses(text, words, 3)
