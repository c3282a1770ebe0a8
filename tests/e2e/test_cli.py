"""The command line: exit codes, located errors, explain, show and version."""

import json
import re
import socket

import pytest
from edge import free_port, run

GOOD = """\
defaults: { timeouts: { connect: 3s } }
pools:
  fruits: { servers: [127.0.0.1:8081, 127.0.0.1:8082] }
hosts:
  - host: www.mango.com
    header_rules: { add: { X-Edge: fairlead } }
    firewall_rules: { ip_reject: [10.0.0.0/8], path_reject: [/secret] }
    rewrite_rules: { replace: { v1: v2 } }
    paths:
      - { path: /api, pool: fruits }
      - { path: /hello, respond: { status: 200, body: hi } }
"""

COURSE = """\
hosts:
  - host: www.mango.com
    header_rules: { add: { MyCustomHeader: Test }, remove: { Host: www.mango.com } }
    param_rules: { add: { MyCustomParam: Test }, remove: { RemoveMe: Remove } }
    rewrite_rules: { replace: { v1: v2 } }
    firewall_rules: { ip_reject: [10.192.0.1, 10.192.0.2] }
    servers: [localhost:8081, localhost:8082]
  - host: www.apple.com
    firewall_rules: { path_reject: [/messages, /apps] }
    servers: [localhost:9081, localhost:9082]
paths:
  - path: /mango
    servers: [localhost:8081, localhost:8082]
"""


@pytest.fixture
def file(tmp_path):
    """file(text): the path of a configuration file."""

    def write(text):
        path = tmp_path / "fairlead.yaml"
        path.write_text(text)
        return path

    return write


GOOD_FILES = {"a good file": GOOD, "the course's file, unchanged": COURSE}


@pytest.mark.parametrize("text", GOOD_FILES.values(), ids=GOOD_FILES)
def test_check_of_a_good_file(file, text):
    done = run("check", "-c", file(text))
    assert done.returncode == 0, done


def test_check_finds_the_file_in_the_working_directory(file):
    assert run("check", cwd=file(GOOD).parent).returncode == 0


# Text, then where the error must be, and words that it must have.
ERRORS = {
    "unknown key": ("hosst: []\n", "1:1", ["hosst", "hosts"]),
    "unknown key further down": (
        "hosts:\n  - host: a\n    server: [127.0.0.1:1]\n", "3:5", ["server", "servers"]),
    "duplicate key": ("paths: []\npaths: []\n", "2:1", ["paths"]),
    "duration without a unit": ("defaults: { timeouts: { connect: 3 } }\n", "1:34", ["2s"]),
    "unknown pool": (
        "pools: { fruits: { servers: [127.0.0.1:1] } }\npaths: [{ path: /, pool: fruit }]\n",
        "2:26", ["fruit", "fruits"]),
    "no destination": ("paths: [{ path: / }]\n", "1:", ["servers"]),
    "two destinations": (
        "paths: [{ path: /, servers: [127.0.0.1:1], respond: { status: 200 } }]\n",
        "1:", ["respond"]),
    "path without a slash": ("paths: [{ path: api, servers: [127.0.0.1:1] }]\n", "1:17", ["/api"]),
    "host bits in a CIDR": (
        "firewall_rules: { ip_reject: [10.1.2.3/8] }\n"
        "paths: [{ path: /, respond: { status: 200 } }]\n",
        "1:31", ["10.0.0.0/8"]),
    "same host twice": (
        "hosts:\n"
        "  - { host: a, servers: [127.0.0.1:1] }\n"
        "  - { host: a, servers: [127.0.0.1:2] }\n",
        "3:", ["a"]),
    "yes is no boolean": (
        "paths: [{ path: /, exact: yes, servers: [127.0.0.1:1] }]\n", "1:27", ["true"]),
    "missing environment variable": (
        'paths: [{ path: /, servers: ["${FAIRLEAD_TEST_MISSING}:1"] }]\n', "1:",
        ["FAIRLEAD_TEST_MISSING"]),
    "port out of range": ("paths: [{ path: /, servers: [127.0.0.1:99999] }]\n", "1:40", ["port"]),
    "broken YAML": ("paths: [{\n", "", []),
    "a tab": ("hosts:\n\t- host: a\n", "2:", ["tab"]),
}  # fmt: skip


@pytest.mark.parametrize("text, place, words", ERRORS.values(), ids=ERRORS)
def test_check_says_where_and_what(file, text, place, words):
    path = file(text)
    done = run("check", "-c", path)
    assert done.returncode == 1, done
    said = done.stdout + done.stderr
    where = re.escape(f"fairlead.yaml:{place}") if place else r"fairlead\.yaml:\d+:\d+"
    assert re.search(where, said), said
    assert all(word in said for word in words), said
    if place:
        line = text.splitlines()[int(place.split(":")[0]) - 1]
        assert line.strip() in said.replace("\t", ""), said
        assert "^" in said, said


