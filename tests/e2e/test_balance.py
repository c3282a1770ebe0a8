"""balance: who gets the next request, by every policy, and who takes over when servers are away."""

import collections

import pytest
from configs import host_each, host_of, one_pool, pool_with
from crew import ask, name_of, names, refused_here, statuses
from edge import ADMIN
from waiting import eventually

TRUST = "trusted_proxies: [127.0.0.1]\n"
CALM = "health: off\n"
# A server that goes or returns is known at once, and returns with its whole weight.
LIVELY = "health: { every: 50ms, timeout: 1s, fall: 1, rise: 1, passive: off }\nslow_start: off\n"


def counted(edge, count, **options):
    return collections.Counter(names(edge, count, **options))


def windows(sequence, size):
    return [sequence[i : i + size] for i in range(0, len(sequence) - size + 1, size)]


def held(edge, servers, count, **options):
    """So many requests that nobody answers yet; the clients, once all have arrived somewhere."""
    clients = [ask(edge, f"/held-{i}", **options) for i in range(count)]
    eventually(
        lambda: sum(len(server.waiting) for server in servers) == count,
        what=f"{count} held requests",
    )
    return clients


def finish(servers, clients):
    for server in servers:
        server.release_all()
    for client in clients:
        assert client.read_answer().status == 200


# Policies that take turns.


def test_round_robin_takes_turns(fairlead, crew):
    edge = fairlead(one_pool(*crew("a", "b", "c"), more=CALM + "balance: round_robin"))
    seen = names(edge, 12)
    assert sorted(seen[:3]) == ["a", "b", "c"]
    assert seen == seen[:3] * 4


def test_round_robin_by_weight_is_exact_and_smooth(fairlead, crew):
    a, b, c = crew("a", "b", "c")
    config = one_pool(
        a.entry("weight: 5"), b.entry("weight: 1"), c.entry("weight: 1"),
        more=CALM + "balance: round_robin",
    )  # fmt: skip
    seen = names(fairlead(config), 70)
    for window in windows(seen, 7):
        assert collections.Counter(window) == {"a": 5, "b": 1, "c": 1}, seen
    light = [name for name in seen if name != "a"]
    assert all(one != next_one for one, next_one in zip(light, light[1:])), seen


def test_round_robin_over_what_is_left(fairlead, crew):
    a, b, c = crew("a", "b", "c")
    config = one_pool(
        a.entry("weight: 6"), b.entry("weight: 3"), c.entry("weight: 1"),
        more=LIVELY + "balance: round_robin",
    )  # fmt: skip
    edge = fairlead(config, admin=ADMIN)
    assert counted(edge, 100) == {"a": 60, "b": 30, "c": 10}
    a.down()
    edge.admin.await_standing("a", "down")
    assert counted(edge, 100) == {"b": 75, "c": 25}
    a.up()
    edge.admin.await_standing("a", "ready")
    seen = counted(edge, 100)
    assert abs(seen["a"] - 60) <= 1 and abs(seen["b"] - 30) <= 1, seen


WEIGHTED = ["p2c", "random", "round_robin"]


@pytest.mark.parametrize("policy", WEIGHTED)
def test_shares_follow_the_weights(fairlead, crew, policy):
    a, b = crew("a", "b")
    more = f"{CALM}balance: {policy}"
    edge = fairlead(one_pool(a.entry("weight: 3"), b.entry("weight: 1"), more=more))
    # Three quarters of 600, give or take four standard deviations.
    assert abs(counted(edge, 600)["a"] - 450) <= 43


def test_default_is_p2c(fairlead, crew):
    edge = fairlead(one_pool(*crew("a", "b")), admin=ADMIN)
    assert "p2c" in edge.admin.pool()["balance"]
    seen = counted(edge, 200)
    assert min(seen["a"], seen["b"]) > 60, seen


# Policies that look at the load.


@pytest.mark.parametrize("policy", ["least_connections", "p2c", "least_latency"])
@pytest.mark.parametrize("workers", [1, 2])
def test_busy_server_is_spared_by_all_workers(fairlead, crew, policy, workers):
    """What one worker has in flight counts for the others too."""
    a, b = servers = crew("a", "b")
    edge = fairlead(
        one_pool(a, b, more=f"{CALM}balance: {policy}"), workers=workers, admin=ADMIN
    )
    for server in servers:
        server.hold()
    clients = held(edge, servers, 8)
    # More than one: a client has its answer a moment before its server counts as free again.
    assert min(len(server.waiting) for server in servers) >= 3
    b.release_all()
    eventually(lambda: edge.admin.server("b")["in_flight"] == 0, what="b is free")
    busy = [edge.get("/") for _ in range(40)]  # each on a connection of its own
    assert {name_of(reply) for reply in busy} == {"b"}
    finish(servers, clients)


