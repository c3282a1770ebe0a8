"""`fairlead demo`: four servers and fairlead in one process, for a first look."""

import signal
import subprocess
import threading

import pytest
import requests
from edge import BINARY, free_port
from waiting import PATIENCE, eventually


class Demo:
    """The demo as a process, until Ctrl-C."""

    def __init__(self):
        self.port = free_port()
        self.output = ""
        self.process = subprocess.Popen(
            [str(BINARY), "demo", "--listen", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        eventually(lambda: "listening" in self.output.lower() or self.process.poll() is not None)
        assert self.process.poll() is None, self.output

    def read(self):
        for line in self.process.stdout:
            self.output += line

    def get(self, path, host):
        url = f"http://127.0.0.1:{self.port}{path}"
        return requests.get(url, headers={"Host": host}, timeout=PATIENCE)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def demo():
    running = Demo()
    yield running
    code = running.end()
    assert code == 0, running.output
    assert "Sanitizer" not in running.output, running.output


ROUTES = {
    "mango by host": ("www.mango.com", "/x?y=1", "mango"),
    "apple by host": ("www.apple.com", "/x?y=1", "apple"),
    "mango by path": ("localhost", "/mango", "mango"),
}


@pytest.mark.parametrize("host, path, fruit", ROUTES.values(), ids=ROUTES)
def test_both_servers_of_a_pool_answer(demo, host, path, fruit):
    def names():
        reply = demo.get(path, host)
        assert reply.status_code == 200
        assert reply.headers["Content-Type"].startswith("application/json")
        seen.add(reply.json()["server"])
        return len(seen) == 2

    seen = set()
    eventually(names, what=f"both servers of {fruit} answer")
    assert all(fruit in name for name in seen)


def test_servers_say_what_they_saw(demo):
    seen = demo.get("/x?y=1", "www.apple.com").json()
    assert {"server", "host", "path", "params", "headers"} <= seen.keys()
    assert seen["path"].startswith("/x")
    assert seen["params"]["y"] in ("1", ["1"])


def test_servers_have_a_health_check(demo):
    assert demo.get("/healthcheck", "www.apple.com").status_code == 200


def test_it_says_what_to_try(demo):
    assert "curl" in demo.output and str(demo.port) in demo.output


def test_port_taken():
    first = Demo()
    try:
        blocked = subprocess.run(
            [str(BINARY), "demo", "--listen", f"127.0.0.1:{first.port}"],
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert blocked.returncode == 3 and str(first.port) in blocked.stderr
    finally:
        first.end()
