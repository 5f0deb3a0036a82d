#!/bin/sh
# tries: to have a submodule taken for a task, or cloned
git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),queue/module.md"
git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),queue/sub"
printf '[submodule "evil"]\n\tpath = queue/sub\n\turl = ext::sh -c "touch %s/module"\n\tupdate = !touch %s/update\n' "$LOOT" "$LOOT" > .gitmodules
git add .gitmodules && git commit -qm 'A submodule for a task'
