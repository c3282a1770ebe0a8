"""split: shares, and the ways in which a client stays where it is."""

import collections

import pytest
import requests
from clients import fetch
from origin import answer, serve
from waiting import PATIENCE, eventually

COOKIE = "fairlead_split"
# One client for each address, told by a proxy that is trusted.
TRUST = "trusted_proxies: [127.0.0.1]\n"
CHECKS = "health: { every: 50ms, timeout: 5s, fall: 1, rise: 1 }"


class Arms:
    """A pool of one scripted server for each name; the answer's body is the name."""

    def __init__(self, start, *names):
        self.origins = {
            name: start([serve(lambda _, name=name: answer(name.encode()))]) for name in names
        }

    def config(self, split, more=""):
        pools = "".join(
            f"  {name}: {{ servers: [{origin.address}], {CHECKS} }}\n"
            for name, origin in self.origins.items()
        )
        return f"{TRUST}pools:\n{pools}paths:\n  - path: /\n    split: {split}\n{more}"


@pytest.fixture
def arms(origin):
    return lambda *names: Arms(origin, *names)


def addresses(count):
    """So many clients, spread over networks as clients are."""
    return [f"{10 + i % 90}.{i * 7 % 256}.{i * 31 % 256}.{1 + i % 254}" for i in range(count)]


def placed(edge, clients, fields=(), target="/"):
    """Where each client without a cookie is sent."""
    with edge.connect() as client:
        return {
            who: client.get(target, [f"X-Forwarded-For: {who}", *fields]).body.decode()
            for who in clients
        }


def set_cookie(reply):
    """The line that sets the split's cookie, or None."""
    lines = [line for line in reply.all("Set-Cookie") if line.startswith(f"{COOKIE}=")]
    assert len(lines) <= 1, reply
    return lines[0] if lines else None


def pair_of(line):
    """`name=value` of a Set-Cookie line."""
    return line.partition(";")[0]


def cookie_for(edge, pool):
    """A cookie of a client who was sent to that pool, and its address."""
    with edge.connect() as client:
        for who in addresses(2000):
            reply = client.get("/", [f"X-Forwarded-For: {who}"])
            if reply.body.decode() == pool:
                return pair_of(set_cookie(reply)), who
    raise AssertionError(f"nobody was sent to {pool}")


# Shares.

SHARES = {
    "half": {"stable": 50, "canary": 50},
    "a quarter": {"stable": 75, "canary": 25},
    "a few": {"stable": 95, "canary": 5},
    "none": {"stable": 100, "canary": 0},
    "three": {"stable": 60, "canary": 30, "beta": 10},
    "a third and a bit": {"stable": 66, "canary": 34},
}


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_shares(fairlead, arms, shares):
    text = ", ".join(f"{name}: {share}" for name, share in shares.items())
    edge = fairlead(arms(*shares).config(f"{{ {text} }}"))
    count = 2000
    counts = collections.Counter(placed(edge, addresses(count)).values())
    for name, share in shares.items():
        # Four standard deviations of so many throws.
        expected = count * share / 100
        slack = 4 * (expected * (1 - share / 100)) ** 0.5
        assert abs(counts[name] - expected) <= slack, counts


def test_all_servers_of_a_share_are_used(fairlead, origin):
    servers = [origin([serve(lambda _, i=i: answer(b"%d" % i))]) for i in range(3)]
    first, second, third = (server.address for server in servers)
    edge = fairlead(
        "defaults: { balance: round_robin, health: off }\n"
        f"pools: {{ both: {{ servers: [{first}, {second}] }}, one: {{ servers: [{third}] }} }}\n"
        "paths: [{ path: /, split: { both: 100, one: 0 } }]\n"
    )
    assert {edge.get("/").body for _ in range(6)} == {b"0", b"1"}


# Stickiness.


