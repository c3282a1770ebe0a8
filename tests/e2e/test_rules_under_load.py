"""Rules at their limits: many requests at once, and values that grow beyond every buffer."""

import concurrent.futures
import json

import pytest
from configs import host_each, host_of
from origin import answer, serve


def tell(request):
    """What the server saw, to the byte, as JSON."""
    return answer(json.dumps([request.method, request.target, request.fields]).encode())


@pytest.fixture(scope="module")
def edge(module_fairlead, module_origin):
    upstream = module_origin([serve(tell)])
    servers = f"\nservers: [{upstream.address}]"
    hosts = {row: keys + servers for row, keys in RULES.items()}
    hosts |= {row: keys + servers for row, keys in GROWING.items()}
    hosts |= ANSWERING
    return module_fairlead(host_each(hosts), workers=2)


RULES = {
    "all kinds": (
        "header_rules: { add: { X-Out: '<{header.X-In}|{param.n}|{cookie.n}|{path}>' },\n"
        "                remove: [X-In], response: { add: { X-Back: '{header.X-In}' } } }\n"
        "param_rules: { add: { out: '{header.X-In}' }, remove: [gone], rename: { n: m } }\n"
        "cookie_rules: { add: { out: '{param.n}' }, remove: [n] }\n"
        "rewrite_rules: { add_prefix: '/{param.n}', regex: { match: '[0-9]+$', with: "
        "'<{capture.0}>' } }"
    ),
}


def check_one(reply, number):
    method, target, fields = json.loads(reply.body)
    fields = {name.lower(): value for name, value in fields}
    value = f"value-{number}-" + "x" * (number % 97)
    path, _, query = target.partition("?")
    assert path in (f"/{number}/p/%3C{number}%3E", f"/{number}/p/<{number}>"), target
    assert query == f"m={number}&out={value}", target
    assert fields["x-out"] == f"<{value}|{number}|{number}|/p/{number}>"
    assert fields["cookie"] == f"keep=1; out={number}"
    assert "x-in" not in fields and reply.get("X-Back") == value


def send_one(client, number):
    value = f"value-{number}-" + "x" * (number % 97)
    fields = [f"X-In: {value}", f"Cookie: n={number}; keep=1"]
    client.request("GET", f"/p/{number}?n={number}&gone=1", fields, host=host_of("all kinds"))


def test_pipelined_requests_do_not_mix_their_values(edge):
    with edge.connect() as client:
        for number in range(300):
            send_one(client, number)
        for number in range(300):
            check_one(client.read_answer(), number)


def test_parallel_requests_do_not_mix_their_values(edge):
    def one_connection(first):
        with edge.connect() as client:
            for number in range(first, first + 50):
                send_one(client, number)
                check_one(client.read_answer(), number)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(one_connection, 1000 * i) for i in range(16)]:
            done.result()


# Values that grow: each rule repeats what the client sends, 7 KB that may triple by encoding.

MANY = "{param.p}" * 12
GROWING = {
    "field": f"header_rules: {{ add: {{ X-Out: '{MANY}' }} }}",
    "response field": f"header_rules: {{ response: {{ add: {{ X-Out: '{MANY}' }} }} }}",
    "parameter": f"param_rules: {{ add: {{ out: '{MANY}' }} }}",
    "cookie": f"cookie_rules: {{ add: {{ out: '{MANY}' }} }}",
    "path": f"rewrite_rules: {{ replace_path: '/{MANY}' }}",
    "host": f"rewrite_rules: {{ host: 'a{MANY}' }}",
    "method": f"rewrite_rules: {{ method: 'A{MANY}' }}",
    "regex": f"rewrite_rules: {{ regex: {{ match: '.', with: '{'/abcdefghi' * 20}' }} }}",
    "regex over the uri": (
        f"rewrite_rules: {{ regex: {{ match: 'a', with: '{'aaaaaaaaaa' * 20}', over: uri }} }}"),
    "replaced text": f"rewrite_rules: {{ replace: {{ a: '{'a' * 500}' }} }}",
    "replaced field": (
        f"header_rules: {{ replace: {{ X-In: {{ regex: a, with: '{'b' * 500}' }} }} }}"),
    "replaced parameter": (
        f"param_rules: {{ replace: {{ p: {{ regex: a, with: '{'b' * 500}' }} }} }}"),
}  # fmt: skip
ANSWERING = {
    "redirect": f"paths:\n  - {{ path: /x, redirect: {{ to: 'https://b.test/?{MANY}' }} }}",
    "body": f"respond: {{ body: '{MANY}' }}",
    "field of an answer": f"respond: {{ headers: {{ X-Out: '{MANY}' }} }}",
    "error page": (
        f"error_pages: {{ 404: '<p>{MANY}</p>' }}\npaths:\n  - {{ path: /y, respond: 200 }}"),
}  # fmt: skip
VALUES = {"letters": "a" * 7000, "what must be encoded": "%22%3c" * 1100}


