"""Bans while fairlead runs: learned, by hand, lifted, over restarts, and safe from web pages."""

import json
import signal

import pytest
from edge import ADMIN, free_port, run
from waiting import eventually
from wire import Client

BAD = "203.0.113.9"
NEIGHBOUR = "203.0.113.77"
STRANGER = "198.51.100.7"
TRUST = "trusted_proxies: [127.0.0.1]\n"
HOSTS = (
    "hosts:\n  - { host: a.test, paths: [{ path: /ok, respond: 200 }] }\n"
    "  - { host: b.test, paths: [{ path: /ok, respond: 200 }] }\n"
)


def learning(when="5 x 404 in 1m", more="for: 10m"):
    return f'firewall_rules: {{ auto_ban: {{ when: "{when}", {more} }} }}\n'


def get(edge, client, path="/ok", host="a.test", port=None):
    """The status that a client gets who comes through a trusted proxy."""
    with Client(port or edge.port) as connection:
        return connection.get(path, [f"X-Forwarded-For: {client}"], host).status


def misbehave(edge, client, times=5):
    return [get(edge, client, "/nothing") for _ in range(times)]


def get_banned(edge, client):
    """A client learns nothing of the ban from the answer that brought it, which comes before."""
    assert misbehave(edge, client) == [404] * 5
    eventually(lambda: get(edge, client) == 403, what=f"the ban of {client}")


def ban(edge, *arguments, code=0):
    done = run("ban", *arguments, "--admin", edge.admin.address)
    assert done.returncode == code, done
    return done.stdout if code == 0 else done.stderr


def logged(edge, words):
    eventually(lambda: words in edge.output, what=f"`{words}` in the log")


def bans(edge):
    """The bans by their networks."""
    return {one["network"]: one for one in edge.admin.document("/api/bans")["bans"]}


@pytest.fixture
def edge(fairlead):
    return fairlead(TRUST + learning() + HOSTS, admin=ADMIN)


@pytest.fixture
def kept(fairlead, tmp_path):
    """kept(rules): a fairlead with the same state folder each time."""
    folder = tmp_path / "state"
    folder.mkdir()
    started = []

    def start(rules=""):
        started.append(
            fairlead(f"{TRUST}state: {folder}\n{rules}{HOSTS}", admin=ADMIN, workers=2)
        )
        started[-1].bans_file = folder / "bans.jsonl"
        return started[-1]

    return start


def kill(edge):
    edge.terminate(signal.SIGKILL)
    edge.process.wait()
    edge.stopped = True


# Learned.


def test_learned_ban_is_listed_and_holds_everywhere(edge):
    assert ban(edge, "list") == "nobody is banned\n"
    get_banned(edge, BAD)
    assert get(edge, BAD) == get(edge, BAD, host="b.test") == get(edge, BAD, host="none") == 403
    assert get(edge, NEIGHBOUR) == 200
    told = ban(edge, "list").splitlines()
    place = f"{edge.file}:"
    assert told[0].split() == ["banned", "ends", "in", "since", "strikes", "why"]
    assert told[1].startswith(f"{BAD} ") and "5 x 404 in 1m" in told[1] and place in told[1]
    one = bans(edge)[BAD]
    assert 590 < one["until_in_seconds"] <= 600 and one["strikes"] == 1
    assert one["until"].endswith("Z") and one["by"].startswith("5 x 404 in 1m (")
    logged(edge, f"banned {BAD} for 10m: {one['by']}")


def test_ban_holds_at_every_listener(fairlead):
    other = free_port()
    edge = fairlead(
        TRUST + learning() + HOSTS, admin=ADMIN,
        listen=f'listen: [{{ http: "127.0.0.1:@" }}, {{ http: "127.0.0.1:{other}" }}]\n',
    )  # fmt: skip
    get_banned(edge, BAD)
    assert get(edge, BAD, port=other) == 403 and get(edge, NEIGHBOUR, port=other) == 200


def test_lifted_ban_is_gone_at_once(edge):
    get_banned(edge, BAD)
    assert get(edge, BAD) == 403
    assert ban(edge, "del", BAD) == f"lifted the ban of {BAD}\n"
    assert get(edge, BAD) == 200 and not bans(edge)
    logged(edge, f"lifted the ban of {BAD}")
    assert ban(edge, "del", BAD, code=1) == f"{BAD} is not banned\n"


def test_roll_up_to_the_network(edge):
    for last in range(5):
        assert get(edge, STRANGER) == 200
        get_banned(edge, f"203.0.113.{last}")
    eventually(lambda: get(edge, NEIGHBOUR) == 403, what="the ban of the network")
    assert get(edge, "203.0.114.1") == 200
    assert "203.0.113.0/24" in ban(edge, "list") and len(bans(edge)) == 6
    assert bans(edge)["203.0.113.0/24"]["why"] == "5 of its addresses were banned"


