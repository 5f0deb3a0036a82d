#!/bin/sh
# tries: to leave a process in a session of its own
# bare: blocked
setsid sh -c "exec sleep 36$MARK" &
echo work > work
