"""`fairlead why` and the admin API: what is known of pools and servers, in words and in JSON."""

import json
import os
import re
import socket
import subprocess
import urllib.parse

import pytest
from admin import Admin
from configs import one_path, one_pool
from crew import BUSY, CHECK, ask, statuses
from edge import ADMIN, BINARY, NO_ADMIN, free_port, run
from waiting import PATIENCE, eventually
from wire import Client

ACTIVE = f"path: {CHECK}, every: 100ms, timeout: 1s, fall: 2, rise: 2"
PASSIVE = "passive: { consecutive: 5, eject: 60s, max_eject: 60s }"
ROUND = "balance: round_robin\n"
SERVER_FIELDS = {
    "name", "address", "ip", "standing", "active", "share", "in_flight", "requests", "failures",
    "why", "since",
}  # fmt: skip
POOL_FIELDS = {
    "name", "servers", "in_flight", "waiting", "breaker", "limit", "limit_mode",
    "suspect_network", "why",
}  # fmt: skip


class Stage:
    """Servers that are up, down, ejected and drained in the pool `p`, and one warming in `q`."""

    POOLS = {"up": "p", "down": "p", "ejected": "p", "drained": "p", "warming": "q", "fine": "q"}

    def __init__(self, fairlead, crew):
        self.servers = dict(zip(self.POOLS, crew(*self.POOLS)))
        up, down, ejected, drained, warming, fine = self.servers.values()
        self.edge = fairlead(
            f"defaults: {{ balance: round_robin, slow_start: 60s }}\npools:\n"
            f"  p:\n    servers: [{up.entry()}, {down.entry()}, {ejected.entry()}, "
            f"{drained.entry('weight: 0')}]\n"
            # Good checks are not to end the ejection.
            f"    health: {{ {ACTIVE.replace('rise: 2', 'rise: 1000')}, {PASSIVE} }}\n"
            f"  q:\n    servers: [{warming.entry()}, {fine.entry()}]\n"
            f"    health: {{ {ACTIVE} }}\n"
            "paths: [{ path: /, pool: p }, { path: /q, pool: q }]\n",
            admin=ADMIN,
        )
        self.admin = self.edge.admin
        down.well = warming.well = False
        self.admin.await_standing("down", "down")
        self.admin.await_standing("warming", "down", pool="q")
        warming.well = True
        self.admin.await_standing("warming", "warming", pool="q")
        ejected.turn_to(BUSY)
        statuses(self.edge, 20)
        self.admin.await_standing("ejected", "ejected")

    def server(self, name):
        return self.admin.server(name, self.POOLS[name])

    def all_servers(self):
        return [server for pool in "pq" for server in self.admin.servers(pool)]

    def why(self, name):
        return why("--admin", self.admin.address, f"{self.POOLS[name]}/{name}")


@pytest.fixture(scope="module")
def stage(module_fairlead, module_crew):
    return Stage(module_fairlead, module_crew)


def why(*arguments, **options):
    done = run("why", *arguments, **options)
    assert done.returncode == 0, done
    return done.stdout


# Sentences.

STANDINGS = {
    "up": ("ready", []),
    "down": ("down", ["down", "500", "ago"]),
    "ejected": ("ejected", ["5 ", "passive"]),
    "warming": ("warming", ["slow start", "%"]),
    "drained": ("drained", ["weight"]),
}


@pytest.mark.parametrize("name", STANDINGS)
def test_standing_of_a_server(stage, name):
    standing, words = STANDINGS[name]
    server = stage.server(name)
    assert server["standing"] == standing and server["why"]
    text = " ".join(server["why"]).lower()
    assert all(word in text for word in words), server["why"]
    assert all(one.rstrip().endswith((".", "?")) for one in server["why"]), "no sentence"


@pytest.mark.parametrize("name", STANDINGS)
def test_why_of_a_server(stage, name):
    text = stage.why(name)
    words = STANDINGS[name][1]
    assert name in text and all(word in text.lower() for word in words), text
    others = {stage.servers[other].address for other in STANDINGS if other != name}
    assert not any(address in text for address in others), "it speaks of others"


def test_down_tells_checks_and_what_comes_next(stage):
    text = stage.why("down").lower()
    assert CHECK in text and "fall 2" in text and "rise 1000" in text and "next check" in text


