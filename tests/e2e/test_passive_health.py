"""Passive health: traffic itself takes servers out for a while, never too many of them."""

import collections

import pytest
from configs import one_pool, pool_with
from crew import BUSY, CHECK, names, refused_here, statuses
from edge import ADMIN
from load import Load
from waiting import PATIENCE, SCALE, eventually

SLACK = 0.6 * SCALE  # seconds that something may come late on a busy machine


def passive(more="", active="every: 60s"):
    """Passive health with short times; the active checks say that all is well, and keep quiet."""
    keys = {"consecutive": "5", "failures": "50%", "min_requests": "20", "window": "10s"}
    keys |= {"eject": "30s", "max_eject": "60s"}
    keys |= dict(one.strip().split(": ") for one in more.split(",") if one)
    text = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return (
        f"balance: round_robin\nslow_start: off\n"
        f"health: {{ path: {CHECK}, {active}, timeout: 1s, passive: {{ {text} }} }}\n"
    )


def ask_on(edge, server, count):
    """Requests until the server has had so many more, or it gets none in 40."""
    wanted, quiet = server.requests + count, 0
    with edge.connect() as client:
        while server.requests < wanted and quiet < 40:
            before = server.requests
            client.get()
            quiet = 0 if server.requests > before else quiet + 1
    return server.requests


# What takes a server out.


@pytest.mark.parametrize("status", ["502 X", "503 X", "504 X"])
def test_five_failures_in_a_row_eject(fairlead, crew, status):
    a, bad, c = crew("a", "bad", "c")
    bad.turn_to(status)
    edge = fairlead(one_pool(a, bad, c, more=passive()), admin=ADMIN)
    seen = statuses(edge, 60)
    assert collections.Counter(seen) == {200: 55, int(status[:3]): 5}
    server = edge.admin.server("bad")
    assert server["standing"] == "ejected" and server["active"] == "up"
    assert "5" in " ".join(server["why"])
    assert bad.requests == 5


def test_500_is_an_answer_like_others(fairlead, crew):
    a, bad = crew("a", "bad")
    bad.turn_to("500 X")
    edge = fairlead(one_pool(a, bad, more=passive()), admin=ADMIN)
    assert collections.Counter(statuses(edge, 80)) == {200: 40, 500: 40}
    assert edge.admin.standings() == {"a": "ready", "bad": "ready"}


def test_a_success_between_starts_the_count_anew(fairlead, crew):
    a, bad = crew("a", "bad")
    bad.alternate(BUSY, BUSY, BUSY, BUSY, "200 OK")
    edge = fairlead(one_pool(a, bad, more=passive("min_requests: 1000")), admin=ADMIN)
    assert ask_on(edge, bad, 50) == 50
    assert edge.admin.server("bad")["standing"] == "ready"


def test_over_half_of_twenty_eject(fairlead, crew):
    a, bad = crew("a", "bad")
    bad.alternate(BUSY, BUSY, "200 OK")
    edge = fairlead(one_pool(a, bad, more=passive()), admin=ADMIN)
    # The twentieth is judged with the others; a count in slots of time may take a few more.
    assert 20 <= ask_on(edge, bad, 60) <= 25
    assert edge.admin.server("bad")["standing"] == "ejected"


def test_half_is_not_over_half(fairlead, crew):
    a, bad = crew("a", "bad")
    bad.alternate("200 OK", BUSY)
    edge = fairlead(one_pool(a, bad, more=passive()), admin=ADMIN)
    assert ask_on(edge, bad, 60) == 60
    assert edge.admin.server("bad")["standing"] == "ready"


def test_old_failures_do_not_count(fairlead, crew):
    """Twenty of twenty-eight failed, but fifteen requests lie further back than the window."""
    a, bad = crew("a", "bad")
    edge = fairlead(one_pool(a, bad, more=passive("window: 1s")), admin=ADMIN)
    bad.alternate(BUSY, BUSY, BUSY, BUSY, "200 OK")
    assert ask_on(edge, bad, 15) == 15
    bad.recover()
    with Load(edge.port, connections=1, rate=4) as load:
        load.go_on(1.5)
    bad.alternate(BUSY, BUSY, BUSY, BUSY, "200 OK")
    before = bad.requests
    assert ask_on(edge, bad, 10) == before + 10
    assert edge.admin.server("bad")["standing"] == "ready"


