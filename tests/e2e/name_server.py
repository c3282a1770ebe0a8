"""A small DNS server for tests: A and AAAA over UDP, whose answers a test changes as it runs."""

import collections
import ipaddress
import socket
import struct
import threading

from waiting import PATIENCE, eventually

TYPE_A, TYPE_AAAA, CLASS_IN = 1, 28, 1
NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3


class Zone:
    """What is said of one name."""

    def __init__(self, addresses, ttl):
        self.addresses = [ipaddress.ip_address(address) for address in addresses]
        self.ttl = ttl


class DnsServer:
    """Answers on a port of 127.0.0.1 from construction until `close`; other names do not exist."""

    def __init__(self):
        self.zones = {}
        self.failing = {}  # the response code for a name
        self.silent = set()
        self.questions = collections.Counter()  # (name, type)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    # What a test says.

    def has(self, name, *addresses, ttl=3600):
        """From now on the name has these addresses; without any, it exists and has none."""
        self.zones[name] = Zone(addresses, ttl)
        self.failing.pop(name, None)
        self.silent.discard(name)

    def forget(self, name):
        self.zones.pop(name, None)

    def fail(self, name, code=SERVER_FAILURE):
        self.failing[name] = code

    def silence(self, name):
        self.silent.add(name)

    def asked(self, name):
        """How often addresses of IPv4 were asked for."""
        return self.questions[name, TYPE_A]

    def await_questions(self, name, count, within=PATIENCE):
        """Waits until so many more have come."""
        wanted = self.asked(name) + count
        eventually(lambda: self.asked(name) >= wanted, within, f"{count} more questions for {name}")

    def close(self):
        """An empty datagram to itself ends the thread."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(PATIENCE)
        self.socket.close()

    # RFC 1035, section 4.1.

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            if not query:
                return
            if reply := self.reply(query):
                self.socket.sendto(reply, peer)

    def reply(self, query):
        ident, _, questions, _, _, _ = struct.unpack("!6H", query[:12])
        if questions != 1:
            return None
        name, end = _name(query, 12)
        kind, _ = struct.unpack("!2H", query[end : end + 4])
        self.questions[name, kind] += 1
        if name in self.silent:
            return None
        zone = self.zones.get(name)
        code = self.failing.get(name, NO_ERROR if zone else NO_SUCH_NAME)
        records = self.records(zone, kind) if zone and code == NO_ERROR else []
        # A response, recursion desired and available.
        head = struct.pack("!6H", ident, 0x8180 | code, 1, len(records), 0, 0)
        return head + query[12 : end + 4] + b"".join(records)

    @staticmethod
    def records(zone, kind):
        version = {TYPE_A: 4, TYPE_AAAA: 6}.get(kind)
        return [
            # The owner is the name of the question, by a pointer to it.
            struct.pack("!3HIH", 0xC00C, kind, CLASS_IN, zone.ttl, len(one.packed)) + one.packed
            for one in zone.addresses
            if one.version == version
        ]


def _name(message, start):
    """A name without pointers, in lower case, and where it ends."""
    labels, at = [], start
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    return ".".join(labels), at + 1
