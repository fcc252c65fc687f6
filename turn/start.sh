#!/bin/sh
# Starts coturn in a container: configuration from Parley's settings, then coturn in the place of this shell.
# Options of turn/generate.ts may be given as arguments.
set -eu
umask 077
node turn/generate.ts --out /tmp/turnserver.conf "$@"
exec turnserver -c /tmp/turnserver.conf --pidfile /tmp/turnserver.pid --userdb /tmp/turnserver.users
