"""The clean stop on SIGTERM: nothing new, everything begun is finished, then out."""

import signal
import socket
import threading
import time

import pytest
from configs import one_path
from origin import WELL, answer, read_head, read_body, read_request, send, until_closed, wait
from waiting import SCALE, eventually, happens


def is_refused(edge):
    try:
        socket.create_connection(("127.0.0.1", edge.port), 1).close()
        return False
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("workers", [1, 2])
def test_without_traffic_it_ends_at_once(fairlead, origin, number, workers):
    edge = fairlead(one_path(origin(WELL)), workers=workers)
    asked = time.monotonic()
    edge.terminate(number)
    assert edge.exit_code() == 0
    assert time.monotonic() - asked < 0.9 * SCALE


def test_request_in_flight_is_finished(fairlead, origin):
    go_on = threading.Event()
    upstream = origin([read_request, wait(go_on), send(answer(b"late")), until_closed])
    edge = fairlead(one_path(upstream))
    client = edge.connect().request()
    upstream.next_request()
    edge.terminate()
    eventually(lambda: is_refused(edge), what="new connections are refused")
    assert edge.process.poll() is None
    go_on.set()
    reply = client.read_answer()
    assert (reply.status, reply.body) == (200, b"late")
    assert reply.closes()
    client.expect_closed()
    assert edge.exit_code() == 0


def test_connections_that_came_just_before_are_served(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)), workers=1)
    edge.process.send_signal(signal.SIGSTOP)
    clients = [edge.connect().request() for _ in range(20)]  # accepted by the kernel alone
    edge.terminate()
    edge.process.send_signal(signal.SIGCONT)
    for client in clients:
        assert client.read_answer().status == 200
        client.expect_closed()
    assert edge.exit_code() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_whoever_has_a_connection_is_heard(fairlead, origin, workers):
    edge = fairlead(one_path(origin(WELL)), workers=workers)
    clients = [edge.connect() for _ in range(20)]  # held back by the kernel: they said nothing
    edge.terminate()
    for client in clients:
        assert client.request().read_answer().status == 200
        client.expect_closed()
    assert edge.exit_code() == 0


def test_whoever_has_a_connection_and_says_nothing_is_let_go(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)))
    clients = [edge.connect() for _ in range(20)]
    edge.terminate()
    for client in clients:
        client.expect_closed()
    assert edge.exit_code() == 0


def test_download_in_flight_is_finished(fairlead, origin):
    go_on = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    upstream = origin(
        [read_request, send(head + b"first"), wait(go_on), send(b"last"), until_closed]
    )
    edge = fairlead(one_path(upstream))
    client = edge.connect().request()
    reply = client.read_head()
    edge.terminate()
    eventually(lambda: is_refused(edge), what="new connections are refused")
    go_on.set()
    assert client.read_body(reply).body == b"firstlast"
    client.expect_closed()
    assert edge.exit_code() == 0


def test_upload_in_flight_is_finished(fairlead, origin):
    upstream = origin([read_head, read_body, send(answer(b"got it")), until_closed])
    edge = fairlead(one_path(upstream))
    client = edge.connect()
    client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfirst")
    upstream.next_request()
    edge.terminate()
    eventually(lambda: is_refused(edge), what="new connections are refused")
    reply = client.send(b"last").read_answer()
    assert (reply.status, reply.body) == (200, b"got it") and reply.closes()
    assert upstream.requests[0].body == b"firstlast"
    assert edge.exit_code() == 0


def test_idle_connections_are_closed(fairlead, origin):
    upstream = origin(WELL)
    edge = fairlead(one_path(upstream), workers=2)
    clients = [edge.connect() for _ in range(20)]
    assert all(client.get("/").status == 200 for client in clients)
    edge.terminate()
    for client in clients:
        client.expect_closed()
    assert edge.exit_code() == 0
    for connection in upstream.connections:
        happens(connection.closed, "the close of an idle server connection")


def test_stop_leaves_others_pipelined_requests_no_worse_than_closed(fairlead, origin):
    """A request behind the last one answered is not begun; the client sees `Connection: close`."""
    go_on = threading.Event()
    upstream = origin([read_request, wait(go_on), send(answer(b"1")), until_closed])
    edge = fairlead(one_path(upstream))
    client = edge.connect().request("GET", "/1").request("GET", "/2")
    upstream.next_request()
    edge.terminate()
    eventually(lambda: is_refused(edge), what="new connections are refused")
    go_on.set()
    assert client.read_answer().closes()
    client.expect_closed()
    assert [request.target for request in upstream.requests] == ["/1"]
    assert edge.exit_code() == 0


def test_access_log_is_complete_at_the_end(fairlead, origin):
    edge = fairlead(one_path(origin(WELL)))
    with edge.connect() as client:
        for _ in range(500):
            client.get("/")
    edge.terminate()
    assert edge.exit_code() == 0
    assert len(edge.log_lines()) == 500


def test_second_signal_ends_what_is_stuck(fairlead, origin):
    upstream = origin([read_request, until_closed])
    edge = fairlead(one_path(upstream))
    client = edge.connect().request()
    upstream.next_request()
    edge.terminate()
    eventually(lambda: is_refused(edge), what="new connections are refused")
    edge.terminate()
    edge.exit_code()
    edge.stopped = True  # its code tells that something was cut off; there is nothing more to stop
