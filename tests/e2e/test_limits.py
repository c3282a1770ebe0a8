"""Out of file descriptors: those who are there are served, nothing spins, and it passes."""

import select
import threading

import pytest
from configs import one_path
from origin import WELL
from waiting import SCALE, eventually
from wire import Closed

DESCRIPTORS = 128
CLIENTS = 200


@pytest.fixture
def crowded(fairlead, origin):
    """A fairlead of few descriptors with more connections than it can accept."""
    upstream = origin(WELL)
    edge = fairlead(one_path(upstream), descriptors=(DESCRIPTORS, DESCRIPTORS))
    return edge, upstream


def test_it_serves_within_its_limit_and_recovers(crowded):
    edge, _ = crowded
    old = [edge.connect() for _ in range(20)]
    assert all(client.get("/").status == 200 for client in old)

    # Each asks at once, so that none of them is idle and may be shed before its answer.
    crowd = [edge.connect() for _ in range(CLIENTS)]
    for client in crowd:
        client.request()
    eventually(lambda: edge.descriptors() > DESCRIPTORS // 2, what="fairlead fills up")
    assert edge.descriptors() <= DESCRIPTORS

    # Whoever was accepted is answered; idle ones may be shed to make room for others.
    answered = wait_for_answers(crowd)
    assert len(answered) > DESCRIPTORS // 4, f"only {len(answered)} are served"
    assert edge.process.poll() is None, edge.story()

    for client in crowd + old:
        client.reset()
    eventually(lambda: edge.descriptors() < DESCRIPTORS // 2, what="descriptors are free again")
    assert [edge.get("/").status for _ in range(20)] == [200] * 20


def wait_for_answers(crowd):
    """Those clients who were answered with a 200 by the time that nothing moves any more."""
    answered, waiting = [], {client.socket: client for client in crowd}
    while ready := select.select(list(waiting), [], [], 1.0 * SCALE)[0]:
        for sock in ready:
            client = waiting.pop(sock)
            try:
                client.receive()
                answered.append(client)
            except (Closed, ConnectionResetError):
                pass  # shed
    return answered


def test_it_does_not_spin(crowded):
    edge, _ = crowded
    crowd = [edge.connect() for _ in range(CLIENTS)]
    eventually(lambda: edge.descriptors() > DESCRIPTORS // 2, what="fairlead fills up")
    # Busy loops show within any second; the observation is bounded by this window.
    window = 1.0
    before = edge.cpu_seconds()
    threading.Event().wait(window)
    used = edge.cpu_seconds() - before
    assert used < 0.3 * window, f"{used:.2f} s of CPU in {window:g} s"
    for client in crowd:
        client.reset()
    eventually(lambda: edge.get("/").status == 200, what="service goes on")


def test_limit_is_raised_at_the_start(fairlead, origin):
    """From the soft to the hard limit, so that nobody has to know of `ulimit`."""
    edge = fairlead(one_path(origin(WELL)), descriptors=(64, 1024))
    clients = [edge.connect() for _ in range(100)]
    assert all(client.get("/").status == 200 for client in clients)
