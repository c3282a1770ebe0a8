"""What is asked of a proxy while its instructions are counted: one request after the other, each
sent at once and its answer read to the end, so that every run splits its bytes in the same way."""

import socket
from dataclasses import dataclass

from contestants import CannotStart
from fairlead_configs import HOST, PREFIX_PATH, REGEX_PATH

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Kind:
    """One kind of request. `configuration` is the contestant's name for fairlead."""
    title: str
    configuration: str = "fairlead"
    path: str = "/1k"
    method: str = "GET"
    body_bytes: int = 0
    closes: bool = False
    requests: int = 2000
    # In shares of one: how much more than recorded is a failure.
    bound: float = 0.05

    def request(self):
        fields = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}",
                  "User-Agent: instructions", "Accept: */*"]
        if self.closes:
            fields.append("Connection: close")
        if self.body_bytes:
            fields.append(f"Content-Length: {self.body_bytes}")
        return "\r\n".join(fields).encode() + b"\r\n\r\n" + b"x" * self.body_bytes


KINDS = {
    "get-1k": Kind("GET 1 KiB, keep-alive"),
    "post-16k": Kind("POST 16 KiB, answer of 1 KiB", method="POST", body_bytes=16384),
    "get-128k": Kind("GET 128 KiB", path="/128k", requests=1000),
    "chunked": Kind("GET 16 KiB in four chunks", path="/chunked/16k"),
    "close": Kind("GET 1 KiB, a new client connection each", closes=True, requests=1000),
    "firewall": Kind("GET 1 KiB, nine firewall rules and limits", "firewall"),
    "rules-prefix": Kind("GET 1 KiB, many rules, a prefix matches", "rules", PREFIX_PATH),
    "rules-regex": Kind("GET 1 KiB, many rules, a regex matches", "rules", REGEX_PATH),
}


def run(kind, port, requests):
    """`requests` of one kind, over one connection or over one each."""
    if kind.closes:
        for _ in range(requests):
            over_one_connection(kind, port, 1)
    else:
        over_one_connection(kind, port, requests)


def over_one_connection(kind, port, requests):
    message = kind.request()
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rest = b""
        for _ in range(requests):
            connection.sendall(message)
            rest = receive_response(connection, rest)
        if kind.closes and connection.recv(1):
            raise CannotStart("more bytes than the response has")


def receive_response(connection, buffered):
    """Reads one response; returns what came after it."""
    while b"\r\n\r\n" not in buffered:
        buffered += receive(connection)
    head, _, body = buffered.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise CannotStart(f"not a 200: {head[:80]!r}")
    fields = head.lower()
    if b"\r\ntransfer-encoding: chunked" in fields:
        while b"\r\n0\r\n\r\n" not in body[-7:]:
            body += receive(connection)
        return b""
    length = int(fields.partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
    while len(body) < length:
        body += receive(connection)
    return body[length:]


def receive(connection):
    data = connection.recv(1 << 18)
    if not data:
        raise CannotStart("the connection was closed in the middle of the run")
    return data
