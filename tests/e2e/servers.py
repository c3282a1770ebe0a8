"""The course's sample servers: Flask applications that say who they are and what they saw."""

import json
import logging
import threading

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)


class KeepAlive(WSGIRequestHandler):
    """HTTP/1.1 with persistent connections; werkzeug's own default is HTTP/1.0."""

    protocol_version = "HTTP/1.1"


def application(name):
    app = Flask(name)

    @app.route("/healthcheck")
    def healthcheck():
        return "OK"

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "DELETE"])
    @app.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    def anything(path):
        return jsonify(
            server=name,
            method=request.method,
            host=request.headers.get("Host"),
            path="/" + path,
            params=request.args.to_dict(),
            headers=dict(request.headers),
            body=request.get_data(as_text=True),
        )

    return app


def echo_application(name):
    """Tells what it saw to the byte, or answers just as the field `X-Reply` asks it to.

    `X-Reply` is JSON: `{"status": 302, "fields": [["Location", "/x"]], "body": ""}`.
    """
    app = Flask(name)

    @app.before_request  # before any routing of Flask's, so that every path and method comes here
    def anything():
        if asked := request.headers.get("X-Reply"):
            asked = json.loads(asked)
            reply = Response(asked.get("body", ""), asked.get("status", 200))
            for field, value in asked.get("fields", []):
                reply.headers.add(field, value)
            return reply
        return jsonify(
            server=name,
            method=request.method,
            target=request.environ["REQUEST_URI"],
            headers=dict(request.headers),
            body=request.get_data(as_text=True),
        )

    return app


class SampleServer:
    """One Flask server on a port of its own, in a thread."""

    def __init__(self, name, keep_alive=False, port=0, application=application):
        self.name = name
        self.server = make_server(
            "127.0.0.1", port, application(name), threaded=True,
            request_handler=KeepAlive if keep_alive else None,
        )  # fmt: skip
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.port = self.server.server_port
        self.address = f"localhost:{self.port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.thread.start()
        self.alive = True

    def stop(self):
        if self.alive:
            self.alive = False
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()


class EchoServer(SampleServer):
    """A Flask server that tells what it saw; see `echo_application`."""

    def __init__(self, name, **options):
        super().__init__(name, keep_alive=True, application=echo_application, **options)
        self.address = f"127.0.0.1:{self.port}"
