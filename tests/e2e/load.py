"""A small load client: keep-alive connections in a thread of its own, and counts of what came back.

    with Load(edge.port, connections=16, rate=1000) as load:
        load.answers(500)
        moment = load.now()
        server.kill()
        load.answers(1000)
    counts = load.since(moment)
"""

import asyncio
import collections
import os
import threading
import time
from dataclasses import dataclass, field

from waiting import PATIENCE, SCALE, eventually

GIVEN_UP = 30.0 * SCALE  # seconds after which a request without an answer counts as lost


@dataclass(frozen=True)
class Sample:
    """One request: when it began and ended, and its status, or what it died of."""

    began: float
    ended: float
    status: int | str
    server: str
    connection: int
    head: bytes = field(default=b"", repr=False)  # of answers other than 200

    @property
    def took(self):
        return self.ended - self.began


class Counts:
    """What came of the requests of one window of time."""

    def __init__(self, samples):
        self.samples = samples
        self.total = len(samples)
        self.statuses = collections.Counter(sample.status for sample in samples)
        self.servers = collections.Counter(sample.server for sample in samples)
        self.servers.pop("", None)
        self.latencies = sorted(sample.took for sample in samples)

    @property
    def failed(self):
        """All that is not a 200."""
        return [sample for sample in self.samples if sample.status != 200]

    @property
    def lost(self):
        """All that got no whole answer."""
        return [sample for sample in self.samples if not isinstance(sample.status, int)]

    def latency(self, share):
        """Seconds that this share of the requests did not exceed: `latency(0.99)`."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]

    @property
    def slowest(self):
        return self.latencies[-1] if self.latencies else 0.0

    def slower_than(self, seconds):
        return [sample for sample in self.samples if sample.took > seconds]

    def share(self, server):
        """Of the answers that name a server."""
        answered = sum(self.servers.values())
        return self.servers[server] / answered if answered else 0.0

    def __repr__(self):
        if not self.samples:
            return "<no requests>"
        p50, p99 = (f"{self.latency(share) * 1000:.1f} ms" for share in (0.5, 0.99))
        return (
            f"<{self.total} requests: {dict(self.statuses)}, by {dict(self.servers)}, "
            f"p50 {p50}, p99 {p99}, max {self.slowest * 1000:.1f} ms, "
            f"first failures {self.failed[:3]}>"
        )


class _Connection(asyncio.Protocol):
    """One client: asks, awaits the whole answer, asks again; connects anew when it must."""

    def __init__(self, load, number):
        self.load = load
        self.number = number
        self.loop = asyncio.get_running_loop()
        self.transport = None
        self.began = None  # of the request that waits for its answer
        self.timer = None
        self.received = b""
        self.due = self.loop.time() + load.pause * number / load.connections

    def connection_made(self, transport):
        self.transport = transport
        self.plan()

    def plan(self):
        """The next request: now, or when its time has come."""
        if self.load.ending:
            self.transport.close()
            return
        now = self.loop.time()
        if self.due > now:
            self.loop.call_at(self.due, self.ask)
        else:
            self.ask()
        # Who is late asks at once, but does not catch up with what was missed long ago.
        self.due = max(self.due + self.load.pause, now - 1.0)

    def ask(self):
        if self.transport.is_closing():
            return
        self.began = time.monotonic()
        self.received = b""
        self.transport.write(self.load.request)
        self.timer = self.loop.call_later(GIVEN_UP, self.give_up)

    def give_up(self):
        self.finish("given up")
        self.transport.abort()

    def data_received(self, data):
        self.received = self.received + data if self.received else data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.received[: end + 2]
        length = _value(head, b"\r\ncontent-length:")
        if length is None:
            self.finish("unframed", head)
            self.transport.abort()
        elif len(self.received) >= end + 4 + int(length):
            self.answered(head)

    def answered(self, head):
        status = int(head[9:12])
        server = _value(head, b"\r\nx-server:") or b""
        self.finish(status, head if status != 200 else b"", server.decode())
        if _value(head, b"\r\nconnection:") == b"close":
            self.transport.close()
        else:
            self.plan()

    def finish(self, status, head=b"", server=""):
        if self.began is None:
            return
        self.timer.cancel()
        self.load.samples.append(
            Sample(self.began, time.monotonic(), status, server, self.number, head)
        )
        self.began = None

    def connection_lost(self, fault):
        self.finish(type(fault).__name__ if fault else "closed")
        self.load.connection_ended(self.number)


def _value(head, mark):
    """The value of a field, or None; `mark` is `\\r\\nname:` in lower case."""
    start = head.lower().find(mark)
    if start < 0:
        return None
    start += len(mark)
    return head[start : head.index(b"\r\n", start)].strip()


class Load:
    """Connections that ask as fast as they are answered, or `rate` times a second in all."""

    def __init__(
        self, port, connections=16, rate=None, target="/", method="GET", fields=(), body=None
    ):  # fmt: skip
        self.port = port
        self.connections = connections
        self.pause = connections / rate if rate else 0.0
        lines = [f"{method} {target} HTTP/1.1", "Host: a.test", *fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.request = "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")
        self.samples = []
        self.ending = False
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Lets what has begun end, and asks nothing more."""
        if not self.ending:
            self.ending = True
            self.thread.join(GIVEN_UP + PATIENCE)
            assert not self.thread.is_alive(), "the load client does not end"

    async def _run(self):
        self.loop = asyncio.get_running_loop()
        self.open = self.connections
        self.over = asyncio.Event()
        self.tasks = set()
        for number in range(self.connections):
            self._connect(number)
        await self.over.wait()

    def _connect(self, number):
        task = self.loop.create_task(self._connect_until_it_works(number))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _connect_until_it_works(self, number):
        while not self.ending:
            try:
                await self.loop.create_connection(
                    lambda: _Connection(self, number), "127.0.0.1", self.port
                )
                return
            except OSError as fault:
                now = time.monotonic()
                self.samples.append(Sample(now, now, type(fault).__name__, "", number))
                await asyncio.sleep(0.01)
        self._one_less()

    def connection_ended(self, number):
        if self.ending:
            self._one_less()
        else:
            self._connect(number)

    def _one_less(self):
        self.open -= 1
        if self.open == 0:
            self.over.set()

    # What a test asks.

    @staticmethod
    def now():
        """The clock of all samples."""
        return time.monotonic()

    def answers(self, count, within=PATIENCE):
        """Waits until so many more requests have ended."""
        wanted = len(self.samples) + count
        eventually(lambda: len(self.samples) >= wanted, within, f"{count} more answers")

    def until(self, condition, what, within=PATIENCE):
        """Goes on until `condition(counts of the last 200)` holds; returns when that was."""
        eventually(lambda: condition(Counts(self.samples[-200:])), within, what)
        return self.now()

    def go_on(self, seconds):
        """Lets the load flow for so long, which is the scenario's own measure of time."""
        end = self.now() + seconds
        before = len(self.samples)
        eventually(lambda: self.now() >= end, seconds + PATIENCE, "the end of that time")
        assert len(self.samples) > before, f"nothing was answered for {seconds:g} s"

    def since(self, start, end=float("inf")):
        """Of the requests that began in this window and have ended."""
        return Counts([one for one in list(self.samples) if start <= one.began < end])

    def ended_since(self, start, end=float("inf")):
        """Of the requests that ended in this window."""
        return Counts([one for one in list(self.samples) if start <= one.ended < end])

    def all(self):
        return Counts(list(self.samples))


# Requests a second that leave room for everything else on two CPUs.
STEADY = 1000 if SCALE == 1 else 200
LONG = os.environ.get("FAIRLEAD_LONG") == "1"