def test_least_connections_by_weight(fairlead, crew):
    a, b = servers = crew("a", "b")
    config = one_pool(
        a.entry("weight: 3"), b.entry("weight: 1"), more=CALM + "balance: least_connections"
    )
    edge = fairlead(config)
    for server in servers:
        server.hold()
    clients = held(edge, servers, 8)
    assert (len(a.waiting), len(b.waiting)) == (6, 2)
    finish(servers, clients)


def test_least_connections_shares_an_idle_pool(fairlead, crew):
    edge = fairlead(one_pool(*crew("a", "b", "c"), more=CALM + "balance: least_connections"))
    seen = counted(edge, 90)
    assert min(seen[name] for name in "abc") >= 10, seen


def test_least_latency_prefers_the_quick(fairlead, crew, faulty):
    slow = faulty("slow", mode="slow", seconds=0.03)
    edge = fairlead(one_pool(slow, crew("quick"), more=CALM + "balance: least_latency"))
    assert counted(edge, 100)["quick"] >= 80


def test_least_latency_comes_back_to_who_became_quick(fairlead, faulty):
    one, two = faulty("one", "two")
    edge = fairlead(one_pool(one, two, more=CALM + "balance: least_latency"))
    one.turn_to("slow", seconds=0.03)
    eventually(lambda: counted(edge, 20)["two"] >= 15, what="the slow one is spared")
    one.turn_to("well")
    two.turn_to("slow", seconds=0.03)
    eventually(lambda: counted(edge, 20)["one"] >= 15, what="the change of sides")


# first: packs.


def test_first_packs(fairlead, crew):
    a, b, c = servers = crew("a", "b", "c")
    config = one_pool(
        a.entry("max_requests: 2"), b.entry("max_requests: 1"), c, more=CALM + "balance: first"
    )
    edge = fairlead(config)
    assert set(names(edge, 10)) == {"a"}
    for server in servers:
        server.hold()
    clients = held(edge, servers, 4)
    assert [len(server.waiting) for server in servers] == [2, 1, 1]
    finish(servers, clients)
    assert set(names(edge, 10)) == {"a"}


def test_first_goes_on_to_the_next(fairlead, crew):
    a, b, c = crew("a", "b", "c")
    edge = fairlead(one_pool(a, b, c, more=LIVELY + "balance: first"), admin=ADMIN)
    a.down()
    edge.admin.await_standing("a", "down")
    assert set(names(edge, 10)) == {"b"}
    a.up()
    edge.admin.await_standing("a", "ready")
    assert set(names(edge, 10)) == {"a"}


# Consistent hashing.

METHODS = ["maglev", "ring", "rendezvous"]
# How a request carries each kind of key.
KEYS = {
    "client_ip": lambda key: {"fields": [f"X-Forwarded-For: 10.0.{key}.1"]},
    "path": lambda key: {"target": f"/k/{key}"},
    "uri": lambda key: {"target": f"/k?n={key}"},
    "header:X-Key": lambda key: {"fields": [f"X-Key: key-{key}"]},
    "cookie:user": lambda key: {"fields": [f"Cookie: a=1; user=key-{key}; b=2"]},
    "param:id": lambda key: {"target": f"/k?a=1&id=key-{key}&b=2"},
}
COMBINATIONS = [(key, method) for key in KEYS for method in METHODS]


def hash_row(key, method):
    return f"{method} by {key}"


@pytest.fixture(scope="module")
def hashing(module_fairlead, module_crew):
    """One host for each kind of key and each method, before the same five servers."""
    servers = module_crew(*"abcde")
    listed = "".join(f"\n  - {server.entry()}" for server in servers)
    hosts = {
        hash_row(key, method): f"balance: {{ hash: '{key}', method: {method} }}\n"
        f"health: off\nservers:{listed}"
        for key, method in COMBINATIONS
    }
    return module_fairlead(TRUST + host_each(hosts), workers=2)


def placed(edge, row, key, keys):
    """The server of each key."""
    with edge.connect() as client:
        return {
            one: name_of(client.get(**{"target": "/", **KEYS[key](one)}, host=host_of(row)))
            for one in keys
        }


@pytest.mark.parametrize("key, method", COMBINATIONS)
def test_same_key_same_server_and_keys_spread(hashing, key, method):
    row = hash_row(key, method)
    first = placed(hashing, row, key, range(100))
    assert placed(hashing, row, key, reversed(range(100))) == first
    shares = collections.Counter(first.values())
    assert set(shares) == set("abcde") and min(shares.values()) >= 4, shares


@pytest.mark.parametrize("method", METHODS)
def test_what_is_no_part_of_the_key_does_not_matter(hashing, method):
    row = hash_row("path", method)
    with hashing.connect() as client:
        for path in range(10):
            replies = [
                client.get(f"/p/{path}?n={i}", [f"X-Forwarded-For: 10.1.1.{i}"], host_of(row))
                for i in range(4)
            ]
            assert len({name_of(reply) for reply in replies}) == 1


