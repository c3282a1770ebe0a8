"""Fixtures of the end-to-end suite: the binary, scripted origins and the course's servers."""

import pytest
from checking import Checker
from crew import Server
from edge import BINARY, DeadPort, Edge
from faulty import FaultyServer
from name_server import DnsServer
from origin import Origin
from servers import EchoServer, SampleServer


def pytest_report_header():
    return f"fairlead: {BINARY}"


def pytest_sessionstart():
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not there: build it, or set FAIRLEAD_BINARY", returncode=3)


def _edges(folder):
    edges = []

    def start(config, **options):
        edges.append(Edge(folder, config, **options))
        return edges[-1]

    yield start
    for edge in edges:
        edge.stop()


def _origins():
    origins = []

    def start(*scripts, **options):
        origins.append(Origin(*scripts, **options))
        return origins[-1]

    yield start
    for origin in origins:
        origin.close()


@pytest.fixture
def origin():
    """origin(script, ...): a scripted server."""
    yield from _origins()


@pytest.fixture
def fairlead(origin, tmp_path):
    """fairlead(config, ...): a running binary, stopped before the origins are."""
    yield from _edges(tmp_path)


@pytest.fixture(scope="module")
def module_origin():
    yield from _origins()


@pytest.fixture(scope="module")
def module_fairlead(module_origin, tmp_path_factory):
    """The same for all rows of a module's table."""
    yield from _edges(tmp_path_factory.mktemp("module"))


def _crews(origin):
    servers = []

    def start(*names, **options):
        started = [Server(origin, name, **options) for name in names]
        servers.extend(started)
        return started if len(started) > 1 else started[0]

    yield start
    for server in servers:
        server.release_all()


@pytest.fixture
def crew(origin, fairlead):
    """crew(name, ...): servers with names, whose behaviour a test changes."""
    yield from _crews(origin)


@pytest.fixture(scope="module")
def module_crew(module_origin, module_fairlead):
    yield from _crews(module_origin)


@pytest.fixture
def faulty():
    """faulty(name, ...): servers in processes of their own, which misbehave on command."""
    servers = []

    def start(*names, **settings):
        started = [FaultyServer(name, **settings) for name in names]
        servers.extend(started)
        return started if len(started) > 1 else started[0]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def dns():
    """A DNS server, whose names a test makes."""
    server = DnsServer()
    yield server
    server.close()


@pytest.fixture
def dead_port():
    """An address that refuses connections."""
    dead = DeadPort()
    yield dead
    dead.close()


@pytest.fixture(scope="module")
def dead_server():
    """The same for all rows of a module, as the text of its address."""
    dead = DeadPort()
    yield dead.address
    dead.close()


@pytest.fixture(scope="module")
def sample_servers():
    """sample_servers(name, ...): a Flask server that says who it is."""
    servers = []

    def start(name, **options):
        servers.append(SampleServer(name, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def echo():
    """A Flask server that tells what it saw, for all rows of a module."""
    server = EchoServer("echo")
    yield server
    server.stop()


@pytest.fixture
def check(tmp_path):
    """check(text, option, ...): `fairlead check` over a file of that text."""
    return Checker(tmp_path)
