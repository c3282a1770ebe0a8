"""Answers of the configuration: texts, files beside it, and header fields."""

import pytest
from edge import run

PICTURE = bytes(range(256)) * 4095  # nearly 1 MiB, and no text at all

CONFIG = """
paths:
  - { path: /text, respond: { body: "You are {client_ip}" } }
  - { path: /html, respond: { status: 503, body: "<h1>Down</h1>", headers: { Retry-After: 120 } } }
  - { path: /json, respond: { body: '{"status": "ok"}' } }
  - { path: /file, respond: { file: pages/page.html } }
  - { path: /picture, respond: { file: pages/picture.png, headers: { Cache-Control: max-age=60 } } }
"""


@pytest.fixture
def edge(fairlead, tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "page.html").write_text("<p>{client_ip}</p>")
    (folder / "picture.png").write_bytes(PICTURE)
    return fairlead(CONFIG)


@pytest.mark.parametrize(
    "path, status, content_type, body",
    [
        ("/text", 200, "text/plain; charset=utf-8", b"You are 127.0.0.1"),
        ("/html", 503, "text/html; charset=utf-8", b"<h1>Down</h1>"),
        ("/json", 200, "application/json", b'{"status": "ok"}'),
        ("/file", 200, "text/html; charset=utf-8", b"<p>{client_ip}</p>"),
        ("/picture", 200, "image/png", PICTURE),
    ],
    ids=["text", "html", "json", "file", "picture"],
)
def test_it_answers(edge, path, status, content_type, body):
    with edge.connect() as client:
        for _ in range(2):
            answer = client.get(path)
            assert (answer.status, answer.body) == (status, body)
            assert answer.get("content-type") == content_type
            assert answer.get("content-length") == str(len(body))
            client.request("HEAD", path)
            head = client.read_answer("HEAD")
            assert head.get("content-length") == str(len(body))
            assert head.get("content-type") == content_type


def test_it_adds_fields(edge):
    assert edge.get("/html").get("retry-after") == "120"
    assert edge.get("/picture").get("cache-control") == "max-age=60"


def test_a_reader_who_is_slow_gets_all_of_it(edge):
    with edge.connect(receive_buffer=4096) as client:
        client.request("GET", "/picture")
        assert client.read_answer().body == PICTURE


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("missing.html", None, "cannot read"),
        ("large.bin", b"x" * ((1 << 20) + 1), "is larger than 1 MiB"),
    ],
    ids=["missing", "large"],
)
def test_a_file_that_cannot_be_had_is_told(tmp_path, name, content, words):
    config = tmp_path / "fairlead.yaml"
    config.write_text(f"paths: [{{ path: /, respond: {{ file: {name} }} }}]\n")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    checked = run("check", "-c", config)
    assert checked.returncode == 1
    told = checked.stdout + checked.stderr
    assert words in told and f"{name}`" in told and ":1:" in told, told
