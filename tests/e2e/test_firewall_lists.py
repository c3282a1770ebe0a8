"""Lists of networks in files: they take effect while fairlead runs, and a broken one changes
nothing."""

import os
import random
import re
import time

import pytest
from edge import run
from waiting import SCALE, eventually

HERE = "127.0.0.1"


def config(list_file, more=""):
    return (
        f'firewall_rules: {{ ip_reject: ["@{list_file}"] }}\n{more}'
        "paths: [{ path: /, respond: { status: 200, body: ok } }]\n"
    )


@pytest.fixture
def blocklist(tmp_path):
    file = tmp_path / "blocklist.txt"
    file.write_text("192.0.2.0/24\n")
    return file


def is_refused(edge):
    return edge.get().status == 403


def rename_into_place(file, text):
    new = file.with_suffix(".new")
    new.write_text(text)
    os.replace(new, file)


def append(file, text):
    with file.open("a") as end:
        end.write(text)


def overwrite(file, text):
    file.write_text(text)


def relink(file, text):
    """As a mounted map of Kubernetes changes: a symbolic link to a file of another name."""
    other = file.with_suffix(f".{time.monotonic_ns()}")
    other.write_text(text)
    link = file.with_suffix(".link")
    link.symlink_to(other)
    os.replace(link, file)


@pytest.mark.parametrize("change", [append, overwrite, rename_into_place, relink])
def test_a_change_takes_effect(fairlead, blocklist, change):
    edge = fairlead(config(blocklist), workers=2)
    assert not is_refused(edge)
    change(blocklist, f"{HERE}  # too many questions\n")
    eventually(lambda: is_refused(edge), what="the list to take effect")
    eventually(lambda: "loaded in" in edge.output, what="the log to say so")
    assert re.search(r"blocklist\.txt: [12] networks?, loaded in \d\.\d s", edge.output)
    rename_into_place(blocklist, "\n")
    eventually(lambda: not is_refused(edge), what="the empty list to take effect")


def test_the_access_log_names_the_line(fairlead, blocklist):
    blocklist.write_bytes(b"# nothing\r\n\r\n  127.0.0.0/8\t# loopback\r\n192.0.2.0/24\r\n")
    edge = fairlead(config(blocklist))
    assert is_refused(edge)
    result = run("explain", "-c", edge.file, "--from", HERE, "GET", "http://a.test/")
    assert "blocklist.txt:3" in result.stdout, result.stdout + result.stderr
    shown = run("show", "-c", edge.file).stdout
    assert f"@{blocklist}" in shown


def test_a_broken_list_changes_nothing(fairlead, blocklist):
    blocklist.write_text(f"{HERE}\n192.0.2.0/24\n")
    edge = fairlead(config(blocklist))
    assert is_refused(edge)
    broken = "192.0.2.1\nlocalhost\n  10.1.2.3/8\n" + "word\n" * 20
    rename_into_place(blocklist, broken)
    eventually(lambda: "is not taken" in edge.output, what="the log to refuse the list")
    assert f"{blocklist}:2:1: `localhost` is not an IP address or network" in edge.output
    assert f"{blocklist}:3:3: `10.1.2.3/8` has host bits" in edge.output
    assert "did you mean `10.0.0.0/8`?" in edge.output
    assert edge.output.count("`word`") == 8, "ten errors are told, of which eight are words"
    assert "12 errors are not shown" in edge.output
    assert re.search(r"read at \d\d:\d\d:\d\d stays in force \(2 networks\)", edge.output)
    assert is_refused(edge)
    rename_into_place(blocklist, "192.0.2.0/24\n")
    eventually(lambda: not is_refused(edge), what="the good list to take effect")


def test_a_list_that_vanishes_stays_in_force(fairlead, blocklist):
    blocklist.write_text(f"{HERE}\n")
    edge = fairlead(config(blocklist))
    blocklist.unlink()
    eventually(lambda: "is gone" in edge.output, what="the log to miss the list")
    assert is_refused(edge)
    blocklist.write_text(f"{HERE}\n")
    eventually(lambda: "is again what was read" in edge.output, what="the list to be back")
    assert edge.output.count("is gone") == 1
    assert is_refused(edge)
    blocklist.write_text("192.0.2.1\n")
    eventually(lambda: not is_refused(edge), what="the new list to take effect")


def test_one_file_at_three_levels_is_one_list(fairlead, blocklist):
    rules = f'firewall_rules: {{ ip_reject: ["@{blocklist}"] }}\n'
    edge = fairlead(
        f'firewall_rules: {{ ip_allow: ["@{blocklist}"] }}\n'
        f"hosts:\n"
        f"  - host: a.test\n    {rules}"
        f"    paths: [{{ path: /, respond: {{ status: 200 }} }}]\n"
        f"  - host: b.test\n    paths:\n"
        f"      - path: /x\n        {rules}        respond: {{ status: 200 }}\n"
    )
    assert edge.output.count("blocklist.txt: 1 network") == 1
    assert edge.get("/", host="a.test").status == 200
    append(blocklist, f"{HERE}\n")
    eventually(lambda: edge.get("/", host="a.test").status == 403, what="the host's list")
    assert edge.get("/x", host="b.test").status == 403
    assert edge.output.count("loaded in") == 1


def test_nothing_starts_with_a_broken_list(tmp_path):
    (tmp_path / "bad.txt").write_text("10.0.0.1\n\n   10.0.0.300 # no\n")
    file = tmp_path / "fairlead.yaml"
    file.write_text(config("bad.txt"))
    result = run("run", "-c", file)
    assert result.returncode != 0
    assert "bad.txt:3:4: error: `10.0.0.300` is not an IP address or network" in result.stderr


def test_a_million_networks(fairlead, blocklist):
    draw = random.Random(1)
    lines = {f"{0x0B000000 + draw.getrandbits(30):x}" for _ in range(1_000_000)}
    quads = (".".join(str(b) for b in bytes.fromhex(line.zfill(8))) for line in lines)
    blocklist.write_text("\n".join(quads) + f"\n{HERE}\n")
    begin = time.monotonic()
    edge = fairlead(config(blocklist))
    assert time.monotonic() - begin < 10 * SCALE
    count = f"{len(lines) + 1:,} networks"
    assert count in edge.output
    assert is_refused(edge)
    assert edge.resident_bytes() < (200 << 20) * SCALE
    rename_into_place(blocklist, blocklist.read_text().replace(f"\n{HERE}\n", "\n192.0.2.1\n"))
    eventually(lambda: not is_refused(edge), what="the other million to take effect")
    assert f"{count}, loaded in" in edge.output
