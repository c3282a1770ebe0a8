"""The scripted origin: a TCP server that does to each connection exactly what a test tells it.

A script is a list of steps, each a function of the connection. The connections of an origin get
its scripts in the order in which they arrive; the last script serves all later ones. Every byte
received is kept, so that a test can assert what the server saw, or that it saw nothing.
"""

import queue
import socket
import struct
import threading

from waiting import PATIENCE, SCALE
from wire import parse_fields


class Gone(Exception):
    """The other end closed or reset the connection."""


class Request:
    """One request as the origin saw it. `finished` is set when its body is complete."""

    def __init__(self, head, connection):
        self.head = head
        self.connection = connection
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = lines[0].split(" ")
        self.fields = parse_fields(lines[1:])
        self.body = b""
        self.trailers = []
        self.finished = threading.Event()

    def get(self, name):
        values = self.all(name)
        return ", ".join(values) if values else None

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def names(self):
        return {key.lower() for key, _ in self.fields}


class Connection:
    """One accepted connection and what happened on it."""

    def __init__(self, sock, origin, number):
        self.socket = sock
        self.origin = origin
        self.number = number
        self.received = bytearray()
        self.requests = []
        self.sent = 0
        self.closed = threading.Event()  # an EOF or a reset of the other end was seen
        self.was_reset = False
        self.done = threading.Event()
        self.position = 0  # of the first received byte that no step has taken

    def run(self, script):
        try:
            for step in script:
                step(self)
        except Gone:
            pass
        except OSError:
            self.closed.set()
        except Exception as fault:  # a fault of the test itself: raised when the origin closes
            self.origin.faults.append(fault)
        finally:
            self.socket.close()
            self.done.set()

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            self.was_reset = True
            data = b""
        if not data:
            self.closed.set()
            raise Gone
        self.received += data

    def take_past(self, mark):
        while (end := self.received.find(mark, self.position)) < 0:
            self.receive()
        return self.take(end + len(mark) - self.position)

    def take(self, count):
        while len(self.received) - self.position < count:
            self.receive()
        taken = bytes(self.received[self.position : self.position + count])
        self.position += count
        return taken

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.closed.set()
            raise Gone from None
        self.sent += len(data)


class Origin:
    """Listens on a port of the kernel's choice from construction until `close`."""

    def __init__(
        self, *scripts, send_buffer=None, receive_buffer=None, port=0, host="127.0.0.1"
    ):  # fmt: skip
        self.scripts = scripts
        self.connections = []
        self.faults = []
        self.arrivals = queue.Queue()  # requests, as soon as their head has arrived
        self.threads = []
        self.send_buffer = send_buffer
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind((host, port))
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self.spawn(self.accept)

    def spawn(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE * 3)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.send_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer)
            connection = Connection(sock, self, len(self.connections))
            self.connections.append(connection)
            script = self.scripts[min(connection.number, len(self.scripts) - 1)]
            self.spawn(connection.run, script)

    @property
    def requests(self):
        """All requests so far, in the order of their connections."""
        return [request for connection in list(self.connections) for request in connection.requests]

    @property
    def bytes_received(self):
        return sum(len(connection.received) for connection in list(self.connections))

    def next_request(self, within=PATIENCE):
        """The next request that no test has taken yet; its body may still be on the way."""
        try:
            return self.arrivals.get(timeout=within)
        except queue.Empty:
            raise AssertionError(f"no request reached the origin within {within:g} s") from None

    def next_whole_request(self):
        request = self.next_request()
        assert request.finished.wait(PATIENCE), f"the body of {request.head!r} is incomplete"
        return request

    def stop_listening(self):
        """From now on connections are refused; those that exist go on."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def close(self):
        self.stop_listening()
        for connection in list(self.connections):
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in list(self.threads):
            thread.join(PATIENCE)
        if self.faults:
            raise self.faults[0]


# The steps.


def read_head(connection):
    request = Request(connection.take_past(b"\r\n\r\n"), connection)
    connection.requests.append(request)
    connection.origin.arrivals.put(request)


def read_body(connection):
    request = connection.requests[-1]
    if (request.get("Transfer-Encoding") or "").lower() == "chunked":
        while size := int(connection.take_past(b"\r\n").split(b";")[0], 16):
            request.body += connection.take(size)
            assert connection.take(2) == b"\r\n", "chunk data without CRLF"
        while (line := connection.take_past(b"\r\n")) != b"\r\n":
            request.trailers += parse_fields([line.decode("latin-1").strip()])
    else:
        request.body = connection.take(int(request.get("Content-Length") or 0))
    request.finished.set()


def read_request(connection):
    read_head(connection)
    read_body(connection)


def read_bytes(count):
    return lambda connection: connection.take(count)


def send(data):
    return lambda connection: connection.send(data)


def trickle(data):
    """One byte at a time, each in a segment of its own as far as the kernel allows."""

    def step(connection):
        for i in range(len(data)):
            connection.send(data[i : i + 1])

    return step


def wait(event):
    def step(_):
        assert event.wait(PATIENCE), "an event that the script waits for did not come"

    return step


def signal(event):
    return lambda _: event.set()


def half_close(connection):
    connection.socket.shutdown(socket.SHUT_WR)


def close(connection):
    connection.socket.close()
    raise Gone


def reset(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()
    raise Gone


def until_closed(connection):
    """Reads, and keeps, whatever comes until the other end closes."""
    while True:
        connection.receive()


def echo(connection):
    """Sends back every byte that no step has taken, until the other end half-closes."""
    try:
        while True:
            if pending := bytes(connection.received[connection.position :]):
                connection.position = len(connection.received)
                connection.send(pending)
            connection.receive()
    except Gone:
        pass


def flood(total, stalled, piece=b"x" * 65536):
    """Sends `total` bytes; sets `stalled` when the other end has taken nothing for a while."""

    def step(connection):
        connection.socket.settimeout(0.5 * SCALE)
        view, patience = memoryview(piece), PATIENCE * 3
        while connection.sent < total:
            try:
                connection.sent += connection.socket.send(view[: total - connection.sent])
            except TimeoutError:
                stalled.set()
                patience -= 0.5 * SCALE
                assert patience > 0, f"the flood stands at {connection.sent} bytes for good"

    return step


def serve(answer_to):
    """Answers every request with `answer_to(request)`, bytes; None closes the connection."""

    def step(connection):
        while True:
            read_request(connection)
            reply = answer_to(connection.requests[-1])
            if reply is None:
                close(connection)
            connection.send(reply)

    return step


def answer(body=b"ok", status="200 OK", fields=()):
    """The bytes of a whole response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def always(reply):
    """The script of a server that gives the same answer to every request."""
    return [serve(lambda _: reply)]


# Answers 200 with the origin's port as the body, so that a test can tell servers apart.
WELL = [serve(lambda request: answer(str(request.connection.origin.port).encode()))]
