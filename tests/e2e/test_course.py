"""The course's scenario: its file with real ports in front of four Flask servers."""

import collections

import pytest
import requests
from waiting import eventually

COURSE = """
defaults: {{ balance: round_robin, health: {{ every: 100ms, timeout: 500ms, fall: 1, rise: 1 }} }}
hosts:
  - host: www.mango.com
    header_rules: {{ add: {{ MyCustomHeader: Test }}, remove: {{ Host: www.mango.com }} }}
    param_rules: {{ add: {{ MyCustomParam: Test }}, remove: {{ RemoveMe: Remove }} }}
    rewrite_rules: {{ replace: {{ v1: v2 }} }}
    firewall_rules: {{ ip_reject: [10.192.0.1, 10.192.0.2] }}
    servers: [{mango[0].address}, {mango[1].address}]
  - host: www.apple.com
    firewall_rules: {{ path_reject: [/messages, /apps] }}
    servers: [{apple[0].address}, {apple[1].address}]
  - host: www.local.com
    firewall_rules: {{ ip_reject: [127.0.0.1] }}
    servers: [{apple[0].address}, {apple[1].address}]
paths:
  - path: /mango
    servers: [{mango[0].address}, {mango[1].address}]
trusted_proxies: [127.0.0.0/8]
"""


@pytest.fixture(scope="module")
def fruits(sample_servers):
    """Both pools; the second server of each keeps connections alive, the first speaks HTTP/1.0."""
    return {
        fruit: [sample_servers(f"{fruit}1"), sample_servers(f"{fruit}2", keep_alive=True)]
        for fruit in ("mango", "apple")
    }


@pytest.fixture(scope="module")
def course(module_fairlead, fruits):
    edge = module_fairlead(COURSE.format(**fruits), workers="auto")
    # "localhost" is in the course's file; every server must have been found and be well.
    for host, names in {"www.mango.com": 2, "www.apple.com": 2}.items():
        seen = set()

        def both(host=host, seen=seen):
            reply = fetch(edge, "/", host)
            seen.add(reply.json()["server"] if reply.ok else reply.status_code)
            return {name for name in seen if isinstance(name, str)}

        eventually(lambda wanted=names, both=both: len(both()) == wanted, what=f"{host} is served")
    return edge


def fetch(edge, path, host, method="GET", **options):
    headers = {"Host": host, **options.pop("headers", {})}
    return requests.request(method, edge.url(path), headers=headers, timeout=10, **options)


ROUTES = {
    "by host": ("www.mango.com", "/", "mango"),
    "by another host": ("www.apple.com", "/", "apple"),
    "host in another letter case": ("WWW.Apple.COM", "/", "apple"),
    "host with a port": ("www.apple.com:80", "/", "apple"),
    "host with a trailing dot": ("www.apple.com.", "/", "apple"),
    "by path": ("anything.test", "/mango", "mango"),
    "below a path": ("anything.test", "/mango/sub", "mango"),
}


@pytest.mark.parametrize("host, path, fruit", ROUTES.values(), ids=ROUTES)
def test_request_reaches_its_pool(course, host, path, fruit):
    reply = fetch(course, path, host)
    assert reply.status_code == 200
    assert reply.json()["server"] in (f"{fruit}1", f"{fruit}2")
    assert reply.json()["path"] == path


REFUSALS = {
    "unknown host": ("www.pear.com", "/", {}, 404, "Not Found"),
    "path is no segment prefix": ("anything.test", "/mangos", {}, 404, "Not Found"),
    "rejected path": ("www.apple.com", "/messages", {}, 403, "Forbidden"),
    "below a rejected path": ("www.apple.com", "/apps/1", {}, 403, "Forbidden"),
    "rejected path by odd spelling": ("www.apple.com", "//x/../%61pps", {}, 403, "Forbidden"),
    "rejected address by proxy": (
        "www.mango.com", "/", {"X-Forwarded-For": "10.192.0.1"}, 403, "Forbidden"),
    "rejected address behind two": (
        "www.mango.com", "/", {"X-Forwarded-For": "8.8.8.8, 10.192.0.2, 127.0.0.1"}, 403,
        "Forbidden"),
    "rejected peer": ("www.local.com", "/", {}, 403, "Forbidden"),
}  # fmt: skip


