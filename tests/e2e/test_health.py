"""Health checks in the background: who is left out, and who comes back."""

import threading

import pytest
from configs import one_path
from origin import answer, serve, until_closed
from waiting import PATIENCE, eventually

CHECKS = """
balance: round_robin
health: { path: /healthcheck, every: 50ms, timeout: 2s, fall: 2, rise: 3 }
"""


class Patient:
    """A server whose health a test can change; it counts its checks."""

    def __init__(self, origin, well=True):
        self.well = well
        self.checks = 0
        self.more = threading.Condition()
        self.origin = origin([serve(self.reply)])
        self.address = self.origin.address
        self.name = str(self.origin.port).encode()

    def reply(self, request):
        if request.target != "/healthcheck":
            return answer(self.name)
        with self.more:
            self.checks += 1
            self.more.notify_all()
        return answer() if self.well else answer(b"ill", "500 Internal Server Error")

    def await_checks(self, count):
        """Waits until so many more checks have come."""
        with self.more:
            wanted = self.checks + count
            assert self.more.wait_for(lambda: self.checks >= wanted, PATIENCE), "no checks come"


def serving(edge, requests=12):
    """The names of the servers that answer a series of requests."""
    return {edge.get("/").body for _ in range(requests)}


def test_ill_server_is_left_out_and_comes_back(fairlead, origin):
    one, two = Patient(origin), Patient(origin)
    edge = fairlead(one_path(one, two, defaults=CHECKS))
    eventually(lambda: serving(edge) == {one.name, two.name}, what="both servers serve")
    one.well = False
    eventually(lambda: serving(edge) == {two.name}, what="the ill server is left out")
    one.well = True
    eventually(lambda: serving(edge) == {one.name, two.name}, what="the server comes back")


def test_one_failure_does_not_bring_a_server_down(fairlead, origin):
    one, two = Patient(origin), Patient(origin)
    edge = fairlead(one_path(one, two, defaults=CHECKS.replace("fall: 2", "fall: 1000")))
    one.await_checks(2)
    one.well = False
    one.await_checks(5)
    assert serving(edge) == {one.name, two.name}


def test_first_check_decides_alone(fairlead, origin):
    one, two = Patient(origin, well=False), Patient(origin)
    edge = fairlead(one_path(one, two, defaults=CHECKS.replace("fall: 2", "fall: 1000")))
    one.await_checks(2)  # the first was judged before the second began
    assert serving(edge) == {two.name}


def test_server_comes_back_after_rise_checks(fairlead, origin):
    one, two = Patient(origin, well=False), Patient(origin)
    edge = fairlead(one_path(one, two, defaults=CHECKS.replace("rise: 3", "rise: 1000")))
    one.await_checks(2)
    one.well = True
    one.await_checks(5)
    assert serving(edge) == {two.name}


def test_all_ill_is_503_at_once(fairlead, origin):
    one, two = Patient(origin, well=False), Patient(origin, well=False)
    edge = fairlead(one_path(one, two, defaults=CHECKS))
    one.await_checks(2)
    two.await_checks(2)
    reply = edge.get("/")
    assert reply.status == 503 and int(reply.get("Retry-After")) > 0
    assert b"No backend servers available." in reply.body


def test_check_says_what_is_configured(fairlead, origin):
    seen = origin([serve(lambda _: answer())])
    fairlead(
        f"pools: {{ p: {{ servers: [{seen.address}], "
        "health: { path: '/up?x=1', every: 50ms, method: HEAD, host: checked.test } } }\n"
        "paths: [{ path: /, pool: p }]\n"
    )
    check = seen.next_request()
    assert (check.method, check.target, check.get("Host")) == ("HEAD", "/up?x=1", "checked.test")


def test_check_may_go_to_another_port(fairlead, origin):
    checked, serves = origin([serve(lambda _: answer())]), Patient(origin)
    edge = fairlead(
        f"pools: {{ p: {{ servers: [{serves.address}], "
        f"health: {{ path: /up, every: 50ms, port: {checked.port} }} }} }}\n"
        "paths: [{ path: /, pool: p }]\n"
    )
    assert checked.next_request().target == "/up"
    assert edge.get("/").body == serves.name
    assert serves.checks == 0


STATUSES = {"200": True, "204": True, "404": False, "500": False, "503": False}


@pytest.mark.parametrize("status, well", STATUSES.items(), ids=STATUSES)
def test_status_of_a_check(fairlead, origin, status, well):
    check = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    odd = origin([serve(lambda seen: answer(b"odd") if seen.target == "/" else check)])
    two = Patient(origin)
    edge = fairlead(one_path(odd, two, defaults=CHECKS.replace("fall: 2", "fall: 1000")))
    checks = [odd.next_request() for _ in range(2)]
    assert all(check.target == "/healthcheck" for check in checks)
    assert (b"odd" in serving(edge)) == well


def test_tcp_check_is_the_built_in_one_for_two_servers(fairlead, origin, dead_port):
    well = Patient(origin)
    defaults = "retry: off\nbalance: round_robin\nhealth: { every: 50ms }"
    edge = fairlead(one_path(dead_port, well, defaults=defaults))
    eventually(lambda: {edge.get("/").status for _ in range(4)} == {200}, what="one is left out")
    assert all(not c.received or c.requests for c in well.origin.connections)


def test_health_off_sends_no_checks(fairlead, origin):
    one, two = Patient(origin), Patient(origin)
    edge = fairlead(one_path(one, two, defaults="health: off\nbalance: round_robin"))
    assert serving(edge) == {one.name, two.name}
    requests = len(one.origin.requests) + len(two.origin.requests)
    assert requests == 12 and one.checks + two.checks == 0


def test_slow_check_is_a_failed_check(fairlead, origin):
    hanging, two = origin([until_closed]), Patient(origin)
    checks = "health: { path: /healthcheck, every: 50ms, timeout: 100ms, fall: 1, rise: 1 }"
    edge = fairlead(one_path(hanging, two, defaults=checks + "\ntimeouts: { response: 100ms }"))
    eventually(lambda: serving(edge, 8) == {two.name}, what="the hanging server is left out")