@pytest.mark.parametrize("key", ["header:X-Key", "cookie:user", "param:id"])
@pytest.mark.parametrize("method", METHODS)
def test_request_without_the_key_is_served(hashing, key, method):
    assert set(statuses(hashing, 20, host=host_of(hash_row(key, method)))) == {200}


@pytest.mark.parametrize("method", METHODS)
def test_placement_outlives_a_restart(fairlead, crew, method):
    servers = crew(*"abcde")
    more = f"{CALM}balance: {{ hash: header:X-Key, method: {method} }}"

    def placement():
        edge = fairlead(one_pool(*servers, more=more))
        seen = placed(edge, "any", "header:X-Key", range(60))
        edge.stop()
        return seen

    assert placement() == placement()


@pytest.mark.parametrize("method", METHODS)
def test_server_away_moves_only_its_own_keys(fairlead, crew, method):
    servers = crew(*"abcde")
    more = f"{LIVELY}balance: {{ hash: header:X-Key, method: {method} }}"
    edge = fairlead(one_pool(*servers, more=more), admin=ADMIN)
    keys = range(200)
    before = placed(edge, "any", "header:X-Key", keys)
    servers[2].down()
    edge.admin.await_standing("c", "down")
    away = placed(edge, "any", "header:X-Key", keys)
    moved = [key for key in keys if before[key] != "c" and away[key] != before[key]]
    # A table of Maglev's may shift a few of the others' entries.
    assert len(moved) <= (8 if method == "maglev" else 0), moved
    assert len({away[key] for key in keys if before[key] == "c"} - {"c"}) >= 3, "to one heap"
    servers[2].up()
    edge.admin.await_standing("c", "ready")
    assert placed(edge, "any", "header:X-Key", keys) == before


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_hashed_servers(fairlead, crew, method):
    a, b = crew("a", "b")
    more = f"{CALM}balance: {{ hash: header:X-Key, method: {method} }}"
    edge = fairlead(one_pool(a.entry("weight: 3"), b.entry("weight: 1"), more=more))
    share = collections.Counter(placed(edge, "any", "header:X-Key", range(400)).values())["a"]
    assert 250 <= share <= 350, share


@pytest.mark.parametrize("method", METHODS)
def test_bounded_load_is_never_exceeded(fairlead, crew, method):
    """A hot key fills its server up to the bound, and the next ones after that."""
    servers = crew(*"abcde")
    more = f"{CALM}balance: {{ hash: header:X-Key, method: {method}, bounded_load: 1.25 }}"
    edge = fairlead(one_pool(*servers, more=more))
    home = names(edge, 5, fields=["X-Key: hot"])
    assert len(set(home)) == 1, "without load there is nothing to flee from"
    for server in servers:
        server.hold()
    clients = held(edge, servers, 20, fields=["X-Key: hot"])
    # 1.25 times the mean of 20 over 5 servers.
    assert max(len(server.waiting) for server in servers) <= 5
    (hot,) = [server for server in servers if server.name == home[0]]
    assert len(hot.waiting) == 5
    finish(servers, clients)


# Tiers, backups, zones.


def test_backup_serves_only_when_all_others_are_away(fairlead, crew):
    a, b, spare = crew("a", "b", "spare")
    config = one_pool(a, b, spare.entry("backup: true"), more=LIVELY + "balance: round_robin")
    edge = fairlead(config, admin=ADMIN)
    assert set(names(edge)) == {"a", "b"}
    a.down()
    edge.admin.await_standing("a", "down")
    assert set(names(edge)) == {"b"}
    b.down()
    edge.admin.await_standing("b", "down")
    assert set(names(edge)) == {"spare"}
    a.up()
    edge.admin.await_standing("a", "ready")
    assert set(names(edge)) == {"a"}
    assert spare.requests == 30


def test_tiers_take_over_in_order(fairlead, crew):
    one, two, three = crew("one", "two", "three")
    config = one_pool(
        three.entry("tier: 3"), one.entry("tier: 1"), two.entry("tier: 2"), more=LIVELY
    )
    edge = fairlead(config, admin=ADMIN)
    assert set(names(edge)) == {"one"}
    one.down()
    edge.admin.await_standing("one", "down")
    assert set(names(edge)) == {"two"}
    two.down()
    edge.admin.await_standing("two", "down")
    assert set(names(edge)) == {"three"}
    one.up()
    edge.admin.await_standing("one", "ready")
    assert set(names(edge)) == {"one"}


