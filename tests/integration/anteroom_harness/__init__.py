"""Starts real front ends and backends and talks to them. One module a noun:

binaries     where the programs under test are
deadlines    the one way to wait for something
process      one running program: its log, its ports, how it ended
frontend     a front end and its configuration file
backend      a stock backend with the diagnostic handlers
stack        starts the processes of a test, and checks at the end that all of them ended well
http_client  a raw connection: exact bytes out, parsed responses in
load         many clients at once, every answer accounted for
metrics      the Prometheus text format
"""
