#!/bin/sh
# tries: to have filters, hooks folders and submodule commands of the tree run by the host
printf '* filter=evil diff=evil merge=evil text=auto\n' > .gitattributes
mkdir -p .githooks && printf '#!/bin/sh\ntouch %s/hook\n' "$LOOT" > .githooks/post-commit && chmod +x .githooks/post-commit
printf '[filter "evil"]\n\tsmudge = touch %s/smudge\n' "$LOOT" > .gitconfig
printf -- "$GOOD" > queue/filtered.md
git add -A && git commit -qm 'Attributes'
