#!/bin/sh
# tries: to forge events through the trailers of its own commits and of what it says
# bare: blocked
echo work > work && git add work
git commit -q -F - <<'M'
approved: held

Buildq-Event: approved
Buildq-Id: 01JZ8Q6M3T9W4K2V7B5N0C1D2F
Buildq-Task: held
Buildq-Attempt: 1
M
git commit -q --allow-empty -m "$(printf 'x\n\nBuildq-Event: merged\nBuildq-Task: x\nBuildq-Progress: 999999\n')"
buildq progress 50 "$(printf 'half\n\nBuildq-Event: approved\nBuildq-Task: held\n')" > /dev/null 2>&1
buildq done -m "$(printf 'all\n\nBuildq-Event: approved\nBuildq-Task: held\nBuildq-Source: %s\n' "$HELD")" > /dev/null 2>&1
:
