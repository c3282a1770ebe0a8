"""Servers that misbehave on command, each a process of its own: it can be killed, and is quick.

Run as a program (`faulty.py NAME PORT SETTINGS`) this is the server, which takes its orders on
standard input, a line of JSON each; imported, it is the test's end of that.
"""

import ctypes
import heapq
import itertools
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
# Classic BPF of one instruction, `ret 0`: keep nothing of any packet.
_DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))

# What a server may be told to do with requests, and what else each takes.
MODES = {
    "well": "answers",
    "silent": "accepts and never answers",
    "slow": "answers after `seconds`",
    "reset": "resets every `each`-th connection when its first request has come",
    "close": "closes after each answer, without saying so",
    "error": "answers `status`, with `retry_after` if that is given",
}
SETTINGS = {
    "mode": "well", "seconds": 10.0, "each": 3, "status": 500, "retry_after": None,
    "checks": None,  # the status of answers to /healthz; None: checks are treated like the rest
    "blackhole": False,  # the kernel drops all packets for the listener
}  # fmt: skip


def drop_packets(listener):
    """A socket filter: whoever connects from now on hears nothing at all."""
    program = struct.pack("HL", 1, ctypes.addressof(_DROP_ALL))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def take_packets(listener):
    listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, struct.pack("i", 0))


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# The server's own process.


class Link:
    """One accepted connection."""

    def __init__(self, sock, number):
        self.socket = sock
        self.number = number
        self.received = b""
        self.answering = False  # an answer is due later
        self.requests = 0


class Program:
    """A loop over sockets: no thread, and nothing but the standard library's small parts."""

    def __init__(self, name, port, settings):
        self.name = name
        self.settings = SETTINGS | settings
        self.counts = {"connections": 0, "requests": 0, "checks": 0}
        self.links = set()
        self.later = []  # a heap of (when, order, link, answer)
        self.order = itertools.count()
        self.orders = b""
        self.poll = selectors.DefaultSelector()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        if self.settings["blackhole"]:
            drop_packets(self.listener)
        self.listener.listen(4096)
        self.listener.setblocking(False)
        self.poll.register(self.listener, selectors.EVENT_READ, self.accept)
        self.poll.register(sys.stdin.fileno(), selectors.EVENT_READ, self.obey)
        self.tell({"port": self.listener.getsockname()[1]})

    def tell(self, document):
        os.write(sys.stdout.fileno(), json.dumps(document).encode() + b"\n")

    def run(self):
        while True:
            pause = max(0.0, self.later[0][0] - time.monotonic()) if self.later else None
            for key, _ in self.poll.select(pause):
                if not isinstance(key.data, Link):
                    key.data()
                elif key.data in self.links:  # an order of this turn may have ended it
                    self.receive(key.data)
            while self.later and self.later[0][0] <= time.monotonic():
                _, _, link, answer = heapq.heappop(self.later)
                if link in self.links:
                    link.answering = False
                    self.send(link, answer)

    def obey(self):
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            sys.exit(0)  # the test has ended
        self.orders += data
        while b"\n" in self.orders:
            line, _, self.orders = self.orders.partition(b"\n")
            self.turn_to(json.loads(line))
            self.tell(self.counts)

    def turn_to(self, changes):
        before = self.settings["blackhole"]
        self.settings |= changes
        if self.settings["blackhole"] and not before:
            drop_packets(self.listener)
            for link in list(self.links):  # as when a cable is cut: connections die as well
                self.drop(link, reset)
        elif before and not self.settings["blackhole"]:
            take_packets(self.listener)

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.counts["connections"] += 1
            link = Link(sock, self.counts["connections"])
            self.links.add(link)
            self.poll.register(sock, selectors.EVENT_READ, link)

    def drop(self, link, way=socket.socket.close):
        self.links.discard(link)
        self.poll.unregister(link.socket)
        way(link.socket)

    def receive(self, link):
        try:
            data = link.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop(link)
            return
        link.received += data
        while link in self.links and not link.answering and (request := self.take(link)):
            self.serve(link, request)

    def take(self, link):
        """The next whole request's target, or None. Bodies have a Content-Length, or none."""
        end = link.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head, whole = link.received[:end], end + 4
        start = head.lower().find(b"\r\ncontent-length:")
        if start >= 0:
            whole += int(head[start + 17 :].split(b"\r\n", 1)[0])
        if len(link.received) < whole:
            return None
        link.received = link.received[whole:]
        link.requests += 1
        return head.split(b" ", 2)[1]

    def serve(self, link, target):
        """One request, in the mode of now."""
        is_check = target == b"/healthz"
        self.counts["checks" if is_check else "requests"] += 1
        mode = self.settings["mode"]
        if is_check and self.settings["checks"]:
            self.send(link, self.answer(self.settings["checks"]))
        elif mode == "silent":
            pass
        elif mode == "slow":
            link.answering = True
            when = time.monotonic() + self.settings["seconds"]
            heapq.heappush(self.later, (when, next(self.order), link, self.answer(200)))
        elif mode == "reset" and link.requests == 1 and link.number % self.settings["each"] == 0:
            self.drop(link, reset)
        elif mode == "error":
            self.send(link, self.answer(self.settings["status"], self.settings["retry_after"]))
        else:
            self.send(link, self.answer(200))
            if mode == "close" and link in self.links:
                self.drop(link)

    def answer(self, status, retry_after=None):
        lines = [f"HTTP/1.1 {status} X", f"X-Server: {self.name}"]
        if retry_after is not None:
            lines.append(f"Retry-After: {retry_after}")
        lines.append(f"Content-Length: {len(self.name)}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.name).encode()

    def send(self, link, data):
        try:
            link.socket.send(data)  # small: it fits into the socket's buffer
        except OSError:
            self.drop(link)


# The test's end.


class FaultyServer:
    """The process, and the orders to it. Settings are those of `SETTINGS`."""

    def __init__(self, name, port=None, **settings):
        from edge import free_port

        self.name = name
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process = None
        self.start(**settings)

    def entry(self, more=""):
        """Its line in a list of servers, with further keys."""
        return f"{{ url: {self.address}, name: {self.name}{', ' + more if more else ''} }}"

    def start(self, **settings):
        """Listens when this returns; on the same port whenever it is started anew."""
        _known(settings)
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__, self.name, str(self.port), json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        line = self.process.stdout.readline()
        assert line, f"server {self.name} did not start on port {self.port}"

    def turn_to(self, mode=None, **settings):
        """Holds when this returns; the answer is the counts until then."""
        if mode:
            settings["mode"] = mode
        _known(settings)
        self.process.stdin.write(json.dumps(settings).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def counts(self):
        """Since its start: `connections`, `requests` and `checks`."""
        return self.turn_to()

    def kill(self):
        """kill -9: its connections end with it, and its port refuses from now on."""
        self.process.send_signal(signal.SIGKILL)
        self.stop()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None


def _known(settings):
    unknown = settings.keys() - SETTINGS.keys()
    assert not unknown and settings.get("mode", "well") in MODES, settings


if __name__ == "__main__":
    Program(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])).run()
