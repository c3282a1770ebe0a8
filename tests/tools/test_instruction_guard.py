"""When a kind of request has grown, and what is said of it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from guard import differences, judge, record_of  # noqa: E402


def record(instructions, bound=0.05, **functions):
    return {"bound": bound, "instructions": instructions, "functions": functions}


BEFORE = record(10_000, parse=4000, write=1000)

# before, after, counted on another machine, passed, what is said
ROWS = {
    "as_it_was": (BEFORE, record(10_000), False, True,
                  "get: 10000 -> 10000 instructions per request (+0.0%)"),
    "a_little_more": (BEFORE, record(10_500), False, True,
                      "get: 10000 -> 10500 instructions per request (+5.0%)"),
    "too_much": (BEFORE, record(10_600, parse=4400, write=1190, copy=60), False, False,
                 "get grew by 6.0%, more than 5%: 10000 -> 10600 instructions per request; most of "
                 "it in parse (4000 -> 4400), write (1000 -> 1190), copy (under 50 -> 60)"),
    "what_shrank_is_not_named": (BEFORE, record(11_000, parse=3000, write=3000), False, False,
                                 "get grew by 10.0%, more than 5%: 10000 -> 11000 instructions per "
                                 "request; most of it in write (1000 -> 3000)"),
    "small_ones_all_over": (BEFORE, record(11_000, parse=4000), False, False,
                            "get grew by 10.0%, more than 5%: 10000 -> 11000 instructions per "
                            "request; most of it in functions that are each too small for the "
                            "record"),
    "a_wider_bound": (record(10_000, bound=0.1), record(10_900), False, True,
                      "get: 10000 -> 10900 instructions per request (+9.0%)"),
    "another_machine": (BEFORE, record(11_400), True, True,
                        "get: 10000 -> 11400 instructions per request (+14.0%)"),
    "too_much_for_any_machine": (BEFORE, record(12_000, parse=6000), True, False,
                                 "get grew by 20.0%, more than 15%: 10000 -> 12000 instructions "
                                 "per request; most of it in parse (4000 -> 6000)"),
    "less": (BEFORE, record(9_000), False, True,
             "get: 10000 -> 9000 instructions per request (-10.0%); record it with ./dev bench "
             "instructions --record, so that it stays so low"),
    "never_recorded": (None, record(9_000), False, False,
                       "get: 9000 instructions, and no record of it; ./dev bench instructions "
                       "--record makes one"),
}


@pytest.mark.parametrize("before, after, foreign, passed, text", ROWS.values(), ids=ROWS.keys())
def test_verdict(before, after, foreign, passed, text):
    verdict = judge("get", before, after, foreign)
    assert (verdict.passed, verdict.text) == (passed, text)


def test_at_most_five_functions_are_named():
    after = record(20_000, **{f"f{number}": 1000 + number for number in range(9)})
    text = judge("get", BEFORE, after, False).text
    assert text.count("->") == 1 + 5
    assert text.index("f8") < text.index("f7") < text.index("f4")


def test_a_record_is_per_request_and_leaves_out_what_is_small():
    functions = {"parse": 19_000, "copy": 104.9, "write": 800, "hash": 95.1}
    assert record_of(functions, 10, 0.05) == {
        "bound": 0.05, "instructions": 2000, "functions": {"parse": 1900, "write": 80, "copy": 10}}


def test_functions_of_a_record_stand_in_an_order_that_repeats():
    functions = {"b": 100, "c": 300, "a": 100}
    assert list(record_of(functions, 1, 0.05)["functions"]) == ["c", "a", "b"]


def test_differences_of_machines():
    recorded = {"valgrind": "3.19", "features": ["avx", "avx2"], "libc": "2.36"}
    assert differences(recorded, dict(recorded)) == []
    assert differences(recorded, {"valgrind": None, "features": ["avx"], "libc": "2.36"}) == [
        "features was avx avx2 and is avx", "valgrind was 3.19 and is unknown"]
