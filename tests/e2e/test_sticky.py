"""sticky: a client stays with its server, by fairlead's own cookie or by the server's."""

import base64
import binascii
import itertools
import stat

import pytest
from configs import one_pool, pool_with
from crew import name_of
from edge import ADMIN, run
from waiting import eventually

SECRET = "a secret of thirty-two characters"
STICKY = f'sticky: {{ cookie: srv, secret: "{SECRET}" }}\nbalance: round_robin\n'
CALM = "health: off\n"
LIVELY = "health: { every: 50ms, timeout: 1s, fall: 1, rise: 1, passive: off }\nslow_start: off\n"
TRUST = "trusted_proxies: [127.0.0.1]"


def set_cookies(reply, name="srv"):
    return [line for line in reply.all("Set-Cookie") if line.startswith(f"{name}=")]


def set_cookie(reply, name="srv"):
    """The one line that sets the cookie."""
    lines = set_cookies(reply, name)
    assert len(lines) == 1, reply
    return lines[0]


def pair_of(line):
    """`name=value` of a Set-Cookie line."""
    return line.partition(";")[0]


def attributes(line):
    return {part.strip().lower() for part in line.split(";")[1:]}


def newcomer(edge):
    """The cookie that a client without one gets, and its server."""
    reply = edge.get("/")
    return pair_of(set_cookie(reply)), name_of(reply)


def cookies_of_all(edge, servers):
    """A cookie for each server, by its name."""
    found = {}
    while len(found) < len(servers):
        pair, name = newcomer(edge)
        found[name] = pair
    return found


def visits(edge, pair, count=10):
    """Answers to a client with that cookie, each on a connection of its own."""
    return [edge.get("/", [f"Cookie: {pair}"]) for _ in range(count)]


def stays(edge, pair, name, count=10):
    """The client is served by that server, and its cookie is not set again."""
    replies = visits(edge, pair, count)
    assert [name_of(reply) for reply in replies] == [name] * count
    assert not any(set_cookies(reply) for reply in replies)


# The cookie.


def test_client_stays_and_is_told_once(fairlead, crew):
    servers = crew("a", "b", "c")
    edge = fairlead(one_pool(*servers, more=CALM + STICKY), workers=2)
    for name, pair in cookies_of_all(edge, servers).items():
        stays(edge, pair, name)


def test_clients_without_a_cookie_are_balanced(fairlead, crew):
    edge = fairlead(one_pool(*crew("a", "b", "c"), more=CALM + STICKY))
    with edge.connect() as client:
        assert sorted(name_of(client.get()) for _ in range(9)) == ["a"] * 3 + ["b"] * 3 + ["c"] * 3


def test_attributes(fairlead, crew):
    edge = fairlead(one_pool(*crew("a", "b"), more=CALM + STICKY))
    told = attributes(set_cookie(edge.get("/")))
    assert {"path=/", "httponly", "samesite=lax"} <= told
    assert "secure" not in told and not any(one.startswith("domain") for one in told)


PROTOCOLS = {
    "https by a trusted proxy": (TRUST, "https", True),
    "http by a trusted proxy": (TRUST, "http", False),
    "https by just anybody": ("", "https", False),
}


@pytest.mark.parametrize("top, protocol, secure", PROTOCOLS.values(), ids=PROTOCOLS)
def test_secure_where_the_client_speaks_tls(fairlead, crew, top, protocol, secure):
    edge = fairlead(one_pool(*crew("a", "b"), more=CALM + STICKY, top=top))
    reply = edge.get("/", [f"X-Forwarded-Proto: {protocol}", "X-Forwarded-For: 9.9.9.9"])
    assert ("secure" in attributes(set_cookie(reply))) == secure


def decodings(value):
    """The value, and whatever bytes it may stand for."""
    yield value.encode()
    for padded in (value + "=" * i for i in range(4)):
        for decode in (base64.b64decode, base64.urlsafe_b64decode):
            try:
                yield decode(padded)
            except (binascii.Error, ValueError):
                pass
    try:
        yield bytes.fromhex(value)
    except ValueError:
        pass


