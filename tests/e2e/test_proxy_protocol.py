"""The PROXY protocol, both ways: from the proxies in front, and to the servers behind."""

import shutil
import socket
import subprocess
import threading
import time

import pytest
from configs import one_path, one_pool
from edge import free_port
from origin import WELL, answer, read_request, send, serve, wait
from waiting import PATIENCE, eventually
from wire import Client, Closed

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
ME = "127.0.0.1"
STRANGER = "127.0.0.2"
LISTEN = f'listen: {{ http: "127.0.0.1:@", proxy_protocol: {{ from: [{ME}] }} }}\n'


def line(source="203.0.113.9", port=4660, destination="198.51.100.7", destination_port=443):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} {port} {destination_port}\r\n".encode()


def block(source="203.0.113.9", port=4660, command=0x21, extensions=b""):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    ends = socket.inet_pton(family, source) * 2 + port.to_bytes(2) + (443).to_bytes(2)
    rest = ends + extensions
    kind = 0x21 if family == socket.AF_INET6 else 0x11
    return SIGNATURE + bytes([command, kind]) + len(rest).to_bytes(2) + rest


GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"

HEADERS = {
    "a line": (line(), "203.0.113.9", 4660),
    "a line over IPv6": (line("2001:db8::9", destination="::1"), "2001:db8::9", 4660),
    "a line with mapped addresses": (line("::ffff:203.0.113.9", destination="::1"), "203.0.113.9", 4660),
    "a block": (block(), "203.0.113.9", 4660),
    "a block over IPv6": (block("2001:db8::9"), "2001:db8::9", 4660),
    "a block with mapped addresses": (block("::ffff:203.0.113.9"), "203.0.113.9", 4660),
    "a block with extensions": (block(extensions=b"\x04\0\x01x\xea\0\0"), "203.0.113.9", 4660),
    "unknown": (b"PROXY UNKNOWN\r\n", ME, None),
    "local": (block(command=0x20), ME, None),
}  # fmt: skip


# --- from the proxies in front


@pytest.mark.parametrize("row", HEADERS)
def test_the_client_is_the_one_of_the_header(fairlead, origin, row):
    header, client, port = HEADERS[row]
    server = origin(WELL)
    edge = fairlead(one_path(server), listen=LISTEN)
    with edge.connect() as peer:
        assert peer.send(header + GET).read_answer().status == 200
        port = port or peer.socket.getsockname()[1]
    assert server.next_request().get("X-Forwarded-For") == client
    (entry,) = edge.log_lines()
    assert (entry["client"], entry["client_port"]) == (client, port)


@pytest.mark.parametrize("row", ["a line", "a block with extensions", "unknown", "local"])
def test_a_header_byte_by_byte(fairlead, origin, row):
    header, client, _ = HEADERS[row]
    server = origin(WELL)
    edge = fairlead(one_path(server), listen=LISTEN)
    with edge.connect() as peer:
        for i in range(len(header + GET)):
            peer.send((header + GET)[i : i + 1])
        assert peer.read_answer().status == 200
    assert server.next_request().get("X-Forwarded-For") == client


def test_it_holds_for_the_whole_connection(fairlead, origin):
    server = origin(WELL)
    edge = fairlead(one_path(server), listen=LISTEN)
    with edge.connect() as peer:
        peer.send(block() + GET * 2)  # pipelined
        for _ in range(2):
            assert peer.read_answer().status == 200
        for _ in range(2):  # kept alive
            assert peer.get().status == 200
        # A second header is a request like any other, and none.
        assert peer.send(line("203.0.113.10") + GET).read_answer().status == 400
    assert [request.get("X-Forwarded-For") for request in server.requests] == ["203.0.113.9"] * 4


def test_rules_see_the_client_of_the_header(fairlead, origin):
    server = origin(WELL)
    rules = "firewall_rules: { ip_reject: [203.0.113.9] }"
    edge = fairlead(one_path(server, path=rules), listen=LISTEN)
    for header, status in {
        line(): 403, block(): 403, line("::ffff:203.0.113.9", destination="::1"): 403,
        line("203.0.113.8"): 200, block("203.0.113.8"): 200, block(command=0x20): 200,
    }.items():  # fmt: skip
        with edge.connect() as peer:
            assert peer.send(header + GET).read_answer().status == status, header
    assert len(server.requests) == 3


