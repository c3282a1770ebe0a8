"""What rounds come to: medians, ratios, and a table in the terminal. Pure but for printing."""

import statistics

from workloads import CLOSED, PACED

TABLE_OF_CPU = (("CPU us/req", "cpu_us", 10, 2), ("user", "user_us", 7, 2),
                ("system", "system_us", 7, 2), ("req/s", "requests_per_s", 8, 0),
                ("p50 ms", "p50_ms", 8, 3), ("p99 ms", "p99_ms", 8, 3),
                ("worst", "worst_ms", 8, 2), ("MiB", "memory_mib", 6, 1))
TABLE_OF_MEMORY = (("bytes", "bytes_per_connection", 10, 0),)


def measured_as(workload):
    """What the ratios of a row compare."""
    return "cpu_us" if workload.load in (CLOSED, PACED) else "bytes_per_connection"


def medians(rounds):
    return {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}


def ratios(rounds, name, other, key):
    """One's value by the other's in the same round, in ascending order; empty if there is none."""
    if name not in rounds or other not in rounds:
        return []
    pairs = [(one[key], two[key]) for one, two in zip(rounds[name], rounds[other], strict=True)]
    return sorted(one / two for one, two in pairs) if all(two > 0 for _, two in pairs) else []


def ratio(rounds, name, other, key):
    """The median of the rounds' ratios, None without any. It is steadier than the ratio of the
    medians, as slow stretches of the machine hit both of a round."""
    found = ratios(rounds, name, other, key)
    return statistics.median(found) if found else None


def spread(rounds, name, other, key):
    """Half the range of the middle half of the rounds' ratios."""
    found = ratios(rounds, name, other, key)
    cut = len(found) // 4
    return (found[len(found) - 1 - cut] - found[cut]) / 2


def summary(workload, rounds):
    """{contestant: medians, and ratios to those that the row compares with}"""
    rows = {}
    for name in rounds:
        rows[name] = medians(rounds[name])
        rows[name]["ratios"] = {}
        for other in workload.compared(rounds):
            value = ratio(rounds, name, other, measured_as(workload))
            if value is not None:
                rows[name]["ratios"][other] = {
                    "ratio": value, "spread": spread(rounds, name, other, measured_as(workload))}
            if workload.load == PACED and value is not None:
                rows[name]["ratios"][other]["p99"] = ratio(rounds, name, other, "p99_ms")
    return rows


def show(name, workload, rows):
    others = workload.compared(rows)
    columns = TABLE_OF_CPU if measured_as(workload) == "cpu_us" else TABLE_OF_MEMORY
    print(f"\n{name}: {workload.title}")
    print(f"  {'':18}" + "".join(f"{title:>{width}}" for title, _, width, _ in columns) +
          "".join(f"{'/' + other:>18}" for other in others))
    for contestant, row in rows.items():
        cells = "".join(f"{row[key]:{width}.{digits}f}" for _, key, width, digits in columns)
        print(f"  {contestant:18}{cells}" +
              "".join(f"{ratio_text(row, other):>18}" for other in others), flush=True)


def ratio_text(row, other):
    found = row["ratios"].get(other)
    return f"{found['ratio']:.3f} +-{found['spread']:.3f}" if found else "-"
