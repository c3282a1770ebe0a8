"""Writes MaxMind databases (format 2.0): networks, and the country of each."""

import ipaddress

EMPTY = None
BUILT = 1_793_491_200  # 2026-11-01


def encoded(value):
    """A value of the data section. Numbers are 64 bits wide unless they say otherwise."""
    if isinstance(value, Number):
        body = value.to_bytes(value.width, "big")
        kind = {2: 5, 4: 6, 8: 9}[value.width]
        return _control(kind, len(body)) + body
    if isinstance(value, int):
        return encoded(Number(value, 8))
    if isinstance(value, str):
        text = value.encode()
        return _control(2, len(text)) + text
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(encoded, value))
    assert isinstance(value, dict)
    return _control(7, len(value)) + b"".join(encoded(k) + encoded(v) for k, v in value.items())


class Number(int):
    """An unsigned number of so many bytes."""

    def __new__(cls, value, width):
        number = super().__new__(cls, value)
        number.width = width
        return number


def _control(kind, size):
    assert size < 29 + 256, "nothing here is longer"
    first = size if size < 29 else 29
    head = bytes([kind << 5 | first]) if kind <= 7 else bytes([first, kind - 7])
    return head + (bytes([size - 29]) if size >= 29 else b"")


def _bits(network, is_v6):
    network = ipaddress.ip_network(network)
    length = network.prefixlen
    if is_v6 and network.version == 4:
        length += 96  # IPv4 stands at ::/96
    width = 128 if is_v6 else 32
    address = int(network.network_address)
    return [address >> (width - 1 - bit) & 1 for bit in range(length)]


def _tree(entries):
    """Nodes of two records each: None, the number of a node, or ("data", offset)."""
    nodes = [[EMPTY, EMPTY]]
    for bits, offset in sorted(entries, key=lambda entry: len(entry[0])):
        node = nodes[0]
        for bit in bits[:-1]:
            if not isinstance(node[bit], int):
                nodes.append([node[bit], node[bit]])
                node[bit] = len(nodes) - 1
            node = nodes[node[bit]]
        node[bits[-1]] = ("data", offset)
    return nodes


def _packed(left, right, record_size):
    if record_size == 24:
        return left.to_bytes(3, "big") + right.to_bytes(3, "big")
    assert record_size == 28
    middle = (left >> 24) << 4 | right >> 24
    low = 0xFFFFFF
    return (left & low).to_bytes(3, "big") + bytes([middle]) + (right & low).to_bytes(3, "big")


def database(countries, record_size=24, ip_version=6, kind="Test-Country"):
    """The bytes of a database. `countries`: networks, and the code (or the whole record) of each."""
    data, offsets, entries = b"", {}, []
    for network, record in countries.items():
        if isinstance(record, str):
            record = {"country": {"iso_code": record}}
        value = encoded(record)
        if value not in offsets:
            offsets[value] = len(data)
            data += value
        entries.append((_bits(network, ip_version == 6), offsets[value]))
    nodes = _tree(entries)

    def number(record):
        if record is EMPTY:
            return len(nodes)
        return record if isinstance(record, int) else len(nodes) + 16 + record[1]

    tree = b"".join(_packed(number(a), number(b), record_size) for a, b in nodes)
    metadata = {
        "languages": ["en"],
        "description": {"en": "written by a test"},
        "node_count": Number(len(nodes), 4),
        "record_size": Number(record_size, 2),
        "ip_version": Number(ip_version, 2),
        "database_type": kind,
        "binary_format_major_version": Number(2, 2),
        "binary_format_minor_version": Number(0, 2),
        "build_epoch": BUILT,
    }
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encoded(metadata)
