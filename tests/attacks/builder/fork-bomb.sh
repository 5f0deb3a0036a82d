#!/bin/sh
# tries: to fork without end (here: at most 4,000 at once, lest a failure of the walls ends the machine that tests them)
# bare: unsafe
# needs: limits: {processes: 64}
bomb() {
  [ "$1" -gt 0 ] || exec sleep 20
  bomb $(($1 - 1)) &
  bomb $(($1 - 1)) &
  wait
}
bomb 11 2> /dev/null
echo work > work
