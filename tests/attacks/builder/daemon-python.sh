#!/bin/sh
# tries: to leave a daemon made by the book: two forks, another session, cleared environment, closed descriptors
# bare: blocked
command -v python3 > /dev/null && python3 - "$MARK" <<'PY'
import os, signal, sys
mark = sys.argv[1]
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(s, signal.SIG_IGN)
        os.closerange(0, 256)
        os.execve("/bin/sleep", ["sleep", "36" + mark], {})
    os._exit(0)
PY
echo work > work
