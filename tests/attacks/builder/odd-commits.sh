#!/bin/sh
# tries: to bring hostile names and texts to whoever looks at the branch: escapes in subjects, authors and paths, a .git inside
# bare: blocked
esc=$(printf '\033]0;owned\007\033[2J\033[31m')
printf 'x' > "$(printf 'bell\007name')"
printf 'x' > "$(printf 'esc\033[31mname')"
printf 'x' > -- '--force' 2>/dev/null
printf 'x' > '<img src=x onerror=alert(1)>'
git add -A
git -c user.name="$esc Eve" -c user.email='<script>@x' commit -qm "$esc subject \`touch $LOOT/subject\` \$(touch $LOOT/subject)"
bidi=$(printf '\342\200\256')
git commit -q --allow-empty -m "${bidi}txt.exe | <b>bold</b> [x](javascript:alert(1))"
buildq progress 10 "$esc half" --next "$esc next" --deliverable "javascript:alert(1)$esc" 2> /dev/null
buildq done -m "$esc done <script>alert(1)</script> | a | b |" 2> /dev/null
:
