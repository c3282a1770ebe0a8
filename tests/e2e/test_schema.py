"""fairlead schema: a valid JSON Schema that agrees with the loader about good and bad files."""

import json
import re

import pytest
import yaml
from edge import REPOSITORY, run
from jsonschema import Draft202012Validator
from test_cli import COURSE, GOOD

GOLDEN = REPOSITORY / "tests" / "unit" / "config" / "golden"


class CoreLoader(yaml.SafeLoader):
    """YAML as fairlead and editors read it: 1.2 core, where `off` and `yes` are texts."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        if any(not isinstance(key, yaml.ScalarNode) for key, _ in node.value):
            raise yaml.constructor.ConstructorError(problem="a key must be a word")
        return {key.value: self.construct_object(value, True) for key, value in node.value}


def _resolve(tag, pattern, first):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


_resolve("bool", r"^(true|false)$", list("tf"))
_resolve("int", r"^[-+]?(0|[1-9][0-9]*)$", list("-+0123456789"))
_resolve("float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789"))
_resolve("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""])
CoreLoader.add_constructor(
    "tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node)
)


def parsed(text):
    return yaml.load(text, CoreLoader)


@pytest.fixture(scope="module")
def validator():
    done = run("schema")
    assert done.returncode == 0, done
    return Draft202012Validator(json.loads(done.stdout))


def leaves(errors):
    """The errors within the errors: of each alternative that does not fit, why."""
    for error in errors:
        yield error
        yield from leaves(error.context)


def complaints(validator, document):
    return [(list(e.absolute_path), e.message) for e in leaves(validator.iter_errors(document))]


def test_the_schema_is_one(validator):
    Draft202012Validator.check_schema(validator.schema)


def test_every_default_is_a_value_of_its_key(validator):
    count = 0
    for section in validator.schema["$defs"].values():
        for name, key in section.get("properties", {}).items():
            if "default" in key:
                count += 1
                assert validator.evolve(schema=key).is_valid(key["default"]), (name, key)
    assert count > 20


# --- files that are good

PAGES = ("gone.html", "maintenance.html")  # that the examples name
POOLS = "pools: { api: { servers: [a:1] }, shop: { servers: [b:1] } }\n"


def yaml_blocks(name):
    """The examples of a page, with the pools that they speak of."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (REPOSITORY / name).read_text(), re.M | re.S)
    assert blocks, name
    return {
        f"{name} {number}": block if "pools:" in block else block + POOLS
        for number, block in enumerate(blocks, 1)
    }


def findings(name):
    """What the loader says of a golden file: (line, column, severity, message)."""
    told = (GOLDEN / f"{name}.txt").read_text()
    place = rf"^{re.escape(name)}\.yaml:(\d+):(\d+): (error|warning|note): (.*)$"
    return [
        (int(line), int(column), severity, message)
        for line, column, severity, message in re.findall(place, told, re.M)
    ]


def is_good(name):
    told = (GOLDEN / f"{name}.txt").read_text()
    return not re.search(r"^\S*: error: ", told, re.M)


GOLDEN_NAMES = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
GOOD_FILES = {
    "the course's file": COURSE,
    "the file of the command line's tests": GOOD,
    **yaml_blocks("README.md"),
    **yaml_blocks("docs/configuration.md"),
    **{name: (GOLDEN / f"{name}.yaml").read_text() for name in GOLDEN_NAMES if is_good(name)},
}


@pytest.mark.parametrize("text", GOOD_FILES.values(), ids=GOOD_FILES)
def test_a_good_file_validates(validator, tmp_path, text):
    assert complaints(validator, parsed(text)) == []
    path = tmp_path / "fairlead.yaml"
    path.write_text(text)
    (tmp_path / "pages").mkdir()
    for page in PAGES:
        (tmp_path / "pages" / page).write_text("<h1>a page</h1>")
    shown = run("show", "-c", path, env={"FAIRLEAD_ADMIN_TOKEN": "secret"})
    assert shown.returncode == 0, shown
    assert complaints(validator, parsed(shown.stdout)) == [], shown.stdout


# --- files that are bad

