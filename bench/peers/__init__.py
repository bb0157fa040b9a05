"""The servers that are compared, each with the configuration that its own experts would choose."""

from peers.anteroom import AnteroomDynamic, AnteroomStatic
from peers.envoy import EnvoyGrpc, EnvoyOrigin
from peers.h2o import H2oStatic
from peers.haproxy import HaproxyOrigin
from peers.nginx import NginxOrigin, NginxStatic
from peers.origin import Responder

DYNAMIC = (AnteroomDynamic, HaproxyOrigin, NginxOrigin, EnvoyGrpc)
POST = (AnteroomDynamic, HaproxyOrigin, NginxOrigin, EnvoyOrigin)
STATIC = (AnteroomStatic, NginxStatic, H2oStatic, Responder)
