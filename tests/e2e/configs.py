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