def test_why_of_a_pool_speaks_of_all_servers(stage):
    text = why("--admin", stage.admin.address, "p")
    assert all(name in text for name, pool in stage.POOLS.items() if pool == "p"), text
    assert "warming" not in text


def test_why_without_a_pool_speaks_of_all_pools(stage):
    text = why("--admin", stage.admin.address)
    assert re.search(r"\bp\b", text) and re.search(r"\bq\b", text), text
    assert "down" in text and "ejected" in text


def test_why_reads_the_address_from_the_file(stage):
    assert why("-c", stage.edge.file, "p/down").splitlines()[0].count("down") >= 1


def test_why_reads_the_file_of_this_folder(stage, tmp_path):
    (tmp_path / "fairlead.yaml").write_text(stage.edge.file.read_text())
    assert "down" in why("p/down", cwd=tmp_path)


def test_why_json(stage):
    told = json.loads(why("--admin", stage.admin.address, "--json", "p/down"))
    assert "down" in json.dumps(told) and "why" in json.dumps(told)


UNKNOWN = {"pool": ("pp", "p"), "server": ("p/donw", "down"), "neither": ("x/y/z", "p")}


@pytest.mark.parametrize("name, nearest", UNKNOWN.values(), ids=UNKNOWN)
def test_why_of_something_unknown(stage, name, nearest):
    done = run("why", "--admin", stage.admin.address, name)
    assert done.returncode == 1 and name.split("/")[-1] in done.stderr and nearest in done.stderr


def test_why_of_nobody(dead_port):
    done = run("why", "--admin", dead_port.address)
    assert done.returncode == 3 and dead_port.address in done.stderr and not done.stdout


