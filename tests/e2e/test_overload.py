"""Overload: breakers, limits, queues and priorities refuse early, and say when to come again."""

import collections
import time

import pytest
from configs import one_pool, pool_with
from crew import BUSY, ask, names, refused_here, statuses
from edge import ADMIN
from load import Load
from waiting import SCALE, eventually

CALM = "health: off\n"
UNLIMITED = CALM + "limit: off\n"


def retry_after(reply):
    assert refused_here(reply), reply
    return int(reply.get("Retry-After"))


def queue_up(edge, count, targets="/queued-{}", **options):
    """Clients that wait in the queue of the pool, in this order."""
    clients = []
    before = edge.admin.pool()["waiting"]
    for i in range(count):
        clients.append(ask(edge, targets.format(i), **options))
        edge.admin.await_pool(
            lambda pool, wanted=before + i + 1: pool["waiting"] == wanted, "one more in the queue"
        )
    return clients


def occupied(edge, server, count=1):
    """So many requests that the server holds."""
    server.hold()
    clients = [ask(edge, "/held") for _ in range(count)]
    server.await_waiting(count)
    return clients


# The circuit breaker.

BREAKER = "breaker: { errors: 50%, min_requests: 20, window: 10s, open: 1s }\n"


def test_breaker_opens_half_opens_and_closes(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + BREAKER), admin=ADMIN)
    assert edge.admin.pool()["breaker"] == "closed"
    a.turn_to(BUSY, body=b"own")
    with edge.connect() as client:
        assert [client.get().get("X-Server") for _ in range(20)] == ["a"] * 20
        opened = time.monotonic()
        for _ in range(10):
            assert retry_after(client.get()) > 0
    assert a.requests == 20
    pool = edge.admin.pool()
    assert pool["breaker"] == "open" and pool["why"]
    a.recover()
    eventually(lambda: edge.get("/").status == 200, what="the end of the pause")
    assert 0.95 <= time.monotonic() - opened <= 1.0 + 1.0 * SCALE
    eventually(
        lambda: edge.get("/").status == 200 and edge.admin.pool()["breaker"] == "closed",
        what="the breaker closes",
    )
    assert set(names(edge, 30)) == {"a"}


def test_breaker_opens_again_after_a_failed_probe(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + BREAKER.replace("1s", "500ms")), admin=ADMIN)
    a.turn_to(BUSY)
    statuses(edge, 20)
    with Load(edge.port, connections=4, rate=200) as load:
        load.go_on(1.8)
    # Three pauses at the most have ended, with a few probes each.
    assert 1 <= a.requests - 20 <= 15
    assert set(load.all().statuses) == {503}
    assert edge.admin.pool()["breaker"] in ("open", "half_open")


def test_breaker_lets_a_few_probes_through_while_half_open(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + BREAKER.replace("1s", "300ms")), admin=ADMIN)
    a.turn_to(BUSY)
    statuses(edge, 20)
    a.recover()
    a.hold()
    edge.admin.await_pool(lambda pool: pool["breaker"] == "open", "the breaker opens")
    clients = []

    def probed():
        clients.append(ask(edge))
        return a.waiting

    eventually(probed, what="a probe")
    clients += [ask(edge) for _ in range(30)]
    eventually(lambda: len(edge.log_lines()) + len(a.waiting) == 20 + len(clients), what="all")
    assert len(a.waiting) <= 5
    assert edge.admin.pool()["breaker"] == "half_open"
    a.release_all()
    eventually(lambda: edge.get("/").status == 200, what="its recovery")


CLOSED = {
    "too few requests": ([BUSY], 19, 503),
    "a third": (["200 OK", BUSY, "200 OK"], 60, 503),
    "answers that are no failures": (["404 Not Found"], 60, 404),
}


@pytest.mark.parametrize("turns, count, status", CLOSED.values(), ids=CLOSED)
def test_breaker_stays_closed(fairlead, crew, turns, count, status):
    a = crew("a")
    a.alternate(*turns)
    edge = fairlead(one_pool(a, more=UNLIMITED + BREAKER), admin=ADMIN)
    seen = statuses(edge, count)
    assert status in seen and a.requests == count
    assert edge.admin.pool()["breaker"] == "closed"


