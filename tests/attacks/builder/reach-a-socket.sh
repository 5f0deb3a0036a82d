#!/bin/sh
# tries: to reach a service of the user's that listens at a path, as ssh-agent, D-Bus and docker do
# bare: works
# landlock: works
command -v python3 > /dev/null && python3 - "$HOST_HOME/agent.sock" <<'PY'
import socket, sys
service = socket.socket(socket.AF_UNIX)
try:
    service.connect(sys.argv[1])
    service.sendall(b"sign this")
except OSError:
    pass
PY
echo work > work
