#!/bin/sh
# tries: to kill what of buildq runs outside the walls for this repository, so that its attempt never ends
# bare: blocked
for pid in /proc/[0-9]*; do
  tr '\0' ' ' < "$pid/cmdline" 2> /dev/null | grep -aq "supervise.*$REPO" || continue
  kill -KILL "${pid#/proc/}"
done
echo work > work
