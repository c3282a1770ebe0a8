"""The access log: one JSON line a request, with the way it took and why it ended badly."""

import datetime
import json
import re
import signal
import threading

import pytest
from configs import one_path
from edge import free_port, run
from origin import WELL, answer, close, read_request, send, until_closed, wait
from waiting import eventually, happens

KEYS = {
    "time", "client", "method", "host", "path", "status", "bytes_in", "bytes_out", "route", "pool",
    "server", "attempts", "head_ms", "queue_ms", "connect_ms", "first_byte_ms", "total_ms",
    "request_id",
}  # fmt: skip


def test_line_of_a_good_request(fairlead, origin):
    upstream = origin([read_request, send(answer(b"x" * 1000)), until_closed])
    edge = fairlead(
        f"pools: {{ fruits: {{ servers: [{upstream.address}] }} }}\n"
        "hosts: [{ host: a.test, paths: [{ path: /x, pool: fruits }] }]\n"
    )
    with edge.connect() as client:
        client.request("POST", "/x/y?z=1", body=b"b" * 500, host="A.test:80").read_answer()
    request = upstream.next_request()
    (line,) = edge.log_lines()
    assert KEYS <= line.keys()
    expected = {
        "client": "127.0.0.1", "method": "POST", "host": "a.test",
        "status": 200, "pool": "fruits", "server": upstream.address, "attempts": 1,
    }  # fmt: skip
    assert {key: line[key] for key in expected} == expected
    assert line["path"] in ("/x/y", "/x/y?z=1")
    assert "/x" in line["route"]
    assert 500 <= line["bytes_in"] <= 1000
    assert 1000 <= line["bytes_out"] <= 1500
    assert line["request_id"] == request.get("X-Request-Id")
    assert not line.get("why")


def test_time_and_timing(fairlead, origin):
    go_on = threading.Event()
    upstream = origin([read_request, wait(go_on), send(answer()), until_closed])
    edge = fairlead(one_path(upstream))
    before = datetime.datetime.now(datetime.timezone.utc)
    with edge.connect() as client:
        client.request()
        upstream.next_request()
        assert client.is_quiet(0.1)
        go_on.set()
        client.read_answer()
    (line,) = edge.log_lines()
    stamp = datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
    assert abs((stamp - before).total_seconds()) < 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line["time"])
    assert 100 <= line["first_byte_ms"] <= line["total_ms"] < 60_000
    assert 0 <= line["connect_ms"] <= line["total_ms"]


def test_one_line_for_each_request(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)), workers=2)
    for i in range(5):
        with edge.connect() as client:
            for j in range(20):
                client.get(f"/{i}/{j}")
    lines = edge.log_lines(100)
    assert {line["path"] for line in lines} == {f"/{i}/{j}" for i in range(5) for j in range(20)}
    assert len({line["request_id"] for line in lines}) == 100


def test_client_is_that_of_the_trusted_proxy(fairlead, origin):
    edge = fairlead("trusted_proxies: [127.0.0.1]\n" + one_path(origin(WELL)))
    edge.get("/", ["X-Forwarded-For: 9.9.9.9, 1.2.3.4"])
    (line,) = edge.log_lines()
    assert line["client"] == "1.2.3.4"


def test_lines_stay_lines_whatever_is_asked(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)))
    targets = ['/"quoted"', "/back\\slash", "/%0aline", "/caf\xe9", "/<script>"]
    for target in targets:
        with edge.connect() as client:
            client.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1")).read_answer()
    assert len(edge.log_lines(len(targets))) == len(targets)


def test_malformed_request_is_logged(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)))
    with edge.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n").read_answer()
    (line,) = edge.log_lines()
    assert line["status"] == 400 and line["why"]


def connect_refused(edge, upstream):
    upstream.stop_listening()
    assert edge.get("/").status in (502, 503)


def malformed_response(edge, upstream):
    assert edge.get("/").status == 502


def client_gone(edge, upstream):
    client = edge.connect()
    client.request()
    upstream.next_request()
    client.reset()
    happens(upstream.connections[0].closed, "the close of the server's connection")


