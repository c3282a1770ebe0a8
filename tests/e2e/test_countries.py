"""Rules about countries, with databases that the tests write: who is refused, and what becomes of a
database that changes while fairlead runs."""

import os

import pytest
from edge import run
from mmdb import database
from waiting import eventually
from wire import Client

GERMAN, CHINESE, NORWEGIAN, UNKNOWN = "198.51.100.7", "203.0.113.7", "192.0.2.7", "10.0.0.1"
GERMAN_V6, CHINESE_V6 = "2001:db8::7", "2001:db8:7::7"
COUNTRIES = {
    "198.51.100.0/24": "DE",
    "203.0.113.0/24": "CN",
    "192.0.2.0/24": "NO",
    "2001:db8::/32": "DE",
    "2001:db8:7::/48": "CN",
}
TRUST = "trusted_proxies: [127.0.0.1]\n"
RESPOND = "paths: [{ path: /, respond: { status: 200, body: ok } }]\n"


def config(rules, file="countries.mmdb"):
    return f"{TRUST}geo: {{ database: {file} }}\nfirewall_rules:\n{rules}{RESPOND}"


@pytest.fixture
def countries(tmp_path):
    """The database, in the folder where fairlead's file is."""
    file = tmp_path / "countries.mmdb"
    file.write_bytes(database(COUNTRIES))
    return file


@pytest.fixture
def serve(fairlead, countries):
    return lambda rules, **options: fairlead(config(rules, countries), **options)


def status(edge, client):
    with Client(edge.port) as connection:
        return connection.get("/", [f"X-Forwarded-For: {client}"], "a.test").status


def refused(edge, *clients):
    return [client for client in clients if status(edge, client) == 403]


ALL = [GERMAN, CHINESE, NORWEGIAN, UNKNOWN, GERMAN_V6, CHINESE_V6, f"::ffff:{CHINESE}"]


@pytest.mark.parametrize(
    "rules, those",
    [
        ("  country_reject: [CN]\n", [CHINESE, CHINESE_V6, f"::ffff:{CHINESE}"]),
        ("  country_reject: [cn, NO]\n", [CHINESE, NORWEGIAN, CHINESE_V6, f"::ffff:{CHINESE}"]),
        ("  country_allow: DE\n", [c for c in ALL if c not in (GERMAN, GERMAN_V6)]),
        (
            f"  country_allow: [DE]\n  ip_allow: [{UNKNOWN}, '2001:db8:7::/64']\n",
            [CHINESE, NORWEGIAN, f"::ffff:{CHINESE}"],
        ),
        (
            f"  country_reject: [CN]\n  ip_allow: [{CHINESE}]\n  ip_reject: [{GERMAN}]\n",
            [GERMAN, CHINESE_V6],
        ),
    ],
    ids=["reject", "reject two", "allow", "allow, exempt", "reject, exempt"],
)
def test_who_is_refused(serve, rules, those):
    edge = serve(rules)
    assert refused(edge, *ALL) == those


@pytest.mark.parametrize("record_size", [24, 28])
@pytest.mark.parametrize("ip_version", [4, 6])
def test_layouts(serve, countries, record_size, ip_version):
    known = {"198.51.100.0/24": "DE", "203.0.113.0/24": {"registered_country": {"iso_code": "CN"}}}
    countries.write_bytes(database(known, record_size, ip_version))
    edge = serve("  country_reject: [CN]\n")
    assert refused(edge, GERMAN, CHINESE, UNKNOWN, CHINESE_V6) == [CHINESE]


def test_levels_are_judged_alone(fairlead, countries):
    """What the host allows stays refused where the whole file refuses it."""
    edge = fairlead(
        f"{TRUST}geo: {{ database: {countries} }}\n"
        f"firewall_rules: {{ country_reject: [CN], ip_allow: [{CHINESE}] }}\n"
        "hosts:\n  - host: a.test\n    firewall_rules: { country_allow: [CN] }\n"
        "    paths: [{ path: /, respond: 200 }]\n"
    )
    assert refused(edge, GERMAN, CHINESE, CHINESE_V6) == [GERMAN, CHINESE_V6]


def test_the_access_log_names_the_rule(serve):
    edge = serve("  country_reject:\n    - NO\n    - CN\n  country_allow: [DE]\n")
    for client in (CHINESE, UNKNOWN, GERMAN):
        status(edge, client)
    lines = {line["client"]: line for line in edge.log_lines(3)}
    rule_line = next(
        i for i, text in enumerate(edge.file.read_text().splitlines(), 1) if "- CN" in text
    )
    assert lines[CHINESE]["blocked_by"] == "firewall country_reject CN"
    assert lines[CHINESE]["blocked_at"].endswith(f"{edge.file.name}:{rule_line}")
    assert lines[UNKNOWN]["blocked_by"] == "firewall country_allow"
    assert lines[UNKNOWN]["blocked_at"].endswith(f"{edge.file.name}:{rule_line + 1}")
    assert "blocked_by" not in lines[GERMAN]


