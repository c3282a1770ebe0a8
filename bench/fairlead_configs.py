"""The configurations under which fairlead is measured, as YAML."""

HOST = "bench.example"  # what every request of the benchmark asks for
HOSTS = 1000
PREFIXES = 100
REGEXES = 100
# Those of HEADER_RULES are twenty: each line of a list, each key of a mapping.
HEADER_RULES = """\
      remove: [X-Debug, X-Internal-User, X-Internal-Role, X-Old-Id, X-Powered-By]
      add:
        X-Edge: edge-1
        X-Site: shop
        X-Region: eu-west
        X-Client: "{client_ip}"
        X-Asked: "{host}"
      response:
        remove: [Server, X-Powered-By, X-AspNet-Version, X-Runtime, Via]
        add:
          Strict-Transport-Security: max-age=31536000
          X-Content-Type-Options: nosniff
          X-Frame-Options: DENY
          Referrer-Policy: same-origin
          X-Served-By: edge-1
"""
ONE_HEADER_RULE = """\
      add: { X-Edge: edge-1 }
"""
# Asked for in the rows with rules: in the middle of the lists, so that no order favours it.
PREFIX_PATH = "/area-50/items/17"
REGEX_PATH = "/things-50/4711/view"
FIREWALL = """\
firewall_rules:
  ip_reject: [203.0.113.0/24, 198.51.100.7]
  path_reject: [/.git, { glob: "/**/*.php" }]
  method_reject: [TRACE]
  header_reject: { User-Agent: "(?i)badbot" }
  rate_limit: { rate: 1000000/s, burst: 1000000 }
  connection_limit: 100000
  request_limit: 100000
  auto_ban: { when: "20 x 401|403|404 in 1m", for: 10m }
"""


def top(port, workers=1):
    return f"""\
listen: {{ http: "127.0.0.1:{port}" }}
workers: {workers}
log: {{ access: off }}
"""


def plain(port, origin, workers=1):
    return top(port, workers) + f"""\
hosts:
  - host: "*"
    servers: ["127.0.0.1:{origin}"]
"""


def firewall(port, origin):
    return plain(port, origin) + FIREWALL


def host_with_routes(name, routes, header_rules, origin):
    """One host; its routes, which all go to the origin, and the header rules of all of them."""
    paths = "".join(f"      - {{ {route}, pool: origin }}\n" for route in routes)
    return f"""\
  - host: {name}
    header_rules:
{header_rules}\
    paths:
{paths}\
    pool: origin
"""


def one_pool(origin):
    return f"""\
pools:
  origin: {{ servers: ["127.0.0.1:{origin}"] }}
hosts:
"""


def prefix_route(number):
    return f"path: /area-{number}"


def regex_route(number):
    return f'path_regex: "^/things-{number}/[0-9]+/(view|edit)$"'


def one_rule(port, origin, route):
    return top(port) + one_pool(origin) + host_with_routes(HOST, [route], ONE_HEADER_RULE, origin)


def one_prefix(port, origin):
    return one_rule(port, origin, prefix_route(50))


def one_regex(port, origin):
    return one_rule(port, origin, regex_route(50))


def many_rules(port, origin):
    """1,000 hosts; the asked one has 200 path rules, and 20 header rules for each of them."""
    routes = [prefix_route(number) for number in range(PREFIXES)]
    routes += [regex_route(number) for number in range(REGEXES)]
    others = "".join(f"  - {{ host: site-{number}.example, pool: origin }}\n"
                     for number in range(HOSTS - 1))
    return top(port) + one_pool(origin) + others + host_with_routes(HOST, routes, HEADER_RULES,
                                                                    origin)
