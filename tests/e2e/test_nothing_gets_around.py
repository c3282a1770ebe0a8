"""What people try to get around the firewall, and what the server behind it saw of it.

Every row says what fairlead answers and which requests reached the server: for a refused one, not a
byte of it. What is another path for HTTP (`/admin%2F`, `/ADMIN`) is forwarded, and its row says as
what. Requests that are no HTTP at all are the subject of test_framing_requests.py.
"""

import pytest
from configs import host_of, indented
from origin import answer, serve
from waiting import eventually
from wire import Closed

PROXY = "127.0.0.2"  # trusted
STRANGER = "127.0.0.3"  # rejected, and trusted by nobody

# A server whose answer says to what.
NAMING = [serve(lambda it: answer(it.target.encode()))]

# Each kind of rule once, for every host.
RULES = f"""
firewall_rules:
  path_reject: [/admin, /.git]
  ip_reject: [{STRANGER}, 10.0.0.0/8, "2001:db8::/32"]
"""
HOSTS = {
    "open.test": "",
    "closed.test": "firewall_rules: { path_reject: [/secret] }\n",
    "[2001:db8::1]": "firewall_rules: { path_reject: [/secret] }\n",
    "members.test": (
        'firewall_rules: { ip_reject: ["0.0.0.0/0", "::/0"], ip_allow: 203.0.113.0/24 }\n'
    ),
    "raw.test": "path_policy: raw\n",
    "*": "",
}


class Behind:
    """The recording server behind a fairlead."""

    def __init__(self, edge, origin):
        self.edge = edge
        self.origin = origin
        self.told = 0  # connections whose requests were told already
        self.marks = 0

    def news(self):
        """All requests that reached the server since the last time.

        fairlead has one worker and keeps no connection to the server. A request that is sent after
        the others therefore opens the last connection, and each one before it comes to an end.
        """
        self.marks += 1
        target = f"/mark/{self.marks}"
        assert self.edge.get(target, host="open.test").status == 200
        eventually(lambda: self.number_of(target) is not None, what="the mark at the server")
        mark = self.number_of(target)
        connections = self.origin.connections[self.told : mark]
        self.told = mark + 1
        for connection in connections:
            assert eventually(connection.done.is_set, what="the end of the server's connection")
            unread = bytes(connection.received[connection.position :])
            assert unread == b"", f"this is no request, and reached the server: {unread!r}"
        return [request for connection in connections for request in connection.requests]

    def number_of(self, target):
        """Of the connection that asked for it; None when it has not come yet."""
        for number in range(self.told, len(self.origin.connections)):
            requests = self.origin.connections[number].requests
            if any(request.target == target for request in requests):
                return number
        return None


def config_of(server, hosts=HOSTS):
    """Every host leads to the same server."""
    text = (
        f"trusted_proxies: [{PROXY}, 172.16.0.0/12]\n"
        f"defaults: {{ timeouts: {{ upstream_idle: off }} }}\n{RULES}hosts:\n"
    )
    for name, lines in hosts.items():
        text += f'  - host: "{name}"\n' + indented(f"{lines}servers: [{server.address}]", 4)
    return text


@pytest.fixture(scope="module")
def behind(module_fairlead, module_origin):
    server = module_origin(NAMING)
    return Behind(module_fairlead(config_of(server)), server)


def request(target="/", *lines, method="GET", host="open.test", version="1.1", body=b""):
    """A request as bytes; texts are Latin-1, so that any byte can stand in them."""
    head = [f"{method} {target} HTTP/{version}"]
    if host is not None:
        head.append(f"Host: {host}")
    return "\r\n".join([*head, *lines, "", ""]).encode("latin-1") + body


def ask(target="/", *lines, source=None, **options):
    """A request whose host comes later."""
    return target, lines, options, source


def of(*values):
    return [f"X-Forwarded-For: {value}" for value in values]


def answers_to(behind, raw, methods=("GET",), source=None):
    """All answers until the connection ends, which the client half-closes after its request."""
    with behind.edge.connect(source=source) as client:
        client.send_all_it_takes(raw).half_close()
        answers = []
        while True:
            try:
                method = methods[min(len(answers), len(methods) - 1)]
                answers.append(client.read_answer(method))
            except (Closed, ConnectionResetError):
                assert client.buffer == b""
                return answers


def expect(behind, raw, statuses, seen, tell=lambda it: f"{it.method} {it.target}", **options):
    answers = answers_to(behind, raw, **options)
    assert [answer.status for answer in answers] == statuses
    for answer in answers:
        assert answer.complete and (answer.status != 403 or b"Forbidden" in answer.body), answer
    assert [tell(one) for one in behind.news()] == seen


# The path.

REFUSED = 403
BAD = 400

