"""The rows of the benchmark: what is asked, of whom, and with whom each is compared."""

from dataclasses import dataclass

from contestants import USUAL
from fairlead_configs import PREFIX_PATH, REGEX_PATH

LARGE = (*USUAL, "haproxy-splice")
IDLE = ("fairlead", "haproxy-many", "nginx-many")
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
    against: tuple = ("haproxy", "relay")
    load: str = CLOSED
    # All on both CPUs, instead of the proxy on one and the load and the origin on the other.
    together: bool = False


WORKLOADS = {
    "1k-1": Workload("GET 1 KiB, keep-alive, 1 connection", connections=1),
    "1k-64": Workload("GET 1 KiB, keep-alive, 64 connections"),
    "1k-1000": Workload("GET 1 KiB, keep-alive, 1000 connections", connections=1000),
    "128k": Workload("GET 128 KiB, keep-alive, 64 connections", path="/128k", contestants=LARGE),
    "1m": Workload("GET 1 MiB, keep-alive, 16 connections", path="/1m", connections=16,
                   contestants=LARGE),
    "post-16k": Workload("POST 16 KiB, answer of 1 KiB, keep-alive, 64 connections",
                         method="POST", body_bytes=16384),
    "close": Workload("GET 1 KiB, a new client connection each, 64 at a time", connection="close",
                      against=("haproxy",)),
    "rules-prefix": Workload("1,000 hosts, 200 path rules, 20 header rules; a prefix matches",
                             path=PREFIX_PATH, contestants=("one-prefix", "rules"),
                             against=("one-prefix",)),
    "rules-regex": Workload("1,000 hosts, 200 path rules, 20 header rules; a regex matches",
                            path=REGEX_PATH, contestants=("one-regex", "rules"),
                            against=("one-regex",)),
    "scaling": Workload("GET 1 KiB, 64 connections, everything on both CPUs",
                        contestants=("fairlead", "two-workers"), against=("fairlead",),
                        together=True),
    "half-load": Workload("GET 1 KiB, 64 connections, half of what the slowest can do", load=PACED),
    "idle": Workload("connections that asked once and wait", connections=10_000, contestants=IDLE,
                     against=("haproxy",), load=IDLE_AFTER_ONE),
    "idle-silent": Workload("connections that never asked", connections=10_000, contestants=IDLE,
                            against=("haproxy",), load=IDLE_FROM_THE_START),
}
