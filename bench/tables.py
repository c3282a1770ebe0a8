"""The tables of docs/performance.md, made of measured numbers. Pure."""

import re
from collections import Counter

from contestants import USUAL, VERSIONED, program_of
from traffic import KINDS
from workloads import CLOSED, IDLE_TARGET, P99_TARGET, PACED, WORKLOADS

MARKED = re.compile(r"<!-- measured: ([a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)
NOTHING = "Not measured yet."
ROOM = re.compile(r"fairlead::([a-z]\w*)::")
# The rows in which fairlead is compared with itself.
ALONE = ("one rule, one worker, plain", "many rules, two workers, trained")
# The order of columns and bars.
ORDER = ("fairlead", "haproxy-new", "nginx-new", "haproxy", "nginx", "relay",
         "haproxy-new-splice", "haproxy-splice")
VERSION = re.compile(r"\d+\.\d+")
HAPROXIES = ("haproxy-new", "haproxy")  # the newest first
REFERENCES = (*HAPROXIES, "relay")
SHOWN_KINDS = ("get-1k", "post-16k", "get-128k", "close")


def filled(page, texts):
    """The page with `texts[name]` between the markers `measured: name` and `end`."""
    def replacement(match):
        return f"<!-- measured: {match[1]} -->\n\n{texts[match[1]]}\n\n<!-- end -->"
    return MARKED.sub(replacement, page)


def all_of(latest, counts, record):
    rows = latest["rows"]
    return {
        "machine": machine(latest), "cpu": cpu(rows), "parts": parts(rows), "own": own(rows),
        "latency": latency(rows), "memory": memory(rows), "instructions": instructions(counts),
        "rooms": rooms(record.get("kinds", {})),
    }


def table(heads, lines):
    if not lines:
        return NOTHING
    return "\n".join(f"| {' | '.join(cells)} |" for cells in
                     (heads, ["---"] * len(heads), *lines))


def versions(rows, program):
    """What a program said about its version, each text once, in rows or in counts."""
    said = [row.get("versions", {}).get(program) for row in rows]
    return list(dict.fromkeys(text for text in said if text))


def called(name, rows):
    """A contestant as readers know it: `haproxy 3.4 splice`."""
    program = program_of(name)
    found = [VERSION.search(text) for text in versions(rows, program)]
    if not any(found):
        return name
    numbers = dict.fromkeys(match[0] for match in found if match)
    variant = name.removeprefix(program).replace("-", " ")
    return f"{program.removesuffix('-new')} {'/'.join(numbers)}{variant}"


def present(rows):
    """Who was measured in any of them, in the order of columns."""
    measured = {name for row in rows for name in row["contestants"]}
    return [name for name in ORDER if name in measured]


def haproxy_of(row):
    """The newest HAProxy that was measured in a row; None without any."""
    return next((name for name in HAPROXIES if name in row["contestants"]), None)


def machine(latest):
    facts, rows = latest["machine"], latest["rows"]
    if not facts or not rows:
        return NOTHING
    days = sorted({row["measured"] for row in rows.values()})
    said = [text for name in VERSIONED for text in versions(rows.values(), name)]
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return "\n".join([f"- {facts['cpus']} CPUs, {facts['cpu']}, Linux {facts['kernel']}",
                      *[f"- {text}" for text in said], f"- measured {when}"])


def against_target(value, target):
    """`0.72 of <= 0.65`, in bold where the target is missed."""
    if value is None:
        return ""
    if target is None:
        return f"{value:.2f}"
    shown = f"{value:.2f} (<= {target:.2f})"
    return shown if value <= target else f"**{shown}**"


def ratio_of(row, name, other):
    found = row["contestants"].get(name, {}).get("ratios", {}).get(other)
    return found["ratio"] if found else None


def microseconds(row, name, key="cpu_us"):
    found = row["contestants"].get(name)
    return f"{found[key]:.1f}" if found else ""


def beside_others(rows):
    return [(name, row) for name, row in rows.items()
            if WORKLOADS[name].load in (CLOSED, PACED) and "haproxy" in WORKLOADS[name].against]


def cpu(rows):
    measured = [row for _, row in beside_others(rows)]
    names, lines = present(measured), []
    others = [name for name in names if name in REFERENCES]
    for name, row in beside_others(rows):
        targets = WORKLOADS[name].compared(row["contestants"])
        lines.append([WORKLOADS[name].title, *[microseconds(row, one) for one in names],
                      *[against_target(ratio_of(row, "fairlead", other), targets.get(other))
                        for other in others]])
    return table(["CPU us per request", *[called(name, measured) for name in names],
                  *[f"of {called(name, measured)}" for name in others]], lines)


def parts(rows):
    """User and system time apart."""
    measured = [row for _, row in beside_others(rows)]
    names = [name for name in present(measured) if not name.endswith("-splice")]
    lines = [[WORKLOADS[name].title,
              *[" + ".join(microseconds(row, one, key) for key in ("user_us", "system_us"))
                if one in row["contestants"] else "" for one in names]]
             for name, row in beside_others(rows)]
    return table(["user + system, us", *[called(name, measured) for name in names]], lines)


def own(rows):
    lines = []
    for name, row in rows.items():
        other, target = next(iter(WORKLOADS[name].against.items()))
        if other in USUAL[1:]:
            continue
        compared = [one for one in row["contestants"] if one != other]
        lines += [[WORKLOADS[name].title, microseconds(row, other), microseconds(row, one),
                   against_target(ratio_of(row, one, other), target)] for one in compared]
    return table(["CPU us per request", *ALONE, "ratio"], lines)


def latency(rows):
    row = rows.get("half-load")
    if row is None:
        return NOTHING
    others = [name for name in present([row]) if name in HAPROXIES]
    lines = []
    for name, one in row["contestants"].items():
        ratios = [one["ratios"].get(other, {}).get("p99") for other in others]
        # As elsewhere, what is aimed at is aimed at beside the newest.
        targets = [P99_TARGET if name == "fairlead" and other == haproxy_of(row) else None
                   for other in others]
        lines.append([called(name, [row]), f"{one['requests_per_s']:,.0f}",
                      *[f"{one[key]:.3f}" for key in ("p50_ms", "p99_ms", "worst_ms")],
                      *map(against_target, ratios, targets)])
    return table(["half load", "requests a second", "p50 ms", "p99 ms", "longest ms",
                  *[f"p99 of {called(other, [row])}'s" for other in others]], lines)


def memory(rows):
    found = [row for name, row in rows.items() if WORKLOADS[name].load not in (CLOSED, PACED)]
    names = present(found)
    lines = []
    for row in found:
        cells = []
        for name in names:
            value = row["contestants"].get(name, {}).get("bytes_per_connection")
            missed = name == "fairlead" and value is not None and value > IDLE_TARGET
            shown = "" if value is None else f"{value:,.0f}"
            cells.append(f"**{shown}** (<= {IDLE_TARGET})" if missed else shown)
        lines.append([row["title"], *cells])
    return table(["resident bytes a connection", *[called(name, found) for name in names]], lines)


def instructions(counts):
    names = [name for name in ORDER if name in counts]
    lines = [[KINDS[kind].title, *[f"{counts[name][kind]:,}" if kind in counts[name] else ""
                                   for name in names]]
             for kind in KINDS if any(kind in counts[name] for name in names)]
    return table(["instructions per request", *[called(name, [counts]) for name in names]], lines)


def room_of(function):
    match = ROOM.match(function)
    if match:
        return match[1]
    return "base" if function.startswith("fairlead::") else "libraries"


def rooms(kinds):
    """Where fairlead's instructions go: the functions of a room that are large enough for the
    record, added up."""
    shown = [kind for kind in SHOWN_KINDS if kind in kinds]
    sums = {kind: Counter() for kind in shown}
    for kind in shown:
        for function, count in kinds[kind]["functions"].items():
            sums[kind][room_of(function)] += count
    names = sorted(set().union(*sums.values()), key=lambda room: -sums[shown[0]][room])
    lines = [[room, *[f"{sums[kind][room]:,}" for kind in shown]] for room in names]
    if shown:
        rest = [kinds[kind]["instructions"] - sums[kind].total() for kind in shown]
        lines.append(["functions below 0.5 % each", *[f"{one:,}" for one in rest]])
        lines.append(["all", *[f"{kinds[kind]['instructions']:,}" for kind in shown]])
    return table(["instructions per request", *[KINDS[kind].title for kind in shown]], lines)
