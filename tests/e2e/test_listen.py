"""Where fairlead listens: one port, several, IPv6, a Unix socket."""

import os
import socket

import pytest
from edge import free_port

RESPOND = "paths: [{ path: /, respond: { status: 200, body: ok } }]\n"


def ask(family, address):
    with socket.socket(family) as client:
        client.settimeout(10)
        client.connect(address)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := client.recv(65536):
            answer += data
    return answer


def listens(where):
    return f"listen:\n  - {{ http: '127.0.0.1:@' }}\n  - {{ http: {where} }}\n"


def test_several_ports(fairlead):
    port = free_port()
    edge = fairlead(RESPOND, listen=listens(f"'127.0.0.1:{port}'"))
    assert edge.get("/").body == b"ok"
    assert ask(socket.AF_INET, ("127.0.0.1", port)).endswith(b"ok")


def test_port_alone_means_every_address(fairlead):
    port = free_port()
    fairlead(RESPOND, listen=listens(port))
    assert ask(socket.AF_INET, ("127.0.0.2", port)).endswith(b"ok")


@pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")
def test_ipv6(fairlead):
    port = free_port()
    fairlead(RESPOND, listen=listens(f"'[::1]:{port}'"))
    assert ask(socket.AF_INET6, ("::1", port)).endswith(b"ok")


def test_unix_socket(fairlead, tmp_path):
    path = tmp_path / "web.sock"
    edge = fairlead(RESPOND, listen=listens(f"'unix:{path}'"))
    assert ask(socket.AF_UNIX, str(path)).endswith(b"ok")
    edge.terminate()
    assert edge.exit_code() == 0
    # What a crash leaves behind does not keep the next one from starting.
    with socket.socket(socket.AF_UNIX) as left_behind:
        if not path.exists():
            left_behind.bind(str(path))
    fairlead(RESPOND, listen=listens(f"'unix:{path}'"))
    assert ask(socket.AF_UNIX, str(path)).endswith(b"ok")
