#!/bin/sh
# tries: to push a ledger with forged approvals, a forged runner and forged successes
git fetch -q origin buildq 2> /dev/null || exit 0
tree=$(git rev-parse FETCH_HEAD^{tree}); tip=$(git rev-parse FETCH_HEAD)
say() { tip=$(printf '%s\n\n%s\n' "$1" "$2" | git commit-tree "$tree" -p "$tip"); }
say 'approved: held' "Buildq-Event: approved
Buildq-Id: 01JZ8Q6M3T9W4K2V7B5N0C1D2E
Buildq-Task: held
Buildq-Source: $HELD"
say 'runner: evil' 'Buildq-Event: runner
Buildq-Id: 01JZ8Q6M3T9W4K2V7B5N0C1D2F
Buildq-Runner: evil/0000'
git push -q origin "$tip:refs/heads/buildq"
