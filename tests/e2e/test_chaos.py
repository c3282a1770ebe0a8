"""Everything goes wrong at once, by a seed: fairlead stays up, leaks nothing, mixes up nobody."""

import random
import threading

import pytest
from configs import one_path
from origin import answer, close, read_head, read_request, reset
from waiting import eventually, fewer
from wire import Client, Closed

CLIENTS = 8
REQUESTS = fewer(250, 60)


def moody(seed):
    """A server that answers with the request's own target, or misbehaves."""
    dice = random.Random(seed)

    def step(connection):
        while True:
            mood = dice.random()
            if mood < 0.05:
                read_head(connection)
                reset(connection)
            read_request(connection)
            request = connection.requests[-1]
            body = f"{request.get('X-Who')} {request.target}".encode() * 50
            whole = answer(body)
            if mood < 0.70:
                connection.send(whole)
            elif mood < 0.80:
                chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
                connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
            elif mood < 0.85:
                connection.send(whole[: dice.randrange(len(whole))])
                (close if mood < 0.83 else reset)(connection)
            elif mood < 0.90:
                connection.send(whole + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
            elif mood < 0.95:
                connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + body)
                close(connection)
            else:
                connection.send(b"HTTP/1.1 2x0 nonsense\r\n\r\n")

    return [step]


class Fuss:
    """A client that asks, sometimes breaks off, and checks that each whole answer is its own."""

    def __init__(self, edge, seed):
        self.edge = edge
        self.name = f"client{seed}"
        self.dice = random.Random(seed)
        self.good = 0
        self.fault = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        client = None
        try:
            for number in range(REQUESTS):
                client = client or Client(self.edge.port)
                if not self.ask(client, number):
                    client = None
        except Exception as fault:
            self.fault = fault
        finally:
            if client:
                client.close()

    def ask(self, client, number):
        """False when the connection is over."""
        target, mood = f"/{self.name}/{number}", self.dice.random()
        method, body = self.dice.choice([("GET", None), ("POST", b"b" * 3000), ("PUT", b"b" * 30)])
        try:
            client.request(method, target, [f"X-Who: {self.name}"], body)
            if mood < 0.1:
                (client.reset if mood < 0.05 else client.close)()
                return False
            reply = client.read_answer(method)
        except (Closed, OSError):
            client.close()
            return False
        if reply.status == 200 and reply.complete:
            assert reply.body == f"{self.name} {target}".encode() * 50, reply
            self.good += 1
        if not reply.complete or reply.closes():
            client.close()
            return False
        return True


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("workers", [1, 2])
def test_chaos(fairlead, origin, seed, workers):
    servers = [origin(moody(seed * 10 + i)) for i in range(2)]
    edge = fairlead(one_path(*servers, defaults="health: off"), workers=workers)
    at_rest = edge.descriptors()
    clients = [Fuss(edge, seed * 100 + i) for i in range(CLIENTS)]
    for client in clients:
        client.thread.join()
    assert [client.fault for client in clients] == [None] * CLIENTS
    assert all(client.good > REQUESTS // 4 for client in clients)
    assert edge.process.poll() is None, edge.story()
    # Client connections are gone, and idle server connections go after their four seconds.
    eventually(lambda: edge.descriptors() <= at_rest, what="all descriptors are closed")
