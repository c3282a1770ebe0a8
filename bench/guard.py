"""Compares counted instructions with recorded ones, and says in words what grew. Pure."""

from dataclasses import dataclass

# A function with less than this share of its kind is recorded only as part of the rest.
SHOWN_SHARE = 0.005
# On a machine that counts differently, for reasons that are not fairlead's.
FOREIGN_BOUND = 0.15
GROWN_FUNCTIONS = 5


@dataclass(frozen=True)
class Verdict:
    kind: str
    passed: bool
    text: str


def record_of(functions, requests, bound):
    """What is kept of one kind: instructions per request, in all and by function."""
    total = sum(functions.values()) / requests
    shown = {name: count / requests for name, count in functions.items()
             if count / requests >= total * SHOWN_SHARE}
    ordered = sorted(shown.items(), key=lambda one: (-round(one[1]), one[0]))
    return {"bound": bound, "instructions": round(total),
            "functions": {name: round(count) for name, count in ordered}}


def differences(recorded, measured):
    """What of the machine and its tools is not as it was when the record was made, in words."""
    return [f"{name} was {said(recorded.get(name))} and is {said(measured.get(name))}"
            for name in sorted(recorded.keys() | measured.keys())
            if recorded.get(name) != measured.get(name)]


def said(value):
    if value is None:
        return "unknown"
    return " ".join(value) if isinstance(value, list) else str(value)


def judge(kind, recorded, measured, foreign):
    """`recorded` and `measured` are what record_of() gives; `recorded` may be None."""
    after = measured["instructions"]
    if recorded is None:
        return Verdict(kind, False, f"{kind}: {after} instructions, and no record of it; "
                                    "./dev bench instructions --record makes one")
    before, bound = recorded["instructions"], recorded["bound"]
    if foreign:
        bound = max(bound, FOREIGN_BOUND)
    change = after / before - 1
    counts = f"{before} -> {after} instructions per request ({change:+.1%})"
    if after > before * (1 + bound):
        return Verdict(kind, False,
                       f"{kind} grew by {change:.1%}, more than {bound:.0%}: {before} -> {after} "
                       f"instructions per request; most of it in {grown_text(recorded, measured)}")
    if after < before * (1 - bound):
        return Verdict(kind, True, f"{kind}: {counts}; record it with "
                                   "./dev bench instructions --record, so that it stays so low")
    return Verdict(kind, True, f"{kind}: {counts}")


def grown(recorded, measured):
    """[(growth, name, before, after)] of the functions that grew most. `before` is None where the
    function was too small for the record; its growth is then what it is at least."""
    least = recorded["instructions"] * SHOWN_SHARE
    result = []
    for name, after in measured["functions"].items():
        before = recorded["functions"].get(name)
        result.append((after - (least if before is None else before), name, before, after))
    result.sort(key=lambda one: (-one[0], one[1]))
    return [one for one in result if one[0] > 0][:GROWN_FUNCTIONS]


def grown_text(recorded, measured):
    least = recorded["instructions"] * SHOWN_SHARE
    parts = [f"{name} ({f'under {least:.0f}' if before is None else before} -> {after})"
             for _, name, before, after in grown(recorded, measured)]
    return ", ".join(parts) or "functions that are each too small for the record"
