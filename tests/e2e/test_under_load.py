"""Servers that die, hang, reset and return under load: what clients notice, in counts and in time.

Four servers, each a process of its own, and a steady load of GETs over keep-alive connections.
"""

import pytest
from configs import one_pool
from edge import ADMIN
from load import LONG, STEADY, Load
from waiting import PATIENCE, SCALE

CLIENTS = 32
# For servers that die by kill -9. What is in flight on one of four servers is more than the budget of
# retries (20 %), so some of those requests wait for their turn.
PACED = {"rate": 3 * STEADY}
# As the table of defaults has it, but so that minutes become seconds.
QUICK = (
    "slow_start: 1s\n"
    "health: { path: /healthz, every: 500ms, timeout: 300ms, fall: 3, rise: 2,\n"
    "  passive: { eject: 1s, max_eject: 5s } }\n"
)
# `fall` checks, each with its jitter and its timeout, and a machine that is busy with all this.
DOWN_WITHIN = 3 * (0.5 * 1.2 + 0.3) + 1.5 * SCALE
# An ejection or two, `rise` checks and the slow start.
BACK_WITHIN = 8 * SCALE


@pytest.fixture
def four(faulty):
    return faulty("a", "b", "c", "d")


@pytest.fixture
def serve(fairlead, four):
    """serve(more): a fairlead before the four servers, and a load on it."""
    loads = []

    def start(more=QUICK, rate=STEADY, connections=CLIENTS, **options):
        edge = fairlead(one_pool(*four, more=more), workers=2, admin=ADMIN)
        load = Load(edge.port, connections=connections, rate=rate, **options)
        loads.append(load.__enter__())
        load.answers(STEADY // 2)
        assert load.all().servers.keys() == {"a", "b", "c", "d"}, "all four serve"
        return edge, load

    yield start
    for load in loads:
        load.stop()


def without(name):
    """Of the last answers none came from this server, and none failed."""
    return lambda counts: not counts.servers[name] and set(counts.statuses) == {200}


def whole(name):
    """The server has its part again, or nearly."""
    return lambda counts: counts.share(name) > 0.15 and set(counts.statuses) == {200}


def all_good(load):
    counts = load.all()
    assert set(counts.statuses) == {200}, counts
    return counts


# Death and return.


DEATHS = {
    "by the defaults alone": ("", PACED),
    "with quick checks": (QUICK, PACED),
    "with few clients": ("", PACED | {"connections": 3}),
    "with many clients": ("", PACED | {"connections": 4 * CLIENTS}),
    "as fast as it goes": ("", {"rate": None}),
}


@pytest.mark.parametrize("more, pace", DEATHS.values(), ids=DEATHS)
def test_killed_server_costs_no_idempotent_request(serve, four, more, pace):
    _, load = serve(more, **pace)
    killed = load.now()
    four[3].kill()
    load.go_on(2.0)
    load.stop()
    all_good(load)
    after = load.since(killed + 0.1)
    assert not after.servers["d"] and after.servers.keys() == {"a", "b", "c"}
    # A connection that meets the listener just as it dies may have to ask twice, a second apart:
    # the kernel drops what it was handling at that moment without a word.
    assert after.latency(0.99) < 0.25 * SCALE, "refused connections cost next to nothing"
    assert after.slowest < 1.5 * SCALE


def test_killed_server_that_returns_serves_again(serve, four):
    edge, load = serve(**PACED)
    four[3].kill()
    load.until(without("d"), "traffic without it")
    edge.admin.await_standing("d", "down", "ejected")
    four[3].start()
    returned = load.now()
    back = load.until(whole("d"), "its whole part", within=BACK_WITHIN)
    load.stop()
    all_good(load)
    # Not at once: two good checks and a second of slow start come first.
    assert back - returned > 0.5
    first = load.ended_since(returned, back)
    assert first.servers["d"] < first.total / 4


def test_returning_server_begins_slowly(serve, four):
    """Its part of the traffic grows from a tenth of its weight."""
    edge, load = serve(QUICK.replace("slow_start: 1s", "slow_start: 3s"), **PACED)
    four[3].kill()
    edge.admin.await_standing("d", "down", "ejected")
    four[3].start()
    edge.admin.await_standing("d", "warming", within=BACK_WITHIN)
    start = load.now()
    load.go_on(4.0)
    load.stop()
    all_good(load)
    shares = [
        load.ended_since(start + first, start + last).share("d")
        for first, last in ((0, 0.8), (1.2, 2.0), (3.2, 4.0))
    ]
    assert shares == sorted(shares) and shares[0] < 0.16 and shares[2] > 0.19, shares


def test_server_restarted_every_second_costs_no_idempotent_request(serve, four):
    _, load = serve(QUICK.replace("slow_start: 1s", "slow_start: off"), **PACED)
    for _ in range(60 if LONG else 15):
        four[3].kill()
        four[3].start()
        load.go_on(1.0)
    load.stop()
    counts = all_good(load)
    assert counts.slowest < 1.5 * SCALE, counts


def test_every_server_restarted_one_after_the_other(serve, four):
    """A deployment: nobody notices it."""
    edge, load = serve(QUICK.replace("slow_start: 1s", "slow_start: off"), **PACED)
    for server in four:
        server.kill()
        edge.admin.await_standing(server.name, "down", "ejected")
        server.start()
        edge.admin.await_standing(server.name, "ready", within=BACK_WITHIN)
    load.stop()
    all_good(load)


# Servers that hang.


def test_server_that_accepts_and_never_answers(serve, four):
    """Its requests end with 504 after `timeouts.response`, and soon it gets no more."""
    edge, load = serve(QUICK + "timeouts: { response: 1s }\n")
    start = load.now()
    four[3].turn_to("silent")
    edge.admin.await_standing("d", "down", within=DOWN_WITHIN + 2)
    left = load.until(without("d"), "traffic without it", within=DOWN_WITHIN + 2)
    load.answers(STEADY)
    load.stop()
    counts = load.since(start)
    assert set(counts.statuses) <= {200, 504}, counts
    late = [sample for sample in counts.failed if sample.began > start + DOWN_WITHIN]
    assert not late and left - start < DOWN_WITHIN + 1.0 * SCALE
    # Each of the clients may have met it twice, by chance, before five failures took it out.
    assert 0 < counts.statuses[504] <= 2 * CLIENTS
    assert all(1.0 <= sample.took < 1.0 + 1.0 * SCALE for sample in counts.failed)


def test_per_try_timeout_hides_a_server_that_never_answers(serve, four):
    edge, load = serve(QUICK + "retry: { per_try: 300ms }\n")
    start = load.now()
    four[3].turn_to("silent")
    # Clients do not see it, as others answer for it.
    edge.admin.await_standing("d", "down", within=DOWN_WITHIN + 2)
    left = load.now()
    load.answers(STEADY)
    load.stop()
    all_good(load)
    assert load.since(start).slowest < 0.6 + 1.0 * SCALE
    assert not load.since(left).slower_than(0.25 * SCALE)


def test_server_that_answers_after_ten_seconds(serve, four):
    """Who waits for it gets his answer; nobody new is sent there once its checks fail."""
    edge, load = serve()
    start = load.now()
    four[3].turn_to("slow", seconds=10)
    edge.admin.await_standing("d", "down", within=DOWN_WITHIN + 2)
    down = load.now()
    load.go_on(1.0)
    # Who waits at the slow server is silent; the others go on.
    load.until(without("d"), "traffic without it")
    load.stop()
    counts = all_good(load)
    slow = counts.slower_than(2.0 * SCALE)
    assert slow and all(sample.server == "d" and sample.took < 11 * SCALE for sample in slow)
    assert len(slow) <= CLIENTS, "each client waits for it once"
    assert all(start - 0.1 <= sample.began <= down + 0.2 for sample in slow)


def test_blackholed_server_costs_the_connect_timeout_at_most_once(serve, four):
    """Its packets vanish. Whoever was sent there goes on to another server after 2 s."""
    edge, load = serve("health: { every: 500ms, timeout: 1s }\n")
    start = load.now()
    four[3].turn_to(blackhole=True)
    edge.admin.await_standing("d", "down", "ejected", within=3 * (0.6 + 1) + 2 * SCALE)
    # Those that had begun to connect just before give up two seconds later.
    load.go_on(2.5)
    calm = load.now()
    load.answers(STEADY)
    load.stop()
    counts = all_good(load)
    assert counts.slowest < 2.0 + 1.5 * SCALE, "nobody pays twice"
    slow = counts.slower_than(1.0 * SCALE)
    assert len(slow) <= 2 * CLIENTS, counts
    assert all(sample.began >= start - 0.1 for sample in slow)
    assert not load.since(calm).slower_than(1.0 * SCALE)


def test_server_that_is_blackholed_from_the_start(fairlead, four):
    """The first check decides: it never gets a request."""
    four[3].turn_to(blackhole=True)
    edge = fairlead(one_pool(*four, more=QUICK), workers=2)
    with Load(edge.port, connections=CLIENTS, rate=STEADY) as load:
        load.answers(STEADY)
    assert not all_good(load).slower_than(1.0 * SCALE)


# Servers that break connections.


def test_server_that_resets_every_third_connection(serve, four):
    """A connection for each request, so that there are many."""
    edge, load = serve(QUICK + "timeouts: { upstream_idle: off }\n", rate=STEADY / 2)
    four[3].turn_to("reset", each=3)
    load.answers(STEADY)
    load.stop()
    all_good(load)
    told = four[3].counts()
    assert told["connections"] > 50, "too few to tell anything"


def test_servers_that_close_idle_connections_at_once(serve, four):
    """None of them says so. What had been sent on a dead connection goes out on a fresh one."""
    _, load = serve()
    for server in four:
        server.turn_to("close")
    load.answers(3 * STEADY)
    load.stop()
    counts = all_good(load)
    assert counts.servers.keys() == {"a", "b", "c", "d"}


def test_posts_without_a_body_outlive_idle_connections_that_die(serve, four):
    _, load = serve(method="POST", body=b"")
    for server in four:
        server.turn_to("close")
    load.answers(2 * STEADY)
    load.stop()
    all_good(load)


# Servers that answer errors.


def test_server_that_returns_500(serve, four):
    """Its checks fail with the rest, and it is out when they have."""
    edge, load = serve()
    start = load.now()
    four[3].turn_to("error", status=500)
    edge.admin.await_standing("d", "down", within=DOWN_WITHIN + 1)
    down = load.now()
    load.answers(STEADY)
    load.stop()
    counts = load.since(start)
    assert set(counts.statuses) == {200, 500} and {one.server for one in counts.failed} == {"d"}
    assert down - start < DOWN_WITHIN
    assert set(load.since(down + 0.2).statuses) == {200}


def test_server_that_returns_503_is_out_after_five(serve, four):
    """Its checks are fine; its answers take it out."""
    _, load = serve(QUICK.replace("eject: 1s, max_eject: 5s", "eject: 60s, max_eject: 60s")
                    .replace("rise: 2", "rise: 1000"))  # fmt: skip
    start = load.now()
    four[3].turn_to("error", status=503, checks=200)
    left = load.until(without("d"), "traffic without it")
    load.answers(STEADY)
    load.stop()
    # One of the five may have begun before the server turned. Five, and those on their way by then.
    counts = load.ended_since(start)
    assert 5 <= counts.statuses[503] <= 5 + CLIENTS, counts
    assert left - start < 2.0 * SCALE and set(load.since(left).statuses) == {200}


def test_503_is_hidden_when_retries_are_asked_for(serve, four):
    retry = "retry: { when: [connect, refused, stale, reset, 503], budget: off }\n"
    _, load = serve(QUICK + retry)
    four[3].turn_to("error", status=503, checks=200)
    load.answers(2 * STEADY)
    load.stop()
    all_good(load)


def test_server_that_asks_for_a_pause_gets_it(serve, four):
    _, load = serve(QUICK.replace("slow_start: 1s", "slow_start: off"))
    four[3].turn_to("error", status=503, retry_after=2, checks=200)
    load.until(lambda counts: counts.statuses[503] > 0, "its 503")
    four[3].turn_to("well")
    load.until(whole("d"), "its return")
    load.stop()
    counts = load.all()
    assert counts.statuses[503] <= CLIENTS
    first = min(sample.began for sample in counts.failed)
    pause = [sample for sample in counts.samples if first + 0.3 < sample.began < first + 1.9]
    assert pause and not any(sample.server == "d" for sample in pause)


# Nobody left.


def test_all_down_is_503_at_once(serve, four):
    edge, load = serve()
    for server in four:
        server.kill()
    for server in four:
        edge.admin.await_standing(server.name, "down", within=DOWN_WITHIN + 2)
    calm = load.now()
    load.answers(STEADY)
    counts = load.since(calm)
    assert set(counts.statuses) == {503}, counts
    assert all(b"\r\nRetry-After: " in sample.head for sample in counts.failed)
    assert counts.latency(0.99) < 0.05 * SCALE, counts
    for server in four:
        server.start()
    load.until(
        lambda counts: set(counts.statuses) == {200} and len(counts.servers) == 4,
        "the return of all", within=BACK_WITHIN,
    )  # fmt: skip
    load.stop()
    assert not load.all().lost


def test_all_killed_at_once_and_back(serve, four):
    """From one moment to the other: refusals at once, never a hang, and then all is well."""
    _, load = serve()
    for server in four:
        server.kill()
    load.answers(STEADY)
    for server in four:
        server.start()
    load.until(lambda counts: set(counts.statuses) == {200}, "the return", within=PATIENCE)
    load.stop()
    counts = load.all()
    assert not counts.lost and set(counts.statuses) <= {200, 502, 503}, counts
    assert counts.slowest < 1.5 * SCALE
