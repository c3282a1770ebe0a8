"""`fairlead simulate`: the real balancing code under virtual time, from the command line."""

import json
import re

import pytest
from edge import REPOSITORY, run

CONFIG = """\
pools:
  small: { servers: [10.1.0.1:80, 10.1.0.2:80] }
  shop:
    servers: [10.0.0.1:8080, 10.0.0.2:8080, 10.0.0.3:8080, { url: 10.0.0.4:8080, weight: 3 }]
    balance: { hash: client_ip, method: maglev }
paths:
  - { path: /, pool: shop, retry: { attempts: 0 } }
  - { path: /small, pool: small }
"""
LOAD = "{ rate: 200/s, duration: 30s, servers: { default: { workers: 4, service: 10ms } } }\n"
DOCUMENTATION = (REPOSITORY / "docs" / "simulation.md").read_text()


@pytest.fixture
def simulate(tmp_path):
    """simulate(*arguments, load=, config=): the finished process, run in a folder of its own."""

    def start(*arguments, load=None, config=CONFIG):
        (tmp_path / "fairlead.yaml").write_text(config)
        if load is not None:
            (tmp_path / "load.yaml").write_text(load)
            arguments += ("--load", "load.yaml")
        return run("simulate", *arguments, cwd=tmp_path)

    return start


def rows_of(table):
    """{algorithm: its cells} of a table whose columns stand two spaces apart."""
    head, *lines = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines()]
    return {line[0]: dict(zip(head, line)) for line in lines if len(line) == len(head)}


def test_the_pool_with_the_most_servers_is_tried_with_the_usual_algorithms(simulate):
    done = simulate(load=LOAD)
    assert (done.returncode, done.stderr) == (0, "")
    scene, table = done.stdout.split("\n\n")
    assert "pool shop (4 servers, the most of all pools): balance maglev by client_ip" in scene
    assert "load.yaml: 200/s for 30s from 500 clients, seed 1" in scene
    rows = rows_of(table)
    assert list(rows) == [
        "maglev by client_ip", "p2c", "round_robin", "random", "least_connections", "least_latency",
    ]  # fmt: skip
    assert len({row["requests"] for row in rows.values()}) == 1, "all are asked the same"
    assert rows["round_robin"]["skew"] == "1.00"
    assert all(row["errors"] == "0 (0.00 %)" for row in rows.values())


def test_the_same_seed_gives_the_same_figures(simulate):
    first = simulate("--seed", 7).stdout
    assert first == simulate("--seed", 7).stdout
    assert first != simulate("--seed", 8).stdout


def test_json_has_the_figures_of_each_server(simulate):
    done = simulate("--json", "--balance", "round_robin,p2c", load=LOAD)
    figures = json.loads(done.stdout)
    assert (figures["pool"], figures["duration_s"], figures["seed"]) == ("shop", 30, 1)
    assert [run["balance"] for run in figures["runs"]] == ["round_robin", "p2c"]
    for each in figures["runs"]:
        assert each["requests"] == pytest.approx(6000, rel=0.1)
        assert sum(server["requests"] for server in each["servers"]) == each["attempts"]
        assert [server["fair_share"] for server in each["servers"]] == pytest.approx(
            [1 / 6, 1 / 6, 1 / 6, 1 / 2]
        )
    # Half of 200 requests a second, 10 ms each, for four workers.
    in_turn = figures["runs"][0]["servers"][3]
    assert in_turn["share"] == pytest.approx(0.5, rel=0.01)
    assert in_turn["utilisation"] == pytest.approx(0.25, rel=0.1)


def test_servers_have_lines_of_their_own_when_asked_for(simulate):
    done = simulate("--servers", "--pool", "small", "--balance", "p2c", load=LOAD)
    assert "pool small (2 servers): balance p2c" in done.stdout
    servers = rows_of(done.stdout.split("\n\np2c\n")[1])
    assert list(servers) == ["10.1.0.1:80", "10.1.0.2:80"]
    assert {server["fair share"] for server in servers.values()} == {"50.0 %"}


