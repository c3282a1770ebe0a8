#!/usr/bin/python3
"""Holds the order of rooms in docs/layers.txt and the opening sentence of every source file.

Prints file:line: what is wrong, one line a finding, and exits with 1 if there is any.
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
LAYER = re.compile(r"([a-z][a-z0-9_]*):\s*(.*)$")
SOURCES = (".h", ".cpp")
LAYERS_FILE = "docs/layers.txt"
# Folders whose sources open with a sentence; only those of src are rooms.
COMMENTED = ("src", "tests", "fuzz", "bench")


def read_layers(text):
    """Returns ({room: set of rooms it may include}, [(line, finding)])."""
    layers, findings = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LAYER.match(line)
        if not match:
            findings.append((number, f"not `room: rooms below it`: {line.strip()}"))
            continue
        room, below = match.group(1), match.group(2).split()
        if room in layers:
            findings.append((number, f"room {room} stands here a second time"))
        for lower in below:
            if lower == room:
                findings.append((number, f"cycle: room {room} names itself"))
            elif lower not in layers:
                findings.append((number, f"cycle or unknown room: {room} names {lower}, "
                                         "which does not stand above this line"))
        layers[room] = set(below)
    return layers, findings


def includes_of(text):
    """Yields (line, path) for each #include with quotes."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1)


def check_includes(room, text, layers):
    allowed = layers[room] | {room}
    for number, path in includes_of(text):
        target = path.split("/")[0] if "/" in path else None
        if target is None or target not in layers:
            yield number, f'"{path}" does not say a room (write "room/file.h")'
        elif target not in allowed:
            yield number, f'room {room} may not include {target} ("{path}"); see {LAYERS_FILE}'


def check_opening(text):
    """The file opens with // lines that hold at least one finished sentence."""
    opening = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        opening.append(line[2:].strip())
    sentence = " ".join(opening)
    if not re.search(r"\w.*[.!?](\s|$)", sentence):
        yield 1, "the file does not open with a sentence that says what it is for (// ...)"


def find_cycle(graph):
    """One cycle among the files as a list of names, or None. Iterative depth-first search."""
    done = set()
    for start in sorted(graph):
        if start in done:
            continue
        path, on_path, todo = [], set(), [(start, False)]
        while todo:
            node, leaving = todo.pop()
            if leaving:
                path.pop()
                on_path.discard(node)
                done.add(node)
                continue
            if node in on_path:
                return path[path.index(node):] + [node]
            if node in done:
                continue
            path.append(node)
            on_path.add(node)
            todo.append((node, True))
            todo.extend((below, False) for below in graph[node] if below in graph)
    return None


def sources_under(folder):
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.rglob("*") if p.suffix in SOURCES and p.is_file())


def check_rooms(root, layers):
    graph = {}
    for path in sources_under(root / "src"):
        inside = path.relative_to(root / "src")
        name = f"src/{inside}"
        room = inside.parts[0]
        if len(inside.parts) == 1:
            yield f"{name}:1: lies in no room"
        elif room not in layers:
            yield f"{name}:1: room {room} is not listed in {LAYERS_FILE}"
        else:
            text = path.read_text(errors="replace")
            for line, finding in check_includes(room, text, layers):
                yield f"{name}:{line}: {finding}"
            graph[str(inside)] = [target for _, target in includes_of(text)]
    cycle = find_cycle(graph)
    if cycle:
        yield f"src/{cycle[0]}:1: cycle of includes: {' -> '.join(cycle)}"


def check(root):
    """All findings for the tree under `root`, as lines of text."""
    layers, findings = read_layers((root / LAYERS_FILE).read_text())
    result = [f"{LAYERS_FILE}:{line}: {finding}" for line, finding in findings]
    result.extend(check_rooms(root, layers))
    for folder in COMMENTED:
        for path in sources_under(root / folder):
            for line, finding in check_opening(path.read_text(errors="replace")):
                result.append(f"{path.relative_to(root)}:{line}: {finding}")
    return result


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    findings = check(root)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