def truncated(edge, upstream):
    assert not edge.get("/").complete


def timeout(edge, upstream):
    assert edge.get("/").status == 504


SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"
BAD_ENDS = {
    "connect_refused": (connect_refused, [read_request], {502, 503}),
    "malformed response": (
        malformed_response, [read_request, send(b"x\r\n\r\n"), until_closed], {502}),
    "client_gone": (client_gone, [read_request, until_closed], None),
    "truncated response": (truncated, [read_request, send(SHORT), close], {200}),
    "timeout": (timeout, [read_request, until_closed], {504}),
}


@pytest.mark.parametrize("name", BAD_ENDS)
def test_why_a_request_ended_badly(fairlead, origin, name):
    scene, script, statuses = BAD_ENDS[name]
    upstream = origin(script)
    edge = fairlead(one_path(upstream, defaults="retry: off\ntimeouts: { response: 500ms }"))
    scene(edge, upstream)
    (line,) = edge.log_lines()
    assert re.fullmatch(r"[a-z0-9_.]+", line["why"]), line
    if "_" in name or name == "timeout":
        assert name in line["why"], line
    if statuses:
        assert line["status"] in statuses


def test_refusals_of_fairlead_are_logged(fairlead, origin):
    upstream = origin(WELL)
    edge = fairlead(
        f"paths:\n  - path: /a\n    servers: [{upstream.address}]\n"
        "    firewall_rules: { path_reject: [/a/b] }\n"
    )
    assert (edge.get("/c").status, edge.get("/a/b").status) == (404, 403)
    lines = {line["path"]: line for line in edge.log_lines(2)}
    assert lines["/c"]["status"] == 404 and lines["/a/b"]["status"] == 403
    assert upstream.connections == []


def test_retried_request_counts_its_attempts(fairlead, origin, dead_port):
    upstream = origin(WELL)
    edge = fairlead(one_path(dead_port, upstream, defaults="balance: round_robin\nhealth: off"))
    for count in range(1, 10):
        assert edge.get("/").status == 200
        line = edge.log_lines(count)[-1]
        assert line["server"] == upstream.address and line["attempts"] in (1, 2)
        if line["attempts"] == 2:
            return
    raise AssertionError("the dead server was never tried")


def test_log_to_stdout(fairlead, origin):
    upstream = origin(WELL)
    edge = fairlead(one_path(upstream), log="stdout")
    edge.get("/to-stdout")
    eventually(lambda: '"/to-stdout"' in edge.output, what="a line on stdout")


def test_log_off(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)), log="off")
    edge.get("/nowhere-to-be-seen")
    edge.terminate()
    assert edge.exit_code() == 0
    assert "nowhere-to-be-seen" not in edge.output


def lines_of(file, count):
    """The paths in another log of the edge, once there are at least `count` lines."""

    def whole_lines():
        return file.read_text().split("\n")[:-1] if file.exists() else []

    eventually(lambda: len(whole_lines()) >= count, what=f"{count} lines in {file.name}")
    return [json.loads(line)["path"] for line in whole_lines()]


