"""Retries and hedging: what is tried again, where, how often, and what never is."""

import collections
import os
import threading
import time

import pytest
from configs import one_pool, pool_with
from crew import BUSY, ask, name_of, refused_here
from edge import ADMIN
from load import Load
from origin import WELL, answer, close, read_head, read_request, reset, send, serve, until_closed
from waiting import PATIENCE, SCALE, eventually

CALM = "health: off\n"
FIRST = CALM + "balance: first\n"  # the servers are tried in the order of the file
KIB = 1024

DYING = [read_request, reset]  # takes a whole request on a fresh connection, and dies of it
HANGING = [read_request, until_closed]


def echo_body(request):
    return answer(request.body)


def entries(*origins):
    return [f"{{ url: {one.address} }}" for one in origins]


def took(edge, **options):
    """The answer to one request, and the seconds it took."""
    start = time.monotonic()
    reply = edge.connect().request(**options).read_answer(options.get("method", "GET"))
    return reply, time.monotonic() - start


# Another server.


def test_each_attempt_goes_to_another_server(fairlead, origin):
    dying = [origin(DYING) for _ in range(3)]
    well = origin(WELL)
    more = FIRST + "retry: { attempts: 3 }\n"
    edge = fairlead(one_pool(*entries(*dying, well), more=more))
    for count in range(1, 4):
        reply = edge.get("/")
        assert (reply.status, reply.body) == (200, str(well.port).encode())
        assert [len(one.requests) for one in dying] == [count] * 3
    assert {line["attempts"] for line in edge.log_lines(3)} == {4}


@pytest.mark.parametrize("policy", ["p2c", "round_robin", "random", "{ hash: path }"])
def test_no_server_twice_while_another_is_untried(fairlead, origin, policy):
    """Whatever the policy would like: a hash even wants the same one again."""
    servers = [origin(DYING) for _ in range(4)]
    more = f"{CALM}balance: {policy}\nretry: {{ attempts: 3 }}\n"
    edge = fairlead(one_pool(*entries(*servers), more=more))
    for count in range(1, 6):
        assert edge.get("/").status == 502
        assert [len(one.requests) for one in servers] == [count] * 4


def test_servers_come_round_again_when_all_were_tried(fairlead, origin):
    servers = [origin(DYING) for _ in range(2)]
    more = FIRST + "retry: { attempts: 3 }\n"
    assert fairlead(one_pool(*entries(*servers), more=more)).get("/").status == 502
    assert sorted(len(one.requests) for one in servers) in ([1, 1], [2, 2])


def test_backup_serves_a_retry(fairlead, crew, origin):
    spare = crew("spare")
    servers = [*entries(origin(DYING)), spare.entry("backup: true")]
    assert fairlead(one_pool(*servers, more=CALM)).get("/").body == b"spare"


# The budget.


def test_budget_holds_a_storm(fairlead, crew, origin):
    """Ten of twenty die at once: a fifth of what is in flight is tried again, and never under 3."""
    go = threading.Event()
    dying = origin([read_request, lambda _: go.wait(PATIENCE), reset])
    b = crew("b")
    b.hold()
    more = CALM + "balance: round_robin\nretry: { attempts: 1, budget: 20% }\n"
    edge = fairlead(one_pool(*entries(dying), b, more=more))
    clients = [ask(edge) for _ in range(20)]
    b.await_waiting(10)
    eventually(lambda: len(dying.requests) == 10, what="ten requests at the dying server")
    go.set()
    eventually(lambda: len(edge.log_lines()) + b.requests == 20, what="the end or retry of all ten")
    b.release_all()
    counts = collections.Counter(client.read_answer().status for client in clients)
    retried = b.requests - 10
    assert 3 <= retried <= 5 and counts == {200: 10 + retried, 502: 10 - retried}


def test_three_are_always_tried_again(fairlead, crew, origin):
    go = threading.Event()
    dying = origin([read_request, lambda _: go.wait(PATIENCE), reset])
    b = crew("b")
    more = CALM + "balance: first\nretry: { attempts: 1, budget: 1% }\n"
    edge = fairlead(one_pool(*entries(dying), b, more=more))
    clients = [ask(edge) for _ in range(3)]
    eventually(lambda: len(dying.requests) == 3, what="three requests at the dying server")
    go.set()
    assert [client.read_answer().status for client in clients] == [200] * 3


