"""Upgrades: a WebSocket or another protocol passes as bytes, each direction on its own."""

import asyncio
import threading

import pytest
import websockets
from configs import one_path
from origin import (
    WELL,
    answer,
    close,
    echo,
    half_close,
    read_head,
    read_request,
    reset,
    send,
    until_closed,
    wait,
)
from waiting import PATIENCE, happens

UPGRADE = ["Connection: Upgrade", "Upgrade: letters"]
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: letters\r\n\r\n"


class EchoSocket:
    """A WebSocket echo server of python3-websockets in a thread with a loop of its own."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self.call(self.serve())
        self.address = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        return self

    async def serve(self):
        async def answer_each(socket):
            async for message in socket:
                await socket.send(message)

        return await websockets.serve(answer_each, "127.0.0.1", 0, max_size=None)

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def __exit__(self, *_):
        async def end():
            self.server.close()
            await self.server.wait_closed()

        self.call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)


def test_websocket_echoes(fairlead):
    messages = ["text", "grün" * 1000, b"", bytes(range(256)) * 4096, *map(str, range(100))]

    async def talk(port):
        async with websockets.connect(f"ws://127.0.0.1:{port}/chat", max_size=None) as socket:
            for message in messages:
                await socket.send(message)
                assert await socket.recv() == message
            await (await socket.ping())

    with EchoSocket() as server:
        edge = fairlead(one_path(server))
        asyncio.run(asyncio.wait_for(talk(edge.port), PATIENCE))
        (line,) = edge.log_lines()
        assert line["status"] == 101


def open_tunnel(edge):
    client = edge.connect()
    reply = client.request("GET", "/", UPGRADE).read_head()
    assert reply.status == 101, reply
    assert reply.get("Upgrade") == "letters" and "upgrade" in reply.get("Connection").lower()
    return client


def test_upgrade_reaches_the_server(fairlead, origin):
    upstream = origin([read_head, send(SWITCH), echo])
    open_tunnel(fairlead(one_path(upstream)))
    request = upstream.next_request()
    assert request.get("Upgrade") == "letters" and "upgrade" in request.get("Connection").lower()


def test_tunnel_carries_any_bytes(fairlead, origin):
    upstream = origin([read_head, send(SWITCH), echo])
    client = open_tunnel(fairlead(one_path(upstream)))
    for data in (b"\0", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 1000):
        assert client.send(data).read_exactly(len(data)) == data


def test_bytes_behind_the_switch_are_the_tunnels(fairlead, origin):
    upstream = origin([read_head, send(SWITCH + b"hello"), echo])
    client = open_tunnel(fairlead(one_path(upstream)))
    assert client.read_exactly(5) == b"hello"


def test_bytes_behind_the_request_are_the_tunnels(fairlead, origin):
    upstream = origin([read_head, send(SWITCH), echo])
    with fairlead(one_path(upstream)).connect() as client:
        client.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: letters\r\n\r\nearly"
        )
        assert client.read_head().status == 101
        assert client.read_exactly(5) == b"early"


def test_client_half_closes_and_the_server_goes_on(fairlead, origin):
    seen = threading.Event()

    def reads_to_the_end_then_answers(connection):
        try:
            until_closed(connection)
        except Exception:
            seen.set()
        connection.send(b"the rest")

    upstream = origin([read_head, send(SWITCH), reads_to_the_end_then_answers])
    client = open_tunnel(fairlead(one_path(upstream)))
    client.send(b"all of it").half_close()
    happens(seen, "the end of the client's direction")
    assert client.read_to_end(tell=True) == (b"the rest", True)
    assert bytes(upstream.connections[0].received).endswith(b"all of it")


def test_server_half_closes_and_the_client_goes_on(fairlead, origin):
    upstream = origin([read_head, send(SWITCH + b"last"), half_close, until_closed])
    client = open_tunnel(fairlead(one_path(upstream)))
    assert client.read_to_end(tell=True) == (b"last", True)
    client.send(b"and the client's").half_close()
    happens(upstream.connections[0].closed, "the end of the client's direction")
    assert bytes(upstream.connections[0].received).endswith(b"and the client's")


@pytest.mark.parametrize("ending", [close, reset], ids=["closed", "reset"])
def test_server_ends_the_tunnel(fairlead, origin, ending):
    go_on = threading.Event()
    upstream = origin([read_head, send(SWITCH), wait(go_on), ending])
    client = open_tunnel(fairlead(one_path(upstream)))
    go_on.set()
    client.expect_closed()


def test_client_resets_the_tunnel(fairlead, origin):
    upstream = origin([read_head, send(SWITCH), until_closed])
    open_tunnel(fairlead(one_path(upstream))).reset()
    happens(upstream.connections[0].closed, "the end of the server's connection")


def test_silent_tunnel_is_closed_after_its_time(fairlead, origin):
    upstream = origin([read_head, send(SWITCH), until_closed])
    client = open_tunnel(fairlead(one_path(upstream, defaults="timeouts: { tunnel: 300ms }")))
    client.expect_closed()
    happens(upstream.connections[0].closed, "the end of the server's connection")


REFUSALS = {"200": "200 OK", "400": "400 Bad Request", "426": "426 Upgrade Required"}


@pytest.mark.parametrize("status", REFUSALS.values(), ids=REFUSALS)
def test_server_that_does_not_switch_just_answers(fairlead, origin, status):
    upstream = origin(
        [read_request, send(answer(b"no", status)), read_request, send(answer(b"yes"))]
    )
    with fairlead(one_path(upstream)).connect() as client:
        reply = client.get("/", UPGRADE)
        assert (reply.status, reply.body) == (int(status[:3]), b"no")
        assert not reply.closes()
        assert client.get("/").body == b"yes"


def test_http_1_0_client_cannot_upgrade(fairlead, origin):
    upstream = origin(WELL)
    with fairlead(one_path(upstream)).connect() as client:
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: letters\r\n\r\n")
        assert client.read_answer().status == 200
    assert upstream.next_request().get("Upgrade") is None