def test_observed_only(serve):
    edge = serve("  mode: observe\n  country_allow: [DE]\n")
    assert status(edge, CHINESE) == 200
    (line,) = edge.log_lines()
    assert line["would_block"] == "firewall country_allow"


@pytest.mark.parametrize(
    "client, words",
    [
        (CHINESE, ["203.0.113.7 is of CN", "403", "firewall country_reject CN"]),
        (GERMAN, ["198.51.100.7 is of DE", "200"]),
        (UNKNOWN, ["the country of 10.0.0.1 is unknown", "200"]),
        (NORWEGIAN, ["firewall ip_allow 192.0.2.7/32 exempts 192.0.2.7", "200"]),
    ],
)
def test_explain(tmp_path, countries, client, words):
    file = tmp_path / "fairlead.yaml"
    file.write_text(config(f"  country_reject: [CN, NO]\n  ip_allow: [{NORWEGIAN}]\n"))
    said = run("explain", "-c", file, "--from", client, "GET", "http://a.test/").stdout
    for word in words:
        assert word in said, said


def rename_into_place(file, content):
    new = file.with_suffix(".new")
    new.write_bytes(content)
    os.replace(new, file)


def overwrite(file, content):
    """In place, and shorter at first: what was mapped from the file would be gone."""
    with file.open("wb") as stream:
        stream.write(content)


@pytest.mark.parametrize("change", [rename_into_place, overwrite])
def test_a_new_database_takes_effect(serve, countries, change):
    edge = serve("  country_reject: [CN]\n", workers=2)
    assert "countries.mmdb: Test-Country, " in edge.output
    assert "nodes, built 2026-11-01" in edge.output
    assert refused(edge, CHINESE, GERMAN) == [CHINESE]
    change(countries, database({"198.51.100.0/24": "CN"}))
    eventually(lambda: refused(edge, GERMAN), what="the new database to take effect")
    eventually(lambda: "loaded in" in edge.output, what="the log to say so")
    assert refused(edge, CHINESE, GERMAN) == [GERMAN]


@pytest.mark.parametrize(
    "content, why",
    [
        (database(COUNTRIES)[:900], "it is no MaxMind database, or its end is missing"),
        (database(COUNTRIES)[:-7], "it is damaged"),
        (b"", "it is empty"),
        (
            database({"10.0.0.0/8": {"autonomous_system_number": 1}}, kind="Test-ASN"),
            "there is no country in it; its type is Test-ASN",
        ),
    ],
    ids=["half", "cut", "empty", "of owners"],
)
@pytest.mark.parametrize("change", [rename_into_place, overwrite])
def test_a_broken_database_changes_nothing(serve, countries, change, content, why):
    edge = serve("  country_reject: [CN]\n")
    change(countries, content)
    eventually(lambda: "is not taken" in edge.output, what="the log to refuse the database")
    assert f"{countries} cannot be used: {why}" in edge.output
    assert "stays in force (Test-Country, " in edge.output
    assert refused(edge, CHINESE, GERMAN) == [CHINESE]
    change(countries, database({"198.51.100.0/24": "CN"}))
    eventually(lambda: refused(edge, GERMAN), what="the good database to take effect")


def test_a_database_that_vanishes_stays_in_force(serve, countries):
    edge = serve("  country_reject: [CN]\n")
    countries.unlink()
    eventually(lambda: "countries.mmdb is gone" in edge.output, what="the log to miss it")
    assert refused(edge, CHINESE, GERMAN) == [CHINESE]


@pytest.mark.parametrize(
    "text, words",
    [
        (
            config("  country_reject: [CN]\n", "missing.mmdb"),
            ["fairlead.yaml:2:18: error: cannot read", "missing.mmdb", "1 error"],
        ),
        (
            config("  country_reject: [CN]\n", "broken.mmdb"),
            ["fairlead.yaml:2:18: error: cannot use", "it is damaged", "1 error"],
        ),
        (
            f"firewall_rules: {{ country_reject: [CN] }}\n{RESPOND}",
            ["fairlead.yaml:1:35: error: there is no database of countries", "geo: { database"],
        ),
    ],
    ids=["missing", "broken", "none"],
)
def test_nothing_starts_without_a_database(tmp_path, text, words):
    (tmp_path / "broken.mmdb").write_bytes(database(COUNTRIES)[:-7])
    file = tmp_path / "fairlead.yaml"
    file.write_text(text)
    done = run("run", "-c", file)
    assert done.returncode != 0
    for word in words:
        assert word in done.stderr, done.stderr