def test_clients_of_ipv6_are_networks(edge):
    get_banned(edge, "2001:db8::1")
    assert get(edge, "2001:db8::2") == 403 and get(edge, "2001:db8:0:1::1") == 200
    assert list(bans(edge)) == ["2001:db8::/64"]
    refused = ban(edge, "del", "2001:db8::1", code=1)
    assert "2001:db8::/64" in refused and "lift that ban" in refused


def test_observed_ban_is_only_told(fairlead):
    edge = fairlead(TRUST + learning(more="for: 10m, mode: observe") + HOSTS, admin=ADMIN)
    misbehave(edge, BAD)
    assert get(edge, BAD) == 200 and ban(edge, "list") == "nobody is banned\n"
    logged(edge, f"would ban {BAD}")


# By hand.


def test_ban_of_a_network_by_hand(edge):
    said = ban(edge, "add", "203.0.113.0/24", "--for", "1h", "--why", "scraping all of it")
    assert said.startswith("banned 203.0.113.0/24 by hand for 1h: scraping all of it\n")
    assert "keeps no bans" in said
    assert get(edge, BAD) == get(edge, NEIGHBOUR) == 403 and get(edge, STRANGER) == 200
    assert "by hand: scraping all of it" in ban(edge, "list")
    logged(edge, "banned 203.0.113.0/24 by hand for 1h: scraping all of it")
    refused = ban(edge, "del", BAD, code=1)
    assert "203.0.113.0/24" in refused and "lift that ban" in refused


def test_ban_without_an_end(edge):
    assert "until it is lifted" in ban(edge, "add", BAD)
    assert get(edge, BAD) == 403 and "when lifted" in ban(edge, "list")
    assert bans(edge)[BAD]["until"] is None


def test_ban_that_ends(edge):
    ban(edge, "add", BAD, "--for", "1s")
    assert get(edge, BAD) == 403
    eventually(lambda: get(edge, BAD) == 200, what="the end of the ban")
    assert not bans(edge)


def test_ban_by_hand_without_any_rule(fairlead):
    edge = fairlead(TRUST + HOSTS, admin=ADMIN)
    assert get(edge, BAD) == 200
    ban(edge, "add", BAD)
    assert get(edge, BAD) == 403
    ban(edge, "del", BAD)
    assert get(edge, BAD) == 200


def test_ban_holds_on_a_kept_connection(edge):
    with edge.connect() as client:
        fields = [f"X-Forwarded-For: {BAD}"]
        assert client.get("/ok", fields).status == 200
        ban(edge, "add", BAD)
        assert client.get("/ok", fields).status == 403


def test_operator_overrules_what_was_learned(edge):
    get_banned(edge, BAD)
    ban(edge, "add", BAD, "--for", "1s")
    eventually(lambda: get(edge, BAD) == 200, what="the end that the operator said")


def test_wider_ban_is_told_when_one_is_lifted(edge):
    ban(edge, "add", BAD)
    ban(edge, "add", "203.0.113.0/24")
    assert "203.0.113.0/24 still covers it" in ban(edge, "del", BAD)


def test_banned_loopback_still_reaches_the_admin(fairlead):
    edge = fairlead(HOSTS, admin=ADMIN)
    ban(edge, "add", "127.0.0.1")
    assert edge.get("/ok").status == 403
    ban(edge, "del", "127.0.0.1")
    assert edge.get("/ok").status == 200


USAGE = {
    "no address": (["add", "nobody"], "`nobody` is not an IP address"),
    "host bits": (["add", "10.1.2.3/8"], "did you mean `10.0.0.0/8`?"),
    "no unit": (["add", "1.2.3.4", "--for", "10"], "did you mean `10s`?"),
    "nothing to ban": (["add"], "ADDRESS"),
    "no verb": ([], "subcommand"),
    "lifting nonsense": (["del", "nobody"], "is not an IP address"),
}


@pytest.mark.parametrize("arguments, says", USAGE.values(), ids=USAGE)
def test_bad_usage(edge, arguments, says):
    done = run("ban", *arguments, *(["--admin", edge.admin.address] if arguments else []))
    assert done.returncode == 2 and says in done.stderr + done.stdout, done


def test_nobody_answers(dead_port):
    done = run("ban", "list", "--admin", dead_port.address)
    assert done.returncode == 3 and dead_port.address in done.stderr


def test_json_and_the_file_name_the_address(edge):
    ban(edge, "add", BAD)
    done = run("ban", "list", "--json", "-c", edge.file)
    assert [one["network"] for one in json.loads(done.stdout)["bans"]] == [BAD]


# The API.