def test_refused_connections_eject_and_nobody_notices(fairlead, crew):
    a, gone = crew("a", "gone")
    edge = fairlead(one_pool(a, gone, more=passive()), admin=ADMIN)
    gone.down()
    assert set(names(edge, 30)) == {"a"}
    server = edge.admin.server("gone")
    assert server["standing"] == "ejected" and server["active"] == "up"


def test_timeouts_eject(fairlead, crew, faulty):
    hanging = faulty("hanging", mode="silent", checks=200)
    more = passive() + "timeouts: { response: 100ms }\n"
    edge = fairlead(one_pool(crew("a"), hanging, more=more), admin=ADMIN)
    assert collections.Counter(statuses(edge, 40)) == {200: 35, 504: 5}
    assert edge.admin.server("hanging")["standing"] == "ejected"


def test_resets_eject(fairlead, crew, faulty):
    resetting = faulty("resetting", mode="reset", each=1, checks=200)
    edge = fairlead(one_pool(crew("a"), resetting, more=passive()), admin=ADMIN)
    assert set(names(edge, 40)) == {"a"}
    assert edge.admin.server("resetting")["standing"] == "ejected"


def test_all_workers_count_together(fairlead, crew):
    a, bad, c = crew("a", "bad", "c")
    bad.turn_to(BUSY)
    more = passive().replace("round_robin", "random")
    edge = fairlead(one_pool(a, bad, c, more=more), workers=4, admin=ADMIN)
    seen = collections.Counter(edge.get("/").status for _ in range(120))
    assert seen == {200: 115, 503: 5}


OFF = {
    "passive off": f"health: {{ path: {CHECK}, every: 60s, passive: off }}\n",
    "health off": "health: off\n",
}


@pytest.mark.parametrize("line", OFF.values(), ids=OFF)
def test_off_ejects_nobody(fairlead, crew, line):
    a, bad = crew("a", "bad")
    bad.turn_to(BUSY)
    edge = fairlead(one_pool(a, bad, more=line + "balance: round_robin"))
    assert collections.Counter(statuses(edge, 80)) == {200: 40, 503: 40}


def test_on_without_words(fairlead, crew):
    """Two servers and no line about health at all: five errors are enough."""
    a, bad = crew("a", "bad")
    bad.turn_to(BUSY)
    edge = fairlead(one_pool(a, bad, more="balance: round_robin"), admin=ADMIN)
    assert collections.Counter(statuses(edge, 40)) == {200: 35, 503: 5}
    assert edge.admin.server("bad")["standing"] == "ejected"


# How it comes back.


def test_out_for_longer_each_time(fairlead, crew):
    a, bad, c = crew("a", "bad", "c")
    bad.turn_to(BUSY)
    edge = fairlead(one_pool(a, bad, c, more=passive("eject: 500ms, max_eject: 1200ms")))
    with Load(edge.port, connections=1, rate=400) as load:
        eventually(lambda: bad.requests >= 20, what="four ejections", within=4 * PATIENCE)
    times = [when for when, _ in bad.served]
    gaps = [times[5 * i] - times[5 * i - 1] for i in (1, 2, 3)]
    for gap, meant in zip(gaps, (0.5, 1.0, 1.2)):
        assert meant - 0.05 <= gap <= meant + SLACK, gaps
    assert set(load.all().statuses) == {200, 503}


def test_good_checks_bring_it_back_sooner(fairlead, crew):
    a, bad, c = crew("a", "bad", "c")
    bad.turn_to(BUSY)
    more = passive(active="every: 200ms, rise: 4")
    edge = fairlead(one_pool(a, bad, c, more=more), admin=ADMIN)
    ask_on(edge, bad, 5)
    checks = bad.checks
    assert edge.admin.server("bad")["standing"] == "ejected"
    bad.recover()
    edge.admin.await_standing("bad", "ready")
    assert 3 <= bad.checks - checks, "fewer good checks than `rise`"
    seen = collections.Counter(names(edge, 30))
    assert abs(seen["bad"] - 10) <= 1, seen


