"""A raw HTTP/1.1 client: sends exactly the bytes it is given and reads answers strictly."""

import select
import socket
import struct

from waiting import PATIENCE


class Answer:
    """One response as it came over the wire."""

    def __init__(self, head):
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, *reason = lines[0].split(" ", 2)
        assert len(status) == 3 and status.isdigit(), f"bad status line: {lines[0]!r}"
        self.status = int(status)
        self.reason = reason[0] if reason else ""
        self.fields = parse_fields(lines[1:])
        self.body = b""
        self.trailers = []
        self.complete = False
        self.chunked = False

    def get(self, name):
        """The field's values joined by a comma, or None."""
        values = self.all(name)
        return ", ".join(values) if values else None

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def closes(self):
        return "close" in (self.get("Connection") or "").lower()

    def __repr__(self):
        return f"<{self.head!r} body={self.body[:200]!r} complete={self.complete}>"


def parse_fields(lines):
    fields = []
    for line in lines:
        if line:
            name, colon, value = line.partition(":")
            assert colon and name and name == name.strip(), f"bad field line: {line!r}"
            fields.append((name, value.strip()))
    return fields


class Closed(Exception):
    """The other end closed before what was expected had arrived."""


class Client:
    """A connection to fairlead. Reads are strict and bounded; writes are literal."""

    def __init__(self, port, receive_buffer=None, source=None):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def send_all_it_takes(self, data):
        """Sends what the other end accepts; an early close is no failure."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def request(self, method="GET", target="/", fields=(), body=None, host="a.test"):
        """Sends one well-formed request."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return self.send(head + (body or b""))

    def get(self, target="/", fields=(), host="a.test"):
        """One GET and its answer."""
        return self.request("GET", target, fields, host=host).read_answer()

    def receive(self):
        """At least one more byte into the buffer."""
        data = self.socket.recv(65536)
        if not data:
            raise Closed(f"closed after {self.buffer[:300]!r}")
        self.buffer += data

    def read_exactly(self, count):
        while len(self.buffer) < count:
            self.receive()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read_line(self):
        return self.read_past(b"\r\n")[:-2]

    def read_past(self, mark):
        while mark not in self.buffer:
            self.receive()
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken + mark

    def read_head(self):
        """The next head, interim ones included."""
        return Answer(self.read_past(b"\r\n\r\n"))

    def read_answer(self, method="GET"):
        """The next final response. `complete` tells whether its framing was fulfilled."""
        answer = self.read_head()
        while 100 <= answer.status < 200 and answer.status != 101:
            answer = self.read_head()
        return self.read_body(answer, method)

    def read_body(self, answer, method="GET"):
        answer.chunked = "chunked" in (answer.get("Transfer-Encoding") or "").lower()
        lengths = answer.all("Content-Length")
        assert len(lengths) < 2, f"several Content-Length fields: {answer!r}"
        assert not (answer.chunked and lengths), f"both framings: {answer!r}"
        if method == "HEAD" or answer.status in (101, 204, 304):
            answer.complete = True
        elif answer.chunked:
            self.read_chunks(answer)
        elif lengths:
            self.read_length(answer, int(lengths[0]))
        else:
            answer.body, clean = self.read_to_end(tell=True)
            answer.complete = clean
        return answer

    def read_length(self, answer, length):
        try:
            answer.body = self.read_exactly(length)
            answer.complete = True
        except (Closed, ConnectionResetError):
            answer.body, self.buffer = self.buffer, b""

    def read_chunks(self, answer):
        try:
            while size := int(self.read_line().split(b";")[0], 16):
                answer.body += self.read_exactly(size)
                assert self.read_exactly(2) == b"\r\n", "chunk data without CRLF"
            while line := self.read_line():
                answer.trailers += parse_fields([line.decode("latin-1")])
            answer.complete = True
        except (Closed, ConnectionResetError):
            answer.body, self.buffer = answer.body + self.buffer, b""

    def read_to_end(self, tell=False):
        """Everything until the connection ends; with `tell` also whether it ended by a FIN."""
        clean = True
        try:
            while True:
                self.receive()
        except Closed:
            pass
        except ConnectionResetError:
            clean = False
        taken, self.buffer = self.buffer, b""
        return (taken, clean) if tell else taken

    def expect_closed(self):
        """The connection ends without a further byte."""
        rest = self.read_to_end()
        assert rest == b"", f"bytes before the close: {rest[:300]!r}"

    def is_quiet(self, within):
        """Nothing arrives and nothing closes for so long."""
        return not self.buffer and not select.select([self.socket], [], [], within)[0]

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        """Ends the connection with an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