def test_put_and_delete(edge):
    done = edge.admin.ask("/api/bans/203.0.113.0%2F24?for=10m&why=it%20is%20late", "PUT")
    told = json.loads(done.body)
    assert done.status == 200 and told["kept"] is False
    assert told["ban"]["network"] == "203.0.113.0/24" and told["ban"]["why"] == "it is late"
    assert get(edge, BAD) == 403
    done = edge.admin.ask("/api/bans/203.0.113.0%2F24", "DELETE")
    assert json.loads(done.body) == {"lifted": "203.0.113.0/24", "still_banned_by": []}
    assert get(edge, BAD) == 200
    assert edge.admin.ask("/api/bans/203.0.113.0%2F24", "DELETE").status == 404
    assert edge.admin.ask("/api/bans/203.0.113.0%2F24?fro=1h", "PUT").status == 400


EVIL = "Origin: https://evil.com"
PAGES = {
    "form": ("POST", ["Content-Type: application/x-www-form-urlencoded", EVIL], 403),
    "form that hides where it is from": ("POST", ["Origin: null"], 403),
    "form without a word of its place": ("POST", [], 405),
    "form that overrides its method": ("POST", ["X-HTTP-Method-Override: PUT"], 405),
    "image": ("GET", [], 405),
    "fetch": ("PUT", [EVIL], 403),
    "fetch of DELETE": ("DELETE", [EVIL], 403),
    "preflight": ("OPTIONS", [EVIL, "Access-Control-Request-Method: PUT"], 403),
    "preflight without a place": ("OPTIONS", ["Access-Control-Request-Method: PUT"], 405),
}


@pytest.mark.parametrize("method, fields, status", PAGES.values(), ids=PAGES)
def test_web_pages_change_nothing(edge, method, fields, status):
    ban(edge, "add", STRANGER)
    for target in (f"/api/bans/{BAD}", f"/api/bans/{STRANGER}"):
        reply = edge.admin.ask(target, method, fields)
        assert reply.status == status
        assert not [name for name, _ in reply.fields if name.lower().startswith("access-control")]
    assert list(bans(edge)) == [STRANGER]


def test_rebound_name_changes_nothing(edge):
    assert edge.admin.ask(f"/api/bans/{BAD}", "PUT", host="evil.com").status == 403
    assert not bans(edge)


def test_token_is_asked_for(fairlead):
    admin = 'admin: { address: "127.0.0.1:@", token: a-token-of-some-length }\n'
    edge = fairlead(TRUST + HOSTS, admin=admin)
    assert edge.admin.ask(f"/api/bans/{BAD}", "PUT").status == 401
    assert get(edge, BAD) == 200
    assert run("ban", "add", BAD, "-c", edge.file).returncode == 0
    assert get(edge, BAD) == 403


# Over restarts.


def test_bans_survive_a_restart(kept):
    edge = kept(learning())
    get_banned(edge, BAD)
    said = ban(edge, "add", "198.51.100.0/24", "--why", "scraping")
    assert "keeps no bans" not in said
    before = bans(edge)
    edge.stop()
    edge = kept(learning())
    assert get(edge, BAD) == get(edge, STRANGER) == 403 and get(edge, NEIGHBOUR) == 200
    after = bans(edge)
    assert after.keys() == before.keys() and after["198.51.100.0/24"]["why"] == "scraping"
    assert abs(after[BAD]["until_in_seconds"] - before[BAD]["until_in_seconds"]) < 60
    assert after[BAD]["since"] == before[BAD]["since"]
    assert "2 bans of an earlier run hold" in edge.output
    assert edge.bans_file.stat().st_mode & 0o777 == 0o600


def test_strikes_survive_a_restart(kept):
    rules = learning(more="for: 1s, grow: 60x, max: 1h")
    edge = kept(rules)
    get_banned(edge, BAD)
    eventually(lambda: get(edge, BAD) == 200, what="the end of the first ban")
    edge.stop()
    edge = kept(rules)
    assert get(edge, BAD) == 200 and ban(edge, "list") == "nobody is banned\n"
    get_banned(edge, BAD)
    again = bans(edge)[BAD]
    assert again["strikes"] == 2 and 50 < again["until_in_seconds"] <= 60


def test_ban_by_hand_survives_a_kill(kept):
    edge = kept()
    ban(edge, "add", BAD)
    kill(edge)
    edge = kept()
    assert get(edge, BAD) == 403
    ban(edge, "del", BAD)
    kill(edge)
    assert get(kept(), BAD) == 200


def test_learned_ban_survives_a_kill(kept):
    edge = kept(learning())
    get_banned(edge, BAD)
    eventually(lambda: edge.bans_file.exists(), what="the file of bans")
    kill(edge)
    assert get(kept(learning()), BAD) == 403


def test_broken_file_is_no_reason_not_to_start(kept):
    edge = kept()
    ban(edge, "add", BAD)
    edge.stop()
    edge.bans_file.write_text("nonsense\n" + edge.bans_file.read_text())
    edge = kept()
    assert get(edge, BAD) == 403
    assert "line 1: this is no object of JSON" in edge.output
    assert "1 line cannot be read; 1 ban is taken over" in edge.output


def test_check_says_what_no_folder_costs(check):
    warned = check.accepts(learning() + HOSTS)
    assert "bans are forgotten at a restart" in str(warned)
