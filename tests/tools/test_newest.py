"""How the benchmark comes to the newest releases of its contestants: from where, what, and what is said
when it cannot."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import contestants  # noqa: E402
import newest  # noqa: E402
import run  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

DEB822 = """\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
ONE_LINE = """\
# deb http://old.example/debian bookworm main
deb [arch=amd64] http://tools.example bookworm main
deb http://security.example/debian-security bookworm-security main
deb-src http://source.example/debian bookworm main
deb http://mirror.example/debian stable non-free-firmware main
"""
# file name, text, the mirror that is found
SOURCES = {
    "deb822": ("debian.sources", DEB822, "http://mirror.example/debian/"),
    "one_line": ("debian.list", ONE_LINE, "http://mirror.example/debian/"),
    "disabled": ("debian.sources", "Enabled: no\n" + DEB822.partition("\n\n")[0] + "\n", None),
    "a_list_of_mirrors": ("debian.list", "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main",
                          "mirror+file:/etc/apt/mirrors/debian.list"),
    "another_name": ("debian.list", "deb http://cache.example/remote bookworm main",
                     "http://cache.example/remote/"),
    "only_security": ("debian.sources", DEB822.partition("\n\n")[2], None),
    "none": ("debian.list", "", None),
}


@pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt")
@pytest.mark.parametrize("name, text, found", SOURCES.values(), ids=SOURCES.keys())
def test_the_machines_own_mirror_is_asked(tmp_path, name, text, found):
    (tmp_path / name).write_text(text)
    done = subprocess.run([*newest.TARGETS, "-o", f"Dir::Etc::sourcelist={tmp_path / name}",
                           "-o", "Dir::Etc::sourceparts=/dev/null"],
                          capture_output=True, text=True, check=True)
    address = newest.archive_of(done.stdout, "bookworm")
    assert (address and address.rstrip("/")) == (found and found.rstrip("/"))


def test_sources_are_two_suites_of_one_archive_and_signed():
    assert newest.sources("http://mirror.example/debian/") == (
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg target=Packages] "
        "http://mirror.example/debian/ sid main\n"
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg target=Packages] "
        "http://mirror.example/debian/ experimental main\n")