def test_value_tells_nothing(fairlead, crew):
    servers = crew("server-one", "server-two")
    edge = fairlead(one_pool(*servers, more=CALM + STICKY))
    for name, pair in cookies_of_all(edge, servers).items():
        (server,) = [one for one in servers if one.name == name]
        clear = [b"127.0.0.1", str(server.port).encode(), name.encode()]
        clear += [server.port.to_bytes(2, order) for order in ("big", "little")]
        value = pair.partition("=")[2]
        told = b"".join(decodings(value))
        assert not any(text in told for text in clear[:3]), told
        # Two bytes may come together by chance, but hardly next to the address.
        address = bytes([127, 0, 0, 1])
        assert not any(address + port in told for port in clear[3:]), told


SHOWN = {
    "alone": (["{pair}"], None),
    "before others": (["{pair}; a=1; b=2"], "a=1; b=2"),
    "behind others": (["a=1; b=2; {pair}"], "a=1; b=2"),
    "between others": (["a=1; {pair}; b=2"], "a=1; b=2"),
    "in a line of its own": (["a=1", "{pair}", "b=2"], "a=1; b=2"),
    "not there": (["a=1"], "a=1"),
    "another name that begins so": (["srvx=1; {pair}"], "srvx=1"),
}


@pytest.fixture(scope="module")
def sticky_pair(module_fairlead, module_crew):
    servers = module_crew("a", "b")
    return module_fairlead(one_pool(*servers, more=CALM + STICKY)), servers


@pytest.mark.parametrize("lines, seen", SHOWN.values(), ids=SHOWN)
def test_server_does_not_see_the_cookie(sticky_pair, lines, seen):
    edge, servers = sticky_pair
    pair, _ = newcomer(edge)
    reply = edge.get("/shown", ["Cookie: " + line.format(pair=pair) for line in lines])
    (server,) = [one for one in servers if one.name == name_of(reply)]
    assert ("; ".join(server.last.all("Cookie")) or None) == seen


def test_cookies_of_the_server_pass(sticky_pair):
    edge, servers = sticky_pair
    for server in servers:
        server.turn_to(fields=["Set-Cookie: own=1; Path=/", "Set-Cookie: two=2"])
    lines = edge.get("/").all("Set-Cookie")
    assert [line for line in lines if not line.startswith("srv=")] == ["own=1; Path=/", "two=2"]
    assert len(lines) == 3
    for server in servers:
        server.recover()


def test_rules_for_cookies_do_not_touch_it(fairlead, crew):
    rules = (
        'cookie_rules: { remove: ["*"], response: { domain: x.test } }\n'
        "header_rules: { remove: [Cookie] }"
    )
    edge = fairlead(one_pool(*crew("a", "b"), more=CALM + STICKY, path=rules))
    pair, name = newcomer(edge)
    assert not any("x.test" in line for line in set_cookies(edge.get("/")))
    stays(edge, pair, name)


# What nobody may forge.

