"""The two servers: tallyd, and nginx with the same answers as files."""

import contextlib
import http.client
import json
import re
import socket
import time

from lib import processes
from lib.failure import Failure

READY_SECONDS_MAX = 600
NGINX_SECONDS_MAX = 30

NGINX = """
worker_processes 1;
master_process off;
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  open_file_cache max=50000 inactive=1h;
  open_file_cache_valid 1h;
  default_type application/json;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} reuseport;
    root {folder}/www;
  }}
}}
"""


def get(address, path, headers=None):
    """(status, headers, body) of one request on a connection of its own."""
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


class Tallyd:
    """The daemon with default settings but for `flags`; ready when the block begins."""

    name = "tallyd"

    def __init__(self, programs, brokers, prefix, folder, flags=()):
        self.child = processes.Child(
            [programs.tallyd, "--brokers", brokers, "--topic-prefix", prefix, "--data-dir",
             folder / "state", "--http-listen", "127.0.0.1:0", *flags], follow_errors=True)
        self.address = self.admin = ""

    def __enter__(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        said = re.compile(r"serves http://(\S+) \(probes and metrics: http://(\S+)\)")
        _, found = self.child.wait_for(said.search, deadline)
        self.address, self.admin = found[1], found[2]
        self.wait_ready(deadline)
        return self

    def __exit__(self, *_):
        self.child.end()

    def wait_ready(self, deadline):
        while get(self.admin, "/readyz")[0] != 200:
            if time.monotonic() > deadline or not self.child.running():
                raise Failure("tallyd is not ready; it said:\n" + self.child.said())
            time.sleep(0.05)

    def lag(self):
        """Records that it has not read yet."""
        shards = json.loads(get(self.admin, "/readyz")[2])["shards"]
        return sum(lag or 0 for shard in shards for lag in shard["lag"].values())


class Nginx:
    """One worker, file descriptors cached: what nginx does fastest."""

    name = "nginx"

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=port), "utf-8")
        self.child = processes.Child(["/usr/sbin/nginx", "-p", folder, "-c", config])

    def __enter__(self):
        deadline = time.monotonic() + NGINX_SECONDS_MAX
        while True:
            with contextlib.suppress(OSError):
                get(self.address, "/")
                return self
            if time.monotonic() > deadline or not self.child.running():
                raise Failure("nginx did not start; it said:\n" + self.child.said())
            time.sleep(0.05)

    def __exit__(self, *_):
        self.child.end()