def test_budget_off(fairlead, crew, origin):
    go = threading.Event()
    dying = origin([read_request, lambda _: go.wait(PATIENCE), reset])
    more = FIRST + "retry: { attempts: 1, budget: off }\n"
    edge = fairlead(one_pool(*entries(dying), crew("b"), more=more))
    clients = [ask(edge) for _ in range(20)]
    eventually(lambda: len(dying.requests) == 20, what="twenty requests at the dying server")
    go.set()
    assert [client.read_answer().status for client in clients] == [200] * 20


# Time.


def test_per_try_timeout_goes_to_another_server(fairlead, crew, origin):
    hanging = origin(HANGING)
    more = FIRST + "retry: { per_try: 200ms }\n"
    edge = fairlead(one_pool(*entries(hanging), crew("b"), more=more))
    reply, seconds = took(edge)
    assert name_of(reply) == "b" and 0.19 <= seconds < 0.19 + 0.8 * SCALE
    eventually(hanging.connections[0].closed.is_set, what="the end of the first try")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_per_try_timeout_repeats_nothing_that_may_have_been_done(fairlead, crew, origin, method):
    b = crew("b")
    more = FIRST + "retry: { per_try: 200ms }\n"
    edge = fairlead(one_pool(*entries(origin(HANGING)), b, more=more))
    reply, _ = took(edge, method=method, body=b"body")
    assert reply.status == 504 and b.requests == 0


def test_per_try_timeout_of_every_server(fairlead, origin):
    servers = [origin(HANGING) for _ in range(2)]
    more = FIRST + "retry: { per_try: 200ms, attempts: 1 }\n"
    reply, seconds = took(fairlead(one_pool(*entries(*servers), more=more)))
    assert reply.status == 504 and 0.39 <= seconds < 0.39 + 1.0 * SCALE
    assert [len(one.requests) for one in servers] == [1, 1]


def test_per_try_timeout_is_for_the_head_alone(fairlead, origin):
    """A body may take as long as it likes."""
    go = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl"
    script = [read_request, send(head), lambda _: go.wait(PATIENCE), send(b"ow"), until_closed]
    more = FIRST + "retry: { per_try: 100ms }\n"
    edge = fairlead(one_pool(*entries(origin(script), origin(WELL)), more=more))
    with edge.connect() as client:
        client.request().read_past(b"sl")
        assert client.is_quiet(0.3)
        go.set()
        assert client.read_exactly(2) == b"ow"


def test_total_ends_all_tries(fairlead, origin):
    servers = [origin(HANGING) for _ in range(6)]
    more = FIRST + "retry: { per_try: 200ms, attempts: 5 }\ntimeouts: { total: 500ms }\n"
    reply, seconds = took(fairlead(one_pool(*entries(*servers), more=more)))
    assert reply.status == 504 and 0.49 <= seconds < 0.49 + 0.7 * SCALE
    assert 2 <= sum(len(one.requests) for one in servers) <= 3


# What is asked for: 502, 503, 504.

ASKED = {"502": "502 X", "503": BUSY, "504": "504 X"}


@pytest.mark.parametrize("word, status", ASKED.items(), ids=ASKED)
def test_status_is_tried_again_when_asked_for(fairlead, crew, word, status):
    bad, b = crew("bad", "b")
    bad.turn_to(status)
    more = f"{FIRST}retry: {{ when: [connect, refused, stale, reset, {word}] }}\n"
    edge = fairlead(one_pool(bad, b, more=more))
    with edge.connect() as client:
        for method in ("GET", "PUT", "DELETE"):
            reply = client.request(method, body=b"body").read_answer()
            assert reply.status == 200 and reply.get("X-Server") == "b"
        for method in ("POST", "PATCH"):
            reply = client.request(method, body=b"body").read_answer()
            assert reply.status == int(word) and reply.body == b"bad"
    assert (bad.requests, b.requests) == (5, 3)