def test_backup_takes_what_a_full_tier_has_no_room_for(fairlead, crew):
    a, spare = servers = crew("a", "spare")
    config = one_pool(a.entry("max_requests: 1"), spare.entry("backup: true"), more=CALM)
    edge = fairlead(config)
    a.hold()
    clients = held(edge, [a], 1)
    assert set(names(edge, 10)) == {"spare"}
    finish(servers, clients)
    assert set(names(edge, 10)) == {"a"}


def zoned(near, far, more):
    return one_pool(
        near.entry("zone: here, max_requests: 2"), far.entry("zone: there"),
        top="zone: here", more=more,
    )  # fmt: skip


def test_own_zone_is_preferred_while_it_has_room(fairlead, crew):
    near, far = servers = crew("near", "far")
    edge = fairlead(zoned(near, far, CALM))
    assert set(names(edge)) == {"near"}
    near.hold()
    clients = held(edge, [near], 2)
    assert set(names(edge, 10)) == {"far"}
    finish(servers, clients)
    assert set(names(edge, 10)) == {"near"}


def test_other_zone_takes_over(fairlead, crew):
    near, far = crew("near", "far")
    edge = fairlead(zoned(near, far, LIVELY), admin=ADMIN)
    near.down()
    edge.admin.await_standing("near", "down")
    assert set(names(edge)) == {"far"}
    near.up()
    edge.admin.await_standing("near", "ready")
    assert set(names(edge)) == {"near"}


# Weight 0 and max_requests, whatever the policy.

POLICIES = [
    "p2c", "round_robin", "random", "least_connections", "least_latency", "first",
    *(f"{{ hash: path, method: {method} }}" for method in METHODS),
]  # fmt: skip


@pytest.fixture(scope="module")
def drained(module_fairlead, module_crew):
    """A host for each policy, of which one server has no weight."""
    gone, left = module_crew("gone", "left")
    servers = f"\nservers: [{gone.entry('weight: 0')}, {left.entry()}]"
    hosts = {policy: f"health: off\nbalance: {policy}{servers}" for policy in POLICIES}
    hosts["nobody"] = f"health: off\nservers: [{gone.entry('weight: 0')}]"
    return module_fairlead(host_each(hosts))


@pytest.mark.parametrize("policy", POLICIES)
def test_weight_0_gets_nothing(drained, policy):
    with drained.connect() as client:
        seen = {name_of(client.get(f"/{i}", host=host_of(policy))) for i in range(20)}
    assert seen == {"left"}


def test_pool_without_any_weight_is_503(drained):
    reply = drained.get("/", host=host_of("nobody"))
    assert refused_here(reply) and int(reply.get("Retry-After")) > 0


@pytest.mark.parametrize("policy", POLICIES)
def test_max_requests_is_never_exceeded(fairlead, crew, policy):
    a, b = servers = crew("a", "b")
    config = one_pool(
        a.entry("max_requests: 1"), b.entry("max_requests: 2"),
        more=f"{CALM}balance: {policy}\nqueue: off",
    )  # fmt: skip
    edge = fairlead(config, workers=2)
    for server in servers:
        server.hold()
    clients = held(edge, servers, 3)
    assert (len(a.waiting), len(b.waiting)) == (1, 2)
    for _ in range(5):
        reply = edge.get("/beyond")
        assert refused_here(reply) and int(reply.get("Retry-After")) > 0
    finish(servers, clients)
    assert edge.get("/").status == 200


# The file.

REFUSED = {
    "unknown policy": ("balance: round_robbin", ["round_robin"]),
    "unknown method": ("balance: { hash: path, method: maglef }", ["maglev"]),
    "unknown key": ("balance: { hash: client_ipp }", ["client_ip"]),
    "no name of a header": ('balance: { hash: "header:" }', ["header"]),
    "load below the mean": ("balance: { hash: path, bounded_load: 0.5 }", ["at least 1.0"]),
    "no hash": ("balance: { method: ring }", ["hash"]),
}


@pytest.mark.parametrize("line, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, line, words):
    check.refuses(pool_with(line), words, 4)


def test_check_accepts_every_form(check):
    forms = [*POLICIES, "{ hash: client_ip }", "{ hash: uri, bounded_load: 1.25 }"]
    forms += [f"{{ hash: '{key}' }}" for key in KEYS]
    pools = "".join(
        f"  p{i}: {{ servers: [127.0.0.1:1], balance: {form} }}\n" for i, form in enumerate(forms)
    )
    paths = "".join(f"  - {{ path: /p{i}, pool: p{i} }}\n" for i in range(len(forms)))
    check.accepts(f"zone: a\npools:\n{pools}paths:\n{paths}")


def test_key_of_any_bytes_is_only_a_key(hashing):
    row = hash_row("header:X-Key", "maglev")
    for value in ("", "x" * 4000, "caf\xe9", "a,b;c", '"'):
        assert hashing.get("/", [f"X-Key: {value}"], host_of(row)).status == 200