def test_an_address_stays_without_cookies(fairlead, arms):
    edge = fairlead(arms("stable", "canary").config("{ stable: 50, canary: 50 }"), workers=2)
    clients = addresses(100)
    first = placed(edge, clients)
    assert set(first.values()) == {"stable", "canary"}
    for _ in range(3):
        assert placed(edge, reversed(clients)) == first


def test_an_address_stays_over_a_restart(fairlead, arms):
    config = arms("stable", "canary").config("{ stable: 50, canary: 50 }")
    clients = addresses(100)
    one = fairlead(config)
    first = placed(one, clients)
    one.stop()
    assert placed(fairlead(config), clients) == first


def test_the_peer_counts_when_nobody_is_trusted(fairlead, arms):
    config = arms("stable", "canary").config("{ stable: 50, canary: 50 }")
    edge = fairlead(config.replace(TRUST, ""))
    assert len(set(placed(edge, addresses(50)).values())) == 1
    peers = {}
    for i in range(40):
        with edge.connect(source=f"127.0.{i}.{i + 2}") as client:
            peers[i] = client.get("/").body
    assert set(peers.values()) == {b"stable", b"canary"}


def test_cookie_holds_wherever_the_client_goes(fairlead, arms):
    edge = fairlead(arms("stable", "canary").config("{ stable: 50, canary: 50 }"), workers=2)
    for pool in ["stable", "canary"]:
        pair, _ = cookie_for(edge, pool)
        sent = placed(edge, addresses(100), [f"Cookie: {pair}"])
        assert set(sent.values()) == {pool}


def test_cookie_among_others(fairlead, arms):
    edge = fairlead(arms("stable", "canary").config("{ stable: 50, canary: 50 }"))
    pair, _ = cookie_for(edge, "canary")
    for line in [f"a=1; {pair}", f"{pair}; b=2", f"a=1; {pair}; b=2"]:
        assert set(placed(edge, addresses(40), [f"Cookie: {line}"]).values()) == {"canary"}
    lines = ["Cookie: a=1", f"Cookie: {pair}"]
    assert set(placed(edge, addresses(40), lines).values()) == {"canary"}


def test_cookie_is_set_once(fairlead, arms):
    edge = fairlead(arms("stable", "canary").config("{ stable: 50, canary: 50 }"))
    with edge.connect() as client:
        first = set_cookie(client.get("/"))
        assert first is not None
        again = client.get("/", [f"Cookie: {pair_of(first)}"])
        assert set_cookie(again) is None
        without = client.get("/", ["Cookie: other=1"])
        assert pair_of(set_cookie(without)) == pair_of(first), "the same address, the same pool"


def test_attributes_of_the_cookie(fairlead, arms):
    edge = fairlead(arms("stable", "canary").config("{ stable: 50, canary: 50 }"))
    parts = [part.strip().lower() for part in set_cookie(edge.get("/")).split(";")[1:]]
    assert {"path=/", "httponly", "samesite=lax"} <= set(parts)
    assert "secure" not in parts and not any(part.startswith("domain") for part in parts)
    told = ["X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: https"]
    parts = [part.strip().lower() for part in set_cookie(edge.get("/", told)).split(";")[1:]]
    assert "secure" in parts


def test_cookie_does_not_tell_the_name_of_the_pool(fairlead, arms):
    edge = fairlead(arms("stable", "canary").config("{ stable: 50, canary: 50 }"))
    pair, _ = cookie_for(edge, "canary")
    assert "canary" not in pair and "127.0.0.1" not in pair


SHOWN = {
    "alone": ("{pair}", None),
    "before others": ("{pair}; a=1; b=2", "a=1; b=2"),
    "behind others": ("a=1; b=2; {pair}", "a=1; b=2"),
    "between others": ("a=1; {pair}; b=2", "a=1; b=2"),
    "not there": ("a=1; b=%zz", "a=1; b=%zz"),
    "with a name that only begins so": ("fairlead_splitter=1; {pair}", "fairlead_splitter=1"),
}


