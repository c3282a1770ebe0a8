"""The longest turn of each worker: what the view says, and that work in bulk is done in shares.

A turn is measured by the wall clock, because that is what clients wait. On a machine that others
use as well a turn may be long without fairlead's doing, so the bounds here are far above the
millisecond that a turn has on a machine of its own; what they catch is work whose length grows with
how much there is to do, and each scenario has so much of it that it took longer than that.
"""

import pytest
from configs import one_pool
from edge import ADMIN, run
from load import Load
from origin import always, answer
from waiting import SCALE, eventually, fewer

NAME = "moving.example"
TOO_LONG = 0.3 * SCALE  # seconds of one turn
SERVERS = 500


def workers(edge):
    return edge.admin.document("/api/workers")["workers"]


def longest(edge):
    return max(worker["longest_turn_seconds"] for worker in workers(edge))


@pytest.fixture
def upstream(origin):
    return origin(always(answer(b"ok")), host="0.0.0.0")


def test_view_counts_turns_and_connections(fairlead, upstream):
    config = one_pool(f"127.0.0.1:{upstream.port}")
    edge = fairlead(config, workers=2, admin=ADMIN)
    clients = [edge.connect() for _ in range(8)]
    for client in clients:
        assert client.get("/").status == 200
    views = workers(edge)
    assert [view["worker"] for view in views] == [0, 1]
    assert sum(view["connections"] for view in views) == 8
    busy = [view for view in views if view["connections"]]
    for view in busy:
        assert view["turns"] >= view["connections"] and view["busy_seconds"] > 0
        assert 0 < view["p99_turn_seconds"] <= view["longest_turn_seconds"] * 1.04
        assert view["longest_turn_in_last_minute_seconds"] == view["longest_turn_seconds"]
        assert view["longest_turn_ago_seconds"] >= 0
        assert 0 <= view["busy_share"] <= 1
        if view["cpu_seconds"] is not None:  # where the kernel counts
            assert view["cpu_seconds"] > 0 and view["waited_for_cpu_seconds"] >= 0
        assert view["well"] == (not view["why"])
    for client in clients:
        client.close()
    eventually(lambda: sum(view["connections"] for view in workers(edge)) == 0, what="all are gone")


def test_why_has_a_line_for_workers_only_when_one_was_long(fairlead, upstream):
    edge = fairlead(one_pool(f"127.0.0.1:{upstream.port}"), admin=ADMIN)
    assert edge.get("/").status == 200
    text = run("why", "--admin", edge.admin.address).stdout
    sentences = [sentence for worker in workers(edge) for sentence in worker["why"]]
    assert ("Worker" in text) == bool(sentences), (text, sentences)


def test_bulk_work_is_done_in_shares(fairlead, upstream, dns, tmp_path):
    """Large heads, a thousand connections, rosters of 500 servers that change, bans and lists."""
    blocked = tmp_path / "blocked.txt"

    def write_list(round_):
        networks = (f"11.{round_}.{i >> 8}.{i & 255}\n" for i in range(60_000))
        blocked.write_text("".join(networks))

    write_list(0)
    dns.has(NAME, "127.0.0.2", ttl=1)
    servers = [f"127.1.{i // 250}.{i % 250 + 1}:{upstream.port}" for i in range(SERVERS)]
    config = one_pool(
        f"{NAME}:{upstream.port}", *servers,
        more="health: off\nslow_start: off\nbalance: { hash: header:X-Key, method: maglev }",
        top=f"dns: {{ servers: [{dns.address}] }}\n"
            f"firewall_rules: {{ ip_reject: ['@{blocked}'] }}",
    )  # fmt: skip
    edge = fairlead(config, workers=2, admin=ADMIN)
    fields = [f"X-{i}: {'x' * 700}" for i in range(40)]
    with Load(edge.port, connections=fewer(1000, 100), rate=1500 / SCALE, fields=fields) as load:
        load.answers(1000)
        for round_ in range(1, 4):
            asked = dns.questions[NAME, 1]
            dns.has(NAME, f"127.0.0.{2 + round_}", ttl=1)
            write_list(round_)
            for i in range(20):
                network = f"203.0.{round_}.{i}"
                assert edge.admin.ask(f"/api/bans/{network}?for=10m", "PUT").status == 200
            eventually(lambda: dns.questions[NAME, 1] > asked, what="the name is asked again")
            load.answers(1000)
    assert not load.all().failed, load.all()
    assert longest(edge) < TOO_LONG, workers(edge)
