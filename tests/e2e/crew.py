"""Servers with names, whose behaviour a test changes while they serve, and which go and return.

Each answers with its name, in the body and in `X-Server`. Requests for `/healthz` are checks.
"""

import itertools
import threading
import time

from edge import free_port
from origin import answer, serve
from waiting import PATIENCE, eventually

CHECK = "/healthz"
BUSY = "503 Service Unavailable"


class Server:
    """A scripted server. What it says and whether it is well may change at any time."""

    def __init__(self, start_origin, name, host="127.0.0.1", port=None):
        self.name = name
        self.start_origin = start_origin
        self.host = host
        # Not one of the kernel's choice: while the server is down, nobody else may get its port.
        self.port = port or free_port()
        self.address = f"{host}:{self.port}"
        self.well = True  # what checks are told
        self.check_reply = None  # a function of the check, instead of `well`
        self.reply = self.say_name
        self.gate = None  # requests wait at it while they are held
        self.waiting = []  # targets of the requests that are held now
        self.served = []  # (time, request) of all but checks
        self.check_times = []
        self.news = threading.Condition()
        self.up()

    def entry(self, more=""):
        """Its line in a list of servers, with further keys."""
        return f"{{ url: {self.address}, name: {self.name}{', ' + more if more else ''} }}"

    def up(self):
        self.origin = self.start_origin([serve(self._answer)], port=self.port, host=self.host)

    def down(self):
        """Refuses connections from now on, and drops those that exist."""
        self.origin.close()

    # What it says.

    def say_name(self, _=None):
        return self.says()

    def says(self, status="200 OK", fields=(), body=None):
        """The bytes of an answer that names this server."""
        body = self.name.encode() if body is None else body
        return answer(body, status, [f"X-Server: {self.name}", *fields])

    def turn_to(self, status="200 OK", fields=(), body=None):
        """From now on every request gets this answer."""
        reply = self.says(status, fields, body)
        self.reply = lambda _: reply

    def alternate(self, *statuses):
        """From now on these statuses in turn, again and again."""
        turns = itertools.cycle(statuses)
        lock = threading.Lock()

        def reply(_):
            with lock:
                return self.says(next(turns))

        self.reply = reply

    def recover(self):
        self.well = True
        self.reply = self.say_name

    # Holding requests: they have arrived, and their answers wait.

    def hold(self):
        self.gate = threading.Semaphore(0)

    def release(self, count=1):
        """Answers so many of the held requests; others go on waiting."""
        self.gate.release(count)

    def release_all(self):
        """Answers all that are held, and holds no more."""
        gate, self.gate = self.gate, None
        if gate:
            gate.release(10_000)

    def await_waiting(self, count):
        eventually(
            lambda: len(self.waiting) == count,
            what=f"{count} requests held by {self.name}",
        )

    # What it saw.

    @property
    def requests(self):
        """How many requests came, checks not counted."""
        return len(self.served)

    @property
    def targets(self):
        return [request.target for _, request in list(self.served)]

    @property
    def last(self):
        return self.served[-1][1]

    @property
    def checks(self):
        return len(self.check_times)

    def await_checks(self, count):
        """Waits until so many more checks have come."""
        with self.news:
            wanted = self.checks + count
            came = self.news.wait_for(lambda: self.checks >= wanted, PATIENCE)
            assert came, f"{wanted - self.checks} checks of {self.name} do not come"

    def _answer(self, request):
        if request.target == CHECK:
            with self.news:
                self.check_times.append(time.monotonic())
                self.news.notify_all()
            if self.check_reply:
                return self.check_reply(request)
            return answer() if self.well else answer(b"ill", "500 Internal Server Error")
        with self.news:
            self.served.append((time.monotonic(), request))
        if gate := self.gate:
            self.waiting.append(request.target)
            gate.acquire(timeout=PATIENCE * 3)
            self.waiting.remove(request.target)
        return self.reply(request)


# What clients see of them.


def names(edge, count=30, target="/", fields=(), host="a.test"):
    """Who answers a series of requests on one connection."""
    with edge.connect() as client:
        return [name_of(client.get(target, fields, host)) for _ in range(count)]


def name_of(reply):
    assert reply.status == 200 and reply.complete, reply
    return reply.get("X-Server")


def statuses(edge, count=30, target="/", **options):
    """The statuses of a series of requests on one connection."""
    with edge.connect() as client:
        return [client.get(target, **options).status for _ in range(count)]


def ask(edge, target="/", method="GET", fields=(), body=None, host="a.test"):
    """A client of its own that has asked and not read yet."""
    return edge.connect().request(method, target, fields, body, host)


def refused_here(reply):
    """Whether this is fairlead's own 503, not one of a server."""
    return reply.status == 503 and reply.get("X-Server") is None