def test_breaker_counts_connections_that_fail(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + "retry: off\n" + BREAKER), admin=ADMIN)
    a.down()
    assert set(statuses(edge, 20)) <= {502, 503}
    edge.admin.await_pool(lambda pool: pool["breaker"] == "open", "the breaker opens")
    start = time.monotonic()
    assert retry_after(edge.get("/")) > 0
    assert time.monotonic() - start < 0.05 * SCALE


def test_breaker_of_one_pool_is_none_of_another(fairlead, crew):
    a, b = crew("a", "b")
    config = (
        f"defaults: {{ health: off, limit: off }}\npools:\n"
        f"  one: {{ servers: [{a.entry()}], {BREAKER.strip()} }}\n"
        f"  two: {{ servers: [{b.entry()}], {BREAKER.strip()} }}\n"
        "paths: [{ path: /one, pool: one }, { path: /two, pool: two }]\n"
    )
    edge = fairlead(config, admin=ADMIN)
    a.turn_to(BUSY)
    statuses(edge, 25, target="/one")
    assert set(names(edge, 10, target="/two")) == {"b"}
    breakers = {name: pool["breaker"] for name, pool in edge.admin.pools().items()}
    assert breakers == {"one": "open", "two": "closed"}


def test_no_breaker_without_words(fairlead, crew):
    a = crew("a")
    a.turn_to(BUSY)
    edge = fairlead(one_pool(a, more=UNLIMITED), admin=ADMIN)
    statuses(edge, 60)
    assert a.requests == 60 and edge.admin.pool()["breaker"] == "off"


# max_requests, and the queue behind it.


@pytest.mark.parametrize("workers", [1, 2])
def test_max_requests_of_a_pool(fairlead, crew, workers):
    """Of all its servers together, and of all workers."""
    a, b = servers = crew("a", "b")
    more = UNLIMITED + "max_requests: 3\nqueue: off\n"
    edge = fairlead(one_pool(a, b, more=more), workers=workers)
    for server in servers:
        server.hold()
    clients = [ask(edge) for _ in range(3)]
    eventually(lambda: len(a.waiting) + len(b.waiting) == 3, what="three in flight")
    for _ in range(10):
        start = time.monotonic()
        assert retry_after(edge.get("/")) > 0
        assert time.monotonic() - start < 0.1 * SCALE
    for server in servers:
        server.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 3
    assert edge.get("/").status == 200


QUEUE = "max_requests: 1\nqueue: { limit: 10, timeout: 5s }\n"


def test_queue_is_served_oldest_first(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + QUEUE), admin=ADMIN)
    clients = occupied(edge, a)
    clients += queue_up(edge, 4)
    for served in range(1, 5):
        a.release()
        eventually(lambda served=served: a.requests == served + 1, what="the next in the queue")
    a.release_all()
    assert a.targets == ["/held", "/queued-0", "/queued-1", "/queued-2", "/queued-3"]
    assert [client.read_answer().status for client in clients] == [200] * 5


def test_queue_is_served_newest_first_when_it_is_over_half_full(fairlead, crew):
    """Who has waited long has probably given up; the newest can still be served in time."""
    a = crew("a")
    more = UNLIMITED + QUEUE.replace("limit: 10", "limit: 6")
    edge = fairlead(one_pool(a, more=more), admin=ADMIN)
    clients = occupied(edge, a)
    clients += queue_up(edge, 6)
    for served in range(1, 7):
        a.release()
        eventually(lambda served=served: a.requests == served + 1, what="the next in the queue")
    a.release_all()
    order = [int(target.removeprefix("/queued-")) for target in a.targets[1:]]
    # Three are half of it: either the newest or the oldest of them may be next.
    assert order in ([5, 4, 3, 2, 0, 1], [5, 4, 3, 0, 1, 2])
    assert [client.read_answer().status for client in clients] == [200] * 7


def test_queue_behind_the_servers_own_limit(fairlead, crew):
    """Whoever gets free takes the next."""
    a, b = servers = crew("a", "b")
    config = one_pool(
        a.entry("max_requests: 1"), b.entry("max_requests: 1"),
        more=UNLIMITED + "queue: { limit: 10, timeout: 5s }\n",
    )  # fmt: skip
    edge = fairlead(config, admin=ADMIN, workers=2)
    for server in servers:
        server.hold()
    clients = [ask(edge, "/held") for _ in range(2)]
    eventually(lambda: (len(a.waiting), len(b.waiting)) == (1, 1), what="both are full")
    clients += queue_up(edge, 3)
    for served in range(2, 5):
        b.release()
        eventually(lambda served=served: b.requests == served, what="the next in the queue")
    assert a.requests == 1
    for server in servers:
        server.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 5