@pytest.mark.parametrize("host, path, headers, status, words", REFUSALS.values(), ids=REFUSALS)
def test_request_is_refused(course, host, path, headers, status, words):
    fields = [f"{name}: {value}" for name, value in headers.items()]
    reply = course.get(path, fields, host)
    assert (reply.status, words.encode() in reply.body) == (status, True), reply


ALLOWED = {
    "another address by proxy": ("www.mango.com", "/", {"X-Forwarded-For": "10.192.0.3"}),
    "an address further left is hearsay": (
        "www.mango.com", "/", {"X-Forwarded-For": "10.192.0.1, 8.8.8.8"}),
    "longer segment than a rejected one": ("www.apple.com", "/messagesx", {}),
    "rejected segment further down": ("www.apple.com", "/x/messages", {}),
}  # fmt: skip


@pytest.mark.parametrize("host, path, headers", ALLOWED.values(), ids=ALLOWED)
def test_request_is_allowed(course, host, path, headers):
    assert fetch(course, path, host, headers=headers).status_code == 200


def test_header_rules_add_and_remove(course, fruits):
    seen = fetch(course, "/", "www.mango.com").json()
    assert seen["headers"]["Mycustomheader"] == "Test"
    # Removing Host sends the chosen server's own address.
    server = next(server for server in fruits["mango"] if server.name == seen["server"])
    assert seen["host"] == server.address


def test_host_is_sent_as_received_without_the_rule(course):
    assert fetch(course, "/", "www.apple.com").json()["host"] == "www.apple.com"


PARAMS = {
    "added": ("/", {"MyCustomParam": "Test"}),
    "removed": ("/?RemoveMe=1&Keep=2", {"Keep": "2", "MyCustomParam": "Test"}),
    "removed whatever its value": ("/?RemoveMe=&RemoveMe=x", {"MyCustomParam": "Test"}),
    "replaced": ("/?MyCustomParam=Other", {"MyCustomParam": "Test"}),
}


@pytest.mark.parametrize("target, params", PARAMS.values(), ids=PARAMS)
def test_param_rules(course, target, params):
    assert fetch(course, target, "www.mango.com").json()["params"] == params


def test_rewriting_replaces_in_the_path(course):
    assert fetch(course, "/v1/users/v1", "www.mango.com").json()["path"] == "/v2/users/v2"
    assert fetch(course, "/v1/users", "www.apple.com").json()["path"] == "/v1/users"


def test_round_robin_serves_both_servers_alike(fairlead, fruits):
    servers = fruits["apple"]
    edge = fairlead(
        "defaults: { balance: round_robin, health: off }\n"
        f"paths: [{{ path: /, servers: [{servers[0].address}, {servers[1].address}] }}]\n"
    )
    counts = collections.Counter(fetch(edge, "/", "a").json()["server"] for _ in range(20))
    assert counts == {"apple1": 10, "apple2": 10}


def test_bodies_pass_in_both_directions(course):
    reply = fetch(course, "/form", "www.apple.com", "POST", data=("grün" * 1000).encode())
    assert reply.json()["body"] == "grün" * 1000
    assert reply.json()["method"] == "POST"


def test_dead_servers_are_left_out_until_none_is_left(fairlead, sample_servers):
    servers = [sample_servers("pear1"), sample_servers("pear2")]
    config = """
defaults: {{ health: {{ path: /healthcheck, every: 50ms, timeout: 500ms, fall: 1, rise: 1 }} }}
hosts: [{{ host: www.pear.com, servers: [{}, {}] }}]
"""
    edge = fairlead(config.format(*(server.address for server in servers)))
    eventually(lambda: fetch(edge, "/", "www.pear.com").ok, what="the first good check")

    servers[0].stop()
    replies = [fetch(edge, "/", "www.pear.com") for _ in range(20)]
    assert {reply.json()["server"] for reply in replies} == {"pear2"}

    servers[1].stop()
    eventually(lambda: fetch(edge, "/", "www.pear.com").status_code == 503, what="the pool is out")
    reply = fetch(edge, "/", "www.pear.com")
    assert "No backend servers available." in reply.text
    assert int(reply.headers["Retry-After"]) > 0

    with_new_life = sample_servers("pear1", port=servers[0].port)
    eventually(lambda: fetch(edge, "/", "www.pear.com").ok, what="the server's return")
    assert fetch(edge, "/", "www.pear.com").json()["server"] == with_new_life.name
