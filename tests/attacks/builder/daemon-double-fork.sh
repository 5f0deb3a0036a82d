#!/bin/sh
# tries: to leave a process by forking twice, elsewhere, without its environment
# bare: blocked
(cd / && setsid sh -c "env -i /bin/sh -c 'cd /; (sleep 36$MARK &)' &" &) &
echo work > work
