#!/bin/sh
# tries: to have what the checks name run outside of the walls
# bare: works
# needs: verify: ["sh check.sh"]
printf 'touch %s/check; exit 0\n' "$LOOT" > check.sh
mkdir -p "$LOOT" 2> /dev/null
echo work > work