# A text is the target that the server gets.
SPELLINGS = {
    "as it is": ("/admin", REFUSED),
    "below": ("/admin/users", REFUSED),
    "closing slash": ("/admin/", REFUSED),
    "two closing slashes": ("/admin//", REFUSED),
    "closing dot": ("/admin/.", REFUSED),
    "query": ("/admin?x", REFUSED),
    "empty query": ("/admin?", REFUSED),
    "query that looks like another path": ("/admin?/../x", REFUSED),
    "fragment": ("/admin#f", BAD),
    "two slashes": ("//admin", REFUSED),
    "three slashes": ("///admin", REFUSED),
    "dot": ("/./admin", REFUSED),
    "dots and slashes": ("/.//.///./admin", REFUSED),
    "there and back": ("/x/../admin", REFUSED),
    "there and back twice": ("/x/y/../../admin", REFUSED),
    "slashes merge before dots count": ("/x//../admin", REFUSED),
    "out of it and back": ("/admin/../admin", REFUSED),
    "below and back": ("/admin/x/..", REFUSED),
    "into it and out": ("/admin/..", "/"),
    "into it and out, to another": ("/admin/../x", "/x"),
    "above the root": ("/../admin", BAD),
    "above the root, after a step": ("/x/../../admin", BAD),
    "above the root, after slashes": ("//../admin", BAD),
    "encoded letter": ("/%61dmin", REFUSED),
    "all letters encoded": ("/%61%64%6d%69%6E", REFUSED),
    "encoded dot of a name": ("/%2egit/config", REFUSED),
    "dot of a name": ("/.git", REFUSED),
    "there and back to a dot": ("/x/../.git/HEAD", REFUSED),
    "encoded dot": ("/%2e/admin", REFUSED),
    "encoded dots": ("/x/%2e%2e/admin", REFUSED),
    "encoded dots in capitals": ("/x/%2E%2E/admin", REFUSED),
    "one dot encoded": ("/x/.%2e/admin", REFUSED),
    "encoded dots above the root": ("/%2e%2e/admin", BAD),
    "letter case": ("/ADMIN", "/ADMIN"),
    "encoded capital": ("/%41dmin", "/Admin"),
    "dot behind": ("/admin.", "/admin."),
    "longer name": ("/administrator", "/administrator"),
    "three dots": ("/.../admin", "/.../admin"),
    "encoded slash": ("/%2fadmin", "/%2Fadmin"),
    "encoded slash behind": ("/admin%2f", "/admin%2F"),
    "encoded slash within": ("/admin%2fusers", "/admin%2Fusers"),
    "encoded slash after dots": ("/x/..%2fadmin", "/x/..%2Fadmin"),
    "encoded backslash": ("/admin%5cx", "/admin%5Cx"),
    "backslash for a slash": ("/admin\\x", "/admin\\x"),
    "backslash before": ("/\\admin", "/\\admin"),
    "backslash after dots": ("/x/..\\admin", "/x/..\\admin"),
    "parameter": ("/admin;x=1", "/admin;x=1"),
    "parameter without a name": ("/admin;/users", "/admin;/users"),
    "parameter before": ("/;x/admin", "/;x/admin"),
    "parameter of a dot": ("/x/.;/admin", BAD),
    "parameter of dots": ("/x/..;/admin", BAD),
    "parameter of encoded dots": ("/x/%2e%2e;a=b/admin", BAD),
    "dots at a name's end": ("/a..;/admin", "/a..;/admin"),
    "encoded twice": ("/%2561dmin", "/%2561dmin"),
    "dots encoded twice": ("/x/%252e%252e/admin", "/x/%252e%252e/admin"),
    "slash encoded twice": ("/x/..%252fadmin", "/x/..%252fadmin"),
    "overlong slash": ("/x%c0%afadmin", "/x%C0%AFadmin"),
    "overlong dots": ("/x/%c0%ae%c0%ae/admin", "/x/%C0%AE%C0%AE/admin"),
    "overlong letter": ("/%c1%a1dmin", "/%C1%A1dmin"),
    "fullwidth letter": ("/%ef%bd%81dmin", "/%EF%BD%81dmin"),
    "fullwidth slash": ("/x%ef%bc%8fadmin", "/x%EF%BC%8Fadmin"),
    "%u": ("/%u0061dmin", BAD),
    "no digits": ("/admin%", BAD),
    "one digit": ("/admin%2", BAD),
    "digits that are none": ("/admin%zz", BAD),
    "encoded NUL": ("/admin%00", BAD),
    "encoded NUL and an extension": ("/admin%00.html", BAD),
    "encoded line feed": ("/admin%0a", BAD),
    "encoded line end": ("/admin%0d%0a", BAD),
    "encoded tab": ("/admin%09", BAD),
    "encoded delete": ("/admin%7f", BAD),
    "encoded space behind": ("/admin%20", "/admin%20"),
    "space before": ("/ admin", BAD),
    "tab behind": ("/admin\t", BAD),
    "bare CR behind": ("/admin\r", BAD),
    "bare LF behind": ("/admin\n", BAD),
    "NUL behind": ("/admin\0", BAD),
    "byte above 127": ("/admin\xa0", BAD),
    "authority without a scheme": ("//open.test/admin", "/open.test/admin"),
    "URL within the path": ("/http://open.test/admin", "/http:/open.test/admin"),
    "no slash": ("admin", BAD),
    "asterisk": ("*", BAD),
    "query of another path": ("/x?/admin", "/x?/admin"),
    "line end in a query": ("/x?%0d%0aGET%20/admin", "/x?%0d%0aGET%20/admin"),
}


