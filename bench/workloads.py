"""The rows of the benchmark: what is asked, of whom, and with whom each is compared."""

from dataclasses import dataclass, field

from contestants import USUAL
from fairlead_configs import PREFIX_PATH, REGEX_PATH

LARGE = (*USUAL, "haproxy-splice")
IDLE = ("fairlead", "haproxy-many", "nginx-many")
# Who is measured in whose place with --newest. Of the installed ones only HAProxy stays.
WITH_NEWEST = {
    "haproxy": ("haproxy-new", "haproxy"), "nginx": ("nginx-new",),
    "haproxy-splice": ("haproxy-new-splice",),
    "haproxy-many": ("haproxy-new-many", "haproxy-many"), "nginx-many": ("nginx-new-many",),
}
# What a row measures: a load that always has `connections` requests open (wrk); one that begins
# requests at planned times (bench_pace); or memory, with connections that are only held open.
CLOSED, PACED, IDLE_AFTER_ONE, IDLE_FROM_THE_START = "closed", "paced", "idle", "silent"


@dataclass(frozen=True)
class Workload:
    title: str
    path: str = "/1k"
    connections: int = 64
    method: str = "GET"
    body_bytes: int = 0
    connection: str = "keep-alive"
    contestants: tuple = USUAL
    # With whom all are compared, and which ratio is aimed at for fairlead (None: none).
    against: dict = field(default_factory=lambda: {"haproxy": None, "relay": None})
    load: str = CLOSED
    # All on both CPUs, instead of the proxy on one and the load and the origin on the other.
    together: bool = False

    def names(self, with_newest):
        """Who is measured."""
        if not with_newest:
            return list(self.contestants)
        return [one for name in self.contestants for one in WITH_NEWEST.get(name, (name,))]

    def compared(self, measured):
        """{with whom of those measured: the target}. HAProxy's is for the newest of them."""
        result = {}
        for other, target in self.against.items():
            newer = f"{other}-new"
            if newer in measured:
                result[newer], target = target, None
            if other in measured:
                result[other] = target
        return result


WORKLOADS = {
    "1k-1": Workload("GET 1 KiB, 1 connection", connections=1,
                     against={"haproxy": 0.80, "relay": 1.25}),
    "1k-64": Workload("GET 1 KiB, 64 connections", against={"haproxy": 0.65, "relay": 1.25}),
    "1k-1000": Workload("GET 1 KiB, 1,000 connections", connections=1000,
                        against={"haproxy": 0.55, "relay": 1.25}),
    "128k": Workload("GET 128 KiB, 64 connections", path="/128k", contestants=LARGE,
                     against={"haproxy": 0.55, "relay": 1.25}),
    "1m": Workload("GET 1 MiB, 16 connections", path="/1m", connections=16, contestants=LARGE,
                   against={"haproxy": 0.40, "relay": 1.25}),
    "post-16k": Workload("POST 16 KiB, 64 connections", method="POST", body_bytes=16384,
                         against={"haproxy": 0.45, "relay": 1.35}),
    # Without the relay, which would open a connection to the origin for each, as nobody else does.
    "close": Workload("GET 1 KiB, a new client connection each", connection="close",
                      contestants=USUAL[:3], against={"haproxy": 0.70}),
    "rules-prefix": Workload("1,000 hosts, 200 path rules, 20 header rules; a prefix matches",
                             path=PREFIX_PATH, contestants=("one-prefix", "rules"),
                             against={"one-prefix": 1.05}),
    "rules-regex": Workload("1,000 hosts, 200 path rules, 20 header rules; a regex matches",
                            path=REGEX_PATH, contestants=("one-regex", "rules"),
                            against={"one-regex": 1.05}),
    "scaling": Workload("GET 1 KiB, 64 connections, everything on both CPUs",
                        contestants=("fairlead", "two-workers"), against={"fairlead": None},
                        together=True),
    # Where `./dev build trained` has been run.
    "trained": Workload("GET 1 KiB, 64 connections, trained", contestants=("fairlead", "trained"),
                        against={"fairlead": None}),
    "half-load": Workload("GET 1 KiB, 64 connections, half load", load=PACED),
    "idle": Workload("asked once, then idle", connections=10_000, contestants=IDLE,
                     against={"haproxy": None}, load=IDLE_AFTER_ONE),
    "idle-silent": Workload("never asked", connections=10_000, contestants=IDLE,
                            against={"haproxy": None}, load=IDLE_FROM_THE_START),
}
# Aimed at in `half-load`: fairlead's p99 by HAProxy's; and in `idle`: bytes for each connection.
P99_TARGET = 1.0
IDLE_TARGET = 500
