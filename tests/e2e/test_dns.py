"""Server names: each address is a server of its own, and names are asked again in time."""

import collections
import socket
import time

import pytest
from configs import one_pool
from crew import name_of, names, refused_here
from edge import ADMIN, free_port
from name_server import NO_SUCH_NAME
from waiting import SCALE, eventually

NAME = "shop.example"
CALM = "health: off\nslow_start: off\nbalance: round_robin\n"
LIVELY = (
    "health: { every: 50ms, timeout: 1s, fall: 1, rise: 1, passive: off }\n"
    "slow_start: off\nbalance: round_robin\n"
)


def asking(dns):
    return f"dns: {{ servers: [{dns.address}] }}"


@pytest.fixture
def town(crew):
    """town(count): servers 127.0.0.2, 127.0.0.3 ... on one port, named after their addresses."""

    def start(count):
        port = free_port()
        hosts = [f"127.0.0.{2 + i}" for i in range(count)]
        return [crew(host, host=host, port=port) for host in hosts]

    return start


def seen_by(edge, count=20):
    return set(names(edge, count))


def test_each_address_is_a_server_of_its_own(fairlead, dns, town):
    a, b, c = town(3)
    dns.has(NAME, a.host, b.host, c.host)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=CALM, top=asking(dns)), admin=ADMIN)
    assert collections.Counter(names(edge, 30)) == {a.host: 10, b.host: 10, c.host: 10}
    servers = edge.admin.servers()
    assert {server["ip"] for server in servers} == {a.address, b.address, c.address}
    assert {server["address"] for server in servers} == {f"{NAME}:{a.port}"}


def test_each_address_is_checked(fairlead, dns, town):
    a, b = town(2)
    dns.has(NAME, a.host, b.host)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=LIVELY, top=asking(dns)), admin=ADMIN)
    assert seen_by(edge) == {a.host, b.host}
    b.down()
    down = {a.address: "ready", b.address: "down"}

    def standings():
        return {server["ip"]: server["standing"] for server in edge.admin.servers()}

    eventually(lambda: standings() == down, what="one address is down")
    assert seen_by(edge) == {a.host}


def test_each_address_has_the_whole_weight(fairlead, dns, town):
    """A server's keys hold for all of its addresses."""
    a, b, c = town(3)
    dns.has("two.example", a.host, b.host)
    dns.has("one.example", c.host)
    entries = [f"{{ url: two.example:{a.port}, weight: 2 }}", f"{{ url: one.example:{a.port} }}"]
    edge = fairlead(one_pool(*entries, more=CALM, top=asking(dns)))
    assert collections.Counter(names(edge, 50)) == {a.host: 20, b.host: 20, c.host: 10}


def test_name_is_asked_again_when_its_ttl_has_ended(fairlead, dns, town):
    a, b = town(2)
    dns.has(NAME, a.host, ttl=1)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=CALM, top=asking(dns)))
    assert seen_by(edge) == {a.host}
    start, asked = time.monotonic(), dns.asked(NAME)
    dns.has(NAME, a.host, b.host, ttl=1)
    eventually(lambda: seen_by(edge) == {a.host, b.host}, what="the new address")
    assert time.monotonic() - start < 2.5 * SCALE
    dns.has(NAME, b.host, ttl=1)
    eventually(lambda: seen_by(edge) == {b.host}, what="the old address is gone")
    took = time.monotonic() - start
    assert dns.asked(NAME) - asked <= took / 0.8 + 2, "more often than every second"


def test_long_ttl_is_kept(fairlead, dns, town):
    a, b = town(2)
    dns.has("short.example", a.host, ttl=1)
    dns.has("long.example", b.host, ttl=3600)
    entries = [f"short.example:{a.port}", f"long.example:{a.port}"]
    edge = fairlead(one_pool(*entries, more=CALM, top=asking(dns)))
    dns.await_questions("short.example", 2)
    assert dns.asked("long.example") == 1
    assert seen_by(edge) == {a.host, b.host}


def test_one_name_in_many_pools_is_asked_once(fairlead, dns, town):
    a, b = town(2)
    dns.has(NAME, a.host, b.host)
    pools = "".join(
        f"  p{i}: {{ servers: ['{NAME}:{a.port}'], health: off }}\n" for i in range(10)
    )
    paths = "".join(f"  - {{ path: /{i}, pool: p{i} }}\n" for i in range(10))
    edge = fairlead(f"{asking(dns)}\npools:\n{pools}paths:\n{paths}", workers=2)
    assert all(edge.get(f"/{i}").status == 200 for i in range(10))
    assert dns.asked(NAME) == 1


def test_new_address_is_checked_before_it_gets_traffic(fairlead, dns, town):
    a, b = town(2)
    b.down()
    dns.has(NAME, a.host, ttl=1)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=LIVELY, top=asking(dns)), admin=ADMIN)
    dns.has(NAME, a.host, b.host, ttl=1)
    eventually(lambda: len(edge.admin.servers()) == 2, what="the new address")
    assert seen_by(edge, 40) == {a.host}
    b.up()
    eventually(lambda: seen_by(edge) == {a.host, b.host}, what="it is well")


def test_new_address_starts_slowly(fairlead, dns, town):
    a, b = town(2)
    dns.has(NAME, a.host, ttl=1)
    more = CALM.replace("slow_start: off", "slow_start: 60s")
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=more, top=asking(dns)), admin=ADMIN)
    assert {server["standing"] for server in edge.admin.servers()} == {"ready"}
    dns.has(NAME, a.host, b.host, ttl=1)

    def standing_of_b():
        return [one["standing"] for one in edge.admin.servers() if one["ip"] == b.address]

    eventually(lambda: standing_of_b() == ["warming"], what="the new address")
    assert collections.Counter(names(edge, 100))[b.host] <= 30