HOSTILE = [
    "", "x", "=", "a", "b", "0", "1", "-1", "99999999999999999999", "%00", "....", "a" * 4000,
    '"quoted"', "caf\xe9", "../..", "127.0.0.1", "0.0", "AAAAAAAAAAAAAAAAAAAAAA", "{}",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_cookie_that_nobody_set_is_as_good_as_none(sticky_pair, value):
    edge, _ = sticky_pair
    replies = visits(edge, f"srv={value}", 4)
    assert {name_of(reply) for reply in replies} == {"a", "b"}
    assert all(pair_of(set_cookie(reply)) != f"srv={value}" for reply in replies)


def test_changed_cookie_is_as_good_as_none(sticky_pair):
    edge, _ = sticky_pair
    pair, _ = newcomer(edge)
    value = pair.partition("=")[2]
    for place in range(0, len(value) - 1, 3):
        other = "A" if value[place] != "A" else "B"
        changed = f"{value[:place]}{other}{value[place + 1 :]}"
        assert set_cookies(edge.get("/", [f"Cookie: srv={changed}"])), (place, value)
    for changed in (value[:-4], value + "AAAA", value.swapcase()):
        assert set_cookies(edge.get("/", [f"Cookie: srv={changed}"])), changed


def test_cookie_of_another_secret_is_as_good_as_none(fairlead, crew):
    servers = crew("a", "b")
    one = fairlead(one_pool(*servers, more=CALM + STICKY))
    two = fairlead(one_pool(*servers, more=CALM + STICKY.replace("secret of", "word of")))
    pair, _ = newcomer(one)
    replies = visits(two, pair, 4)
    assert {name_of(reply) for reply in replies} == {"a", "b"}
    assert all(set_cookies(reply) for reply in replies)


def test_good_cookie_among_bad_ones(sticky_pair):
    edge, _ = sticky_pair
    pair, name = newcomer(edge)
    stays(edge, f"other=1; srv=forged; {pair}", name, 4)


# Servers that go.


def test_client_of_a_server_that_is_down_moves_and_is_told_once(fairlead, crew):
    servers = a, b = crew("a", "b")
    edge = fairlead(one_pool(*servers, more=LIVELY + STICKY), admin=ADMIN)
    mine = cookies_of_all(edge, servers)["a"]
    a.down()
    edge.admin.await_standing("a", "down")
    moved = edge.get("/", [f"Cookie: {mine}"])
    assert name_of(moved) == "b"
    told = pair_of(set_cookie(moved))
    stays(edge, told, "b")
    a.up()
    edge.admin.await_standing("a", "ready")
    stays(edge, told, "b")


def test_client_is_told_who_answered_after_a_retry(fairlead, crew):
    """The server went this moment: the cookie names the one that answered."""
    servers = a, b = crew("a", "b")
    edge = fairlead(one_pool(*servers, more=CALM + STICKY))
    mine = cookies_of_all(edge, servers)["a"]
    a.down()
    moved = edge.get("/", [f"Cookie: {mine}"])
    assert name_of(moved) == "b"
    stays(edge, pair_of(set_cookie(moved)), "b")


def test_client_comes_back_with_its_server_when_it_was_not_served_between(fairlead, crew):
    servers = a, b = crew("a", "b")
    edge = fairlead(one_pool(*servers, more=LIVELY + STICKY), admin=ADMIN)
    mine = cookies_of_all(edge, servers)["a"]
    a.down()
    edge.admin.await_standing("a", "down")
    a.up()
    edge.admin.await_standing("a", "ready")
    stays(edge, mine, "a")


def test_busy_server_keeps_its_client(fairlead, crew):
    """Load is no reason to move: whoever is sticky goes where his session is."""
    servers = a, b = crew("a", "b")
    edge = fairlead(one_pool(*servers, more=CALM + STICKY.replace("round_robin", "p2c")))
    mine = cookies_of_all(edge, servers)["a"]
    a.hold()
    clients = [edge.connect().request(fields=[f"Cookie: {mine}"]) for _ in range(5)]
    a.await_waiting(5)
    a.release_all()
    assert {name_of(client.read_answer()) for client in clients} == {"a"}


def test_answers_of_fairlead_itself_set_no_cookie(fairlead, crew):
    a, b = crew("a", "b")
    edge = fairlead(one_pool(a, b, more=LIVELY + STICKY), admin=ADMIN)
    a.down()
    b.down()
    edge.admin.await_standing("a", "down")
    edge.admin.await_standing("b", "down")
    reply = edge.get("/")
    assert reply.status == 503 and not reply.all("Set-Cookie")


# Restarts.


def test_state_keeps_clients_over_a_restart_and_a_new_order(fairlead, crew, tmp_path):
    servers = crew("a", "b", "c")
    more = CALM + "sticky: { cookie: srv }"
    state = tmp_path / "state"
    state.mkdir()
    one = fairlead(one_pool(*servers, more=more, top=f"state: {state}"))
    mine = cookies_of_all(one, servers)
    one.stop()
    for order in itertools.islice(itertools.permutations(servers), 1, 6, 2):
        edge = fairlead(one_pool(*order, more=more, top=f"state: {state}"))
        for name, pair in mine.items():
            stays(edge, pair, name, 4)
        edge.stop()


def test_secret_in_the_state_is_for_nobody_else(fairlead, crew, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    more = CALM + "sticky: { cookie: srv }"
    fairlead(one_pool(*crew("a", "b"), more=more, top=f"state: {state}"))
    files = [path for path in state.rglob("*") if path.is_file()]
    assert files
    assert not any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files), files


def test_servers_that_come_and_go_in_the_file_move_nobody_else(fairlead, crew):
    servers = a, b, c = crew("a", "b", "c")
    one = fairlead(one_pool(*servers, more=CALM + STICKY))
    mine = cookies_of_all(one, servers)
    one.stop()
    d = crew("d")
    two = fairlead(one_pool(d, c, a, more=CALM + STICKY))
    for name in "ac":
        stays(two, mine[name], name, 4)
    moved = two.get("/", [f"Cookie: {mine['b']}"])
    assert name_of(moved) in "acd" and set_cookies(moved)


def test_same_secret_in_two_of_them(fairlead, crew):
    servers = a, b, c = crew("a", "b", "c")
    one = fairlead(one_pool(a, b, c, more=CALM + STICKY))
    two = fairlead(one_pool(c, b, a, more=CALM + STICKY))
    for name, pair in cookies_of_all(one, servers).items():
        stays(two, pair, name, 4)


def test_secret_from_the_environment(fairlead, crew, monkeypatch):
    servers = crew("a", "b")
    monkeypatch.setenv("STICKY_SECRET", SECRET)
    more = CALM + STICKY.replace(SECRET, "${STICKY_SECRET}")
    one = fairlead(one_pool(*servers, more=more))
    two = fairlead(one_pool(*servers, more=CALM + STICKY))
    for name, pair in cookies_of_all(one, servers).items():
        stays(two, pair, name, 4)


def test_show_does_not_tell_the_secret(fairlead, crew):
    edge = fairlead(one_pool(*crew("a", "b"), more=CALM + STICKY))
    shown = run("show", "-c", edge.file)
    assert shown.returncode == 0 and "srv" in shown.stdout
    assert SECRET not in shown.stdout + shown.stderr


def test_nothing_keeps_the_secret(check, monkeypatch, tmp_path):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    entries = ["{ url: 127.0.0.1:1 }", "{ url: 127.0.0.1:2 }"]
    said = check.accepts(one_pool(*entries, more="sticky: { cookie: srv }"))
    assert "warning" in said and "state" in said and "sticky" in said, said
    calm = check.accepts(one_pool(*entries, more="sticky: { cookie: srv, secret: nobody-guesses-this }"))
    assert "warning" not in calm, calm
    text = one_pool(*entries, more="sticky: { cookie: srv }", top=f"state: {tmp_path}")
    assert "warning" not in check.accepts(text)


# The server's own cookie.

LEARN = CALM + "sticky: { learn: JSESSIONID }\nbalance: round_robin\n"


class Sessions:
    """Each answer to a client without a session opens one: `NAME-1`, `NAME-2` ..."""

    def __init__(self, *servers):
        self.numbers = itertools.count(1)
        for server in servers:
            server.reply = lambda request, server=server: self.reply(server, request)

    def reply(self, server, request):
        if "JSESSIONID=" in (request.get("Cookie") or "") and request.target != "/login":
            return server.says()
        session = f"{server.name}-{next(self.numbers)}"
        return server.says(fields=[f"Set-Cookie: JSESSIONID={session}; Path=/; HttpOnly"])


def session_of(reply):
    return pair_of(set_cookie(reply, "JSESSIONID"))


def test_learned_session_stays_on_all_workers(fairlead, crew):
    servers = crew("a", "b", "c")
    Sessions(*servers)
    edge = fairlead(one_pool(*servers, more=LEARN), workers=2)
    opened = [edge.get("/") for _ in range(12)]
    assert {name_of(reply) for reply in opened} == {"a", "b", "c"}
    for reply in opened:
        again = visits(edge, session_of(reply), 8)
        assert {name_of(one) for one in again} == {name_of(reply)}
        assert not any(one.all("Set-Cookie") for one in again)


def test_servers_cookie_passes_untouched(fairlead, crew):
    a = crew("a")
    Sessions(a)
    edge = fairlead(one_pool(a, crew("b"), more=LEARN))
    reply = eventually(lambda: _named(edge.get("/"), "a"), what="an answer of a")
    assert reply.all("Set-Cookie") == ["JSESSIONID=a-1; Path=/; HttpOnly"]
    assert name_of(edge.get("/", ["Cookie: x=1; JSESSIONID=a-1"])) == "a"
    assert a.last.get("Cookie") == "x=1; JSESSIONID=a-1"


def _named(reply, name):
    return reply if name_of(reply) == name else None


def test_unknown_session_is_balanced(fairlead, crew):
    servers = crew("a", "b")
    edge = fairlead(one_pool(*servers, more=LEARN))
    seen = {name_of(reply) for reply in visits(edge, "JSESSIONID=never-seen", 8)}
    assert seen == {"a", "b"}


def test_session_that_changes_is_learned_anew(fairlead, crew):
    """As at a login: the old session ends, and the new one is of the same server."""
    servers = crew("a", "b", "c")
    Sessions(*servers)
    edge = fairlead(one_pool(*servers, more=LEARN), workers=2)
    for _ in range(6):
        first = edge.get("/")
        second = edge.get("/login", [f"Cookie: {session_of(first)}"])
        assert name_of(second) == name_of(first)
        assert session_of(second) != session_of(first)
        assert {name_of(one) for one in visits(edge, session_of(second), 6)} == {name_of(first)}


def test_learned_session_of_a_server_that_is_down_moves(fairlead, crew):
    servers = a, b = crew("a", "b")
    Sessions(*servers)
    more = LEARN.replace(CALM, LIVELY)
    edge = fairlead(one_pool(*servers, more=more), admin=ADMIN)
    mine = session_of(eventually(lambda: _named(edge.get("/"), "a"), what="an answer of a"))
    a.down()
    edge.admin.await_standing("a", "down")
    assert {name_of(reply) for reply in visits(edge, mine, 4)} == {"b"}


# Together with split.


def test_split_and_sticky(fairlead, crew):
    """A client keeps its pool and, within that, its server; neither cookie is shown."""
    a, b, c, d = servers = crew("a", "b", "c", "d")
    secret = f'secret: "{SECRET}"'
    config = (
        f"{TRUST}\ndefaults: {{ health: off, balance: round_robin }}\npools:\n"
        f"  one: {{ servers: [{a.entry()}, {b.entry()}], sticky: {{ cookie: srv, {secret} }} }}\n"
        f"  two: {{ servers: [{c.entry()}, {d.entry()}], sticky: {{ cookie: srv, {secret} }} }}\n"
        "paths: [{ path: /, split: { one: 50, two: 50 } }]\n"
    )
    edge = fairlead(config, workers=2)
    seen = set()
    for i in range(30):
        reply = edge.get("/", [f"X-Forwarded-For: 10.0.{i}.1"])
        mine = "; ".join(pair_of(line) for line in reply.all("Set-Cookie"))
        assert "srv=" in mine and "fairlead_split=" in mine, reply
        seen.add(name_of(reply))
        for j in range(3):
            fields = [f"Cookie: x=1; {mine}", f"X-Forwarded-For: 20.{j}.{i}.1"]
            again = edge.get("/", fields)
            assert name_of(again) == name_of(reply) and not again.all("Set-Cookie")
            (server,) = [one for one in servers if one.name == name_of(again)]
            assert server.last.get("Cookie") == "x=1"
    assert seen == {"a", "b", "c", "d"}


def test_cookie_of_one_pool_is_none_of_another(fairlead, crew):
    a, b, c, d = crew("a", "b", "c", "d")
    secret = f'secret: "{SECRET}"'
    config = (
        "defaults: { health: off, balance: round_robin }\npools:\n"
        f"  one: {{ servers: [{a.entry()}, {b.entry()}], sticky: {{ cookie: srv, {secret} }} }}\n"
        f"  two: {{ servers: [{c.entry()}, {d.entry()}], sticky: {{ cookie: srv, {secret} }} }}\n"
        "paths: [{ path: /one, pool: one }, { path: /two, pool: two }]\n"
    )
    edge = fairlead(config)
    pair = pair_of(set_cookie(edge.get("/one")))
    other = edge.get("/two", [f"Cookie: {pair}"])
    assert name_of(other) in "cd" and set_cookies(other)


# The file.

REFUSED = {
    "unknown key": ("sticky: { cokie: srv }", ["cookie"]),
    "neither way": ("sticky: {}", ["cookie", "learn"]),
    "both ways": ("sticky: { cookie: srv, learn: JSESSIONID }", ["cookie", "learn"]),
    "no name of a cookie": ('sticky: { cookie: "a b" }', ["cookie"]),
}


@pytest.mark.parametrize("line, words", REFUSED.values(), ids=REFUSED)
def test_check_refuses(check, line, words):
    check.refuses(pool_with(line), words, 4)