def test_apt_keeps_the_machines_proxy_and_none_of_its_hooks_and_directories(tmp_path):
    machines = ('Acquire::http::Proxy "http://proxy.example:3128";\n'
                'APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";\n'
                'DPkg::Pre-Install-Pkgs:: "/usr/sbin/dpkg-preconfigure";\n'
                'Acquire::AllowInsecureRepositories "1";\nDir::State "var/lib/apt";\n')
    file = tmp_path / "apt.conf"
    file.write_text(newest.configuration(machines, tmp_path))
    if not shutil.which("apt-config"):
        pytest.skip("no apt")
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True,
                          env={"APT_CONFIG": str(file), "PATH": "/usr/bin:/bin"})
    said = dict(line.rstrip(";").split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert said["Acquire::http::Proxy"] == '"http://proxy.example:3128"'
    assert said["Acquire::AllowInsecureRepositories"] == '"false"'
    assert said["Dir::State"] == f'"{tmp_path}/state"'
    assert said["Dir::Etc::sourcelist"] == f'"{tmp_path}/sources.list"'
    assert not [name for name in said if name.startswith(("APT::Update::Post", "DPkg::Pre-I"))]


DEPENDS = """\
haproxy
  Depends: libc6
  Depends: libssl3t64
 |Depends: systemd
  Depends: <systemd-sysusers>
    systemd
  Depends: lsb-base
nginx
  PreDepends: libc6
  Depends: nginx-common
  Depends: zlib1g
libc6
  Depends: libgcc-s1
libssl3t64
  Depends: libc6
  Depends: libzstd1
libgcc-s1
  Depends: gcc-16-base
  Depends: libc6
libzstd1
nginx-common
  Depends: libnever1
systemd
  Depends: libpam0g
"""


def test_packages_are_the_programs_and_libraries_all_the_way_down():
    needed = newest.dependencies(DEPENDS)
    assert needed["haproxy"] == ["libc6", "libssl3t64", "systemd", "<systemd-sysusers>", "lsb-base"]
    assert needed["libzstd1"] == []
    assert newest.with_libraries(needed) == ["haproxy", "nginx", "libc6", "libssl3t64", "zlib1g",
                                             "libgcc-s1", "libzstd1"]


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """A tree as packages leave it."""
    for file in ("usr/sbin/haproxy", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text("")
    monkeypatch.setattr(newest, "TREE", tmp_path)
    monkeypatch.setattr(newest, "PACKAGES", tmp_path / "packages.txt")
    return tmp_path


def test_programs_start_with_the_libraries_that_they_came_with(unpacked):
    libraries = unpacked / "usr/lib/x86_64-linux-gnu"
    assert newest.command("haproxy") is None  # not all was unpacked
    newest.PACKAGES.write_text("")
    command = contestants.CONTESTANTS["haproxy-new-many"](unpacked, 1, 2)
    assert command[:4] == [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries,
                           unpacked / "usr/sbin/haproxy"]
    assert command[4:6] == ["-db", "-f"]
    with pytest.raises(newest.Unavailable, match="no nginx for"):
        newest.command("nginx")


# what apt complained, what is made of it
FAULTS = {
    "no_network": ("W: x\nE: Failed to fetch http://a/InRelease  Could not resolve 'a'\nE: y\n",
                   "Failed to fetch http://a/InRelease  Could not resolve 'a'"),
    "signature": ("W: GPG error: http://a sid InRelease: NO_PUBKEY 1\nE: The repository is not signed.\n",
                  "GPG error: http://a sid InRelease: NO_PUBKEY 1"),
    "not_apt": ("one\ndpkg-deb: error: archive is damaged\n", "dpkg-deb: error: archive is damaged"),
    "silent": ("", "it does not say why"),
}


@pytest.mark.parametrize("text, fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_first_fault_counts(text, fault):
    assert newest.first_fault(text) == fault


# the command, why it did not work
COMMANDS = {
    "not_there": (["/nowhere/apt-get"], "/nowhere/apt-get cannot be run (No such file or directory)"),
    "failed": (["sh", "-c", "echo 'E: no space' >&2; exit 100"], "sh failed: no space"),
}


@pytest.mark.parametrize("command, reason", COMMANDS.values(), ids=COMMANDS.keys())
def test_what_fails_is_a_reason(command, reason):
    with pytest.raises(newest.Unavailable) as raised:
        newest.output_of(command)
    assert str(raised.value) == reason


@pytest.mark.parametrize("fetched, text", [
    (False, "bench: without the newest HAProxy and nginx, beside the installed ones instead, because "
            "there is no keyring\n"),
    (True, "bench: HAProxy and nginx are those of an earlier --newest, because there is no keyring\n"),
], ids=["never_fetched", "fetched_before"])
def test_the_benchmark_goes_on_without_them(unpacked, monkeypatch, capsys, fetched, text):
    def fail():
        raise newest.Unavailable("there is no keyring")
    monkeypatch.setattr(newest, "fetch", fail)
    if fetched:
        newest.PACKAGES.write_text("")
    assert newest.prepare() == fetched
    assert capsys.readouterr().out == text


# row, newest, only, who is measured
ASKED = {
    "as_ever": ("1k-64", False, [], ["fairlead", "haproxy", "nginx", "relay"]),
    "newest": ("1k-64", True, [], ["fairlead", "haproxy-new", "haproxy", "nginx-new", "relay"]),
    "with_splice": ("1m", True, [], ["fairlead", "haproxy-new", "haproxy", "nginx-new", "relay",
                                     "haproxy-new-splice"]),
    "memory": ("idle", True, [], ["fairlead", "haproxy-new-many", "haproxy-many", "nginx-new-many"]),
    "alone": ("rules-regex", True, [], ["one-regex", "rules"]),
    "named": ("idle", True, ["haproxy-new", "nginx"], ["nginx-many", "haproxy-new-many"]),
}


@pytest.mark.parametrize("row, with_newest, only, names", ASKED.values(), ids=ASKED.keys())
def test_who_is_measured(row, with_newest, only, names):
    asked = run.asked(WORKLOADS[row], SimpleNamespace(newest=with_newest, only=only))
    assert asked == names
    assert set(asked) <= set(contestants.CONTESTANTS)


# who was measured, with whom fairlead is compared and at what is aimed
COMPARED = {
    "both": (["fairlead", "haproxy-new", "haproxy", "relay"],
             {"haproxy-new": 0.65, "haproxy": None, "relay": 1.25}),
    "only_the_newest": (["fairlead", "haproxy-new"], {"haproxy-new": 0.65}),
    "only_the_installed": (["fairlead", "haproxy", "relay"], {"haproxy": 0.65, "relay": 1.25}),
}


@pytest.mark.parametrize("measured, expected", COMPARED.values(), ids=COMPARED.keys())
def test_targets_are_beside_the_newest(measured, expected):
    assert WORKLOADS["1k-64"].compared(measured) == expected
