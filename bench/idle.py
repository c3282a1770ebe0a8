"""Memory of connections that are only held open."""

import resource
import socket
import time

import traffic
from contestants import CannotStart

# Before it counts, a contestant has served this many connections, and has closed them.
WARM_UP_CONNECTIONS = 500
SETTLED_SECONDS = 1
GIVES_UP_SECONDS = 20
LOOK_SECONDS = 0.1
SPARE_DESCRIPTORS = 200
KIND = traffic.KINDS["get-1k"]


def need_descriptors(count):
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed < count + SPARE_DESCRIPTORS:
        raise CannotStart(f"needs {count + SPARE_DESCRIPTORS} descriptors, and may have {allowed}")


def open_one(port, asks):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    if asks:
        connection.sendall(KIND.request())
        traffic.receive_response(connection, b"")
    return connection


def open_many(port, count, asks):
    """`asks`: each has one answer before it idles."""
    return [open_one(port, asks) for _ in range(count)]


def settled_memory(contestant):
    """Resident bytes when they have not changed for a second, or after twenty seconds."""
    start = changed = time.monotonic()
    memory = contestant.memory_bytes()
    while True:
        time.sleep(LOOK_SECONDS)
        now, look = time.monotonic(), contestant.memory_bytes()
        if look != memory:
            memory, changed = look, now
        if now - changed >= SETTLED_SECONDS or now - start >= GIVES_UP_SECONDS:
            return memory


def still_open(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def bytes_per_connection(contestant, count, asks):
    for connection in open_many(contestant.port, WARM_UP_CONNECTIONS, True):
        connection.close()
    before = settled_memory(contestant)
    connections = open_many(contestant.port, count, asks)
    try:
        after = settled_memory(contestant)
        lost = sum(not still_open(connection) for connection in connections)
        if lost:
            raise CannotStart(f"{contestant.name} closed {lost} of {count} idle connections")
    finally:
        for connection in connections:
            connection.close()
    return (after - before) / count