def test_why_of_a_silent_admin():
    """Somebody listens, but no fairlead: it ends by itself."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = run("why", "--admin", f"127.0.0.1:{silent.getsockname()[1]}")
    assert done.returncode == 3


def test_why_with_bad_usage():
    assert run("why", "--nonsense").returncode == 2


def test_inline_pools_are_named_after_their_routes(fairlead, crew):
    a, b = crew("a", "b")
    a.well = False
    config = (
        f"defaults: {{ health: {{ {ACTIVE} }} }}\nhosts:\n  - host: www.mango.com\n"
        f"    paths: [{{ path: /api, servers: [{a.entry()}, {b.entry()}] }}]\n"
    )
    edge = fairlead(config, admin=ADMIN)
    assert edge.admin.await_standing("a", "down", pool="www.mango.com/api")
    assert "down" in why("--admin", edge.admin.address, "www.mango.com/api/a")
    text = why("--admin", edge.admin.address, "www.mango.com/api")
    assert "a" in text and "down" in text


def test_ejected_and_recovered_in_words(fairlead, crew):
    """What the sentences say changes with what is the case."""
    a, b = crew("a", "b")
    health = f"health: {{ {ACTIVE}, passive: off }}\nslow_start: off\n"
    edge = fairlead(one_pool(a, b, more=ROUND + health), admin=ADMIN)
    a.well = False
    edge.admin.await_standing("a", "down")
    assert "down" in why("--admin", edge.admin.address, "p/a")
    a.well = True
    edge.admin.await_standing("a", "ready")
    assert "it is down" not in why("--admin", edge.admin.address, "p/a").lower()


# The API.


def test_objects_are_whole(stage):
    pool = stage.admin.pool()
    assert POOL_FIELDS <= pool.keys()
    assert pool["breaker"] == "off" and pool["suspect_network"] is False
    for server in stage.all_servers():
        assert SERVER_FIELDS <= server.keys()
        assert server["address"] == server["ip"] == stage.servers[server["name"]].address
        assert 0 <= server["share"] <= 1 and isinstance(server["why"], list)
        assert server["since"].endswith("Z") and "T" in server["since"]


def test_shares_and_states(stage):
    servers = {server["name"]: server for server in stage.all_servers()}
    shares = {name: server["share"] for name, server in servers.items()}
    assert shares["up"] == 1 and 0 < shares["warming"] < 1
    assert shares["down"] == shares["ejected"] == shares["drained"] == 0
    assert {name: server["active"] for name, server in servers.items()} == {
        "up": "up", "down": "down", "ejected": "up", "drained": "up", "warming": "up", "fine": "up",
    }  # fmt: skip


def test_counts(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more="health: off"), admin=ADMIN)
    statuses(edge, 7)
    a.turn_to(BUSY)
    statuses(edge, 3)
    a.recover()
    a.hold()
    clients = [ask(edge) for _ in range(2)]
    a.await_waiting(2)
    server = edge.admin.server("a")
    assert (server["in_flight"], server["failures"]) == (2, 3)
    assert server["requests"] in (10, 12), "with or without those in flight"
    assert edge.admin.pool()["in_flight"] == 2
    a.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 2
    eventually(lambda: edge.admin.server("a")["in_flight"] == 0, what="nothing in flight")
    assert edge.admin.server("a")["requests"] == 12


def test_counts_of_all_workers(fairlead, crew):
    edge = fairlead(one_pool(*crew("a", "b"), more="health: off"), workers=4, admin=ADMIN)
    for _ in range(40):
        assert edge.get("/").status == 200
    eventually(
        lambda: sum(server["requests"] for server in edge.admin.servers()) == 40, what="forty"
    )


def test_answers_are_json_and_not_stored(stage):
    for target in ("/api/pools", "/api/pools/p", "/api/pools/p/servers", "/api/pools/p/servers/up"):
        reply = stage.admin.ask(target)
        assert reply.status == 200, (target, reply)
        assert reply.get("Content-Type") == "application/json"
        assert reply.get("Cache-Control") == "no-store"
        json.loads(reply.body)


MISSES = {
    "unknown pool": ("GET", "/api/pools/nobody/servers", 404),
    "unknown server": ("GET", "/api/pools/p/servers/nobody", 404),
    "unknown path": ("GET", "/api/nothing", 404),
    "above it": ("GET", "/nothing", 404),
    "other method": ("POST", "/api/pools", 405),
    "delete": ("DELETE", "/api/pools/p/servers", 405),
    "bad encoding": ("GET", "/api/pools/%zz/servers", 400),
}


@pytest.mark.parametrize("method, target, status", MISSES.values(), ids=MISSES)
def test_misses_are_told_in_json(stage, method, target, status):
    reply = stage.admin.ask(target, method)
    assert reply.status == status, reply
    assert json.loads(reply.body)["error"]
    if status == 405:
        assert "GET" in reply.get("Allow")


def test_head_has_no_body(stage):
    reply = stage.admin.ask("/api/pools", "HEAD")
    assert reply.status == 200 and reply.body == b"" and int(reply.get("Content-Length")) > 0


def test_connection_is_kept(stage):
    with Client(stage.admin.port) as client:
        for _ in range(5):
            assert client.get("/api/pools", host=stage.admin.address).status == 200


HOSTS = {
    "127.0.0.1": 200, "localhost": 200, "[::1]": 200, "x.localhost": 200, "evil.com": 403,
    "127.0.0.1.evil.com": 403, "localhost.evil.com": 403,
}  # fmt: skip


@pytest.mark.parametrize("host, status", HOSTS.items(), ids=HOSTS)
def test_names_of_others_are_refused(stage, host, status):
    """DNS rebinding: a page of evil.com may not read what is here."""
    for given in (host, f"{host}:{stage.admin.port}"):
        assert stage.admin.ask("/api/pools", host=given).status == status


def test_pages_of_others_are_refused(stage):
    assert stage.admin.ask("/api/pools", fields=["Origin: https://evil.com"]).status == 403


def test_admin_serves_no_traffic_and_traffic_no_admin(stage):
    assert stage.edge.get("/api/pools").body == b"up"
    assert stage.admin.ask("/").status in (200, 404)


# The key `admin`.


def test_unix_socket(fairlead, crew, tmp_path):
    path = tmp_path / "admin.sock"
    edge = fairlead(one_path(crew("a")), admin=f'admin: "unix:{path}"\n')
    assert path.is_socket()
    assert "ready" in why("--admin", f"unix:{path}", "--json")
    edge.stop()
    assert not path.exists()


def test_token(fairlead, crew, tmp_path):
    admin = 'admin: { address: "127.0.0.1:@", token: a-token-of-some-length }\n'
    edge = fairlead(one_pool(crew("a")), admin=admin)
    refused = edge.admin.ask("/api/pools")
    assert refused.status == 401 and "Bearer" in refused.get("WWW-Authenticate")
    wrong = edge.admin.ask("/api/pools", fields=["Authorization: Bearer a-token-of-some-lengtH"])
    assert wrong.status == 401
    right = edge.admin.ask("/api/pools", fields=["Authorization: Bearer a-token-of-some-length"])
    assert right.status == 200
    bare = {key: value for key, value in os.environ.items() if key != "FAIRLEAD_ADMIN_TOKEN"}
    told = {**bare, "FAIRLEAD_ADMIN_TOKEN": "a-token-of-some-length"}
    options = {"cwd": tmp_path, "env": bare}
    assert run("why", "--admin", edge.admin.address, **options).returncode != 0
    assert "a" in why("--admin", edge.admin.address, "p", cwd=tmp_path, env=told)
    assert "a" in why("-c", edge.file, "p", **options)


def test_show_does_not_tell_the_token(fairlead, crew):
    admin = 'admin: { address: "127.0.0.1:@", token: a-token-of-some-length }\n'
    edge = fairlead(one_pool(crew("a")), admin=admin)
    shown = run("show", "-c", edge.file)
    assert shown.returncode == 0 and "a-token-of-some-length" not in shown.stdout + shown.stderr


OPEN = ["0.0.0.0:9900", "[::]:9900", "10.0.0.1:9900"]


@pytest.mark.parametrize("address", OPEN)
def test_open_address_needs_a_token(check, address):
    route = "paths: [{ path: /, respond: 200 }]\n"
    check.refuses(f'admin: "{address}"\n{route}', ["token"], 1)
    check.accepts(f'admin: {{ address: "{address}", token: some-token }}\n{route}')


def test_bare_port_is_loopback(fairlead, crew):
    edge = fairlead(one_pool(crew("a")), admin="admin: @\n")
    assert edge.admin.pool()["name"] == "p"
    with open("/proc/net/tcp", encoding="ascii") as table:
        assert f"0100007F:{edge.admin.port:04X}" in table.read()


def test_off(fairlead, crew):
    edge = fairlead(one_pool(crew("a")), admin=NO_ADMIN)
    assert edge.get("/").status == 200
    done = run("why", "-c", edge.file)
    assert done.returncode not in (0, 1) and "off" in done.stderr


def test_taken_address_of_the_file_stops_fairlead(tmp_path):
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        file = tmp_path / "fairlead.yaml"
        file.write_text(
            f'listen: {{ http: "127.0.0.1:{free_port()}" }}\nadmin: "127.0.0.1:{port}"\n'
            "paths: [{ path: /, respond: 200 }]\n"
        )
        done = subprocess.run(
            [str(BINARY), "run", "-c", str(file)], capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode != 0 and str(port) in done.stdout + done.stderr


def test_taken_built_in_address_is_only_a_warning(fairlead, crew):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9900))
            taken.listen()
        except OSError:
            pass  # by somebody else, which is as good
        edge = fairlead(one_pool(crew("a")), admin="")
        assert edge.get("/").status == 200
        eventually(lambda: "9900" in edge.output, what="a warning")


def test_built_in_address_is_loopback(fairlead, crew):
    """Whoever holds the port, no fairlead without the key listens beyond this host."""
    fairlead(one_pool(crew("a")), admin="")
    with open("/proc/net/tcp", encoding="ascii") as table:
        listed = table.read()
    assert f"0100007F:{9900:04X}" in listed and f"00000000:{9900:04X}" not in listed


def test_names_are_decoded(stage):
    name = urllib.parse.quote("down", safe="").replace("o", "%6F")
    assert stage.admin.document(f"/api/pools/%70/servers/{name}")["name"] == "down"


def test_admin_answers_while_workers_are_busy(fairlead, crew):
    a = crew("a")
    edge = fairlead(one_pool(a, more="health: off"), admin=ADMIN)
    a.hold()
    clients = [ask(edge) for _ in range(50)]
    a.await_waiting(50)
    assert Admin(edge.admin.port).server("a")["in_flight"] == 50
    a.release_all()
    assert [client.read_answer().status for client in clients] == [200] * 50