@pytest.mark.parametrize("row", [*GROWING, *ANSWERING])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_value_that_grows_is_sent_whole_or_refused(edge, row, value):
    """And whoever comes next on the same connection gets what is his."""
    host = host_of(row)
    path = "/x/" + "a" * 700
    with edge.connect() as client:
        reply = client.get(f"{path}?p={value}", [f"X-In: {'a' * 7000}"], host)
        assert reply.complete and reply.status in {200, 302, 400, 404, 413, 414, 431, 500, 502}
        if reply.status == 200 and row in GROWING:
            whole_request(json.loads(reply.body), row, value)
        if reply.status == 302:
            assert reply.get("Location") == f"https://b.test/?{value * 12}".replace("%3c", "%3C")
        if reply.closes():
            return
        again = client.get("/x?p=1", host=host)
        assert again.status in (200, 302, 400, 404) and again.complete, again


def whole_request(seen, row, value):
    method, target, fields = seen
    fields = {name.lower(): text for name, text in fields}
    count = len(value) if value.startswith("a") else len(value) // 3
    if row == "field":
        assert len(fields["x-out"]) >= 12 * count
    elif row in ("parameter", "path"):
        assert len(target) >= 12 * count
    elif row == "cookie":
        assert len(fields["cookie"]) >= 12 * count
    elif row == "host":
        assert fields["host"] == "a" + value * 12
    elif row == "method":
        assert method == "A" + value * 12
    elif row == "replaced field":
        assert fields["x-in"] == "b" * 500 * 7000


@pytest.mark.parametrize("row", ["field", "host", "cookie", "redirect", "response field"])
@pytest.mark.parametrize("count", [5440, 5455, 5459, 5460, 5461, 5462, 5463, 5470, 5500])
def test_field_of_about_64_kib(edge, row, count):
    """Twelve times the value is a little less or more than 64 KiB."""
    value = "a" * count
    reply = edge.get(f"/x?p={value}", ["X-Seen: seen"], host_of(row))
    assert reply.complete
    if reply.status == 302:
        assert reply.get("Location") == f"https://b.test/?{value * 12}"
    elif reply.status == 200:
        fields = {name.lower(): text for name, text in json.loads(reply.body)[2]}
        assert {"host", "x-seen", "x-request-id", "x-forwarded-for"} <= fields.keys()
        told = {
            "field": fields.get("x-out"), "host": fields["host"].removeprefix("a"),
            "cookie": fields.get("cookie", "").removeprefix("out="),
            "response field": reply.get("X-Out"),
        }  # fmt: skip
        assert told[row] == value * 12
    else:
        assert reply.status in {400, 414, 431, 500, 502}, reply


def test_a_body_that_grew_is_complete(edge):
    reply = edge.get("/x?p=" + "%3c" * 2000, host=host_of("body"))
    assert reply.body == b"<" * 2000 * 12
    reply = edge.get("/x?p=" + "%3c" * 2000, host=host_of("error page"))
    assert reply.body == b"<p>" + b"&lt;" * 2000 * 12 + b"</p>"


# Retries: the rules of the attempt that succeeds.


def test_server_of_a_rule_is_the_one_that_answers(fairlead, origin, dead_port):
    upstream = origin([serve(tell)])
    edge = fairlead(
        "defaults: { balance: round_robin, health: off }\n"
        "paths:\n  - path: /\n"
        "    header_rules: { add: { X-Server: '{server}' }, remove: [Host] }\n"
        "    servers:\n"
        f"      - {{ url: {dead_port.address}, name: dead }}\n"
        f"      - {{ url: {upstream.address}, name: alive }}\n"
    )
    for _ in range(6):
        fields = {name.lower(): value for name, value in json.loads(edge.get("/").body)[2]}
        assert (fields["x-server"], fields["host"]) == ("alive", upstream.address)


def test_rules_do_not_pile_up_over_retries(fairlead, origin, dead_port):
    upstream = origin([serve(tell)])
    edge = fairlead(
        "defaults: { balance: round_robin, health: off }\n"
        "paths:\n  - path: /\n"
        "    header_rules: { append: { X-A: 'via {server}' } }\n"
        "    cookie_rules: { add: { a: 1 } }\n"
        f"    servers: [{dead_port.address}, {upstream.address}]\n"
    )
    for _ in range(6):
        fields = json.loads(edge.get("/", ["X-A: first", "Cookie: b=2"]).body)[2]
        assert [value for name, value in fields if name == "X-A"] == [
            "first", f"via {upstream.address}",
        ]  # fmt: skip
        assert [value for name, value in fields if name == "Cookie"] == ["b=2; a=1"]
