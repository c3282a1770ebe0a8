"""Reads what callgrind counted: instructions by function, under names that outlive a build."""

import re
import subprocess
from collections import Counter

# One line of costs: a line number (absolute, or relative to the last) and a count.
COST = re.compile(r"[+\-*\d]\S*(?: (\d+))?$")
NAMED = re.compile(r"\((\d+)\)(?: (.*))?$")
RESUMED = " [resumed]"
# What the compiler adds to a symbol, and what it means: the parts of a coroutine keep a mark, as
# they are another piece of work than the call that starts it.
CLONES = {"resume": RESUMED, "destroy": RESUMED, "cleanup": RESUMED}


def parse(text):
    """{(object, symbol): instructions}, those of the function itself without the ones it calls."""
    costs, names = Counter(), {"ob": {}, "fn": {}}
    here, called = {"ob": "", "fn": ""}, False
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key in names:
            here[key] = name_of(names[key], value)
        elif equals and key in ("cob", "cfn"):
            name_of(names[key[1:]], value)
        elif key == "calls":
            called = True  # the next line is the cost of what is called
        elif not equals and COST.match(line):
            if not called:
                costs[here["ob"], here["fn"]] += int(COST.match(line)[1] or 0)
            called = False
    return costs


def name_of(known, value):
    """callgrind writes `(number) name` the first time and `(number)` after that."""
    match = NAMED.match(value)
    if not match:
        return value
    if match[2] is not None:
        known[match[1]] = match[2]
    return known.get(match[1], value)


def demangle(symbols):
    """The names as in the source; without parameters, template arguments and clones."""
    stems = [symbol.split(".", 1)[0] for symbol in symbols]
    done = subprocess.run(["llvm-cxxfilt-19"], input="\n".join(stems), capture_output=True,
                          text=True, check=True, timeout=60)
    return [stable_name(symbol, plain)
            for symbol, plain in zip(symbols, done.stdout.splitlines(), strict=True)]


def stable_name(symbol, demangled):
    marks = {CLONES[part] for part in symbol.split(".")[1:] if part in CLONES}
    return without_arguments(demangled) + "".join(marks)


def without_arguments(name):
    """`int a::b<c, d>::e(f) const` -> `a::b::e`. Brackets in names of operators are put aside."""
    name = name.replace("(anonymous namespace)::", "").replace("'lambda'", "lambda")
    name = re.sub(r"\[abi:\w+\]", "", name)
    name = re.sub(r"\boperator(<=>|<<=?|>>=?|<=?|>=?|->\*?|\(\))", placeholder, name)
    kept, depth = [], 0
    for character in name:
        depth += character in "<({"
        if depth == 0:
            kept.append(character)
        depth -= character in ">)}"
    # What stands before the last space outside of brackets is the type that a template returns.
    words = "".join(kept).removesuffix(" const").strip().split(" ")
    first = next((at for at, word in enumerate(words) if word.endswith("operator")), -1)
    name = " ".join(words[first:])
    return re.sub(r"\x01(\d+)\x02", lambda mark: chr_of(mark[1]), name).replace("::::", "::")


def placeholder(match):
    return "operator" + "\x01" + "".join(f"{ord(one):03}" for one in match[1]) + "\x02"


def chr_of(digits):
    return "".join(chr(int(digits[at:at + 3])) for at in range(0, len(digits), 3))


def by_function(costs):
    """{name: instructions}; what has no symbol goes by the file it lies in."""
    symbols = [symbol for _, symbol in costs]
    result = Counter()
    for (file, symbol), name in zip(costs, demangle(symbols), strict=True):
        unknown = symbol.startswith("0x") or symbol in ("???", "(below main)", "")
        result[f"in {file.rsplit('/', 1)[-1]}" if unknown else name] += costs[file, symbol]
    return result