def test_each_request_is_logged_by_its_innermost_level(fairlead, origin, tmp_path):
    server = origin(WELL).address
    edge = fairlead(
        "hosts:\n"
        "  - host: a.test\n"
        "    log: a.log\n"
        "    firewall_rules: { path_reject: [/a/secret] }\n"
        "    paths:\n"
        f"      - {{ path: /a, servers: [{server}] }}\n"
        f"      - {{ path: /quiet, servers: [{server}], log: off }}\n"
        f"      - {{ path: /own, servers: [{server}], log: {{ access: own.log }} }}\n"
        "      - { path: /shared, respond: 200, log: ./a.log }\n"
        f"  - {{ host: b.test, servers: [{server}] }}\n"
        "paths: [{ path: /c, respond: 200, log: own.log }]\n"
    )
    a, own, everywhere = [], [], []
    for host, path, status, into in [
        ("a.test", "/a/1", 200, a),
        ("a.test", "/quiet", 200, None),
        ("a.test", "/own", 200, own),
        ("a.test", "/shared", 200, a),
        ("a.test", "/a/secret", 403, a),  # before there is a route
        ("a.test", "/nowhere", 404, a),  # no route of a host that claimed it
        ("b.test", "/b", 200, everywhere),
        ("c.test", "/c", 200, own),
        ("c.test", "/nowhere", 404, everywhere),
    ]:
        assert edge.get(path, host=host).status == status
        if into is not None:
            into.append(path)
    with edge.connect() as client:
        client.send(b"nonsense\r\n\r\n")
        assert client.read_answer().status == 400
    edge.terminate()
    assert edge.exit_code() == 0
    assert lines_of(tmp_path / "a.log", 4) == a
    assert lines_of(tmp_path / "own.log", 2) == own
    lines = edge.log_lines(3)
    assert [line["path"] for line in lines[:2]] == everywhere
    assert len(lines) == 3 and lines[2]["status"] == 400


def test_log_off_but_for_one_path(fairlead, origin, tmp_path):
    edge = fairlead(
        "paths:\n  - { path: /, respond: 200 }\n  - { path: /told, respond: 200, log: told.log }\n"
        "  - { path: /said, respond: 200, log: stdout }\n",
        log="off",
    )
    for path in ("/", "/told", "/said"):
        assert edge.get(path).status == 200
    assert lines_of(tmp_path / "told.log", 1) == ["/told"]
    eventually(lambda: '"/said"' in edge.output, what="a line on stdout")
    edge.terminate()
    assert edge.exit_code() == 0
    assert '"path":"/"' not in edge.output and '"/told"' not in edge.output


def test_all_logs_are_opened_anew(fairlead, origin, tmp_path):
    edge = fairlead(
        "paths:\n  - { path: /, respond: 200 }\n  - { path: /own, respond: 200, log: own.log }\n",
        workers=2,
    )
    own = tmp_path / "own.log"
    moved = {file: file.with_suffix(".1") for file in (edge.log, own)}
    for _ in range(2):
        assert edge.get("/").status == edge.get("/own").status == 200
    assert lines_of(edge.log, 2) == ["/"] * 2 and lines_of(own, 2) == ["/own"] * 2
    for file, old in moved.items():
        file.rename(old)
    edge.process.send_signal(signal.SIGUSR1)
    eventually(lambda: "reopened the access logs" in edge.output, what="the word of it")
    eventually(lambda: edge.log.exists() and own.exists(), what="new files")
    assert edge.get("/").status == edge.get("/own").status == 200
    assert lines_of(edge.log, 1) == ["/"] and lines_of(own, 1) == ["/own"]
    assert lines_of(moved[edge.log], 2) == ["/"] * 2 and lines_of(moved[own], 2) == ["/own"] * 2


def test_a_log_that_cannot_be_opened_is_a_start_that_fails(tmp_path):
    file = tmp_path / "fairlead.yaml"
    file.write_text(
        f'listen: "127.0.0.1:{free_port()}"\nlog: off\n'
        "paths: [{ path: /, respond: 200, log: no/such/folder.log }]\n"
    )
    done = run("run", "-c", file)
    assert done.returncode == 3
    assert f"cannot open the log {tmp_path}/no/such/folder.log: No such file" in done.stderr


def test_priorities_other_than_normal_are_named(fairlead):
    edge = fairlead(
        "paths:\n  - { path: /, respond: 200 }\n  - { path: /b, respond: 200, priority: batch }\n"
        "  - { path: /n, respond: 200, priority: normal }\n"
        "  - { path: /c, respond: 200, priority: critical }\n"
    )
    for path in ("/", "/b", "/n", "/c"):
        assert edge.get(path).status == 200
    lines = {line["path"]: line.get("priority") for line in edge.log_lines(4)}
    assert lines == {"/": None, "/b": "batch", "/n": None, "/c": "critical"}
