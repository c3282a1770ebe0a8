"""header_rules in anger: what the server and the client see of them, and what no rule may do."""

import pytest
from clients import fetch, reply_line, reply_with, seen_of
from configs import host_each, host_of
from origin import answer, serve

# Of each row: the rules, the fields of the request, and what the server must see: the values of a
# field joined by a comma, or None for no such field.
REQUEST = {
    "add sets": ("{ add: { X-Edge: fairlead } }", [], {"X-Edge": "fairlead"}),
    "add replaces": ("{ add: { X-Edge: fairlead } }", ["X-Edge: forged"], {"X-Edge": "fairlead"}),
    "add replaces every line": (
        "{ add: { X-Edge: fairlead } }", ["x-edge: a", "X-EDGE: b"], {"X-Edge": "fairlead"}),
    "add several": ("{ add: { X-A: one, X-B: two } }", ["X-C: three"],
                    {"X-A": "one", "X-B": "two", "X-C": "three"}),
    "add a number": ("{ add: { X-N: 5 } }", [], {"X-N": "5"}),
    "add a boolean": ("{ add: { X-B: true } }", [], {"X-B": "true"}),
    "add an empty value": ('{ add: { X-E: "" } }', ["X-E: old"], {"X-E": ""}),
    "add a value with a colon": ('{ add: { X-U: "http://a/?b=c" } }', [], {"X-U": "http://a/?b=c"}),
    "append beside": ("{ append: { X-A: two } }", ["X-A: one"], {"X-A": "one,two"}),
    "append alone": ("{ append: { X-A: two } }", [], {"X-A": "two"}),
    "set if missing": ("{ set_if_missing: { X-A: new } }", [], {"X-A": "new"}),
    "set if missing but there": (
        "{ set_if_missing: { X-A: new } }", ["x-a: old"], {"X-A": "old"}),
    "remove": ("{ remove: [X-A] }", ["X-A: 1", "X-B: 2"], {"X-A": None, "X-B": "2"}),
    "remove every line": ("{ remove: [x-a] }", ["X-A: 1", "X-a: 2"], {"X-A": None}),
    "remove as the course does": (
        "{ remove: { X-A: whatever, X-B: x } }", ["X-A: 1", "X-B: 2"], {"X-A": None, "X-B": None}),
    "remove what is not there": ("{ remove: [X-A] }", ["X-B: 2"], {"X-A": None, "X-B": "2"}),
    "remove by a glob": (
        "{ remove: [X-Internal-*] }",
        ["X-Internal-User: 1", "x-internal-role: 2", "X-Internal: 3", "X-External-User: 4"],
        {"X-Internal-User": None, "X-Internal-Role": None, "X-Internal": "3",
         "X-External-User": "4"}),
    "remove by a glob in the middle": (
        '{ remove: ["X-*-Debug"] }', ["X-App-Debug: 1", "X-App-Debugger: 2"],
        {"X-App-Debug": None, "X-App-Debugger": "2"}),
    "rename": ("{ rename: { X-Old: X-New } }", ["X-Old: a"], {"X-Old": None, "X-New": "a"}),
    "rename every line": (
        "{ rename: { X-Old: X-New } }", ["X-Old: a", "x-old: b"], {"X-Old": None, "X-New": "a,b"}),
    "rename nothing": ("{ rename: { X-Old: X-New } }", [], {"X-Old": None, "X-New": None}),
    "replace": ("{ replace: { X-A: { regex: 'o+', with: '0' } } }", ["X-A: foo boo"],
                {"X-A": "f0 b0"}),
    "replace with captures": (
        "{ replace: { X-A: { regex: '(\\w+)@(\\w+)', with: '{capture.2}/{capture.1}' } } }",
        ["X-A: me@home you@work"], {"X-A": "home/me work/you"}),
    "replace with the whole match": (
        "{ replace: { X-A: { regex: '[0-9]+', with: '<{capture.0}>' } } }", ["X-A: a1b22"],
        {"X-A": "a<1>b<22>"}),
    "replace in every line": (
        "{ replace: { X-A: { regex: '^.', with: _ } } }", ["X-A: one", "X-A: two"],
        {"X-A": "_ne,_wo"}),
    "replace what does not match": (
        "{ replace: { X-A: { regex: z, with: y } } }", ["X-A: one"], {"X-A": "one"}),
    "replace nothing": ("{ replace: { X-A: { regex: z, with: y } } }", [], {"X-A": None}),
    "remove goes before rename": (
        "{ rename: { X-A: X-B }, remove: [X-A] }", ["X-A: 1"], {"X-A": None, "X-B": None}),
    "rename goes before replace": (
        "{ replace: { X-B: { regex: '1', with: '2' } }, rename: { X-A: X-B } }", ["X-A: 1"],
        {"X-A": None, "X-B": "2"}),
    "replace goes before add": (
        "{ add: { X-A: '1' }, replace: { X-A: { regex: '1', with: '2' } } }", ["X-A: 1"],
        {"X-A": "1"}),
    "add goes before append": (
        "{ append: { X-A: two }, add: { X-A: one } }", ["X-A: zero"], {"X-A": "one,two"}),
    "append goes before set if missing": (
        "{ set_if_missing: { X-A: three }, append: { X-A: two } }", [], {"X-A": "two"}),
    "remove makes room for set if missing": (
        "{ set_if_missing: { X-A: new }, remove: [X-A] }", ["X-A: old"], {"X-A": "new"}),
    "remove by a glob and add": (
        "{ add: { X-Internal-User: edge }, remove: [X-Internal-*] }",
        ["X-Internal-User: forged", "X-Internal-Role: root"],
        {"X-Internal-User": "edge", "X-Internal-Role": None}),
    "add Host": ("{ add: { Host: inner.test } }", [], {"Host": "inner.test"}),
    "values are of the request before the rules": (
        "{ add: { X-A: new, X-B: '{header.X-A}' } }", ["X-A: old"], {"X-A": "new", "X-B": "old"}),
    "a removed field can still be told": (
        "{ remove: [X-A], add: { X-B: 'was {header.X-A}' } }", ["X-A: old"],
        {"X-A": None, "X-B": "was old"}),
    "remove Cookie": ("{ remove: [Cookie] }", ["Cookie: a=1"], {"Cookie": None}),
    "remove User-Agent": ("{ remove: [User-Agent] }", ["User-Agent: me"], {"User-Agent": None}),
    "remove what fairlead adds": (
        "{ remove: [X-Forwarded-For, X-Forwarded-Host, X-Request-Id] }", [],
        {"X-Forwarded-For": None, "X-Forwarded-Host": None, "X-Request-Id": None,
         "X-Forwarded-Proto": "http"}),
    "set what fairlead adds": (
        "{ add: { X-Forwarded-Proto: https }, append: { X-Forwarded-For: 192.0.2.9 } }",
        ["X-Forwarded-For: 6.6.6.6"],
        {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1,192.0.2.9"}),
    "keep the request's id": (
        "{ add: { X-Trace: '{header.X-Request-Id}' } }", ["X-Request-Id: mine"],
        {"X-Trace": "mine"}),
    "own X-Forwarded field": (
        "{ add: { X-Forwarded-Prefix: /app } }", ["X-Forwarded-Prefix: /forged"],
        {"X-Forwarded-Prefix": "/app"}),
}  # fmt: skip

# The rules under `response`, the fields that the server sends, and what the client must see.
RESPONSE = {
    "response add": ("{ add: { X-Frame-Options: DENY } }", [["X-Frame-Options", "ALLOW"]],
                     {"X-Frame-Options": "DENY"}),
    "response append": ("{ append: { X-A: two } }", [["X-A", "one"]], {"X-A": "one, two"}),
    "response set if missing": (
        "{ set_if_missing: { X-A: mine, X-B: mine } }", [["X-A", "its"]],
        {"X-A": "its", "X-B": "mine"}),
    "response remove": ("{ remove: [Server] }", [], {"Server": None}),
    "response remove by a map": ("{ remove: { Server: x } }", [], {"Server": None}),
    "response remove by a glob": (
        "{ remove: [X-Internal-*] }", [["X-Internal-A", "1"], ["X-A", "2"]],
        {"X-Internal-A": None, "X-A": "2"}),
    "response rename": ("{ rename: { X-Old: X-New } }", [["X-Old", "a"]],
                        {"X-Old": None, "X-New": "a"}),
    "response replace": (
        "{ replace: { X-A: { regex: '/v([0-9])', with: '/w{capture.1}' } } }",
        [["X-A", "/v1/v2"]], {"X-A": "/w1/w2"}),
    "response in order": (
        "{ set_if_missing: { X-B: 3 }, append: { X-B: 2 }, add: { X-B: 1 }, "
        "rename: { X-A: X-B }, remove: [X-B] }",
        [["X-A", "a"], ["X-B", "b"]], {"X-A": None, "X-B": "1, 2"}),
    "response placeholders": (
        "{ add: { X-For: '{method} {host} {path} {client_ip}' } }", [],
        {"X-For": "GET response-placeholders.test / 127.0.0.1"}),
    "response keeps every cookie": (
        "{ add: { X-A: 1 } }", [["Set-Cookie", "a=1; Path=/"], ["Set-Cookie", "b=2"]],
        {"Set-Cookie": "a=1; Path=/, b=2"}),
    "response remove Set-Cookie": (
        "{ remove: [Set-Cookie] }", [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]],
        {"Set-Cookie": None}),
}  # fmt: skip

OWN_ANSWERS = """
header_rules: {{ response: {{ add: {{ X-Edge: "{{host}}" }}, remove: [X-Gone] }} }}
firewall_rules: {{ path_reject: [/secret] }}
paths:
  - {{ path: /respond, respond: {{ status: 200, body: hi, headers: {{ X-Gone: here }} }} }}
  - {{ path: /redirect, redirect: {{ path: /respond }} }}
  - {{ path: /servers, servers: [{echo}] }}
  - {{ path: /small, servers: [{echo}], max_body: 10B }}
  - {{ path: /dead, servers: [{dead}], retry: off }}
"""


@pytest.fixture(scope="module")
def edge(module_fairlead, echo, dead_server):
    hosts = {row: f"header_rules: {rules}" for row, (rules, *_) in REQUEST.items()}
    for row, (rules, *_) in RESPONSE.items():
        hosts[row] = f"header_rules: {{ response: {rules} }}"
    hosts["no Host"] = "header_rules: { remove: [Host] }"
    hosts["no Host as the course has it"] = "header_rules: { remove: { Host: a.test } }"
    hosts = {row: f"{rules}\nservers: [{echo.address}]" for row, rules in hosts.items()}
    hosts["own answers"] = OWN_ANSWERS.format(echo=echo.address, dead=dead_server)
    return module_fairlead("defaults: { health: off }\n" + host_each(hosts))


@pytest.mark.parametrize("row", REQUEST)
def test_request_rules(edge, row):
    _, fields, expected = REQUEST[row]
    seen = seen_of(edge.get("/", fields, host_of(row)))
    assert {name: seen.get(name) for name in expected} == expected, seen


@pytest.mark.parametrize("row", RESPONSE)
def test_response_rules(edge, row):
    _, fields, expected = RESPONSE[row]
    reply = fetch(edge, host_of(row), headers=reply_with(fields=fields))
    assert reply.status_code == 200
    assert {name: reply.headers.get(name) for name in expected} == expected


@pytest.mark.parametrize("row", ["no Host", "no Host as the course has it"])
def test_removing_host_sends_that_of_the_server(edge, echo, row):
    assert fetch(edge, host_of(row)).json()["headers"]["Host"] == echo.address


STATUSES = {
    "of the server": ("/servers", [], b"", 200),
    "error of the server": ("/servers", [reply_line(500)], b"", 500),
    "without a body": ("/servers", [reply_line(204)], b"", 204),
    "not modified": ("/servers", [reply_line(304)], b"", 304),
    "respond": ("/respond", [], b"", 200),
    "redirect": ("/redirect", [], b"", 302),
    "no route": ("/none", [], b"", 404),
    "firewall": ("/secret/x", [], b"", 403),
    "too large": ("/small", [], b"x" * 100, 413),
    "dead server": ("/dead", [], b"", 502),
}


@pytest.mark.parametrize("target, fields, body, status", STATUSES.values(), ids=STATUSES)
def test_response_rules_hold_for_every_answer(edge, target, fields, body, status):
    host = host_of("own answers")
    with edge.connect() as client:
        reply = client.request("POST", target, fields, body, host).read_answer()
    allowed = {status, 503} if status == 502 else {status}
    assert reply.status in allowed, reply
    assert reply.all("X-Edge") == [host] and reply.get("X-Gone") is None, reply


def test_response_rules_of_defaults_hold_where_no_host_is_known(fairlead, echo):
    edge = fairlead(
        "defaults: { header_rules: { response: { add: { X-Edge: everywhere } } } }\n"
        f"hosts: [{{ host: a.test, servers: [{echo.address}] }}]\n"
    )
    for host, status in {"a.test": 200, "unknown.test": 404}.items():
        reply = fetch(edge, host)
        assert (reply.status_code, reply.headers.get("X-Edge")) == (status, "everywhere"), host


def test_interim_responses_do_not_use_the_rules_up(fairlead, origin):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    upstream = origin([serve(lambda _: early + answer(fields=["X-Debug: 1"]))])
    edge = fairlead(
        "paths:\n  - path: /\n"
        f"    servers: [{upstream.address}]\n"
        "    header_rules: { response: { add: { X-Edge: e }, remove: [X-Debug] } }\n"
    )
    reply = edge.get("/")
    assert (reply.status, reply.get("X-Edge"), reply.get("X-Debug")) == (200, "e", None)


def test_what_no_rule_names_keeps_its_bytes_and_order(fairlead, origin):
    """Lines, not values folded: seen by a server that keeps every byte."""
    upstream = origin([serve(lambda _: answer(fields=["X-B: 1", "x-a:  2", "X-B: 3", "X-R: r"]))])
    edge = fairlead(
        "paths:\n  - path: /\n"
        f"    servers: [{upstream.address}]\n"
        "    header_rules: { add: { X-New: n }, append: { X-A: three }, remove: [X-Gone],\n"
        "                    response: { remove: [X-R] } }\n"
    )
    sent = ["X-A: one", "x-odd:\tcaf\xe9 \"q\\\"", "X-Gone: x", "X-A: two", "Accept: a/b;q=0.5, c"]
    reply = edge.get("/", sent)
    fields = upstream.next_request().fields
    names = {"x-a", "x-odd", "accept", "x-new", "x-gone"}
    ours = [field for field in fields if field[0].lower() in names]
    new = [("X-A", "three"), ("X-New", "n")]
    assert [field for field in ours if field not in new] == [
        ("X-A", "one"), ("x-odd", "caf\xe9 \"q\\\""), ("X-A", "two"), ("Accept", "a/b;q=0.5, c"),
    ]  # fmt: skip
    assert sorted(field for field in ours if field in new) == new
    assert ours.index(new[0]) > ours.index(("X-A", "two"))
    back = [(n, v) for n, v in reply.fields if n.lower() in ("x-a", "x-b", "x-r")]
    assert back == [("X-B", "1"), ("x-a", "2"), ("X-B", "3")]


# Injection: each value of a client in each place, with every byte that could break out of a head.

PLACES = {
    "request header": "header_rules: {{ add: {{ X-Out: '<{}>' }} }}",
    "response header": "header_rules: {{ response: {{ add: {{ X-Out: '<{}>' }} }} }}",
    "request cookie": "cookie_rules: {{ add: {{ out: '{}' }} }}",
    "parameter": "param_rules: {{ add: {{ out: '{}' }} }}",
    "path": "rewrite_rules: {{ replace_path: '/out/{}' }}",
    "method": "rewrite_rules: {{ method: 'GET{}' }}",
    "host": "rewrite_rules: {{ host: 'out{}' }}",
    "uri": "rewrite_rules: {{ regex: {{ match: '^/in/(.*)$', with: '/out/{}', over: uri }} }}",
}
PLACES = {name: f"{keys}\n    servers: [{{server}}]" for name, keys in PLACES.items()}
ANSWERS = {
    "redirect": "redirect: {{ to: 'http://b.test/x?y={}' }}",
    "respond": "respond: {{ body: ok, headers: {{ X-Out: '{}' }} }}",
}
VALUES = [
    "header.X-In", "cookie.in", "param.in", "path", "query", "uri", "capture.1", "host", "method",
]  # fmt: skip
# The value as a client can send it: in a field, a cookie or a target.
ATTACKS = {
    "encoded CR LF": "a%0d%0aInjected:%20yes%0d%0a%0d%0aGET%20/smuggled%20HTTP/1.1",
    "encoded LF": "a%0aInjected:%20yes",
    "encoded NUL": "a%00b",
    "encoded twice": "a%250d%250aInjected:%20yes",
    "UTF-8 that looks like it": "a%E5%98%8D%E5%98%8AInjected:%20yes",
    "quotes and semicolons": "a%22;%20Path=/;%20Injected=yes",
    "blanks and commas": "a%20b,c%09d",
    "slashes and dots": "%2e%2e/..%2f%5c/%2f/evil.test",
}


@pytest.fixture(scope="module")
def injection(module_fairlead, module_origin):
    upstream = module_origin([serve(lambda _: answer())])
    hosts = {
        f"{place} {value}": "paths:\n  - path_regex: '^/in/(.*)$'\n    "
        + keys.format(quoted(value), server=upstream.address)
        for place, keys in (PLACES | ANSWERS).items()
        for value in VALUES
    }
    return module_fairlead(host_each(hosts)), upstream


def quoted(value):
    return "{" + value + "}"


@pytest.mark.parametrize("place", [*PLACES, *ANSWERS])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_value_of_a_client_breaks_out_of_a_head(injection, place, attack):
    edge, upstream = injection
    for value in VALUES:
        # The path takes the attack as far as a path may carry it; the rest take it whole.
        in_path = attack if value in ("path", "uri", "capture.1") else "plain"
        fields = [f'X-In: {attack}\tx"; Injected=yes, \xe9', f"Cookie: in={attack}"]
        target, host = f"/in/{in_path}?in={attack}", host_of(f"{place} {value}")
        before = [len(connection.received) for connection in upstream.connections]
        with edge.connect() as client:
            reply = client.get(target, fields, host)
            if reply.closes():
                client.expect_closed()
            else:
                assert client.is_quiet(0), f"a second answer behind {reply!r}"
        sane_head(reply.head, f"answer to {place} {value}")
        for connection, start in zip(upstream.connections, before + [0]):
            received = bytes(connection.received[start:])
            assert received.count(b"\r\n\r\n") <= 1, f"two requests: {received!r}"
            if received:
                sane_head(received, f"request of {place} {value}")


def sane_head(head, what):
    """No control in any line, and no line that the attack brought."""
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    for line in lines:
        assert not any(byte < 0x20 and byte != 9 or byte == 0x7F for byte in line), (what, line)
        assert not line.lower().startswith(b"injected"), (what, line)
    for line in lines[1:]:
        assert b":" in line, (what, line)
    assert lines[0].count(b" ") >= 2, (what, lines[0])
    if not lines[0].startswith(b"HTTP/"):
        assert lines[0].count(b" ") == 2, (what, lines[0])


def last_to(upstream, path):
    return next(one for one in reversed(upstream.requests) if one.target.startswith(path))


def test_hostile_cookie_value_does_not_become_a_second_cookie(injection):
    """In its place, a value ends where the rule's value ends."""
    edge, upstream = injection
    edge.get("/in/cookie?in=a%3B%20admin=1%2C%20b", host=host_of("request cookie param.in"))
    cookies = last_to(upstream, "/in/cookie").get("Cookie")
    assert cookies.startswith("out=") and ";" not in cookies and " " not in cookies, cookies


def test_hostile_param_value_does_not_become_a_second_param(injection):
    edge, upstream = injection
    edge.get("/in/param?in=a%26admin=1%23", host=host_of("parameter param.in"))
    target = last_to(upstream, "/in/param").target
    query = target.partition("?")[2]
    assert query.count("&") == 1 and "#" not in target, target


# What the loader refuses.

FRAMING = [
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "TE",
    "Trailer", "Upgrade", "transfer-encoding",
]  # fmt: skip
KINDS = {
    "add": "{{ add: {{ {}: x }} }}",
    "append": "{{ append: {{ {}: x }} }}",
    "set_if_missing": "{{ set_if_missing: {{ {}: x }} }}",
    "rename": "{{ rename: {{ X-A: {} }} }}",
    "response add": "{{ response: {{ add: {{ {}: x }} }} }}",
    "response append": "{{ response: {{ append: {{ {}: x }} }} }}",
    "response set_if_missing": "{{ response: {{ set_if_missing: {{ {}: x }} }} }}",
    "response rename": "{{ response: {{ rename: {{ X-A: {} }} }} }}",
}


@pytest.mark.parametrize("kind", KINDS)
def test_framing_fields_cannot_be_set(check, kind):
    """All of them at once in one file, each with an error of its own."""
    text = "paths:\n" + "".join(
        f"  - {{ path: /{i}, respond: 200,\n      header_rules: {KINDS[kind].format(name)} }}\n"
        for i, name in enumerate(FRAMING)
    )
    check.refuses(text, FRAMING, *(3 + 2 * i for i in range(len(FRAMING))))


REFUSED = {
    "unknown kind": ("{ ad: { X-A: 1 } }", ["ad", "add"]),
    "unknown kind of a response": ("{ response: { addd: { X-A: 1 } } }", ["addd", "add"]),
    "name with a blank": ("{ add: { 'X A': 1 } }", ["X A"]),
    "name with a colon": ("{ add: { 'X:A': 1 } }", ["X:A"]),
    "empty name": ("{ add: { '': 1 } }", []),
    "value with a line feed": ('{ add: { X-A: "a\\nInjected: yes" } }', ["line break"]),
    "value with a carriage return": ('{ add: { X-A: "a\\r" } }', ["line break"]),
    "value with a NUL": ('{ add: { X-A: "a\\0b" } }', ["control"]),
    "value that is a list": ("{ add: { X-A: [1, 2] } }", ["list"]),
    "unknown placeholder": ("{ add: { X-A: '{clientip}' } }", ["clientip", "client_ip"]),
    "unknown group of placeholders": (
        "{ add: { X-A: '{heder.Accept}' } }", ["heder", "header"]),
    "bad regex": ("{ replace: { X-A: { regex: '(', with: x } } }", ["missing )"]),
    "regex without a replacement": ("{ replace: { X-A: { regex: x } } }", ["with"]),
    "capture that the regex does not have": (
        "{ replace: { X-A: { regex: '(a)', with: '{capture.2}' } } }", ["capture.2"]),
}


@pytest.mark.parametrize("rules, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, rules, words):
    text = f"paths:\n  - path: /\n    header_rules: {rules}\n    respond: 200\n"
    check.refuses(text, words, 3)
