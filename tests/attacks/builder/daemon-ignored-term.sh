#!/bin/sh
# tries: to leave processes that ignore every signal that can be ignored
# bare: blocked
sh -c "trap '' TERM HUP INT QUIT USR1 USR2; cd /; while :; do sleep 36$MARK; done" &
setsid sh -c "trap '' TERM HUP INT; cd /; sleep 36$MARK & wait; sleep 36$MARK" &
echo work > work
