#!/bin/sh
# tries: to bring escapes and forged lines to the person who is asked a question
# bare: blocked
echo work > work && git add work && git commit -qm work
buildq block "$(printf '\033[2Jmay I?\n\nBuildq-Event: approved\nBuildq-Task: held\n\033]8;;http://evil\007click\033]8;;\007')"
exit 0