def check_path(behind, target, fate, method="GET", host="open.test"):
    raw = request(target, method=method, host=host)
    if isinstance(fate, str):
        expect(behind, raw, [200], [f"{method} {fate}"])
    else:
        expect(behind, raw, [fate], [])


@pytest.mark.parametrize("target, fate", SPELLINGS.values(), ids=SPELLINGS)
def test_path(behind, target, fate):
    check_path(behind, target, fate)


NOT_FORWARDED = {name: row for name, row in SPELLINGS.items() if isinstance(row[1], int)}


@pytest.mark.parametrize("target, fate", NOT_FORWARDED.values(), ids=NOT_FORWARDED)
def test_path_that_would_be_forwarded_raw(behind, target, fate):
    """Rules see the canonical path even where the server gets the bytes as they came."""
    check_path(behind, target, fate, host="raw.test")


def test_raw_path_that_is_no_rejected_one(behind):
    expect(behind, request("/admin/..//%78", host="raw.test"), [200], ["GET /admin/..//%78"])


METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "BREW",
           "get", "Get", "GETGET", "X-ADMIN"]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_method_does_not_matter_to_a_path(behind, method):
    raw = request("/admin", method=method)
    (answer,) = answers_to(behind, raw, [method])
    assert answer.status == 403 and (method == "HEAD" or b"Forbidden" in answer.body)
    assert behind.news() == []


# The target's other forms, the version, and who is asked. A text is the Host and the target that
# the server gets.
TARGETS = {
    "absolute": (request("http://open.test/admin"), REFUSED),
    "absolute in capitals": (request("HTTP://OPEN.TEST/admin"), REFUSED),
    "absolute with a port": (request("http://open.test:8080/admin"), REFUSED),
    "absolute with two slashes": (request("http://open.test//admin"), REFUSED),
    "absolute and encoded": (request("http://open.test/x/%2e%2e/%61dmin"), REFUSED),
    "absolute for another host": (request("http://closed.test/secret"), REFUSED),
    "absolute beside another Host": (request("http://open.test/x", host="closed.test"),
                                     "open.test/x"),
    "absolute without a path": (request("http://open.test?/admin"), "open.test/?/admin"),
    "absolute with userinfo": (request("http://me:pw@open.test/admin"), BAD),
    "absolute with a host as userinfo": (request("http://open.test@closed.test/secret"), BAD),
    "absolute with a backslash": (request("http://open.test\\@closed.test/secret"), BAD),
    "absolute without a host": (request("http:///admin"), BAD),
    "absolute with one slash": (request("http:/admin"), BAD),
    "Host in capitals": (request("/secret", host="CLOSED.Test"), REFUSED),
    "Host with a port": (request("/secret", host="closed.test:1"), REFUSED),
    "Host with an empty port": (request("/secret", host="closed.test:"), REFUSED),
    "Host with a trailing dot": (request("/secret", host="closed.test."), REFUSED),
    "Host with all of these": (request("/secret", host="CLOSED.test.:080"), REFUSED),
    "Host with tabs around": (request("/secret", host="\tclosed.test\t"), REFUSED),
    "Host with two trailing dots": (request("/secret", host="closed.test.."), BAD),
    "Host with a leading dot": (request("/secret", host=".closed.test"), BAD),
    "Host with an empty label": (request("/secret", host="closed..test"), BAD),
    "Host with an encoded letter": (request("/secret", host="%63losed.test"), BAD),
    "Host with a letter beyond ASCII": (request("/secret", host="clos\xe9d.test"), BAD),
    "Host with userinfo": (request("/secret", host="open.test@closed.test"), BAD),
    "Host with a comma": (request("/secret", host="open.test,closed.test"), BAD),
    "Host with a NUL": (request("/secret", host="closed.test\0.open.test"), BAD),
    "Host with a comment": (request("/secret", host="open.test#closed.test"), BAD),
    "Host that is an address in full": (request("/secret", host="[2001:DB8:0:0:0:0:0:1]:80"),
                                        REFUSED),
    "two Hosts": (request("/secret", "Host: closed.test"), BAD),
    "two Hosts, the other way round": (request("/secret", "Host: open.test", host="closed.test"),
                                       BAD),
    "Host on a folded line": (request("/secret", " closed.test"), BAD),
    "no Host": (request("/admin", host=None), BAD),
    "Host that nobody knows": (request("/admin", host="unknown.test"), REFUSED),
    "Host that is an address": (request("/admin", host="127.0.0.1"), REFUSED),
    "Host that is an IPv6 address": (request("/admin", host="[::1]:80"), REFUSED),
    "empty Host": (request("/admin", host=""), BAD),
    "X-Forwarded-Host": (request("/secret", "X-Forwarded-Host: open.test", host="closed.test"),
                         REFUSED),
    "X-Host": (request("/secret", "X-Host: open.test", host="closed.test"), REFUSED),
    "HTTP/1.0": (request("/admin", version="1.0"), REFUSED),
    "HTTP/1.0 without a Host": (request("/admin", version="1.0", host=None), REFUSED),
    "HTTP/0.9": (b"GET /admin\r\n\r\n", BAD),
    "HTTP/1.2": (request("/admin", version="1.2"), REFUSED),
    "HTTP/2.0": (request("/admin", version="2.0"), 505),
    "CONNECT": (request("open.test:443", method="CONNECT"), 501),
    "CONNECT to a path": (request("/admin", method="CONNECT"), BAD),
    "CONNECT to a URL": (request("http://open.test/admin", method="CONNECT"), BAD),
    "OPTIONS of the server": (request("*", method="OPTIONS"), "open.test*"),
    "empty lines before": (b"\r\n\r\n" + request("/admin"), REFUSED),
}  # fmt: skip


