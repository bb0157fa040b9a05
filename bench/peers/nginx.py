"""nginx in front of the minimal origin, and nginx as a server of files."""

import os

from machine import first_line
from peers.base import Peer, Running, missing_binaries
from peers.origin import BINARY, start_origin
from processes import free_port

WORKER_CONNECTIONS = 16_000

# stub_status is on as it would be in production. keepalive_requests is raised on both sides: its default would close
# every connection after 1000 requests. `reuseport` spreads the connections over the workers.
_FRAME = """\
{user}worker_processes {loops};
worker_rlimit_nofile 20000;
daemon off;
pid {prefix}/nginx.pid;
error_log stderr crit;
events {{ worker_connections {worker_connections}; }}
http {{
    access_log off;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    tcp_nodelay on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
{http}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
{server}
    }}
    server {{
        listen 127.0.0.1:{status_port};
        location / {{ stub_status; }}
    }}
}}
"""

_PROXY_HTTP = """\
    upstream origin {{
        server 127.0.0.1:{origin_port};
        keepalive 256;
        keepalive_requests 1000000000;
        keepalive_timeout 300s;
    }}
"""

# Request buffering is nginx' default. Bodies of up to 256 KiB stay in memory, as Anteroom keeps them; with the default of
# 16 KiB larger ones would go through a file.
_PROXY_SERVER = """\
        client_max_body_size 0;
        client_body_buffer_size 256k;
        location / {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""

_STATIC_HTTP = """\
    sendfile on;
    tcp_nopush on;
    open_file_cache max=12000 inactive=300s;
    open_file_cache_valid 300s;
    default_type application/octet-stream;
"""

_STATIC_SERVER = """\
        location /static/ {{ root {root}; }}
        location /static/gzip/ {{ root {root}; gzip_static on; gzip_vary on; }}
"""


class _Nginx(Peer):
    def missing(self):
        return missing_binaries("nginx", self.setup.binary(BINARY))

    def version(self):
        return first_line(["nginx", "-v"])

    def start_nginx(self, processes, name, http, server, worker_connections=WORKER_CONNECTIONS):
        port, status_port = free_port(), free_port()
        prefix = os.path.join(self.setup.scratch, name)
        os.makedirs(prefix, exist_ok=True)
        # Started by root, the workers would become `nobody`, who can't read the scratch directory.
        user = "user root;\n" if os.geteuid() == 0 else ""
        path = self.setup.write(
            f"{name}.conf",
            _FRAME.format(
                user=user, loops=self.setup.loops, prefix=prefix, http=http, port=port, server=server,
                status_port=status_port, worker_connections=worker_connections,
            ),
        )  # fmt: skip
        nginx = processes.start(name, ["nginx", "-e", "stderr", "-p", prefix, "-c", path], [port, status_port])
        return port, nginx


class NginxOrigin(_Nginx):
    name = "nginx + origin"
    about = "keep-alive upstream over HTTP/1.1, request buffering, reuseport, stub_status on, access log off"

    def start(self, processes):
        origin_port, origin = start_origin(self.setup, processes, "nginx")
        port, nginx = self.start_nginx(
            processes, "nginx-proxy", _PROXY_HTTP.format(origin_port=origin_port), _PROXY_SERVER
        )
        return Running(port, "/diag/hello", [("front", nginx), ("back", origin)])


class NginxStatic(_Nginx):
    name = "nginx"
    about = "sendfile, tcp_nopush, open_file_cache, gzip_static, reuseport, stub_status on, access log off"

    def start(self, processes, worker_connections=WORKER_CONNECTIONS):
        root = os.path.dirname(os.path.dirname(self.setup.document))
        port, nginx = self.start_nginx(
            processes, "nginx-static", _STATIC_HTTP, _STATIC_SERVER.format(root=root), worker_connections
        )
        return Running(port, "/static/1k.bin", [("front", nginx)])