def test_the_retries_of_the_route_are_in_force(simulate):
    more = ", methods: { GET: 1 }, events: [{ at: 5s, server: %s, restart: true }] }\n"
    load = LOAD.removesuffix("}\n") + more
    without = simulate("--json", "--balance", "p2c", load=load % "10.0.0.4:8080")
    tried = simulate("--json", "--balance", "p2c", "--pool", "small", load=load % "10.1.0.1:80")
    without, tried = (json.loads(done.stdout)["runs"][0] for done in (without, tried))
    assert without["errors"] > 0 and without["retries"] == 0
    assert tried["errors"] == 0 and tried["retries"] > 0


def test_the_built_in_load_can_be_printed_and_used(simulate):
    printed = simulate("--print-load")
    assert printed.returncode == 0
    built_in = json.loads(simulate("--json", "--balance", "p2c").stdout)
    own = json.loads(simulate("--json", "--balance", "p2c", load=printed.stdout).stdout)
    assert built_in.pop("load") == "the built-in load"
    assert own.pop("load") == "load.yaml"
    assert built_in == own


FAULTS = {
    "unknown pool": (("--pool", "shap"), 1, "there is no pool `shap`; the pools are"),
    "unknown algorithm": (("--balance", "p3c"), 2, "did you mean `p2c`?"),
    "unknown option": (("--lead", "x"), 2, "--lead"),
    "no number": (("--seed", "luck"), 2, "--seed"),
    "missing load": (("--load", "none.yaml"), 1, "none.yaml: error: cannot be read"),
    "missing configuration": (("-c", "none.yaml"), 1, "none.yaml"),
}


@pytest.mark.parametrize("arguments, code, told", FAULTS.values(), ids=FAULTS)
def test_faults_of_the_command_line(simulate, arguments, code, told):
    done = simulate(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr


def test_faults_of_a_load_are_told_with_their_places(simulate):
    done = simulate(load="rate: 5\nevents:\n  - { at: 1s, server: 10.0.0.5:8080, down: true }\n")
    assert (done.returncode, done.stdout) == (1, "")
    for told in ("load.yaml:1:7: error: ", "load.yaml:3:23: error: the pool has no server"):
        assert told in done.stderr
    assert "   3 |   - { at: 1s, server: 10.0.0.5:8080, down: true }" in done.stderr


def test_a_configuration_without_pools_is_said_to_have_none(simulate):
    done = simulate(config="paths: [{ path: /, respond: 200 }]\n")
    assert (done.returncode, done.stderr) == (1, "the configuration has no pool\n")


def test_the_documented_example_is_what_comes_out(simulate):
    """All but the figures that balancing may change: the files, the columns, and who was asked."""
    config, built_in, monday = re.findall(r"```yaml\n(.*?)```", DOCUMENTATION, re.S)
    consoles = re.findall(r"```\n\$ fairlead simulate(.*?)```", DOCUMENTATION, re.S)
    assert simulate("--print-load", config=config).stdout == built_in
    done = [
        simulate(config=config),
        simulate(load=monday, config=config),
        simulate(
            "--balance", "p2c", "--servers",
            load=monday, config=config.replace("4:8080]", "4:8080]\n    limit: adaptive"),
        ),
    ]  # fmt: skip
    assert len(consoles) == len(done)
    for documented, measured in zip(consoles, done):
        assert (measured.returncode, measured.stderr) == (0, "")
        documented = documented.partition("\n")[2].replace("monday.yaml", "load.yaml")
        scene, table = documented.split("\n\n")[:2]
        measured_scene, measured_table = measured.stdout.split("\n\n")[:2]
        assert measured_scene == scene
        for name, row in rows_of(table).items():
            measured_row = rows_of(measured_table)[name]
            assert list(measured_row) == list(row)
            assert measured_row["requests"] == row["requests"]