def test_request_in_flight_outlives_its_address(fairlead, dns, town):
    a, b = town(2)
    dns.has(NAME, a.host, ttl=1)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=CALM, top=asking(dns)))
    a.hold()
    client = edge.connect().request()
    a.await_waiting(1)
    dns.has(NAME, b.host, ttl=1)
    eventually(lambda: edge_serves(edge, b), what="the new address")
    a.release_all()
    assert name_of(client.read_answer()) == a.host


def edge_serves(edge, server):
    """Whether a request is answered by this server; one that another holds is given up."""
    client = edge.connect().request()
    return not client.is_quiet(0.2) and name_of(client.read_answer()) == server.host


# Names that do not resolve.

UNRESOLVED = {
    "no such name": lambda dns: dns.forget(NAME),
    "no address": lambda dns: dns.has(NAME, ttl=1),
    "failing": lambda dns: dns.fail(NAME),
    "silent": lambda dns: dns.silence(NAME),
}


@pytest.mark.parametrize("ill", UNRESOLVED.values(), ids=UNRESOLVED)
def test_unresolved_name_does_not_stop_fairlead(fairlead, dns, town, ill):
    ill(dns)
    (a,) = town(1)
    start = time.monotonic()
    servers = [f"{NAME}:{a.port}", a.address]
    edge = fairlead(one_pool(*servers, more=CALM, top=asking(dns)), admin=ADMIN)
    assert time.monotonic() - start < 2.5 * SCALE
    assert seen_by(edge) == {a.host}
    (server,) = [one for one in edge.admin.servers() if one["address"] == servers[0]]
    assert server["standing"] == "unresolved" and not server["ip"] and server["why"]


def test_pool_of_nothing_but_an_unresolved_name(fairlead, dns):
    edge = fairlead(one_pool(f"{NAME}:80", top=asking(dns)), admin=ADMIN)
    start = time.monotonic()
    reply = edge.get("/")
    assert refused_here(reply) and int(reply.get("Retry-After")) > 0
    assert time.monotonic() - start < 0.2 * SCALE
    assert [one["standing"] for one in edge.admin.servers()] == ["unresolved"]


def test_name_that_appears_is_used(fairlead, dns, town):
    (a,) = town(1)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=CALM, top=asking(dns)), admin=ADMIN)
    assert edge.get("/").status == 503
    dns.has(NAME, a.host)
    eventually(lambda: edge.get("/").status == 200, what="its address is used")
    assert [server["ip"] for server in edge.admin.servers()] == [a.address]


@pytest.mark.parametrize("ill", UNRESOLVED.values(), ids=UNRESOLVED)
def test_name_that_stops_resolving_keeps_its_last_addresses(fairlead, dns, town, ill):
    a, b = town(2)
    dns.has(NAME, a.host, b.host, ttl=1)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=CALM, top=asking(dns)), admin=ADMIN)
    assert seen_by(edge) == {a.host, b.host}
    ill(dns)
    # With the second question the first has come to nothing: it is repeated, or a new one.
    dns.await_questions(NAME, 2)
    assert seen_by(edge) == {a.host, b.host}
    assert {one["ip"] for one in edge.admin.servers()} == {a.address, b.address}
    eventually(lambda: NAME in edge.output, what="a line of the log")


def test_name_that_is_well_again_is_followed(fairlead, dns, town):
    a, b = town(2)
    dns.has(NAME, a.host, ttl=1)
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=CALM, top=asking(dns)))
    dns.fail(NAME, NO_SUCH_NAME)
    dns.await_questions(NAME, 1)
    dns.has(NAME, b.host, ttl=1)
    eventually(lambda: seen_by(edge) == {b.host}, what="its new address")


# Names that need no DNS, and both families.


def test_addresses_and_localhost_are_not_asked_for(fairlead, dns, crew):
    a, b = crew("a", "b")
    servers = [a.address, f"localhost:{b.port}"]
    edge = fairlead(one_pool(*servers, more=CALM, top=asking(dns)))
    assert {name_of(edge.get("/")) for _ in range(20)} == {"a", "b"}
    assert not dns.questions


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this host has no ::1")
def test_addresses_of_both_families(fairlead, dns, town):
    (a,) = town(1)
    dns.has(NAME, a.host, "::1")
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=CALM, top=asking(dns)), admin=ADMIN)
    wanted = {a.address, f"[::1]:{a.port}"}
    eventually(
        lambda: {server["ip"] for server in edge.admin.servers()} == wanted, what="both addresses"
    )


def test_order_of_the_answer_does_not_matter(fairlead, dns, town):
    """Round robin of the DNS: the same servers, so that nothing starts slowly anew."""
    a, b = town(2)
    dns.has(NAME, a.host, b.host, ttl=1)
    more = CALM.replace("slow_start: off", "slow_start: 60s")
    edge = fairlead(one_pool(f"{NAME}:{a.port}", more=more, top=asking(dns)), admin=ADMIN)
    before = edge.admin.servers()
    dns.has(NAME, b.host, a.host, ttl=1)
    dns.await_questions(NAME, 2)
    after = edge.admin.servers()
    facts = ("name", "ip", "standing", "since")
    assert [[one[key] for key in facts] for one in after] == [
        [one[key] for key in facts] for one in before
    ]


# The file.

REFUSED = {
    "no address": ("{ servers: [nowhere] }", ["nowhere"]),
    "unknown key": ("{ server: [127.0.0.1:53] }", ["servers"]),
}


@pytest.mark.parametrize("value, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, value, words):
    check.refuses(f"dns: {value}\npaths: [{{ path: /, respond: 200 }}]\n", words, 1)
