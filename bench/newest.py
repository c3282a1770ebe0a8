"""The newest HAProxy and nginx that Debian has, from sid and experimental: fetched and verified by
apt with directories of its own, unpacked into build/bench/peers, and installed nowhere."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent / "build" / "bench" / "peers"
TREE = PEERS / "tree"
PACKAGES = TREE / "packages.txt"  # what apt says of them; written last, when all are unpacked
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITES = ("sid", "experimental")
PROGRAMS = ("haproxy", "nginx")
APT_SECONDS = 300
# Names of the suite that a machine's own packages come from, beside its code name.
OWN_SUITES = {"oldstable", "stable", "testing", "unstable", "sid"}
MIRROR = re.compile(r"/debian(\.list)?/?$")
# Whether or not the lists of the sources were ever fetched.
TARGETS = ("apt-get", "indextargets", "--no-release-info", "--format",
           "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
# Of the machine's configuration: not what it does to itself after an update.
NOT_OURS = ("APT::Update::", "DPkg::")
OURS = """\
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "{folder}/preferences";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::lists "{folder}/state/lists";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
"""


class Unavailable(Exception):
    """They cannot be had; the message says why, to be read after "because"."""


def archive_of(targets, codename):
    """The address of the machine's own Debian mirror, from what apt answers to TARGETS; one that
    is called so before others that have the same suite. None if there is none."""
    found = []
    for line in targets.splitlines():
        address, suite, component = line.split()
        if component == "main" and suite in {codename, *OWN_SUITES}:
            found.append(address)
    return min(found, key=lambda address: not MIRROR.search(address), default=None)


def sources(archive):
    """Lines of a sources.list: only lists of packages, and only as Debian signs them."""
    return "".join(f"deb [signed-by={KEYRING} target=Packages] {archive} {suite} main\n"
                   for suite in SUITES)


def preferences():
    """The highest version wins, from whichever suite: experimental is not second to sid."""
    return f"Package: {' '.join(PROGRAMS)}\nPin: release *\nPin-Priority: 900\n"


def configuration(machines, folder):
    """The machine's apt configuration, for its proxies and the like, with directories below
    `folder`. `machines` is what `apt-config dump` prints."""
    kept = [line for line in machines.splitlines() if not line.startswith(NOT_OURS)]
    return "\n".join(kept) + "\n" + OURS.format(folder=folder)


def dependencies(text):
    """{package: [package that it needs, ...]} as `apt-cache depends` prints them."""
    found = {}
    for line in text.splitlines():
        if not line.startswith(" "):
            needed = found.setdefault(line, [])
        elif "Depends: " in line:
            needed.append(line.partition("Depends: ")[2])
    return found


def with_libraries(needed):
    """The packages that the programs run with: their own, and libraries all the way down. What
    else they depend on is for an installed service."""
    names = list(PROGRAMS)
    for name in names:
        for one in needed.get(name, []):
            if one.startswith(("lib", "zlib")) and one not in names:
                names.append(one)
    return names


def first_fault(text):
    """What apt complains of first. A signature that is not right is a warning to it at first."""
    faults = [line[3:] for line in text.splitlines() if line.startswith(("E: ", "W: GPG error"))]
    return (faults or text.strip().splitlines()[-1:] or ["it does not say why"])[0]


def said_of(reason, fetched_before):
    """What is told when they cannot be had."""
    if fetched_before:
        return f"bench: HAProxy and nginx are those of an earlier --newest, because {reason}"
    return ("bench: without the newest HAProxy and nginx, beside the installed ones instead, "
            f"because {reason}")


def output_of(command, folder=None, **environment):
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, cwd=folder, timeout=APT_SECONDS,
                              env={**os.environ, "LC_ALL": "C", **environment})
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took more than {APT_SECONDS} s") from None
    except OSError as reason:
        raise Unavailable(f"{command[0]} cannot be run ({reason.strerror})") from None
    if done.returncode != 0:
        raise Unavailable(f"{Path(command[0]).name} failed: {first_fault(done.stderr)}")
    return done.stdout


def apt(*command, folder=None):
    return output_of(command, folder, APT_CONFIG=str(PEERS / "apt.conf"))


def codename():
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME")
    except OSError:
        return None


def write_settings():
    if not KEYRING.exists():
        raise Unavailable(f"{KEYRING} is not there (Debian: debian-archive-keyring)")
    archive = archive_of(output_of(TARGETS), codename())
    if archive is None:
        raise Unavailable("apt has no source of Debian's main archive on this machine")
    for folder in ("state/lists", "cache"):
        (PEERS / folder).mkdir(parents=True, exist_ok=True)
    (PEERS / "state" / "status").write_text("")  # nothing is installed
    (PEERS / "sources.list").write_text(sources(archive))
    (PEERS / "preferences").write_text(preferences())
    (PEERS / "apt.conf").touch(0o600)  # the machine's proxy may have a password
    (PEERS / "apt.conf").write_text(configuration(output_of(["apt-config", "dump"]), PEERS))


def unpack(names, tree):
    """Downloads, which is when apt verifies them, and unpacks without any script being run."""
    folder = PEERS / "packages"
    for one in (folder, tree):
        shutil.rmtree(one, ignore_errors=True)
        one.mkdir()
    apt("apt-get", "download", *names, folder=folder)
    for package in folder.iterdir():
        output_of(["dpkg-deb", "-x", package, tree])
    shutil.rmtree(folder)


def fetch():
    """Looks for newer ones, and has them below TREE if there are any."""
    write_settings()
    apt("apt-get", "update")
    names = with_libraries(dependencies(apt("apt-cache", "depends", "-i", "--recurse", *PROGRAMS)))
    packages = apt("apt-get", "download", "--print-uris", *names)
    if PACKAGES.exists() and PACKAGES.read_text() == packages:
        return
    fresh = PEERS / "unpacking"
    unpack(names, fresh)
    for name in PROGRAMS:
        output_of([*command_in(fresh, name), "-v"])
    shutil.rmtree(TREE, ignore_errors=True)
    fresh.rename(TREE)
    PACKAGES.write_text(packages)


def command_in(tree, name):
    """How a program is started with the libraries that it came with."""
    loader = next(tree.glob("usr/lib/*/ld-linux*.so.*"), None)
    binary = tree / "usr" / "sbin" / name
    if loader is None or not binary.exists():
        raise Unavailable(f"Debian's packages have no {name} for {platform.machine()}")
    return [loader, "--library-path", loader.parent, binary]


def command(name):
    """The same of what is fetched; None without it."""
    return command_in(TREE, name) if PACKAGES.exists() else None


def prepare():
    """Whether they are there to be measured; if not, it has said why."""
    try:
        fetch()
    except Unavailable as reason:
        print(said_of(reason, PACKAGES.exists()))
    return PACKAGES.exists()