def test_queue_has_a_timeout(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + QUEUE.replace("5s", "300ms")), admin=ADMIN)
    (held,) = occupied(edge, a)
    start = time.monotonic()
    reply = edge.get("/late")
    assert retry_after(reply) > 0
    assert 0.29 <= time.monotonic() - start <= 0.3 + 0.5 * SCALE
    assert edge.admin.pool()["waiting"] == 0 and a.requests == 1
    a.release_all()
    assert held.read_answer().status == 200
    (line,) = [one for one in edge.log_lines(2) if one["path"] == "/late"]
    assert line["status"] == 503 and 250 <= line["queue_ms"] <= 1500 * SCALE


def test_beyond_the_queue_is_503_at_once(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + QUEUE.replace("10", "3")), admin=ADMIN)
    clients = occupied(edge, a) + queue_up(edge, 3)
    start = time.monotonic()
    assert retry_after(edge.get("/beyond")) > 0
    assert time.monotonic() - start < 0.1 * SCALE
    a.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 4


def test_client_that_leaves_leaves_the_queue(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + QUEUE), admin=ADMIN)
    (held,) = occupied(edge, a)
    gone, stays = queue_up(edge, 2)
    gone.reset()
    edge.admin.await_pool(lambda pool: pool["waiting"] == 1, "one less in the queue")
    a.release_all()
    assert held.read_answer().status == stays.read_answer().status == 200
    assert a.targets == ["/held", "/queued-1"]


def test_queue_holds_what_waits_for_its_server_to_return(fairlead, crew):
    """A request that leaves the queue finds its body as the client sent it."""
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + QUEUE), admin=ADMIN)
    (held,) = occupied(edge, a)
    (queued,) = queue_up(edge, 1, method="POST", body=b"body" * 1000)
    a.release_all()
    assert held.read_answer().status == queued.read_answer().status == 200
    assert a.last.finished.wait(1) and a.last.body == b"body" * 1000


def test_retry_after_is_jittered(fairlead, crew):
    """Who is turned away together shall not come again together."""
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + "max_requests: 1\nqueue: off\n"))
    (held,) = occupied(edge, a)
    with edge.connect() as client:
        pauses = collections.Counter(retry_after(client.get()) for _ in range(60))
    assert len(pauses) >= 2 and min(pauses) >= 1 and max(pauses) <= 60, pauses
    a.release_all()
    assert held.read_answer().status == 200


def test_queue_under_load_of_all_workers(fairlead, faulty):
    """Nothing is lost and the limit holds: 20 ms for each of two at a time are 100 a second."""
    slow = faulty("a", mode="slow", seconds=0.02)
    more = UNLIMITED + "max_requests: 2\nqueue: { limit: 50, timeout: 5s }\n"
    edge = fairlead(one_pool(slow, more=more), workers=2, admin=ADMIN)
    with Load(edge.port, connections=20) as load:
        load.answers(150)
        assert edge.admin.pool()["in_flight"] <= 2
        start = load.now()
        load.go_on(1.0)
        rate = load.ended_since(start, start + 1.0).total
    assert set(load.all().statuses) == {200} and rate <= 105
    pool = edge.admin.await_pool(lambda pool: pool["in_flight"] == 0, "the end of all")
    assert pool["waiting"] == 0


def test_pressure_is_told_in_the_api(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=UNLIMITED + QUEUE), admin=ADMIN)
    clients = occupied(edge, a) + queue_up(edge, 2)
    pool = edge.admin.pool()
    assert (pool["in_flight"], pool["waiting"]) == (1, 2)
    a.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 3


# limit: how many at once.


def test_limit_by_number(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=CALM + "limit: 2\nqueue: off\n"), admin=ADMIN)
    clients = occupied(edge, a, 2)
    for _ in range(5):
        assert retry_after(edge.get("/")) > 0
    pool = edge.admin.pool()
    assert (pool["limit_mode"], pool["limit"]) == ("fixed", 2)
    a.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 2
    assert edge.get("/").status == 200