# Findings that speak of the shape of a file, as a schema can: keys, kinds, words, numbers, units.
OF_SHAPE = re.compile(
    r"""unknown\ key\ `.*`\ in\ .*
    | `\w+`\ cannot\ stand\ here
    | `\w+`\ (has\ no\ value|is\ not\ supported\ by\ this\ version)
    | `.*`\ is\ not\ (known\ here|a\ list|a\ mapping|a\ boolean|a\ whole\ number|a\ duration)
    | `.*`\ is\ not\ a\ unit\ of\ .*
    | `.*`\ (is\ negative|has\ no\ percent\ sign)
    | the\ (duration|size|rate)\ `.*`\ has\ no\ unit
    | [\w` ]+\ cannot\ be\ a\ .*
    | \d+\ is\ too\ (small|large)
    | the\ path\ `.*`\ does\ not\ begin\ with\ a\ `/`
    | this\ is\ a\ text,\ because\ of\ its\ quotes""",
    re.X,
)


def places(node, path=()):
    """(place, path) of each key and each value; a mapping begins where its first key does."""
    yield (node.start_mark.line + 1, node.start_mark.column + 1), path
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, key.value)
            yield (key.start_mark.line + 1, key.start_mark.column + 1), inner
            yield from places(value, inner)
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from places(item, (*path, number))


def composed(text):
    try:
        parsed(text)
        return yaml.compose(text, CoreLoader)
    except yaml.YAMLError:
        return None


def golden_faults():
    """(file, line, column, message) of each finding of shape in a file that is YAML."""
    for name in GOLDEN_NAMES:
        if composed((GOLDEN / f"{name}.yaml").read_text()) is None:
            continue
        for line, column, severity, message in findings(name):
            if severity == "error" and OF_SHAPE.fullmatch(message):
                yield name, line, column, message


FAULTS = {f"{name}:{line}:{column}": rest for name, line, column, *rest in golden_faults()}


def speaks_of(complaint, path):
    """Is it about the value there, or about the key as one that its mapping does not have?"""
    where, message = complaint
    is_key = path and where == list(path[:-1]) and f"'{path[-1]}'" in message
    return is_key or where == list(path)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_schema_finds_faults_of_shape_where_the_loader_does(validator, fault):
    name, line, column = fault.split(":")
    text = (GOLDEN / f"{name}.yaml").read_text()
    paths = [path for at, path in places(composed(text)) if at == (int(line), int(column))]
    assert paths, "the finding is not at a key or a value"
    found = complaints(validator, parsed(text))
    is_found = any(speaks_of(complaint, path) for complaint in found for path in paths)
    assert is_found, (FAULTS[fault], paths, found)


def test_there_are_such_faults():
    assert len(FAULTS) > 50


# --- both judges, value by value

ROUTE = "paths: [{ path: /, servers: [a:1, b:1] }]\n"


def with_rules(rules):
    return f"paths: [{{ path: /, servers: [a:1], {rules} }}]\n"


