"""The admin API as a test reads it: pools and servers as plain dictionaries."""

import json
import urllib.parse

from waiting import eventually
from wire import Client


class Admin:
    """The admin listener of one fairlead, on a port of 127.0.0.1."""

    def __init__(self, port):
        self.port = port
        self.address = f"127.0.0.1:{port}"

    def ask(self, target, method="GET", fields=(), host=None):
        """One request on a connection of its own, and the answer as it came."""
        with Client(self.port) as client:
            client.request(method, target, fields, host=host or self.address)
            return client.read_answer(method)

    def document(self, target):
        reply = self.ask(target)
        assert reply.status == 200, reply
        return json.loads(reply.body)

    def pools(self):
        """The pools by name."""
        return {pool["name"]: pool for pool in _items(self.document("/api/pools"), "pools")}

    def pool(self, name="p"):
        return self.pools()[name]

    def servers(self, pool="p"):
        """The servers of a pool, in the order of the answer."""
        segment = urllib.parse.quote(pool, safe="")
        return _items(self.document(f"/api/pools/{segment}/servers"), "servers")

    def server(self, name, pool="p"):
        (found,) = [server for server in self.servers(pool) if server["name"] == name]
        return found

    def standings(self, pool="p"):
        """The standing of each server by its name."""
        return {server["name"]: server["standing"] for server in self.servers(pool)}

    def await_standing(self, name, *wanted, pool="p", **options):
        """The server's object, once its standing is one of these."""

        def met():
            server = self.server(name, pool)
            return server if server["standing"] in wanted else None

        return eventually(met, what=f"server {name} is {' or '.join(wanted)}", **options)

    def await_pool(self, condition, what, pool="p", **options):
        """The pool's object, once `condition(object)` holds."""

        def met():
            now = self.pool(pool)
            return now if condition(now) else None

        return eventually(met, what=what, **options)


def _items(document, key):
    """A list, whether it stands alone or under its name."""
    return document[key] if isinstance(document, dict) else document