def test_check_says_did_you_mean(file):
    done = run("check", "-c", file("hosst: []\n"))
    assert "did you mean" in (done.stdout + done.stderr).lower()


def test_check_reports_all_errors_at_once(file):
    done = run("check", "-c", file("hosst: []\nlissten: {}\npahts: []\n"))
    said = done.stdout + done.stderr
    assert done.returncode == 1 and all(word in said for word in ("hosst", "lissten", "pahts"))


def test_check_as_json(file):
    done = run("check", "--json", "-c", file("hosst: []\nlissten: {}\n"))
    assert done.returncode == 1
    said = json.loads(done.stdout)
    text = json.dumps(said)
    assert "hosst" in text and "lissten" in text and "fairlead.yaml" in text


@pytest.mark.parametrize("command", ["run", "show", "explain"])
def test_no_command_works_with_an_error_in_the_file(file, command):
    rest = ["GET", "http://a/"] if command == "explain" else []
    done = run(command, "-c", file("hosst: []\n"), *rest)
    assert done.returncode == 1 and "hosst" in done.stdout + done.stderr


def test_missing_file(tmp_path):
    done = run("check", "-c", tmp_path / "nothing.yaml")
    assert done.returncode in (1, 2, 3) and "nothing.yaml" in done.stdout + done.stderr


USAGES = {
    "unknown command": ["frobnicate"],
    "unknown option": ["check", "--frobnicate"],
    "option without its value": ["check", "-c"],
    "explain without a URL": ["explain", "GET"],
    "surplus argument": ["version", "surplus"],
}


@pytest.mark.parametrize("arguments", USAGES.values(), ids=USAGES)
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and done.stderr, done


def test_unknown_verb_gets_its_nearest_name():
    done = run("explian")
    assert done.returncode == 2
    assert "did you mean `fairlead explain`?" in done.stderr


COMMANDS = ["run", "check", "explain", "show", "schema", "demo", "version"]


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0 and all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    done = run(command, "--help")
    assert done.returncode == 0 and command in done.stdout


def test_version():
    done = run("version")
    assert done.returncode == 0 and re.search(r"\d+\.\d+", done.stdout)


def test_port_taken(file):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("run", "-c", file(f'listen: {{ http: "127.0.0.1:{port}" }}\n{GOOD}'))
    assert done.returncode == 3
    assert str(port) in done.stderr and re.search(r"\bin use|uses it", done.stderr), done


def test_address_that_is_not_here(file):
    done = run("run", "-c", file(f'listen: {{ http: "192.0.2.1:{free_port()}" }}\n{GOOD}'))
    assert done.returncode == 3 and "192.0.2.1" in done.stderr, done


EXPLAINED = {
    "to a pool": (
        ["GET", "http://www.mango.com/api/v1?x=1"],
        ["www.mango.com", "/api", "fruits", "127.0.0.1:8081", "127.0.0.1:8082", "/api/v2",
         "X-Edge"]),
    "canonical path": (["GET", "http://www.mango.com/x/..//%61pi"], ["/api", "fruits"]),
    "to an answer": (["GET", "http://www.mango.com/hello"], ["/hello", "200"]),
    "routes that were considered": (
        ["GET", "http://www.mango.com/none"], ["404", "/api", "/hello"]),
    "unknown host": (["GET", "http://www.pear.com/"], ["404"]),
    "rejected path": (["GET", "http://www.mango.com/secret/x"], ["403", "/secret"]),
    "rejected address": (
        ["GET", "http://www.mango.com/api", "--from", "10.1.2.3"], ["403", "10.0.0.0/8"]),
    "with a Host": (
        ["GET", "http://127.0.0.1/api", "-H", "Host: www.mango.com"], ["fruits"]),
    "bad path": (["GET", "http://www.mango.com/../x"], ["400"]),
}  # fmt: skip


@pytest.mark.parametrize("arguments, words", EXPLAINED.values(), ids=EXPLAINED)
def test_explain(file, arguments, words):
    done = run("explain", "-c", file(GOOD), *arguments)
    assert done.returncode == 0, done
    assert all(word in done.stdout for word in words), done.stdout


def test_an_international_host_is_matched_in_its_ascii_form(file):
    path = file("hosts: [{ host: MÜLLER.example, respond: { status: 200, body: hi } }]\n")
    done = run("explain", "-c", path, "GET", "http://xn--mller-kva.example/")
    assert done.returncode == 0 and "answer      200 hi" in done.stdout, done
    assert "xn--mller-kva.example" in run("show", "-c", path).stdout


def test_show_says_where_each_value_comes_from(file):
    done = run("show", "-c", file(GOOD))
    assert done.returncode == 0
    connect = next(line for line in done.stdout.splitlines() if "connect:" in line and "3s" in line)
    assert "fairlead.yaml:1" in connect, connect
    assert "built-in" in done.stdout
    assert all(word in done.stdout for word in ("fruits", "www.mango.com", "127.0.0.1:8081"))