def test_trusted_proxies_are_judged_by_the_header(fairlead, origin):
    server = origin(WELL)
    trusts = "trusted_proxies: [203.0.113.9]\n"
    edge = fairlead(trusts + one_path(server), listen=LISTEN)
    seen = {}
    for source in ("203.0.113.9", "203.0.113.10"):
        with edge.connect() as peer:
            peer.send(line(source)).get(fields=["X-Forwarded-For: 192.0.2.77"])
        seen[source] = server.next_request().get("X-Forwarded-For")
    assert seen == {"203.0.113.9": "192.0.2.77, 203.0.113.9", "203.0.113.10": "203.0.113.10"}
    assert [entry["client"] for entry in edge.log_lines(2)] == ["192.0.2.77", "203.0.113.10"]


MALFORMED = {
    "no header": (GET, "A PROXY header was expected first, and this is none."),
    "another protocol": (
        b"PROXY UDP4 203.0.113.9 203.0.113.9 1 2\r\n" + GET,
        "The PROXY line is for none of TCP4, TCP6 and UNKNOWN.",
    ),
    "a port with a zero": (
        b"PROXY TCP4 203.0.113.9 203.0.113.9 01 2\r\n" + GET,
        "A port of the PROXY line is not valid.",
    ),
    "an address of another family": (
        b"PROXY TCP4 ::1 203.0.113.9 1 2\r\n" + GET,
        "An address of the PROXY line is not valid, or not of its family.",
    ),
    "a line feed alone": (
        b"PROXY TCP4 203.0.113.9 203.0.113.9 1 2\n" + GET,
        "The PROXY line does not end in CR LF.",
    ),
    "a line without end": (b"PROXY TCP4 " + b"1" * 200, "The PROXY line is longer than 107 bytes."),
    "datagrams": (block()[:13] + b"\x12" + block()[14:] + GET, None),
    "version 3": (block(command=0x31) + GET, None),
    "a wrong checksum": (block(extensions=b"\x03\0\x04abcd") + GET, None),
    "an endless extension": (block(extensions=b"\x04\xff\xff") + GET, None),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", None),
    "nothing but line ends": (b"\r\n\r\n\r\n" + GET, None),
}


@pytest.mark.parametrize("row", MALFORMED)
def test_malformed_headers(fairlead, origin, row):
    """What reads like text is answered and logged; what is binary is closed without a word."""
    sent, why = MALFORMED[row]
    server = origin(WELL)
    edge = fairlead(one_path(server), listen=LISTEN)
    with edge.connect() as peer:
        peer.send(sent)
        if why:
            refusal = peer.read_answer()
            assert (refusal.status, refusal.body.strip().decode()) == (400, why)
            assert refusal.closes()
        else:
            peer.expect_closed()
    if why:
        (entry,) = edge.log_lines()
        assert (entry["status"], entry["why"], entry["client"]) == (400, why, ME)
    eventually(lambda: "no valid PROXY header" in edge.output, what="a word in the log")
    assert server.bytes_received == 0


@pytest.mark.parametrize("sent", [b"", b"PROXY TCP4 203.0.113.9 ", SIGNATURE, block()[:20]])
def test_a_header_that_does_not_come(fairlead, origin, sent):
    server = origin(WELL)
    config = one_path(server, defaults="timeouts: { head: 300ms }")
    edge = fairlead(config, listen=LISTEN)
    with edge.connect() as peer:
        began = time.monotonic()
        peer.send(sent).expect_closed()
        assert 0.2 < time.monotonic() - began < PATIENCE
    with edge.connect() as well:
        assert well.send(line() + GET).read_answer().status == 200
    assert len(server.requests) == 1


def test_the_time_is_for_the_whole_header(fairlead, origin):
    config = one_path(origin(WELL), defaults="timeouts: { head: 500ms }")
    edge = fairlead(config, listen=LISTEN)
    with edge.connect() as peer, pytest.raises((Closed, OSError)):
        peer.socket.settimeout(0.05)
        for i in range(len(block())):
            peer.send(block()[i : i + 1])
            try:
                peer.receive()
            except TimeoutError:
                pass


@pytest.mark.parametrize("header", [line(), block(), b"PROXY UNKNOWN\r\n", block(command=0x20)])
def test_others_may_not_send_it(fairlead, origin, header):
    server = origin(WELL)
    edge = fairlead(one_path(server), listen=LISTEN)
    with edge.connect(source=STRANGER) as peer:
        assert peer.send_all_it_takes(header + GET).read_answer().status == 400
    assert server.bytes_received == 0
    (entry,) = edge.log_lines()
    assert (entry["status"], entry["client"]) == (400, STRANGER)
    with edge.connect(source=STRANGER) as peer:
        assert peer.get().status == 200
    assert server.next_request().get("X-Forwarded-For") == STRANGER


