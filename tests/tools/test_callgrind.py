"""What callgrind wrote, as instructions by function."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from callgrind import by_function, parse, stable_name, without_arguments  # noqa: E402

# Two functions; one is called, from two lines, and its cost is not the caller's.
OUTPUT = """\
# callgrind format
version: 1
positions: line
events: Ir
ob=(1) /build/fairlead
fl=(1) a.cpp
fn=(1) _ZN1a4workEi
16 5
+2 7
cfn=(2) _ZN1a4rest.resume
calls=3 40
* 900
fi=(2) b.h
* 1
fe=(1)
-1 2

fn=(2)
40 100
* 23
ob=(2) /lib/libc.so.6
fn=(3) 0x00000000001a2b
0 11
fn=(4) memcpy
0 6
totals: 1055
"""


def test_costs_are_those_of_the_function_itself():
    assert parse(OUTPUT) == {
        ("/build/fairlead", "_ZN1a4workEi"): 15,
        ("/build/fairlead", "_ZN1a4rest.resume"): 123,
        ("/lib/libc.so.6", "0x00000000001a2b"): 11,
        ("/lib/libc.so.6", "memcpy"): 6,
    }


def test_several_dumps_number_their_names_each_for_itself():
    second = "ob=(1) /bin/b\nfn=(1) other\n1 4\n"
    assert parse(OUTPUT + second)[("/bin/b", "other")] == 4


def test_names_outlive_a_build():
    costs = {("/build/fairlead", "_ZN1a4workEi"): 1,
             ("/build/fairlead", "_ZN1a4workEi.llvm.123456"): 2,
             ("/build/fairlead", "_ZN1a4workEi.resume"): 4,
             ("/build/fairlead", "_ZN1a4workEi.llvm.99.destroy"): 8,
             ("/lib/libre2.so.9", "0x0000000000011111"): 16,
             ("/lib/libre2.so.9", "0x0000000000022222"): 32,
             ("/lib/libre2.so.9", "???"): 64}
    assert by_function(costs) == {"a::work": 3, "a::work [resumed]": 12, "in libre2.so.9": 112}


NAMES = {
    "parameters": ("a::b(int, std::pair<int, char>)", "a::b"),
    "constant": ("a::b(int) const", "a::b"),
    "template with a result": ("std::vector<int> a::b<int, c<2> >::d<e>(f)", "a::b::d"),
    "anonymous namespace": ("a::(anonymous namespace)::b(int)", "a::b"),
    "call operator": ("a::B::operator()(int) const", "a::B::operator()"),
    "comparison": ("bool a::operator<=><int>(a::B)", "a::operator<=>"),
    "shift": ("std::ostream& a::operator<<(std::ostream&, a::B)", "a::operator<<"),
    "conversion": ("a::B::operator bool() const", "a::B::operator bool"),
    "destructor": ("a::B<int>::~B()", "a::B::~B"),
    "abi tag": ("a::b[abi:cxx11](int)", "a::b"),
    "lambda": ("a::b(int)::'lambda'(char)::operator()(char) const", "a::b::lambda::operator()"),
    "C": ("memcpy", "memcpy"),
}


@pytest.mark.parametrize("demangled, expected", NAMES.values(), ids=NAMES.keys())
def test_names_are_short(demangled, expected):
    assert without_arguments(demangled) == expected


def test_a_coroutine_keeps_its_mark():
    assert stable_name("_Z1av.resume", "a()") == "a [resumed]"