def test_ill_server_is_not_brought_back_by_time(fairlead, crew):
    """Active and passive state are apart: the end of an ejection does not make it well."""
    a, bad, c = crew("a", "bad", "c")
    more = passive("eject: 300ms, max_eject: 300ms", active="every: 50ms, fall: 1, rise: 1")
    edge = fairlead(one_pool(a, bad, c, more=more), admin=ADMIN)
    bad.turn_to(BUSY)
    bad.well = False
    edge.admin.await_standing("bad", "down")
    before = bad.requests
    with Load(edge.port, connections=1, rate=200) as load:
        load.go_on(0.8)
    assert set(load.all().statuses) == {200} and bad.requests == before


# Never too many.


def test_never_more_than_half(fairlead, crew):
    servers = crew("a", "b", "c", "d")
    edge = fairlead(one_pool(*servers, more=passive()), admin=ADMIN)
    for server in servers[1:]:
        server.turn_to(BUSY)
    seen = collections.Counter(statuses(edge, 100))
    standings = collections.Counter(edge.admin.standings().values())
    assert standings == {"ejected": 2, "ready": 2}
    # Ten of those ejected, and about every second of the rest: one good and one bad are left.
    assert 40 <= seen[503] <= 60, seen


def test_never_the_last(fairlead, crew):
    a, b = crew("a", "b")
    more = passive(active="every: 50ms, fall: 1, rise: 1")
    edge = fairlead(one_pool(a, b, more=more), admin=ADMIN)
    a.well = False
    edge.admin.await_standing("a", "down")
    b.turn_to(BUSY)
    assert statuses(edge, 30) == [503] * 30
    assert b.requests == 30, "the last server gets everything, whatever it answers"
    assert edge.admin.server("b")["standing"] == "ready"


def test_only_server_is_never_ejected(fairlead, crew):
    a = crew("a")
    a.turn_to(BUSY)
    edge = fairlead(one_pool(a, more=passive()))
    with edge.connect() as client:
        assert {client.get().get("X-Server") for _ in range(30)} == {"a"}


def test_fail_open_for_the_ejected_and_not_for_the_ill(fairlead, crew):
    a, b = crew("a", "b")
    more = passive(active="every: 50ms, fall: 1, rise: 1000")
    edge = fairlead(one_pool(a, b, more=more), admin=ADMIN)
    b.turn_to(BUSY)
    ask_on(edge, b, 5)
    edge.admin.await_standing("b", "ejected")
    b.recover()
    a.well = False
    edge.admin.await_standing("a", "down")
    assert set(names(edge, 20)) == {"b"}, "rather an ejected server than none"
    b.well = False
    eventually(lambda: refused_here(edge.get("/")), what="nobody is left")


# A server that asks for a pause.


def test_retry_after_of_a_503_takes_it_out_for_so_long(fairlead, crew):
    a, bad, c = crew("a", "bad", "c")
    bad.turn_to(BUSY, ["Retry-After: 2"])
    edge = fairlead(one_pool(a, bad, c, more=passive()), admin=ADMIN)
    assert collections.Counter(statuses(edge, 30)) == {200: 29, 503: 1}
    assert edge.admin.server("bad")["standing"] == "deferred"
    bad.recover()
    with Load(edge.port, connections=1, rate=200):
        eventually(lambda: bad.requests >= 2, what="its return")
    gap = bad.served[1][0] - bad.served[0][0]
    assert 1.9 <= gap <= 2.0 + SLACK
    assert edge.admin.server("bad")["standing"] == "ready"


NO_PAUSE = {
    "of a 200": ("200 OK", ["Retry-After: 100"]),
    "of a 429": ("429 Too Many", ["Retry-After: 100"]),
    "of garbage": (BUSY, ["Retry-After: soon"]),
    "of zero": (BUSY, ["Retry-After: 0"]),
    "negative": (BUSY, ["Retry-After: -5"]),
}