AGREED = {
    "a port": f"listen: 8080\n{ROUTE}",
    "a port in quotes": f'listen: "8080"\n{ROUTE}',
    "an address": f'listen: {{ http: "[::1]:8080" }}\n{ROUTE}',
    "a Unix socket": f'listen: ["unix:web.sock", 8080]\n{ROUTE}',
    "a port from the environment": f'listen: "${{PORT}}"\n{ROUTE}',
    "a part of one from there": f'listen: "127.0.0.1:${{PORT}}"\n{ROUTE}',
    "a number from there": f'workers: "${{WORKERS:-2}}"\n{ROUTE}',
    "a word from there": f'defaults: {{ balance: "${{POLICY:-random}}" }}\n{ROUTE}',
    "a duration from there": (
        f'defaults: {{ timeouts: {{ connect: "${{CONNECT:-3}}s" }} }}\n{ROUTE}'),
    "a boolean from there": (
        'paths: [{ path: /, exact: "${EXACT:-true}", servers: [a:1] }]\n'),
    "off from there": f'admin: "${{ADMIN:-off}}"\n{ROUTE}',
    "off": f"admin: off\ndefaults: {{ health: off, retry: off, max_body: off }}\n{ROUTE}",
    "what is not there is false": f"listen: {{ http: 80, http3: false }}\n{ROUTE}",
    "the admin API on a port": f"admin: 9901\n{ROUTE}",
    "on an address": f'admin: "[::1]:9901"\n{ROUTE}',
    "on a Unix socket": f"admin: unix:/run/a.sock\n{ROUTE}",
    "with a token": f"admin: {{ address: 0.0.0.0:9901, token: abc }}\n{ROUTE}",
    "workers by themselves": f"workers: auto\n{ROUTE}",
    "statuses": (
        "defaults: { health: { path: /, expect: { status: [204, 200-399] } } }\n" + ROUTE),
    "one status": f"defaults: {{ health: {{ path: /, expect: {{ status: 204 }} }} }}\n{ROUTE}",
    "a percentile": f"defaults: {{ retry: {{ hedge: {{ after: p99 }} }} }}\n{ROUTE}",
    "a time in its place": f"defaults: {{ retry: {{ hedge: {{ after: 100ms }} }} }}\n{ROUTE}",
    "DNS servers": f'dns: {{ servers: [10.0.0.2, 10.0.0.2:8600, "[::1]:54"] }}\n{ROUTE}',
    "a limit by its number": f"defaults: {{ limit: 50, queue: 10 }}\n{ROUTE}",
    "a limit by its word": f"defaults: {{ limit: adaptive, queue: {{}} }}\n{ROUTE}",
    "all of it off": (
        "state: off\ndefaults: { limit: off, queue: off, breaker: off, slow_start: off,\n"
        "  sticky: off, max_requests: off, retry: { hedge: off, per_try: off, buffer: off },\n"
        f"  health: {{ passive: off }} }}\n{ROUTE}"),
    "a field of checks that goes": (
        f"defaults: {{ health: {{ path: /, headers: {{ X-A: off }} }} }}\n{ROUTE}"),
    "a zone that may be nothing": f'zone: "${{ZONE:-}}"\n{ROUTE}',
    "a path for health": f"defaults: {{ health: /up }}\n{ROUTE}",
    "numbers and booleans are texts too": with_rules(
        "header_rules: { add: { X-A: 5, X-B: true, X-C: 1.5, X-D: off } }"),
    "remove one": with_rules("header_rules: { remove: X-A }"),
    "remove a list": with_rules("header_rules: { remove: [X-A, 5] }"),
    "remove the course's mapping": with_rules("header_rules: { remove: { X-A: , X-B: [1] } }"),
    "one status": f"defaults: {{ retry: {{ when: 503 }} }}\n{ROUTE}",
    "statuses and words": f'defaults: {{ retry: {{ when: [503, "504", reset] }} }}\n{ROUTE}',
    "rates of bytes": f"defaults: {{ timeouts: {{ min_rate: 500/s }} }}\n{ROUTE}",
    "rates with a unit": f"defaults: {{ timeouts: {{ min_rate: 1KiB/s }} }}\n{ROUTE}",
    "rates as sizes": f"defaults: {{ timeouts: {{ min_rate: 1KiB }} }}\n{ROUTE}",
    "one server alone": "paths: [{ path: /, servers: a }]\n",
    "servers in all forms": (
        'paths: [{ path: /, servers: [a, a:1, "http://b:2/", "[::1]:3", { url: c:4 }] }]\n'),
    "hosts in all forms": (
        'hosts: [{ host: [a.example, "*.b.example", "*", "[::1]", 10.0.0.1, 5, müller.de], '
        "servers: [a:1] }]\n"),
    "one network": f"trusted_proxies: 10.0.0.0/8\n{ROUTE}",
    "networks": f'trusted_proxies: ["::1", "2001:db8::/32", 10.0.0.1]\n{ROUTE}',
    "lists in files": (
        f'firewall_rules: {{ ip_reject: "@ips", path_reject: ["@paths", /x] }}\n{ROUTE}'),
    "respond in short": "paths: [{ path: /, respond: 204 }]\n",
    "respond": "paths: [{ path: /, respond: { body: 5 } }]\n",
    "tests": "tests: [{ get: /, status: 204 }]\npaths: [{ path: /, respond: 204 }]\n",
}  # fmt: skip

