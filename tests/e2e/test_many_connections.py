"""Ten thousand keep-alive connections at once, each of which asks twice."""

import asyncio
import resource
import warnings

import pytest
from configs import one_path
from origin import always, answer
from waiting import PATIENCE, fewer

WANTED = fewer(10_000, 1_000)
SPARE = 1_000  # descriptors for everything beside the clients' connections
AT_ONCE = 100
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def descriptors():
    """Raises this process's own limit as far as it goes, for the clients' ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED + SPARE
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
    yield limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Crowd:
    """Many connections, asking in waves of `AT_ONCE` requests."""

    def __init__(self, port):
        self.port = port
        self.streams = []

    async def in_waves(self, work, items):
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(item):
            async with gate:
                return await asyncio.wait_for(work(item), PATIENCE)

        return await asyncio.gather(*(one(item) for item in items))

    async def connect(self, _):
        # A small buffer limit keeps 10,000 streams cheap.
        self.streams.append(await asyncio.open_connection("127.0.0.1", self.port, limit=4096))

    async def ask(self, stream):
        reader, writer = stream
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        return head.split(b" ")[1], await reader.readexactly(2)

    def still_open(self):
        return sum(not reader.at_eof() for reader, _ in self.streams)

    def close(self):
        for _, writer in self.streams:
            writer.transport.abort()


def test_ten_thousand_connections_stay_and_are_served_twice(fairlead, origin, descriptors):
    count = min(WANTED, descriptors - SPARE)
    if count < WANTED:
        warnings.warn(f"the descriptor limit leaves room for {count} of {WANTED} connections")
    upstream = origin(always(answer(b"ok")))
    # Beside the client's, fairlead needs descriptors for its servers and itself.
    edge = fairlead(one_path(upstream), workers="auto")

    async def two_rounds():
        crowd = Crowd(edge.port)
        try:
            await crowd.in_waves(crowd.connect, range(count))
            for _ in range(2):
                answers = await crowd.in_waves(crowd.ask, crowd.streams)
                assert answers == [(b"200", b"ok")] * count
                assert crowd.still_open() == count
            return edge.resident_bytes()
        finally:
            crowd.close()

    resident = asyncio.run(two_rounds())
    print(f"{count} idle connections, {resident / count / 1024:.1f} KiB each")
    # The pool of idle server connections is bounded, however many clients there are.
    assert len(upstream.connections) < count / 4
