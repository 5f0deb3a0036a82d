#!/bin/sh
# tries: to read a variable that it was not given, from its own environment and from that of every process it sees
# bare: works
env > found
for pid in /proc/[0-9]*; do tr '\0' '\n' < "$pid/environ"; done 2> /dev/null | grep -a UNLISTED >> found
echo work > work
