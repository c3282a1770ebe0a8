"""The layer check finds what it should and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_layers.py"
LAYERS = "# comment\nbase:\nhttp:  base\nroute: base http\n"
GOOD = "// A file.\n#pragma once\n"


def run(tmp_path, files, layers=LAYERS):
    for name, text in {"docs/layers.txt": layers, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run([sys.executable, str(TOOL), str(tmp_path)], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


CLEAN = {
    "empty": {},
    "own_room_and_below": {
        "src/route/router.cpp":
            '// Routes.\n#include "route/router.h"\n#include "http/fields.h"\n#include <vector>\n',
        "src/route/router.h": GOOD,
        "src/http/fields.h": GOOD,
    },
    "folder_inside_a_room": {"src/http/h1/parser.h": '// Parses.\n#include "http/h1/scan.h"\n'},
    "sentence_over_two_lines": {"src/base/a.h": "// Values that every room\n// may use.\n"},
    "two_headers_include_a_third": {
        "src/base/a.h": '// A.\n#include "base/c.h"\n',
        "src/base/b.h": '// B.\n#include "base/c.h"\n#include "base/a.h"\n',
        "src/base/c.h": GOOD,
    },
    "other_files_are_not_judged": {"src/base/notes.md": "nothing", "tests/e2e/test_a.py": "x = 1"},
    "tests_may_include_anything": {"tests/unit/base/a_test.cpp": '// A.\n#include "route/router.h"\n'},
}

FINDINGS = {
    "upward_include": (
        {"src/base/a.h": '// A.\n\n#include "http/fields.h"\n'},
        'src/base/a.h:3: room base may not include http ("http/fields.h"); see docs/layers.txt'),
    "indented_include": (
        {"src/base/a.h": '// A.\n#  include "route/r.h"\n'},
        'src/base/a.h:2: room base may not include route ("route/r.h"); see docs/layers.txt'),
    "include_without_room": (
        {"src/base/a.cpp": '// A.\n#include "a.h"\n'},
        'src/base/a.cpp:2: "a.h" does not say a room (write "room/file.h")'),
    "include_of_no_room": (
        {"src/base/a.cpp": '// A.\n#include "fmt/core.h"\n'},
        'src/base/a.cpp:2: "fmt/core.h" does not say a room (write "room/file.h")'),
    "unlisted_room": ({"src/extra/a.h": GOOD},
                      "src/extra/a.h:1: room extra is not listed in docs/layers.txt"),
    "no_room": ({"src/a.h": GOOD}, "src/a.h:1: lies in no room"),
    "no_sentence": (
        {"src/base/a.h": "#pragma once\n"},
        "src/base/a.h:1: the file does not open with a sentence that says what it is for (// ...)"),
    "unfinished_sentence": (
        {"fuzz/a.cpp": "// a.cpp\n"},
        "fuzz/a.cpp:1: the file does not open with a sentence that says what it is for (// ...)"),
    "empty_file": (
        {"tests/unit/a.cpp": ""},
        "tests/unit/a.cpp:1: the file does not open with a sentence that says what it is for "
        "(// ...)"),
    "cycle_of_files": (
        {"src/base/a.h": '// A.\n#include "base/b.h"\n', "src/base/b.h": '// B.\n#include "base/a.h"\n'},
        "src/base/a.h:1: cycle of includes: base/a.h -> base/b.h -> base/a.h"),
}

BAD_LAYERS = {
    "cycle": ("base: http\nhttp: base\n",
              "docs/layers.txt:1: cycle or unknown room: base names http, "
              "which does not stand above this line"),
    "itself": ("base: base\n", "docs/layers.txt:1: cycle: room base names itself"),
    "unknown": ("base:\nhttp: bass\n",
                "docs/layers.txt:2: cycle or unknown room: http names bass, "
                "which does not stand above this line"),
    "twice": ("base:\nbase:\n", "docs/layers.txt:2: room base stands here a second time"),
    "no_colon": ("base\n", "docs/layers.txt:1: not `room: rooms below it`: base"),
}


@pytest.mark.parametrize("files", CLEAN.values(), ids=CLEAN.keys())
def test_clean(tmp_path, files):
    assert run(tmp_path, files) == (0, [], "")


@pytest.mark.parametrize("files, finding", FINDINGS.values(), ids=FINDINGS.keys())
def test_finding(tmp_path, files, finding):
    assert run(tmp_path, files) == (1, [finding], "")


@pytest.mark.parametrize("layers, finding", BAD_LAYERS.values(), ids=BAD_LAYERS.keys())
def test_bad_layers(tmp_path, layers, finding):
    assert run(tmp_path, {}, layers) == (1, [finding], "")


def test_all_findings_at_once(tmp_path):
    files = {"src/base/a.h": '#include "http/x.h"\n#include "route/y.h"\n', "src/odd/b.h": GOOD}
    code, lines, _ = run(tmp_path, files)
    assert code == 1 and len(lines) == 4