@pytest.mark.parametrize("raw, fate", TARGETS.values(), ids=TARGETS)
def test_target_and_host(behind, raw, fate):
    if isinstance(fate, str):
        expect(behind, raw, [200], [fate], tell=lambda it: it.get("Host") + it.target)
    else:
        expect(behind, raw, [fate], [])


# Rules of a host, each with what is tried against it and what becomes of that.
RULED = {
    "entry spelled oddly": ('path_reject: ["/a/..//%61dm%69n/"]', ask("/admin/x"), REFUSED),
    "entry with a closing slash": ("path_reject: [/a/]", ask("/a"), REFUSED),
    "entry with an escape": ("path_reject: [/a%2fb]", ask("/a%2Fb/c"), REFUSED),
    "the same in small letters": ("path_reject: [/a%2Fb]", ask("/a%2fb"), REFUSED),
    "the same with a slash": ("path_reject: [/a%2Fb]", ask("/a/b"), "/a/b"),
    "delimiter, encoded": ("path_reject: [/@fs]", ask("/%40fs/etc"), REFUSED),
    "delimiters, encoded": ('path_reject: ["/a(b):c"]', ask("/a%28b%29%3ac"), REFUSED),
    "entry with an encoded delimiter": ("path_reject: [/%40fs]", ask("/@fs/etc"), REFUSED),
    "delimiter encoded twice": ("path_reject: [/@fs]", ask("/%2540fs"), "/%2540fs"),
    "bar, encoded": ('path_reject: ["/a|b"]', ask("/a%7cb"), REFUSED),
    "backslash, encoded": ('path_reject: ["/a\\\\b"]', ask("/a%5cb"), REFUSED),
    "entry with an encoded backslash": ("path_reject: [/a%5cb]", ask("/a\\b"), REFUSED),
    "entry with a blank": ('path_reject: ["/my docs"]', ask("/my%20docs"), REFUSED),
    "the same with a plus": ('path_reject: ["/my docs"]', ask("/my+docs"), "/my+docs"),
    "entry beyond ASCII": ('path_reject: ["/m\u00fc"]', ask("/m%c3%bc"), REFUSED),
    "the same in Latin-1": ('path_reject: ["/m\u00fc"]', ask("/m%FC"), "/m%FC"),
    "entry of two segments": ("path_reject: [/a/b]", ask("/a//./b/"), REFUSED),
    "its first segment alone": ("path_reject: [/a/b]", ask("/a/b/.."), "/a/"),
    "everything": ("path_reject: [/]", ask("/x/.."), REFUSED),
    "everything, asterisk": ("path_reject: [/]", ask("*", method="OPTIONS"), REFUSED),
    "exempt address": ("ip_allow: [127.0.0.1], path_reject: [/a]", ask("/a"), REFUSED),
    "inner allow": ("ip_allow: [10.0.0.0/8]", ask("/", *of("10.0.0.1"), source=PROXY), REFUSED),
    "longer allow": (
        "ip_reject: [192.0.2.0/24], ip_allow: [192.0.2.1]",
        ask("/", *of("192.0.2.1"), source=PROXY), "/"),
    "exact": ("path_reject: [{ exact: /a }]", ask("/x/..//%61"), REFUSED),
    "exact, below": ("path_reject: [{ exact: /a }]", ask("/a/b"), "/a/b"),
    "exact, with a slash": ("path_reject: [{ exact: /a }]", ask("/a/"), "/a/"),
    "glob": ('path_reject: [{ glob: "/**/*.php" }]', ask("/x/.//y.%70hp"), REFUSED),
    "glob, within a segment": ("path_reject: [{ glob: /a/* }]", ask("/a/b/c"), "/a/b/c"),
    "glob, an encoded slash is no segment": ("path_reject: [{ glob: /a/* }]", ask("/a/b%2fc"),
                                             REFUSED),
    "glob, delimiter encoded": ('path_reject: [{ glob: "/@*" }]', ask("/%40fs"), REFUSED),
    "regex": ('path_reject: [{ regex: "[.]env$" }]', ask("/x/%2eenv"), REFUSED),
    "regex for any case": ('path_reject: [{ regex: "(?i)^/admin(/|;|$)" }]', ask("/ADMIN;x"),
                           REFUSED),
    "method": ("method_reject: [PUT]", ask("/", method="PUT"), REFUSED),
    "method in small letters is another one": ("method_reject: [PUT]", ask("/", method="put"), "/"),
    "method that a field names": (
        "method_reject: [DELETE]", ask("/", "X-HTTP-Method-Override: delete", method="POST"),
        REFUSED),
    "field": ('header_reject: { User-Agent: "(?i)badbot" }', ask("/", "USER-AGENT:  BadBot/1  "),
              REFUSED),
    "second of a field": ("header_reject: { X-A: ^evil$ }", ask("/", "X-A: good", "X-A: evil"),
                          REFUSED),
    "field with an underscore never comes": ("header_reject: { X_A: evil }", ask("/", "X_A: evil"),
                                             "/"),
    "host": ('host_reject: ["*.test"]', ask("/"), REFUSED),
    "other target in a field": ("path_reject: [/admin]", ask("/", "X-Original-URL: /admin"),
                                REFUSED),
    "other target, spelled oddly": ("path_reject: [/admin]", ask("/", "x-rewrite-url: /y/..//%61dmin?q"),
                          REFUSED),
    "other target above the root": ("path_reject: [/admin]", ask("/", "X-Original-URL: /../admin"), REFUSED),
    "other target elsewhere": ("path_reject: [/admin]", ask("/", "X-Original-URL: /open"), "/"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ruled(module_fairlead, module_origin):
    """As `behind`, with a host for each row."""
    server = module_origin(NAMING)
    hosts = {host_of(row): f"firewall_rules: {{ {it[0]} }}\n" for row, it in RULED.items()}
    return Behind(module_fairlead(config_of(server, HOSTS | hosts)), server)


@pytest.mark.parametrize("row", RULED)
def test_rule_of_a_host(ruled, row):
    _, (target, lines, options, source), fate = RULED[row]
    raw = request(target, *lines, host=host_of(row), **options)
    method = options.get("method", "GET")
    if isinstance(fate, str):
        expect(ruled, raw, [200], [f"{method} {fate}"], methods=[method], source=source)
    else:
        expect(ruled, raw, [fate], [], methods=[method], source=source)


# Fields that some servers take for another target, method or client, but for those that rules judge
# (above). What the server sees besides the target is not fairlead's to judge; `header_rules` remove
# what it should not believe.
OVERRIDES = [
    "X-Forwarded-Prefix: {}",
    "X-Forwarded-URI: {}",
    "X-Override-URL: {}",
    "Referer: http://open.test{}",
    "X-HTTP-Method-Override: PUT",
    "X-HTTP-Method: PUT",
    "X-Method-Override: PUT",
]


@pytest.mark.parametrize("line", OVERRIDES)
def test_field_does_not_change_the_target(behind, line):
    expect(behind, request("/admin", line.format("/x")), [403], [])
    expect(behind, request("/x", line.format("/admin")), [200], ["GET /x"])


# The client's address.

# What a stranger says of itself is not believed, and neither reaches the server.
LIES = [
    "X-Forwarded-For: 203.0.113.1",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-For: ",
    "x-forwarded-for: 203.0.113.1",
    "X_Forwarded_For: 203.0.113.1",
    "X-Real-IP: 203.0.113.1",
    "X-Client-IP: 203.0.113.1",
    "True-Client-IP: 203.0.113.1",
    "CF-Connecting-IP: 203.0.113.1",
    "Forwarded: for=203.0.113.1",
    "Via: 1.1 127.0.0.2",
    "Connection: X-Forwarded-For",
]


@pytest.mark.parametrize("line", LIES)
def test_stranger_stays_one(behind, line):
    for host in ("open.test", "members.test"):
        expect(behind, request("/", line, host=host), [403], [], source=STRANGER)
    expect(behind, request("/", *LIES[:2], line, host="members.test"), [403], [])


def test_nobody_can_be_accused(behind):
    """An untrusted peer's word rejects nobody either."""
    lines = ["X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1", "X-Real-IP: 10.0.0.1"]
    expect(behind, request("/", *lines), [200], ["127.0.0.1"], tell=forwarded_for)


def forwarded_for(seen):
    assert seen.names().isdisjoint({"forwarded", "x-real-ip"})
    return seen.get("X-Forwarded-For")


# Through the trusted proxy: the first address from the right that is not trusted is the client.
# True: 10.0.0.0/8 and 2001:db8::/32 are rejected.
CHAINS = {
    "rejected": (of("10.0.0.1"), True),
    "another": (of("203.0.113.1"), False),
    "nothing": ([], False),
    "empty": (of(""), False),
    "client lies to its proxy": (of("203.0.113.1, 10.0.0.1"), True),
    "client accuses another": (of("10.0.0.1, 203.0.113.1"), False),
    "behind another trusted one": (of("10.0.0.1, 172.16.9.9"), True),
    "all are trusted": (of("172.16.0.1, 172.16.0.2"), False),
    "second line lies": (of("10.0.0.1", "203.0.113.1"), False),
    "first line lies": (of("203.0.113.1", "10.0.0.1"), True),
    "trusted one on a second line": (of("203.0.113.1, 10.0.0.1", "172.16.9.9"), True),
    "empty second line": (of("10.0.0.1", ""), True),
    "empty elements": (of(" , 10.0.0.1,, ,"), True),
    "no blanks": (of("203.0.113.1,10.0.0.1"), True),
    "tabs": (of("203.0.113.1\t,\t10.0.0.1\t"), True),
    "garbage before": (of("garbage, 10.0.0.1"), True),
    "garbage behind": (of("10.0.0.1, garbage"), False),
    "garbage between": (of("10.0.0.1, garbage, 172.16.9.9"), False),
    "unknown": (of("unknown, 10.0.0.1"), True),
    "with a port": (of("10.0.0.1:4711"), True),
    "mapped": (of("::ffff:10.0.0.1"), True),
    "mapped in capitals": (of("::FFFF:10.0.0.1"), True),
    "mapped in hexadecimal": (of("::ffff:a00:1"), True),
    "mapped in full": (of("0:0:0:0:0:ffff:10.0.0.1"), True),
    "mapped in brackets with a port": (of("[::ffff:10.0.0.1]:80"), True),
    "mapped proxy": (of("10.0.0.1, ::ffff:172.16.0.1"), True),
    "IPv6": (of("2001:db8::1"), True),
    "IPv6 in capitals and in full": (of("2001:0DB8:0000:0:0:0:0:0001"), True),
    "IPv6 in brackets": (of("[2001:db8::1]"), True),
    "IPv6 with a port": (of("[2001:db8::1]:443"), True),
    "another IPv6": (of("2001:db9::1"), False),
    "compatible, which is another address": (of("::10.0.0.1"), False),
    "translated, which is another address": (of("64:ff9b::10.0.0.1"), False),
    "Forwarded, which is not asked": (["Forwarded: for=10.0.0.1"], False),
    "X-Real-IP, which is not asked": (["X-Real-IP: 10.0.0.1"], False),
}


@pytest.mark.parametrize("lines, rejected", CHAINS.values(), ids=CHAINS)
def test_client_behind_a_proxy(behind, lines, rejected):
    raw = request("/", *lines)
    if rejected:
        expect(behind, raw, [403], [], source=PROXY)
    else:
        expect(behind, raw, [200], ["GET /"], source=PROXY)


# Where all are rejected but 203.0.113.0/24. What is no address ends the walk at the last good one,
# here the proxy, which is no member.
MEMBERS = {
    "member": (of("203.0.113.1"), False),
    "member, mapped": (of("::ffff:203.0.113.1"), False),
    "nobody": ([], True),
    "no member": (of("198.51.100.1"), True),
    "no member who says that it is": (of("203.0.113.1, 198.51.100.1"), True),
    "the same on two lines": (of("203.0.113.1", "198.51.100.1"), True),
    "garbage behind": (of("203.0.113.1, garbage"), True),
    "leading zeros": (of("203.0.113.001"), True),
    "octal": (of("0313.0.0161.1"), True),
    "hexadecimal": (of("0xcb007101"), True),
    "one number": (of("3405803777"), True),
    "three numbers": (of("203.0.28929"), True),
    "blank within": (of("203.0. 113.1"), True),
    "in quotes": (of('"203.0.113.1"'), True),
    "in brackets": (of("[203.0.113.1]"), False),
    "port that is none": (of("203.0.113.1:x"), True),
    "prefix": (of("203.0.113.1/32"), True),
    "zone": (of("::ffff:203.0.113.1%eth0"), True),
    "NUL": (of("203.0.113.1\0"), BAD),
}


@pytest.mark.parametrize("lines, rejected", MEMBERS.values(), ids=MEMBERS)
def test_only_members_pass(behind, lines, rejected):
    raw = request("/", *lines, host="members.test")
    if rejected:
        expect(behind, raw, [BAD if rejected == BAD else 403], [], source=PROXY)
    else:
        expect(behind, raw, [200], ["GET /"], source=PROXY)


def test_ipv4_client_of_a_dual_stack_listener(fairlead, origin):
    """The kernel calls it ::ffff:127.0.0.3."""
    server = origin(NAMING)
    edge = fairlead(config_of(server), listen="listen: { http: @ }\n")
    behind = Behind(edge, server)
    expect(behind, request("/"), [403], [], source=STRANGER)
    expect(behind, request("/", *of("10.0.0.1")), [403], [], source=PROXY)
    expect(behind, request("/"), [200], ["127.0.0.4"], forwarded_for, source="127.0.0.4")


# Several requests on one connection, and what looks like several.

HIDDEN = request("/admin")


def posted(*lines, body=b"", target="/a", version="1.1"):
    return request(target, *lines, method="POST", body=body, version=version)


def with_length(body, target="/a"):
    return posted(f"Content-Length: {len(body)}", body=body, target=target)


def in_chunks(body, target="/a"):
    return posted(
        "Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
        target=target,
    )  # fmt: skip


UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
H2C = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
BOTH = ["Content-Length: 4", "Transfer-Encoding: chunked"]
CHUNK_OF_HIDDEN = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)

SERIES = {
    "refused behind an allowed one": ([request("/a"), HIDDEN], [200, 403], ["GET /a"]),
    "allowed behind a refused one": ([HIDDEN, request("/b")], [403, 200], ["GET /b"]),
    "between others": (
        [request("/a"), HIDDEN, HIDDEN, request("/b")], [200, 403, 403, 200], ["GET /a", "GET /b"]),
    "a hundred": ([request("/a"), HIDDEN] * 50, [200, 403] * 50, ["GET /a"] * 50),
    "refused one with a body": (
        [with_length(b"x" * 100, "/admin"), request("/b")], [403, 200], ["GET /b"]),
    "refused one with chunks": (
        [in_chunks(b"x" * 100, "/admin"), request("/b")], [403, 200], ["GET /b"]),
    "body of a refused one is a request": (
        [with_length(request("/b"), "/admin"), request("/c")], [403, 200], ["GET /c"]),
    "chunk of a refused one is a request": (
        [in_chunks(request("/b"), "/admin"), request("/c")], [403, 200], ["GET /c"]),
    "body is a request": ([with_length(HIDDEN)], [200], ["POST /a"]),
    "chunk is a request": ([in_chunks(HIDDEN)], [200], ["POST /a"]),
    "body of a GET is a request": (
        [request("/a", f"Content-Length: {len(HIDDEN)}", body=HIDDEN)], [200], ["GET /a"]),
    "request behind an empty body": ([with_length(b""), HIDDEN], [200, 403], ["POST /a"]),
    "request behind the last chunk": ([in_chunks(b"x"), HIDDEN], [200, 403], ["POST /a"]),
    "request behind empty lines": (
        [request("/a"), b"\r\n\r\n", HIDDEN], [200, 403], ["GET /a"]),
    "WebSocket to a rejected path": (
        [request("/admin", *UPGRADE), request("/b")], [403, 200], ["GET /b"]),
    "request behind an upgrade that the server declines": (
        [request("/a", *UPGRADE), HIDDEN], [200, 403], ["GET /a"]),
    "request behind h2c, which is not passed on": (
        [request("/a", *H2C), HIDDEN], [200, 403], ["GET /a"]),
    "after Connection: close": ([request("/a", "Connection: close"), HIDDEN], [200], ["GET /a"]),
    "HTTP/1.0 that does not stay": (
        [request("/a", version="1.0"), HIDDEN], [200], ["GET /a"]),
    "HTTP/1.0 that stays": (
        [request("/a", "Connection: keep-alive", version="1.0"), HIDDEN], [200, 403], ["GET /a"]),
    "length of 0 and chunked": (
        [posted("Content-Length: 0", "Transfer-Encoding: chunked", body=CHUNK_OF_HIDDEN)],
        [400], []),
    "CL.TE": (
        [request("/a"), posted(f"Content-Length: {5 + len(HIDDEN)}", "Transfer-Encoding: chunked",
                               body=b"0\r\n\r\n" + HIDDEN)],
        [200, 400], ["GET /a"]),
    "TE.CL": (
        [request("/a"), posted("Transfer-Encoding: chunked", "Content-Length: 4",
                               body=CHUNK_OF_HIDDEN)],
        [200, 400], ["GET /a"]),
    "coding that is none": (
        [request("/a"), posted("Content-Length: 4", "Transfer-Encoding: xchunked",
                               body=CHUNK_OF_HIDDEN)],
        [200, 400], ["GET /a"]),
    "coding before a colon with a blank": (
        [request("/a"), posted("Content-Length: 4", "Transfer-Encoding : chunked",
                               body=CHUNK_OF_HIDDEN)],
        [200, 400], ["GET /a"]),
    "coding behind a bare CR": (
        [request("/a"), posted("Content-Length: 4", "X: y\rTransfer-Encoding: chunked",
                               body=CHUNK_OF_HIDDEN)],
        [200, 400], ["GET /a"]),
    "coding behind a bare LF": (
        [request("/a"), posted("Content-Length: 4", "X: y\nTransfer-Encoding: chunked",
                               body=CHUNK_OF_HIDDEN)],
        [200, 400], ["GET /a"]),
    "coding on a folded line": (
        [request("/a"), posted("Content-Length: 4", "Transfer-Encoding:", " chunked",
                               body=CHUNK_OF_HIDDEN)],
        [200, 400], ["GET /a"]),
    "coding with an underscore, which is dropped": (
        [posted("Transfer_Encoding: chunked", f"Content-Length: {len(CHUNK_OF_HIDDEN)}",
                body=CHUNK_OF_HIDDEN)],
        [200], ["POST /a"]),
    "two lengths": (
        [request("/a"), posted("Content-Length: 0", f"Content-Length: {len(HIDDEN)}", body=HIDDEN)],
        [200, 400], ["GET /a"]),
    "chunked in HTTP/1.0": (
        [posted("Transfer-Encoding: chunked", body=CHUNK_OF_HIDDEN, version="1.0")], [400], []),
    "Connection names the length": (
        [posted(f"Content-Length: {len(HIDDEN)}", "Connection: Content-Length", body=HIDDEN)],
        [400], []),
    "Connection names the Host": (
        [request("/a", "Connection: Host"), HIDDEN], [400, 403], []),
    "coding and an upgrade": (
        [posted("Transfer-Encoding: chunked", *UPGRADE, body=CHUNK_OF_HIDDEN), HIDDEN],
        [200, 403], ["POST /a"]),
}  # fmt: skip


@pytest.mark.parametrize("series, statuses, seen", SERIES.values(), ids=SERIES)
def test_series(behind, series, statuses, seen):
    expect(behind, b"".join(series), statuses, seen)


@pytest.fixture(scope="module")
def kept(module_fairlead, module_origin):
    """As `behind`, but with one connection to the server for all."""
    server = module_origin(NAMING)
    config = config_of(server).replace("upstream_idle: off", "upstream_idle: 1h")
    return module_fairlead(config), server


@pytest.mark.parametrize("series, statuses, seen", SERIES.values(), ids=SERIES)
def test_series_leaves_nothing_on_a_kept_connection(kept, series, statuses, seen):
    """The next client's request is the next one that the server sees, and its answer is its own."""
    edge, server = kept
    before = len(server.requests)
    answers_to(Behind(edge, server), b"".join(series))
    assert edge.get("/next", host="open.test").body == b"/next"
    came = [f"{one.method} {one.target}" for one in server.requests[before:]]
    assert came == [*seen, "GET /next"]


def test_refused_upload_is_not_asked_for(behind):
    """403 instead of 100 (Continue)."""
    with behind.edge.connect() as client:
        lines = ["Expect: 100-continue", "Content-Length: 10"]
        assert client.send(request("/admin", *lines, method="POST")).read_head().status == 403
    assert behind.news() == []


def test_connection_stays_after_a_refusal(behind):
    with behind.edge.connect() as client:
        for _ in range(3):
            refused = client.get("/admin", host="open.test")
            assert refused.status == 403 and not refused.closes()
            assert client.get("/x", host="open.test").status == 200
    assert [one.target for one in behind.news()] == ["/x"] * 3
