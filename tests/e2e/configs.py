"""Configuration texts that many scenarios share."""

import re


def one_path(*servers, defaults="", path=""):
    """Everything goes to one inline pool; `defaults` and `path` are further YAML lines."""
    text = ""
    if defaults:
        text += "defaults:\n" + indented(defaults, 2)
    text += "paths:\n  - path: /\n"
    text += f"    servers: [{', '.join(server.address for server in servers)}]\n"
    return text + indented(path, 4)


def one_pool(*servers, more="", top="", path=""):
    """Everything goes to the pool `p`. `more` are lines of the pool, `top` of the file, `path` of
    its only route; a server is a text, or something with an `entry()`."""
    entries = "".join(
        f"      - {server if isinstance(server, str) else server.entry()}\n" for server in servers
    )
    lines = f"pools:\n  p:\n    servers:\n{entries}{indented(more, 4)}"
    return f"{_ended(top)}{lines}paths:\n  - path: /\n    pool: p\n{indented(path, 4)}"


def pool_with(line):
    """A whole file whose only pool has this line, which is the fourth."""
    pool = f"pools:\n  p:\n    servers: [127.0.0.1:1]\n    {line}\n"
    return f"{pool}paths: [{{ path: /, pool: p }}]\n"


def _ended(text):
    return text.strip("\n") + "\n" if text.strip() else ""


def indented(text, depth):
    return "".join(" " * depth + line + "\n" for line in text.strip().splitlines())


def host_of(row):
    """The name of the host that stands for a row of a table."""
    label = re.sub("[^a-z0-9]+", "-", row.lower()).strip("-")
    assert len(label) <= 63, f"a label has at most 63 characters: {label}"
    return f"{label}.test"


def host_each(entries):
    """A host for each row of a table, so that one fairlead serves the whole table.

    `entries` are the names of the rows with the YAML lines of the host's entry.
    """
    hosts = [f"  - host: {host_of(row)}\n{indented(text, 4)}" for row, text in entries.items()]
    return "hosts:\n" + "".join(hosts)