def test_adaptive_limit_refuses_nobody_while_it_learns(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more=CALM + "limit: adaptive\nqueue: off\n"), admin=ADMIN)
    clients = occupied(edge, a, 60)
    pool = edge.admin.pool()
    assert pool["limit_mode"] == "adaptive" and pool["limit"] >= 8
    a.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 60


@pytest.mark.parametrize("mode", ["adaptive", "observe"])
def test_computed_limit_does_not_go_under_8(fairlead, faulty, mode):
    """However bad the latency becomes."""
    a = faulty("a")
    edge = fairlead(one_pool(a, more=f"{CALM}limit: {mode}\n"), admin=ADMIN)
    limits = []
    with Load(edge.port, connections=4) as load:
        load.answers(1000)
        a.turn_to("slow", seconds=0.05)
        for _ in range(10):
            load.answers(10)
            limits.append(edge.admin.pool()["limit"])
    assert min(limits) >= 8 and set(load.all().statuses) == {200}


OBSERVING = {"by itself": "", "in words": "limit: observe\n"}


@pytest.mark.parametrize("line", OBSERVING.values(), ids=OBSERVING)
def test_limit_is_observed_and_not_enforced(fairlead, crew, line):
    a = crew("a")
    edge = fairlead(one_pool(a, more=CALM + line), admin=ADMIN)
    statuses(edge, 50)
    clients = occupied(edge, a, 100)
    pool = edge.admin.pool()
    assert pool["limit_mode"] == "observe" and pool["limit"] > 0 and pool["in_flight"] == 100
    a.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 100


def test_limit_off(fairlead, crew):
    edge = fairlead(one_pool(crew("a"), more=UNLIMITED), admin=ADMIN)
    assert edge.admin.pool()["limit_mode"] == "off"


# priority: who is refused first.

PRIORITIES = ("critical", "normal", "batch")


def prioritised(server, more):
    routes = "".join(f"  - {{ path: /{one}, pool: p, priority: {one} }}\n" for one in PRIORITIES)
    text = one_pool(server, more=more)
    return text[: text.index("paths:")] + "paths:\n" + routes + "  - { path: /, pool: p }\n"


def test_batch_goes_first_and_critical_last(fairlead, faulty):
    """200 a second are possible, and 80 critical, 80 normal and 160 batch requests come."""
    slow = faulty("a", mode="slow", seconds=0.02)
    more = UNLIMITED + "max_requests: 4\nqueue: { limit: 40, timeout: 1s }\n"
    edge = fairlead(prioritised(slow, more), workers=1)
    rates = {"critical": 80, "normal": 80, "batch": 160}
    loads = {
        name: Load(edge.port, connections=40, rate=rate, target=f"/{name}")
        for name, rate in rates.items()
    }
    for load in loads.values():
        load.__enter__()
    try:
        loads["normal"].go_on(1.5)  # until the queue is what it stays
        start = Load.now()
        loads["normal"].go_on(4.0)
    finally:
        for load in loads.values():
            load.stop()
    counts = {name: load.ended_since(start, start + 4.0) for name, load in loads.items()}
    good = {name: one.statuses[200] / one.total for name, one in counts.items()}
    assert good["critical"] >= 0.9, (good, counts)
    assert good["batch"] + 0.2 < good["critical"] and good["batch"] < good["normal"], good
    assert all(not one.lost and set(one.statuses) <= {200, 503} for one in counts.values())
    assert all(b"Retry-After:" in one.head for one in counts["batch"].failed)


def test_without_pressure_priorities_make_no_difference(fairlead, crew):
    a = crew("a")
    edge = fairlead(prioritised(a, UNLIMITED + QUEUE))
    for name in PRIORITIES:
        assert set(names(edge, 20, target=f"/{name}")) == {"a"}


# The file.

REFUSED = {
    "breaker with a bare number": ("breaker: { errors: 50 }", ["%"]),
    "unknown key of the queue": ("queue: { limits: 10 }", ["limit"]),
    "unknown limit": ("limit: adaptiv", ["adaptive"]),
    "no limit": ("limit: 0", ["limit"]),
    "no requests": ("max_requests: 0", ["too small", "from 1"]),
}


@pytest.mark.parametrize("line, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, line, words):
    check.refuses(pool_with(line), words, 4)


def test_check_refuses_unknown_priorities(check):
    text = "paths:\n  - path: /\n    servers: [127.0.0.1:1]\n    priority: urgent\n"
    check.refuses(text, ["critical"], 4)
