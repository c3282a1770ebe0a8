"""Ordinary clients: curl and Requests, in the ways in which people use them."""

import json

import pytest
import requests
from clients import curl
from configs import one_path
from origin import WELL
from waiting import PATIENCE


@pytest.fixture(scope="module")
def edge(module_fairlead, sample_servers):
    servers = sample_servers("one"), sample_servers("two", keep_alive=True)
    return module_fairlead(one_path(*servers, defaults="health: off"), workers=2)


def test_curl_gets(edge):
    assert json.loads(curl(edge.url("/a?b=c")))["params"] == {"b": "c"}


def test_curl_asks_for_the_head_alone(edge):
    head = curl("--head", edge.url("/a"))
    assert head.startswith("HTTP/1.1 200") and "Content-Length" in head


def test_curl_reuses_its_connection(edge):
    urls = [edge.url(f"/{i}") for i in range(20)]
    more = [argument for url in urls for argument in ("--output", "/dev/null", url)]
    connects = curl("--write-out", "%{num_connects} ", *more).split()
    assert sum(map(int, connects)) == 1


UPLOADS = {
    "form": (["--data", "a=b"], None, "a=b"),
    "large": (["--data-binary", "@-"], b"x" * 2_000_000, "x" * 2_000_000),
    "expecting": (["--header", "Expect: 100-continue", "--data", "a=b"], None, "a=b"),
    "PUT": (["--request", "PUT", "--data", "put"], None, "put"),
    "HTTP 1.0": (["--http1.0", "--data", "a=b"], None, "a=b"),
}


@pytest.mark.parametrize("arguments, stdin, body", UPLOADS.values(), ids=UPLOADS)
def test_curl_uploads(edge, arguments, stdin, body):
    assert json.loads(curl(*arguments, edge.url("/"), stdin=stdin))["body"] == body


def test_requests_session(edge):
    with requests.Session() as session:
        for i in range(50):
            reply = session.post(edge.url(f"/{i}"), data=b"b" * i, timeout=PATIENCE)
            assert (reply.json()["path"], reply.json()["body"]) == (f"/{i}", "b" * i)


def test_requests_streams_an_upload_in_chunks(fairlead, origin):
    upstream = origin(WELL)
    chunked = fairlead(one_path(upstream))
    requests.put(chunked.url(), data=(b"piece" for _ in range(1000)), timeout=PATIENCE)
    assert upstream.next_whole_request().body == b"piece" * 1000