@pytest.mark.parametrize("header", [line(), block()])
def test_nobody_may_send_it_without_the_key(fairlead, origin, header):
    server = origin(WELL)
    edge = fairlead(one_path(server))
    with edge.connect() as peer:
        assert peer.send_all_it_takes(header + GET).read_answer().status == 400
    assert server.bytes_received == 0


def test_each_listener_for_itself(fairlead, origin):
    plain = free_port()
    listen = f"{LISTEN.replace('{ http', '[{ http', 1).rstrip()}, '127.0.0.1:{plain}']\n"
    edge = fairlead(one_path(origin(WELL)), listen=listen)
    with edge.connect() as peer:
        assert peer.send(line() + GET).read_answer().status == 200
    with Client(plain) as peer:
        assert peer.get().status == 200


def test_a_file_of_networks(fairlead, origin, tmp_path):
    (tmp_path / "proxies.txt").write_text("# the edge\n127.0.0.0/31\n")
    # `@` by its number, as the other one in this text is the port.
    listen = LISTEN.replace(f"[{ME}]", r'"\x40proxies.txt"')
    edge = fairlead(one_path(origin(WELL)), listen=listen)
    with edge.connect() as peer:
        assert peer.send(line() + GET).read_answer().status == 200
    with edge.connect(source=STRANGER) as peer:
        assert peer.get().status == 200


def test_everybody_on_a_unix_socket(fairlead, origin, tmp_path):
    path = tmp_path / "web.sock"
    server = origin(WELL)
    listen = f'listen: ["127.0.0.1:@", {{ http: "unix:{path}", proxy_protocol: {{}} }}]\n'
    fairlead(one_path(server), listen=listen)
    for header, status in {line(): b"200", block(): b"200", b"": b"400"}.items():
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE)
            peer.connect(str(path))
            peer.sendall(header + GET)
            assert peer.recv(65536).split(b" ")[1] == status
    assert [request.get("X-Forwarded-For") for request in server.requests] == ["203.0.113.9"] * 2


def test_a_stop_waits_for_the_request_behind_the_header(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)), listen=LISTEN)
    with edge.connect() as peer:
        peer.send(line()[:10])
        edge.terminate()
        eventually(lambda: "SIGTERM" in edge.output, what="the stop")
        assert peer.send(line()[10:] + GET).read_answer().status == 200
    assert edge.exit_code() == 0


# --- real clients


def test_curl(fairlead, origin):
    server = origin(WELL)
    edge = fairlead(one_path(server), listen=LISTEN)
    subprocess.run(
        ["curl", "-sSf", "--haproxy-protocol", edge.url()],
        check=True, timeout=PATIENCE, capture_output=True,
    )  # fmt: skip
    assert server.next_request().get("X-Forwarded-For") == ME


def start_when_listening(command, port, processes):
    processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex((ME, port)) == 0

    eventually(listens, what=f"the start of {command[0]}")


@pytest.fixture
def processes():
    started = []
    yield started
    for process in started:
        process.terminate()
    for process in started:
        process.wait(PATIENCE)


def haproxy(folder, port, backend):
    file = folder / "haproxy.cfg"
    file.write_text(
        "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 9s\n  timeout server 9s\n"
        f"listen all\n  bind 127.0.0.1:{port}\n  server one {backend}\n"
    )
    return [shutil.which("haproxy", path="/usr/sbin"), "-f", str(file), "-db"]