@pytest.mark.parametrize("status, fields", NO_PAUSE.values(), ids=NO_PAUSE)
def test_other_retry_after_takes_nobody_out(fairlead, crew, status, fields):
    a, b = crew("a", "b")
    b.turn_to(status, fields)
    edge = fairlead(one_pool(a, b, more=passive("consecutive: 1000, min_requests: 1000")))
    assert ask_on(edge, b, 10) == 10


def test_retry_after_reaches_the_client(fairlead, crew):
    a = crew("a")
    a.turn_to(BUSY, ["Retry-After: 7"])
    reply = fairlead(one_pool(a, more="health: off")).get("/")
    assert (reply.status, reply.get("Retry-After"), reply.body) == (503, "7", b"a")


# Slow start.


def shares_after(load, start, *windows):
    """Of server `a`, in windows of seconds after `start`."""
    return [load.ended_since(start + first, start + last).share("a") for first, last in windows]


def test_slow_start_after_recovery(fairlead, crew):
    a, b, c = crew("a", "b", "c")
    more = (
        "balance: round_robin\nslow_start: 2s\n"
        f"health: {{ path: {CHECK}, every: 50ms, fall: 1, rise: 1, passive: off }}\n"
    )
    edge = fairlead(one_pool(a, b, c, more=more), admin=ADMIN)
    assert collections.Counter(names(edge, 30)) == {"a": 10, "b": 10, "c": 10}, "no slow start yet"
    with Load(edge.port, connections=4, rate=400) as load:
        a.well = False
        edge.admin.await_standing("a", "down")
        quiet = a.requests
        load.answers(100)
        assert a.requests == quiet
        a.well = True
        edge.admin.await_standing("a", "warming")
        start = load.now()
        shown = [edge.admin.server("a")["share"]]
        while edge.admin.server("a")["standing"] == "warming":
            shown.append(edge.admin.server("a")["share"])
            assert load.now() - start < 2 + SLACK + 1
        took = load.now() - start
        load.go_on(1.0)
    early, middle, late = shares_after(load, start, (0, 0.6), (0.9, 1.5), (2.1, 3.0))
    # Its part of the weight: from 0.1 / 2.1, linear, to a third.
    assert early < 0.2 and early < middle < late and late > 0.28, (early, middle, late)
    assert 1.5 <= took <= 2 + SLACK
    assert shown[0] < 0.4 and shown == sorted(shown) and set(load.all().statuses) == {200}


def test_slow_start_of_a_single_server_refuses_nobody(fairlead, crew):
    a = crew("a")
    more = (
        "slow_start: 10s\n"
        f"health: {{ path: {CHECK}, every: 50ms, fall: 1, rise: 1, passive: off }}\n"
    )
    edge = fairlead(one_pool(a, more=more), admin=ADMIN)
    a.well = False
    edge.admin.await_standing("a", "down")
    a.well = True
    edge.admin.await_standing("a", "warming")
    assert statuses(edge, 30) == [200] * 30


def test_slow_start_off(fairlead, crew):
    a, b = crew("a", "b")
    more = (
        "balance: round_robin\nslow_start: off\n"
        f"health: {{ path: {CHECK}, every: 50ms, fall: 1, rise: 1, passive: off }}\n"
    )
    edge = fairlead(one_pool(a, b, more=more), admin=ADMIN)
    a.well = False
    edge.admin.await_standing("a", "down")
    a.well = True
    edge.admin.await_standing("a", "ready")
    seen = collections.Counter(names(edge, 20))
    assert abs(seen["a"] - 10) <= 1, seen


# The file.

REFUSED = {
    "unknown key": ("{ consecutiv: 5 }", ["consecutive"]),
    "no percent": ("{ failures: 0.5 }", ["percent", "50%"]),
    "over 100": ("{ failures: 101% }", ["101%"]),
    "no unit": ("{ eject: 10 }", ["unit", "10s"]),
}


@pytest.mark.parametrize("value, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, value, words):
    check.refuses(pool_with(f"health: {{ passive: {value} }}"), words, 4)
