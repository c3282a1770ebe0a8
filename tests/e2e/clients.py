"""Ordinary clients, and what a server that echoes has seen of them."""

import json
import subprocess

import requests
from waiting import PATIENCE


def curl(*arguments, stdin=None):
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", str(PATIENCE), *arguments],
        input=stdin, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done
    return done.stdout.decode()


def fetch(edge, host, target="/", method="GET", headers=None, **options):
    """One request of Requests, which follows no redirect."""
    return requests.request(
        method, edge.url(target), headers={"Host": host, **(headers or {})},
        timeout=PATIENCE, allow_redirects=False, **options,
    )  # fmt: skip


class Seen:
    """The request as the echo server saw it; repeated fields are folded with a bare comma."""

    def __init__(self, body):
        told = json.loads(body)
        self.server, self.method, self.target = told["server"], told["method"], told["target"]
        self.body = told["body"]
        self.fields = {name.lower(): value for name, value in told["headers"].items()}

    def get(self, name):
        """The values of a field joined by a bare comma, or None."""
        value = self.fields.get(name.lower())
        return value if value is None else ",".join(part.strip() for part in value.split(","))

    def __repr__(self):
        return f"<{self.method} {self.target} {self.fields}>"


def seen_of(reply):
    """What the server saw of an answered request, raw or of Requests."""
    status = reply.status_code if hasattr(reply, "status_code") else reply.status
    assert status == 200, reply
    return Seen(reply.content if hasattr(reply, "content") else reply.body)


def reply_with(status=200, fields=(), body=""):
    """The field that makes the echo server answer just so."""
    return {"X-Reply": json.dumps({"status": status, "fields": list(fields), "body": body})}


def reply_line(status=200, fields=(), body=""):
    """The same as a line for a raw client."""
    return f"X-Reply: {reply_with(status, fields, body)['X-Reply']}"
