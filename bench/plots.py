"""Makes docs/performance/*.svg and the tables of docs/performance.md from the latest numbers."""

import json

import tables
from bar_chart import Bar, Chart, draw
from contestants import ROOT, USUAL
from traffic import KINDS
from workloads import CLOSED, IDLE_TARGET, PACED, WORKLOADS

FOLDER = ROOT / "docs" / "performance"
PAGE = ROOT / "docs" / "performance.md"
INSTRUCTIONS = ROOT / "build" / "bench" / "instructions.json"
RECORD = ROOT / "bench" / "instructions.json"
USER_AND_SYSTEM = ("user", "system")
PERCENTILES = (("median (p50)", "p50_ms"), ("99 of 100 (p99)", "p99_ms"), ("longest", "worst_ms"))


def ratio_bars(rows, other, series=lambda name: name):
    """Bars of CPU per request by another contestant's, split into user and system time."""
    bars = []
    for name, row in rows.items():
        if other in row["ratios"]:
            ratio = row["ratios"][other]["ratio"]
            user = row["user_us"] / row["cpu_us"] if row["cpu_us"] else 0
            bars.append(Bar(series(name), ratio, f"{ratio:.2f}", user))
    return bars


def names_of(rows):
    """What contestants are called in a legend."""
    return {name: tables.called(name, rows) for name in tables.ORDER}


def cpu_chart(latest):
    found = tables.beside_others(latest["rows"])
    groups = [(WORKLOADS[name].title, ratio_bars(row["contestants"], tables.haproxy_of(row)))
              for name, row in found]
    measures = {tables.called(tables.haproxy_of(row), [row]) for _, row in found
                if tables.haproxy_of(row)}
    measure = measures.pop() if len(measures) == 1 else "the newest haproxy"
    return Chart(f"CPU per request, {measure} = 1.00",
                 "User and system time of one worker; less is better", groups, USER_AND_SYSTEM,
                 1.0, measure, names_of([row for _, row in found]))


def own_chart(latest):
    groups = []
    for name, row in latest["rows"].items():
        other = next(iter(WORKLOADS[name].against))
        if other not in USUAL[1:]:
            bars = ratio_bars(row["contestants"], other,
                              lambda one, other=other: tables.ALONE[one != other])
            groups.append((WORKLOADS[name].title, bars))
    return Chart("CPU per request of fairlead alone, by the simpler case = 1.00",
                 "Many rules beside one rule; two workers beside one; less is better", groups,
                 USER_AND_SYSTEM, 1.0, tables.ALONE[0])


def in_order(rows):
    return [(name, rows[name]) for name in WORKLOADS if name in rows]


def latency_chart(latest):
    row = latest["rows"].get("half-load")
    groups = [(title, [Bar(name, one[key], f"{one[key]:.2f}")
                       for name, one in row["contestants"].items()])
              for title, key in PERCENTILES] if row else []
    names = names_of([row]) if row else {}
    return Chart("Latency at half load, in milliseconds",
                 "GET 1 KiB, 64 connections, requests at random times, counted from the planned "
                 "moment; less is better", groups, names=names)


def memory_chart(latest):
    found = [(WORKLOADS[name].title, row) for name, row in latest["rows"].items()
             if WORKLOADS[name].load not in (CLOSED, PACED)]
    groups = [(title, [Bar(name, one["bytes_per_connection"],
                           f"{one['bytes_per_connection']:,.0f}")
                       for name, one in row["contestants"].items()]) for title, row in found]
    return Chart("Resident bytes for each idle client connection",
                 "10,000 connections; without the kernel's memory for sockets; less is better",
                 groups, mark=IDLE_TARGET, mark_text=f"target: {IDLE_TARGET}",
                 names=names_of([row for _, row in found]))


def instructions_chart(counts):
    groups = []
    for kind in KINDS:
        bars = [Bar(name, counts[name][kind], f"{counts[name][kind]:,}") for name in tables.ORDER
                if kind in counts.get(name, {})]
        if bars:
            groups.append((KINDS[kind].title, bars))
    return Chart("User-space instructions per request",
                 "Counted by callgrind, one request at a time; less is better", groups,
                 names=names_of([counts]))


def read(path):
    return json.loads(path.read_text()) if path.exists() else {}


def write_all(latest):
    latest = {**latest, "rows": dict(in_order(latest["rows"]))}
    counts = read(INSTRUCTIONS)
    charts = {"cpu": cpu_chart(latest), "own": own_chart(latest), "latency": latency_chart(latest),
              "memory": memory_chart(latest), "instructions": instructions_chart(counts)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, chart in charts.items():
        if not any(bars for _, bars in chart.groups):
            print(f"nothing measured for {name}.svg; it stays as it is")
            continue
        (FOLDER / f"{name}.svg").write_text(draw(chart))
        print((FOLDER / f"{name}.svg").relative_to(ROOT))
    page = PAGE.read_text()
    filled = tables.filled(page, tables.all_of(latest, counts, read(RECORD)))
    if filled != page:
        PAGE.write_text(filled)
    print(PAGE.relative_to(ROOT))
