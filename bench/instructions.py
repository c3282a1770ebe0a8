#!/usr/bin/python3
"""User-space instructions for one proxied keep-alive GET of 1 KiB, counted by callgrind.

The difference between a short and a long run, so that starting and stopping cancel out: the number
is the same on every machine, and a change of a few instructions shows.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from contestants import CONTESTANTS, CannotStart, Process, free_port, start_origin

FEW, MANY = 500, 5500
START_SECONDS = 60
STOP_SECONDS = 60
REQUEST = b"GET /1k HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: instructions\r\nAccept: */*\r\n\r\n"


def receive_response(connection, buffered):
    """Reads one response with a Content-Length; returns what came after it."""
    while b"\r\n\r\n" not in buffered:
        buffered += receive(connection)
    head, _, body = buffered.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise CannotStart(f"not a 200: {head[:80]!r}")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += receive(connection)
    return body[length:]


def receive(connection):
    data = connection.recv(65536)
    if not data:
        raise CannotStart("the connection was closed in the middle of the run")
    return data


def send_requests(port, count):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        rest = b""
        for _ in range(count):
            connection.sendall(REQUEST)
            rest = receive_response(connection, rest)


def counted_instructions(folder):
    """The sum over all processes and threads."""
    total = 0
    for path in folder.glob("callgrind.out.*"):
        for line in path.read_text(errors="replace").splitlines():
            if line.startswith(("summary:", "totals:")):
                total += int(line.split()[1])
                break
    return total


def instructions_of_run(name, origin_port, requests, folder):
    folder.mkdir()
    port = free_port()
    command = CONTESTANTS[name](folder, port, origin_port)
    if command is None:
        return None
    valgrind = ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes",
                f"--callgrind-out-file={folder}/callgrind.out.%p"]
    cpu = min(os.sched_getaffinity(0))
    process = Process(name, valgrind + command, cpu, folder, port, START_SECONDS)
    try:
        send_requests(port, requests)
        os.killpg(process.process.pid, signal.SIGTERM)
        process.process.wait(STOP_SECONDS)
    except (subprocess.TimeoutExpired, OSError) as reason:
        raise CannotStart(f"{name} under valgrind: {reason}; {process.last_words()}") from None
    finally:
        process.stop()
    return counted_instructions(folder)


def instructions_per_request(name, origin_port, folder):
    counts = []
    for requests in (FEW, MANY):
        count = instructions_of_run(name, origin_port, requests, folder / f"{name}-{requests}")
        if count is None:
            return None
        counts.append(count)
    return (counts[1] - counts[0]) / (MANY - FEW)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench instructions", description=__doc__)
    parser.add_argument("names", nargs="*", default=["fairlead"], metavar="NAME",
                        help=" ".join(CONTESTANTS))
    names = parser.parse_args().names
    unknown = [name for name in names if name not in CONTESTANTS]
    if unknown:
        parser.error(f"{unknown[0]} is none of: {' '.join(CONTESTANTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="fairlead-instructions-") as temporary:
        folder = Path(temporary)
        try:
            origin = start_origin(max(os.sched_getaffinity(0)), folder)
            try:
                for name in names:
                    count = instructions_per_request(name, origin.port, folder)
                    said = f"{count:8.0f} instructions per request" if count else "not there"
                    print(f"{name:10} {said}", flush=True)
            finally:
                origin.stop()
        except CannotStart as reason:
            sys.exit(f"instructions: {reason}")


if __name__ == "__main__":
    main()
