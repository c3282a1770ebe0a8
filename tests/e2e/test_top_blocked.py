"""`fairlead top-blocked` and GET /api/firewall: what each rule blocked or would have, and whom."""

import json
import re

import pytest
from edge import ADMIN, run

TRUST = "trusted_proxies: [127.0.0.1]\n"
RULES = """\
firewall_rules:
  path_reject: [/.git]
hosts:
  - host: a.test
    firewall_rules: { mode: observe, path_reject: [/wp-admin] }
    paths: [{ path: /, respond: 200 }]
"""
ROUTE = "hosts: [{ host: a.test, paths: [{ path: /ok, respond: 200 }] }]\n"
CLIENTS = [f"203.0.113.{last}" for last in range(1, 14)]


def get(edge, client, path):
    return edge.get(path, [f"X-Forwarded-For: {client}"]).status


def top_blocked(edge, *arguments):
    done = run("top-blocked", *arguments, "--admin", edge.admin.address)
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture(scope="module")
def idle(module_fairlead):
    return module_fairlead(TRUST + RULES, admin=ADMIN)


@pytest.fixture(scope="module")
def edge(module_fairlead):
    """The first client hits both rules most, and so on down to the last, who hits one once."""
    edge = module_fairlead(TRUST + RULES, admin=ADMIN, workers=2)
    for rank, client in enumerate(CLIENTS):
        for _ in range(len(CLIENTS) - rank):
            assert get(edge, client, "/.git/config") == 403
    for _ in range(3):
        assert get(edge, CLIENTS[0], "/wp-admin/x") == 200
    return edge


def rules_of(document):
    return {rule["rule"]: rule for rule in document["rules"]}


def test_nothing_so_far(idle):
    assert top_blocked(idle) == "no rule of the firewall has hit a request so far\n"
    told = idle.admin.document("/api/firewall")
    assert told["rules"] == [] and told["bans"] == 0


def test_api(edge):
    told = edge.admin.document("/api/firewall")
    assert [rule["rule"] for rule in told["rules"]] == [
        "firewall path_reject /.git", "firewall path_reject /wp-admin",
    ]  # fmt: skip
    blocked, observed = told["rules"]
    assert (blocked["blocked"], blocked["observed"]) == (sum(range(1, 14)), 0)
    assert (observed["blocked"], observed["observed"]) == (0, 3)
    assert re.fullmatch(re.escape(str(edge.file)) + r":\d+", blocked["place"])
    line = int(blocked["place"].rpartition(":")[2])
    assert edge.file.read_text().splitlines()[line - 1] == "  path_reject: [/.git]"
    assert [one["client"] for one in blocked["clients"]] == CLIENTS[:10]
    assert [one["hits"] for one in blocked["clients"]] == list(range(13, 3, -1))
    (client,) = observed["clients"]
    assert client["example"] == "GET a.test/wp-admin/x" and client["last"].endswith("Z")
    assert 0 <= client["last_ago_seconds"] < 600


def test_api_tells_of_the_table(edge):
    table = edge.admin.document("/api/firewall")["table"]
    assert table.keys() == {"capacity", "in_use", "evictions", "untracked", "bytes"}
    assert table["bytes"] == 64 << 20 and table["capacity"] > 800_000
    assert table["evictions"] == table["untracked"] == 0


def test_text(edge):
    blocked, observed = top_blocked(edge).split("\n\n")
    lines = blocked.splitlines()
    assert lines[0].startswith("firewall path_reject /.git (") and str(edge.file) in lines[0]
    assert lines[1] == "  blocked 91 requests"
    assert lines[2].split() == ["client", "hits", "last", "its", "last", "request"]
    assert len(lines) == 13 and lines[3].split()[:2] == [CLIENTS[0], "13"]
    assert lines[3].endswith("GET a.test/.git/config") and " ago " in lines[3]
    assert len({line.index("GET") for line in lines[3:]}) == 1, "columns that line up"
    lines = observed.splitlines()
    assert lines[1] == "  would have blocked 3 requests: it only observes"


def test_fewer_clients(edge):
    assert top_blocked(edge, "-n", "1").count("GET a.test") == 2
    assert "GET" not in top_blocked(edge, "-n", "0")
    assert run("top-blocked", "-n", "101", "--admin", edge.admin.address).returncode == 2


def test_json(edge):
    told = json.loads(top_blocked(edge, "--json", "-n", "13"))
    assert len(rules_of(told)["firewall path_reject /.git"]["clients"]) == 13


def test_bans_count_under_their_rule(fairlead):
    rules = 'firewall_rules: { auto_ban: "2 x 404 in 1m" }\n'
    edge = fairlead(TRUST + rules + ROUTE, admin=ADMIN)
    client = CLIENTS[0]
    assert [get(edge, client, "/none") for _ in range(4)] == [404, 404, 403, 403]
    run("ban", "add", CLIENTS[1], "--admin", edge.admin.address)
    assert get(edge, CLIENTS[1], "/ok") == 403
    rules = rules_of(edge.admin.document("/api/firewall"))
    assert rules["firewall auto_ban 2 x 404 in 1m"]["blocked"] == 2
    assert rules["bans by hand"]["blocked"] == 1 and rules["bans by hand"]["place"] is None
    assert edge.admin.document("/api/firewall")["bans"] == 2
    assert "bans by hand\n  blocked 1 request\n" in top_blocked(edge)


def test_observed_ban(fairlead):
    rules = 'firewall_rules: { auto_ban: { when: "2 x 404 in 1m", mode: observe } }\n'
    edge = fairlead(TRUST + rules + ROUTE, admin=ADMIN)
    assert [get(edge, CLIENTS[0], "/none") for _ in range(4)] == [404] * 4
    assert "it only observes" in top_blocked(edge)
    assert edge.admin.document("/api/firewall")["bans"] == 0


def test_nobody_answers(dead_port):
    done = run("top-blocked", "--admin", dead_port.address)
    assert done.returncode == 3 and dead_port.address in done.stderr