REFUSED = {
    "a port that is none": f"listen: 65536\n{ROUTE}",
    "no port": f"listen: 127.0.0.1\n{ROUTE}",
    "no port for the admin API": f"admin: 127.0.0.1\n{ROUTE}",
    "two addresses for it": f"admin: [9901, 9902]\n{ROUTE}",
    "an unknown key of it": f"admin: {{ adress: 9901 }}\n{ROUTE}",
    "zero workers": f"workers: 0\n{ROUTE}",
    "a number in quotes": f'defaults: {{ retry: {{ attempts: "1" }} }}\n{ROUTE}',
    "half a number": f"defaults: {{ retry: {{ attempts: 1.5 }} }}\n{ROUTE}",
    "a boolean in quotes": 'paths: [{ path: /, exact: "true", servers: [a:1] }]\n',
    "yes": "paths: [{ path: /, exact: yes, servers: [a:1] }]\n",
    "a duration without a unit": f"defaults: {{ timeouts: {{ connect: 3 }} }}\n{ROUTE}",
    "a duration with a blank": f"defaults: {{ timeouts: {{ connect: 3 s }} }}\n{ROUTE}",
    "a size without a unit": f"defaults: {{ max_body: 5 }}\n{ROUTE}",
    "a percentage without its sign": f"defaults: {{ retry: {{ budget: 20 }} }}\n{ROUTE}",
    "a rate of hours": f"defaults: {{ timeouts: {{ min_rate: 5/h }} }}\n{ROUTE}",
    "true where off is known": f"admin: true\n{ROUTE}",
    "a later key": f"tls: {{ acme: a@example.com }}\n{ROUTE}",
    "a later key with no word": (
        "paths: [{ path: /, servers: [{ url: a:1, max_connections: 5 }] }]\n"),
    "a percentile that is none": f"defaults: {{ retry: {{ hedge: {{ after: p30 }} }} }}\n{ROUTE}",
    "a status that is no range": (
        f"defaults: {{ health: {{ path: /, expect: {{ status: 2xx }} }} }}\n{ROUTE}"),
    "a DNS server by its name": f"dns: {{ servers: [localhost] }}\n{ROUTE}",
    "a limit of nothing": f"defaults: {{ limit: 0 }}\n{ROUTE}",
    "an unknown limit": f"defaults: {{ limit: auto }}\n{ROUTE}",
    "a queue that is on": f"defaults: {{ queue: on }}\n{ROUTE}",
    "a sixteenth tier": "paths: [{ path: /, servers: [{ url: a:1, tier: 16 }] }]\n",
    "slow start within health": f"defaults: {{ health: {{ slow_start: 5s }} }}\n{ROUTE}",
    "an unknown policy": f"defaults: {{ balance: fair }}\n{ROUTE}",
    "an unknown word": f"defaults: {{ retry: {{ when: [505] }} }}\n{ROUTE}",
    "a list where a text is due": with_rules("header_rules: { add: { X-A: [b] } }"),
    "a mapping where a list is due": "hosts: { host: a }\n",
    "nothing": f"workers:\n{ROUTE}",
    "an item that is nothing": "paths: [{ path: /, servers: [a:1, ] }, ~]\n",
    "a path without its slash": f"defaults: {{ health: up }}\n{ROUTE}",
    "a server with a path": "paths: [{ path: /, servers: [a:1/x] }]\n",
    "a status that is none": "paths: [{ path: /, respond: 199 }]\n",
    "a host in a path": with_rules("host: a"),
    "a long form of a later version": (
        f"listen: [{{ tcp: 5432, pool: api }}]\n{ROUTE}"),
    "a list as the whole file": "- a\n",
}  # fmt: skip


def verdict_of_the_loader(tmp_path, text):
    for name, lines in {"fairlead.yaml": text, "ips": "10.0.0.1\n", "paths": "/x\n"}.items():
        (tmp_path / name).write_text(lines)
    done = run("check", "-c", tmp_path / "fairlead.yaml", env={"PORT": "8080"})
    assert done.returncode in (0, 1), done
    return done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", AGREED.values(), ids=AGREED)
def test_both_take_it(validator, tmp_path, text):
    is_taken, why = verdict_of_the_loader(tmp_path, text)
    assert is_taken, why
    assert complaints(validator, parsed(text)) == []


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_both_refuse_it(validator, tmp_path, text):
    assert not verdict_of_the_loader(tmp_path, text)[0]
    assert not validator.is_valid(parsed(text))
