#!/bin/sh
# tries: to free locks through inherited descriptors, so that the attempt seems dead while it lives
# bare: blocked
command -v python3 > /dev/null && python3 - <<'PY'
import fcntl, os
for fd in range(0, 256):
    try:
        fcntl.flock(fd, fcntl.LOCK_UN)
        fcntl.lockf(fd, fcntl.LOCK_UN)
    except OSError:
        pass
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with open(f"/proc/{pid}/fd/{fd}") as f:
                fcntl.flock(f, fcntl.LOCK_UN)
    except OSError:
        pass
PY
buildq -C "$REPO" sync > /dev/null 2>&1
echo work > work