@pytest.fixture(scope="module")
def halves(module_fairlead, module_origin):
    both = Arms(module_origin, "stable", "canary")
    return module_fairlead(both.config("{ stable: 50, canary: 50 }")), both


@pytest.mark.parametrize("sent, seen", SHOWN.values(), ids=SHOWN)
def test_server_does_not_see_the_cookie(halves, sent, seen):
    edge, both = halves
    pair, _ = cookie_for(edge, "canary")
    reply = edge.get("/shown", ["Cookie: " + sent.format(pair=pair)])
    server = both.origins[reply.body.decode()]
    request = next(one for one in reversed(server.requests) if one.target == "/shown")
    assert request.get("Cookie") == seen


def test_cookie_in_a_line_of_its_own_is_not_shown(halves):
    edge, both = halves
    pair, _ = cookie_for(edge, "canary")
    reply = edge.get("/two-lines", ["Cookie: a=1", f"Cookie: {pair}", "Cookie: b=2"])
    server = both.origins[reply.body.decode()]
    request = next(one for one in reversed(server.requests) if one.target == "/two-lines")
    assert "; ".join(request.all("Cookie")) == "a=1; b=2"


def test_rules_for_cookies_do_not_loosen_the_split(fairlead, arms):
    """The choice is made of what the client sent, before any rule."""
    rules = 'cookie_rules: { remove: ["*"] }\n    header_rules: { remove: [Cookie] }\n'
    config = arms("stable", "canary").config("{ stable: 50, canary: 50 }", "    " + rules)
    edge = fairlead(config)
    for pool in ["stable", "canary"]:
        pair, _ = cookie_for(edge, pool)
        assert set(placed(edge, addresses(40), [f"Cookie: {pair}"]).values()) == {pool}


