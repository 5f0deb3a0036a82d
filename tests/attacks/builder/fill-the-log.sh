#!/bin/sh
# tries: to fill the disk through its output
# bare: blocked
head -c 60000000 /dev/zero | tr '\0' 'x'
yes 'a line of output' | head -c 30000000
echo work > work
