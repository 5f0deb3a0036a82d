#!/bin/sh
# tries: to leave a process that has let go of every descriptor
# bare: blocked
(exec 0<&- 1>&- 2>&- 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-; setsid sleep "36$MARK" &) &
echo work > work