HOSTILE = [
    "", "x", "=", "canary", "stable", "0", "-1", "99999999999999999999", "%00", "....", "a" * 4000,
    "\"quoted\"", "caf\xe9", "../..", "00000000.00000000", "{}",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_cookie_that_nobody_set_is_as_good_as_none(halves, value):
    edge, _ = halves
    reply = edge.get("/", [f"Cookie: {COOKIE}={value}", "X-Forwarded-For: 9.9.9.9"])
    expected = edge.get("/", ["X-Forwarded-For: 9.9.9.9"])
    assert (reply.status, reply.body) == (200, expected.body)
    # What looks like the token of another split may be kept behind the one of this split.
    assert pair_of(set_cookie(reply)).startswith(pair_of(set_cookie(expected)))


def test_splits_of_one_site_do_not_disturb_each_other(fairlead, arms):
    """A browser that visits both keeps its place in both."""
    four = arms("a", "b", "c", "d")
    config = four.config("{ a: 50, b: 50 }", "  - path: /other\n    split: { c: 50, d: 50 }\n")
    edge = fairlead(config)
    for start in range(8):
        with requests.Session() as browser:

            def visit(path, who, browser=browser):
                headers = {"X-Forwarded-For": who}
                return browser.get(edge.url(path), headers=headers, timeout=PATIENCE).text

            who = f"10.0.{start}.1"
            first = (visit("/", who), visit("/other", who))
            for i in range(6):
                elsewhere = f"20.{start}.{i}.9"
                assert (visit("/other", elsewhere), visit("/", elsewhere)) == first[::-1]


# Growth: the same clients after a restart with another configuration.


class Browser:
    """A client at an address, which keeps its cookies."""

    def __init__(self, address):
        self.session = requests.Session()
        self.headers = {"X-Forwarded-For": address}

    def visit(self, edge):
        reply = self.session.get(edge.url(), headers=self.headers, timeout=PATIENCE)
        return reply.text


GROWTH = {
    "canary grows": ("{ stable: 90, canary: 10 }", "{ stable: 60, canary: 40 }"),
    "canary grows, written the other way": (
        "{ canary: 10, stable: 90 }", "{ stable: 60, canary: 40 }"),
    "canary grows to all but a bit": ("{ stable: 50, canary: 50 }", "{ stable: 1, canary: 99 }"),
}  # fmt: skip


@pytest.mark.parametrize("before, after", GROWTH.values(), ids=GROWTH)
def test_growth_moves_no_client_that_has_a_cookie(fairlead, arms, before, after):
    both = arms("stable", "canary")
    one = fairlead(both.config(before))
    browsers = [Browser(address) for address in addresses(60)]
    first = [browser.visit(one) for browser in browsers]
    one.stop()
    two = fairlead(both.config(after))
    assert [browser.visit(two) for browser in browsers] == first
    newcomers = placed(two, addresses(400)[60:])
    assert collections.Counter(newcomers.values())["canary"] > len(newcomers) / 4


@pytest.mark.parametrize("before, after", GROWTH.values(), ids=GROWTH)
def test_growth_takes_no_address_from_what_grew(fairlead, arms, before, after):
    both = arms("stable", "canary")
    clients = addresses(500)
    first, second = (placed(fairlead(both.config(split)), clients) for split in (before, after))
    left = [who for who in clients if (first[who], second[who]) == ("canary", "stable")]
    moved = [who for who in clients if (first[who], second[who]) == ("stable", "canary")]
    assert not left, left
    assert moved, "nobody moved, though the share grew"


def test_growth_of_one_of_three_takes_nobody_from_it(fairlead, arms):
    three = arms("stable", "canary", "beta")
    clients = addresses(500)
    first = placed(fairlead(three.config("{ stable: 80, canary: 10, beta: 10 }")), clients)
    second = placed(fairlead(three.config("{ stable: 60, canary: 30, beta: 10 }")), clients)
    assert all(second[who] == "canary" for who in clients if first[who] == "canary")


def test_nobody_stays_at_zero(fairlead, arms):
    """The way to take a release back: everyone leaves, and stays where they went."""
    both = arms("stable", "canary")
    one = fairlead(both.config("{ stable: 50, canary: 50 }"))
    browsers = [Browser(address) for address in addresses(40)]
    assert {browser.visit(one) for browser in browsers} == {"stable", "canary"}
    one.stop()
    two = fairlead(both.config("{ stable: 100, canary: 0 }"))
    assert {browser.visit(two) for browser in browsers} == {"stable"}
    two.stop()
    three = fairlead(both.config("{ stable: 50, canary: 50 }"))
    assert {browser.visit(three) for browser in browsers} == {"stable"}


def test_cookie_of_a_pool_that_is_gone(fairlead, arms):
    three = arms("stable", "canary", "beta")
    one = fairlead(three.config("{ stable: 20, canary: 20, beta: 60 }"))
    pair, who = cookie_for(one, "beta")
    one.stop()
    two = fairlead(three.config("{ stable: 50, canary: 50 }"))
    reply = two.get("/", [f"Cookie: {pair}", f"X-Forwarded-For: {who}"])
    assert reply.status == 200 and reply.body in (b"stable", b"canary")
    assert set_cookie(reply) is not None


# Health.


def test_a_pool_without_a_healthy_server_gets_nobody(fairlead, arms):
    both = arms("stable", "canary")
    edge = fairlead(both.config("{ stable: 50, canary: 50 }"))
    clients = addresses(60)
    pair, _ = cookie_for(edge, "canary")
    both.origins["canary"].close()
    eventually(
        lambda: set(placed(edge, clients).values()) == {"stable"}, what="canary is left out"
    )
    kept = edge.get("/", [f"Cookie: {pair}"])
    assert (kept.status, kept.body) == (200, b"stable")


def test_weights_renormalise_over_what_is_healthy(fairlead, arms):
    three = arms("stable", "canary", "beta")
    edge = fairlead(three.config("{ stable: 50, canary: 30, beta: 20 }"))
    clients = addresses(1000)
    first = placed(edge, clients)
    three.origins["stable"].close()

    def without_stable():
        now = placed(edge, clients)
        return now if set(now.values()) <= {"canary", "beta"} else None

    second = eventually(without_stable, what="stable is left out")
    counts = collections.Counter(second.values())
    # 30 to 20 is 60 % to 40 %; four standard deviations of a thousand throws are 62.
    assert abs(counts["canary"] - 600) < 62, counts
    stayed = [who for who in clients if first[who] != "stable"]
    assert all(second[who] == first[who] for who in stayed), "who had nothing to flee from moved"


def test_clients_return_with_their_pool(fairlead, origin, arms):
    both = arms("stable", "canary")
    edge = fairlead(both.config("{ stable: 50, canary: 50 }"))
    pair, who = cookie_for(edge, "canary")
    mine = [f"Cookie: {pair}", f"X-Forwarded-For: {who}"]
    port = both.origins["canary"].port
    both.origins["canary"].close()
    eventually(lambda: edge.get("/", mine).body == b"stable", what="canary is left out")
    origin([serve(lambda _: answer(b"canary"))], port=port)
    eventually(lambda: edge.get("/", mine).body == b"canary", what="the client's return")


def test_no_healthy_server_at_all(fairlead, arms):
    both = arms("stable", "canary")
    edge = fairlead(both.config("{ stable: 50, canary: 50 }"))
    for server in both.origins.values():
        server.close()
    eventually(lambda: edge.get("/").status == 503, what="both pools are out")
    reply = edge.get("/")
    assert int(reply.get("Retry-After")) > 0 and b"No backend servers available." in reply.body


# Around it.


def test_a_host_may_split(fairlead, sample_servers):
    """As in the fullest file: a host that splits what none of its paths takes."""
    names = ["api", "shop", "shop-canary"]
    servers = {name: sample_servers(name) for name in names}
    pools = "".join(f"  {name}: {{ servers: [{servers[name].address}] }}\n" for name in names)
    edge = fairlead(
        f"pools:\n{pools}hosts:\n  - host: shop.test\n"
        "    paths: [{ path: /api, pool: api }]\n    split: { shop: 0, shop-canary: 100 }\n"
    )
    assert fetch(edge, "shop.test", "/api/x").json()["server"] == "api"
    reply = fetch(edge, "shop.test", "/apiary")
    assert reply.json()["server"] == "shop-canary"
    assert COOKIE in reply.cookies
    assert COOKIE not in fetch(edge, "shop.test", "/api").cookies


def test_log_tells_the_pool(halves):
    edge, _ = halves
    for pool in ["stable", "canary"]:
        pair, _ = cookie_for(edge, pool)
        edge.get(f"/logged-{pool}", [f"Cookie: {pair}"])

        def line(path=f"/logged-{pool}"):
            return next((one for one in edge.log_lines() if one["path"] == path), None)

        assert eventually(line, what="the line of the log")["pool"] == pool


POOLS = "pools: { one: { servers: [127.0.0.1:1] }, two: { servers: [127.0.0.1:2] } }\n"
REFUSED = {
    "too little": ("{ one: 50, two: 49 }", ["99", "100"]),
    "too much": ("{ one: 50, two: 51 }", ["101", "100"]),
    "negative": ("{ one: 110, two: -10 }", ["negative"]),
    "no number": ("{ one: half, two: 50 }", ["half"]),
    "nothing": ("{}", ["split"]),
    "unknown pool": ("{ one: 50, twoo: 50 }", ["twoo", "two"]),
    "a list": ("[one, two]", ["mapping"]),
}


@pytest.mark.parametrize("split, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, split, words):
    check.refuses(f"{POOLS}paths:\n  - path: /\n    split: {split}\n", words, 4)