@pytest.mark.parametrize("status", ASKED.values(), ids=ASKED)
def test_status_is_passed_on_when_not_asked_for(fairlead, crew, status):
    bad, b = crew("bad", "b")
    bad.turn_to(status, body=b"own page")
    reply = fairlead(one_pool(bad, b, more=FIRST)).get("/")
    assert reply.status == int(status[:3]) and reply.body == b"own page"
    assert b.requests == 0


def test_last_answer_is_passed_on_when_all_are_busy(fairlead, crew):
    servers = crew("a", "b")
    for server in servers:
        server.turn_to(BUSY, ["X-Own: yes"])
    more = FIRST + "retry: { when: [503] }\n"
    reply = fairlead(one_pool(*servers, more=more)).get("/")
    assert (reply.status, reply.body, reply.get("X-Own")) == (503, b"b", "yes")
    assert not refused_here(reply)


def test_other_status_is_not_tried_again(fairlead, crew):
    bad, b = crew("bad", "b")
    bad.turn_to("500 X")
    more = FIRST + "retry: { when: [502, 503, 504] }\n"
    assert fairlead(one_pool(bad, b, more=more)).get("/").status == 500
    assert b.requests == 0


# Bodies.


def sized(client, method, body):
    client.request(method, "/", body=body)


def chunked(client, method, body):
    client.send(f"{method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for start in range(0, len(body), 5000):
        piece = body[start : start + 5000]
        client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    client.send(b"0\r\n\r\n")


SENDERS = {"length": sized, "chunks": chunked}
BODIES = {
    "nothing": ("", 0, True),
    "a byte": ("", 1, True),
    "nearly 64 KiB": ("", 63 * KIB, True),
    "64 KiB": ("", 64 * KIB, True),
    "a byte more": ("", 64 * KIB + 1, False),
    "a megabyte": ("", KIB * KIB, False),
    "small buffer, under it": ("buffer: 1KiB", 1000, True),
    "small buffer, over it": ("buffer: 1KiB", 2000, False),
    "large buffer": ("buffer: 256KiB", 200 * KIB, True),
    "large buffer, over it": ("buffer: 256KiB", 300 * KIB, False),
}


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
@pytest.mark.parametrize("keys, size, again", BODIES.values(), ids=BODIES)
def test_body_is_sent_again_as_a_whole_or_not_at_all(fairlead, origin, keys, size, again, sender):
    dying, well = origin(DYING), origin([serve(echo_body)])
    more = f"{FIRST}retry: {{ {keys or 'attempts: 1'} }}\n"
    edge = fairlead(one_pool(*entries(dying, well), more=more))
    body = os.urandom(size)
    with edge.connect() as client:
        sender(client, "PUT", body)
        reply = client.read_answer()
    assert dying.requests[0].body == body
    if again:
        assert reply.status == 200 and reply.body == body
    else:
        assert reply.status == 502 and not well.requests


def test_body_that_is_still_on_its_way_is_sent_again(fairlead, origin):
    """The server dies while the client has sent a part; the other gets all of it."""
    dying, well = origin([read_head, reset]), origin([serve(echo_body)])
    edge = fairlead(one_pool(*entries(dying, well), more=FIRST))
    with edge.connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nfour")
        well.next_request()
        client.send(b"more")
        reply = client.read_answer()
    assert (reply.status, reply.body) == (200, b"fourmore")


def test_trailers_are_sent_again(fairlead, origin):
    dying, well = origin(DYING), origin([serve(echo_body)])
    edge = fairlead(one_pool(*entries(dying, well), more=FIRST))
    with edge.connect() as client:
        client.send(
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n"
        )
        assert client.read_answer().body == b"body"
    first, second = dying.requests[0], well.requests[0]
    assert second.body == b"body" and second.trailers == first.trailers


def test_large_body_goes_to_another_server_while_it_is_untouched(fairlead, origin, dead_port):
    well = origin([serve(echo_body)])
    edge = fairlead(one_pool(f"{{ url: {dead_port.address} }}", *entries(well), more=FIRST))
    body = os.urandom(KIB * KIB)
    with edge.connect() as client:
        sender = threading.Thread(target=client.request, args=("POST", "/"), kwargs={"body": body})
        sender.start()
        reply = client.read_answer()
        sender.join(PATIENCE)
    assert reply.status == 200 and reply.body == body


def test_many_kept_bodies_do_not_mix(fairlead, origin):
    """Clients of one worker whose requests die one after another get their own bodies back."""
    dying, well = origin(DYING), origin([serve(echo_body)])
    more = FIRST + "retry: { budget: off }\n"
    edge = fairlead(one_pool(*entries(dying, well), more=more))
    bodies = [bytes([i]) * (1 + 3000 * i) for i in range(20)]
    clients = [ask(edge, method="PUT", body=body) for body in bodies]
    assert [client.read_answer().body for client in clients] == bodies


# Idle connections that died.

STALE = {
    "GET": b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT with a length": b"PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
    "PUT in chunks": (
        b"PUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
    "POST without a body": b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("raw", STALE.values(), ids=STALE)
def test_stale_connection_costs_no_attempt(fairlead, origin, raw):
    """Even with retries off elsewhere: the same server, a fresh connection."""
    upstream = origin([read_request, send(answer(b"1")), read_request, close], WELL)
    more = CALM + "retry: { attempts: 0, when: stale }\n"
    with fairlead(one_pool(*entries(upstream), more=more)).connect() as client:
        assert client.get("/1").body == b"1"
        assert client.send(raw).read_answer().status == 200
    assert [request.target for request in upstream.requests] == ["/1", "/2", "/2"]
    assert upstream.requests[1].body == upstream.requests[2].body


def test_post_with_its_body_is_not_tried_again(fairlead, origin):
    upstream = origin([read_request, send(answer(b"1")), read_request, close], WELL)
    with fairlead(one_pool(*entries(upstream), more=CALM)).connect() as client:
        assert client.get("/1").body == b"1"
        assert client.request("POST", "/2", body=b"body").read_answer().status == 502
    assert [request.target for request in upstream.requests] == ["/1", "/2"]


def test_fresh_connection_that_dies_goes_to_another_server_after_a_stale_one(fairlead, origin):
    """Stale, then fresh and dead: the second is an attempt, and the third is another server."""
    first = origin([read_request, send(answer(b"1")), read_request, close], DYING)
    second = origin(WELL)
    with fairlead(one_pool(*entries(first, second), more=FIRST)).connect() as client:
        assert client.get("/1").body == b"1"
        assert client.get("/2").body == str(second.port).encode()
    assert [request.target for request in first.requests] == ["/1", "/2", "/2"]


# Hedging.

HEDGE = "retry: { hedge: { after: 100ms, budget: 5% } }\n"


def test_slow_answer_is_asked_for_elsewhere(fairlead, crew, origin):
    hanging = origin(HANGING)
    edge = fairlead(one_pool(*entries(hanging), crew("b"), more=FIRST + HEDGE))
    reply, seconds = took(edge)
    assert name_of(reply) == "b" and 0.09 <= seconds < 0.09 + 0.8 * SCALE
    eventually(hanging.connections[0].closed.is_set, what="the end of the slow try")


def test_first_answer_wins_even_if_it_is_the_first_try(fairlead, crew):
    a, b = crew("a", "b")
    a.hold()
    b.hold()
    edge = fairlead(one_pool(a, b, more=FIRST + HEDGE))
    client = ask(edge, "/1")
    a.await_waiting(1)
    b.await_waiting(1)  # hedged
    a.release_all()
    assert name_of(client.read_answer()) == "a"
    b.release_all()
    b.hold()
    assert name_of(client.get("/2")) == "a", "the late answer is nobody's"
    assert (a.targets, b.targets) == (["/1", "/2"], ["/1"])


def test_second_try_has_no_word_in_the_first_answers_body(fairlead, origin):
    """The first try answers, then the second one, and only then comes the rest of the body."""
    second_asked, head_arrived, second_over = (threading.Event() for _ in range(3))

    def wait_for(event):
        return lambda _: event.wait(PATIENCE)

    half = b"x" * (64 * KIB)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {2 * len(half)}\r\n\r\n".encode()
    first = origin(
        [read_request, wait_for(second_asked), send(head + half), wait_for(second_over), send(half)]
    )
    late = send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
    second = origin(
        [read_request, lambda _: second_asked.set(), wait_for(head_arrived), late, until_closed]
    )
    edge = fairlead(one_pool(*entries(first, second), more=FIRST + HEDGE))
    with edge.connect() as client:
        client.request()
        reply = client.read_head()
        begun = client.read_exactly(len(half))
        head_arrived.set()
        eventually(lambda: second.connections[0].done.is_set(), what="the end of the second try")
        second_over.set()
        assert reply.status == 200 and begun + client.read_exactly(len(half)) == 2 * half


def test_quick_answers_are_not_hedged(fairlead, crew):
    a, b = crew("a", "b")
    edge = fairlead(one_pool(a, b, more=FIRST + HEDGE.replace("100ms", "5s")))
    with edge.connect() as client:
        assert {name_of(client.get()) for _ in range(50)} == {"a"}
    assert b.requests == 0


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_only_idempotent_requests_are_hedged(fairlead, crew, method):
    a, b = crew("a", "b")
    a.hold()
    edge = fairlead(one_pool(a, b, more=FIRST + HEDGE))
    client = ask(edge, "/posted", method=method, body=b"body")
    a.await_waiting(1)
    assert client.is_quiet(0.3)  # three times `after`
    assert b.requests == 0
    a.release_all()
    assert name_of(client.read_answer()) == "a"


def test_hedge_carries_the_body(fairlead, origin):
    hanging, well = origin(HANGING), origin([serve(echo_body)])
    edge = fairlead(one_pool(*entries(hanging, well), more=FIRST + HEDGE))
    with edge.connect() as client:
        reply = client.request("PUT", body=b"body" * 1000).read_answer()
    assert (reply.status, reply.body) == (200, b"body" * 1000)


def test_hedges_keep_to_their_budget(fairlead, crew):
    a, b = crew("a", "b")
    edge = fairlead(one_pool(a, b, more=FIRST + HEDGE))
    a.hold()
    clients = [ask(edge) for _ in range(40)]
    a.await_waiting(40)
    eventually(lambda: b.requests >= 1, what="a hedge")
    quiet = sum(client.is_quiet(0.01) for client in clients)  # several times `after`, in all
    assert quiet >= 34, "whoever heard something was hedged"
    a.release_all()
    assert all(client.read_answer().status == 200 for client in clients)
    assert 1 <= b.requests <= 6, "5 % of forty, and a few where there is little"


def test_hedge_after_a_share_of_latencies(fairlead, crew):
    a, b = crew("a", "b")
    more = FIRST + "retry: { hedge: { after: p95, budget: 5% } }\n"
    edge = fairlead(one_pool(a, b, more=more))
    with edge.connect() as client:
        for _ in range(300):
            client.get()
        usual = b.requests
        a.hold()
        assert name_of(client.get("/slow")) == "b", "a never answers"
    assert usual <= 30, "more than p95 and its budget of 5 %"
    a.release_all()


def test_hedging_spares_the_tail(fairlead, faulty):
    """A server that is slow now and then does not show in the slowest percent."""
    slow, quick = faulty("slow", "quick")
    more = CALM + "balance: round_robin\nretry: { hedge: { after: 50ms, budget: 100% } }\n"
    edge = fairlead(one_pool(slow, quick, more=more), admin=ADMIN)
    slow.turn_to("slow", seconds=2)
    with Load(edge.port, connections=4, rate=100) as load:
        load.answers(100)
    assert set(load.all().statuses) == {200}
    assert load.all().slowest < 1.0 * SCALE, load.all()


# The file.

REFUSED = {
    "unknown key": ("{ pertry: 1s }", ["per_try"]),
    "unknown share": ("{ hedge: { after: p95x } }", ["p95x"]),
    "negative time": ("{ per_try: -1s }", ["-1s", "duration"]),
    "huge buffer": ("{ buffer: 100GiB }", ["buffer"]),
}


@pytest.mark.parametrize("value, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, value, words):
    check.refuses(pool_with(f"retry: {value}"), words, 4)