@pytest.mark.skipif(not shutil.which("haproxy", path="/usr/sbin"), reason="no HAProxy here")
@pytest.mark.parametrize("way", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c"])
def test_haproxy_in_front(fairlead, origin, tmp_path, processes, way):
    server = origin(WELL)
    edge = fairlead(one_path(server), listen=LISTEN)
    port = free_port()
    start_when_listening(haproxy(tmp_path, port, f"127.0.0.1:{edge.port} {way}"), port, processes)
    with Client(port, source="127.0.0.7") as client:
        assert client.get().status == 200
    assert server.next_request().get("X-Forwarded-For") == "127.0.0.7"


@pytest.mark.skipif(not shutil.which("haproxy", path="/usr/sbin"), reason="no HAProxy here")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_haproxy_behind(fairlead, tmp_path, processes, version):
    port = free_port()
    command = haproxy(tmp_path, port, "unused 127.0.0.1:1")
    (tmp_path / "haproxy.cfg").write_text(
        "defaults\n  mode http\n  timeout client 9s\n"
        f"frontend all\n  bind 127.0.0.1:{port} accept-proxy\n"
        '  http-request return status 200 content-type text/plain lf-string "%ci %cp"\n'
    )
    start_when_listening(command, port, processes)
    more = f"send_proxy_protocol: {version}\nhealth: {{ path: /, every: 100ms }}"
    edge = fairlead(one_pool(f"127.0.0.1:{port}", more=more))
    with edge.connect(source="127.0.0.7") as client:
        own = client.socket.getsockname()
        for _ in range(2):
            assert client.get().body == f"{own[0]} {own[1]}".encode()


def nginx(folder, port):
    temporary = "".join(
        f"  {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log /dev/null;\n"
        f"events {{}}\nhttp {{\n  access_log off;\n{temporary}"
        f"  server {{\n    listen 127.0.0.1:{port} proxy_protocol;\n    location / {{\n"
        '      return 200 "$proxy_protocol_addr $proxy_protocol_port";\n    }\n  }\n}\n'
    )
    binary = shutil.which("nginx", path="/usr/sbin")
    return [binary, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "/dev/null"]


@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin"), reason="no nginx here")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_behind(fairlead, tmp_path, processes, version):
    port = free_port()
    start_when_listening(nginx(tmp_path, port), port, processes)
    more = f"send_proxy_protocol: {version}\nhealth: {{ path: /, every: 100ms }}"
    edge = fairlead(one_pool(f"127.0.0.1:{port}", more=more))
    with edge.connect(source="127.0.0.7") as client:
        own = client.socket.getsockname()
        for _ in range(2):
            assert client.get().body == f"{own[0]} {own[1]}".encode()


# --- to the servers behind


def read_proxy(connection):
    """Takes the header off a connection; `connection.ends` is what it told, or "local"."""
    start = connection.take(6)
    if start == b"PROXY ":
        words = connection.take_past(b"\r\n")[:-2].decode().split(" ")
        assert words[0] in ("TCP4", "TCP6", "UNKNOWN")
        connection.ends = ("v1", "local") if words[0] == "UNKNOWN" else (
            "v1", (words[1], int(words[3])), (words[2], int(words[4])),
        )  # fmt: skip
        return
    rest = connection.take(10)
    assert start + rest[:6] == SIGNATURE and rest[6] >> 4 == 2
    data = connection.take(int.from_bytes(rest[8:10]))
    if rest[6] == 0x20:
        connection.ends = ("v2", "local")
        return
    family, size = (socket.AF_INET, 4) if rest[7] == 0x11 else (socket.AF_INET6, 16)
    ports = [int.from_bytes(data[2 * size + i : 2 * size + i + 2]) for i in (0, 2)]
    ips = [socket.inet_ntop(family, data[i * size : (i + 1) * size]) for i in (0, 1)]
    connection.ends = ("v2", (ips[0], ports[0]), (ips[1], ports[1]))


def greeted(reply=lambda request: answer(b"ok")):
    return [read_proxy, serve(reply)]


def ends_of(client, version, edge):
    return (version, client.socket.getsockname(), (ME, edge.port))


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_servers_are_told_of_the_client(fairlead, origin, version):
    server = origin(greeted())
    edge = fairlead(one_path(server, path=f"send_proxy_protocol: {version}"))
    with edge.connect() as client:
        for _ in range(3):
            assert client.get().status == 200
        told = ends_of(client, version, edge)
    assert [connection.ends for connection in server.connections] == [told]


def test_clients_never_share_a_connection(fairlead, origin):
    server = origin(greeted())
    edge = fairlead(one_path(server, path="send_proxy_protocol: v2"))
    with edge.connect() as one, edge.connect() as two:
        for _ in range(5):
            assert one.get("/one").status == two.get("/two").status == 200
        told = {"/one": ends_of(one, "v2", edge), "/two": ends_of(two, "v2", edge)}
    assert len(server.connections) == 2
    for request in server.requests:
        assert request.connection.ends == told[request.target]


def test_a_last_exchange_leaves_no_connection(fairlead, origin):
    server = origin(greeted())
    edge = fairlead(one_path(server, path="send_proxy_protocol: v1"))
    assert edge.get("/", ["Connection: close"]).status == 200
    assert server.connections[0].closed.wait(2), "nobody could use it any more"


def test_what_was_told_is_told_on(fairlead, origin):
    """The client and the address that it reached come through two proxies."""
    server = origin(greeted())
    edge = fairlead(one_path(server, path="send_proxy_protocol: v2"), listen=LISTEN)
    for header in (line(), block(command=0x20), line("2001:db8::9", destination="2001:db8::1")):
        with edge.connect() as peer:
            assert peer.send(header + GET).read_answer().status == 200
            own = peer.socket.getsockname()
    assert [connection.ends for connection in server.connections[::2]] == [
        ("v2", ("203.0.113.9", 4660), ("198.51.100.7", 443)),
        ("v2", ("2001:db8::9", 4660), ("2001:db8::1", 443)),
    ]
    version, source, destination = server.connections[1].ends
    assert source[0] == ME and source != own and destination == (ME, edge.port)


def test_a_client_behind_a_trusted_proxy_has_no_port(fairlead, origin):
    server = origin(greeted())
    trusts = f"trusted_proxies: [{ME}]\n"
    edge = fairlead(trusts + one_path(server, path="send_proxy_protocol: v1"))
    with edge.connect() as peer:
        for client in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::9"):
            assert peer.get(fields=[f"X-Forwarded-For: {client}"]).status == 200
    here = (ME, edge.port)
    assert [connection.ends for connection in server.connections] == [
        ("v1", ("192.0.2.1", 0), here),
        ("v1", ("192.0.2.2", 0), here),
        ("v1", ("2001:db8::9", 0), (f"::ffff:{ME}", edge.port)),
    ]


def test_a_client_without_an_address(fairlead, origin, tmp_path):
    path = tmp_path / "web.sock"
    server = origin(greeted())
    listen = f'listen: ["127.0.0.1:@", "unix:{path}"]\n'
    fairlead(one_path(server, path="send_proxy_protocol: v2"), listen=listen)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(str(path))
        peer.sendall(GET)
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert server.connections[0].ends == ("v2", "local")


@pytest.mark.parametrize("health", ["{ path: /up, every: 50ms }", "{ every: 50ms }"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_checks_are_of_nobody(fairlead, origin, version, health):
    server, other = origin(greeted()), origin(greeted())
    more = f"send_proxy_protocol: {version}\nhealth: {health}"
    edge = fairlead(one_pool(server.address, other.address, more=more))
    eventually(
        lambda: sum(getattr(c, "ends", None) == (version, "local") for c in server.connections) > 1,
        what="two checks",
    )
    assert edge.get().status == 200
    assert "down" not in edge.output


def test_a_retry_tells_it_again(fairlead, origin):
    dead, server = origin([read_proxy]), origin(greeted())
    edge = fairlead(
        one_pool(
            dead.address, f"{{ url: '{server.address}', backup: true }}",
            more="send_proxy_protocol: v1\nhealth: off",
        )
    )  # fmt: skip
    with edge.connect() as client:
        assert client.get().status == 200
        told = ends_of(client, "v1", edge)
    assert dead.connections[0].ends == server.connections[0].ends == told


def test_a_stale_connection_is_made_anew(fairlead, origin):
    server = origin([read_proxy, read_request, send(answer(b"ok"))], greeted())
    edge = fairlead(one_path(server, path="send_proxy_protocol: v2"))
    with edge.connect() as client:
        assert client.get().status == 200
        assert client.get().status == 200
        told = ends_of(client, "v2", edge)
    assert [connection.ends for connection in server.connections] == [told] * 2


def test_mirrors_and_hedges_tell_it_too(fairlead, origin):
    slow = threading.Event()
    first = origin([read_proxy, read_request, wait(slow)])
    second, shadow = origin(greeted()), origin(greeted())
    edge = fairlead(
        "pools:\n  real:\n"
        f"    servers: [{first.address}, {{ url: '{second.address}', backup: true }}]\n"
        "    health: off\n    send_proxy_protocol: v1\n    retry: { hedge: { after: 50ms } }\n"
        f"  shadow: {{ servers: [{shadow.address}], send_proxy_protocol: v2 }}\n"
        "paths: [{ path: /, pool: real, mirror: shadow }]\n"
    )
    with edge.connect() as client:
        assert client.get().status == 200
        told = client.socket.getsockname()
        shadow.next_request()
    slow.set()
    assert first.connections[0].ends == second.connections[0].ends == ("v1", told, (ME, edge.port))
    assert shadow.connections[0].ends == ("v2", told, (ME, edge.port))


def test_off_is_off(fairlead, origin):
    server = origin(WELL)
    config = one_path(
        server, defaults="send_proxy_protocol: v2", path="send_proxy_protocol: off"
    )
    edge = fairlead(config)
    for _ in range(2):
        assert edge.get().status == 200
    assert len(server.connections) == 1
