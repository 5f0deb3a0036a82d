#!/bin/sh
# tries: to write to the user's terminal through titles, texts, labels, authors and commit subjects
esc=$(printf '\033]0;owned\007\033[2J\033[31m\302\233\302\205'); bidi=$(printf '\342\200\256\342\201\246\342\200\213')
printf -- '---\ntitle: "%s %s title"\npriority: high\nlabels: ["%s"]\nblockers: ["%s"]\ntech: ["%s"]\nbuilder: "%s"\ndepends_on: []\n---\n# %s\n%s text %s\n\n## Completion criteria\n- [ ] %s %s\n' \
  '\e]0;owned\a' "$bidi" '\e[31m' '\e[2J' '\x9b31m' '\x1b' "$esc" "$esc" "$bidi" "$esc" "$bidi" > queue/escapes.md
printf -- '---\ntitle: %s\npriority: high\n---\n%s\n\n## Completion criteria\n- [ ] %s\n' "$bidi owned" "$bidi" "$bidi" > queue/bidi.md
printf 'builder: "%s"\n' "$esc" > buildq.yaml
git add -A
git -c user.name="$esc Eve" commit -qm "$esc subject $bidi"
