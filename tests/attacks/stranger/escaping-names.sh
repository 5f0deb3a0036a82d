#!/bin/sh
# tries: to leave the queue folder, the refs or the quotes through the names of task files
mkdir -p 'queue/$(touch loot)' 'queue/a;touch loot' 'queue/..a'
for name in '..a/x' '$(touch loot)/y' 'a;touch loot/z' 'a..b' 'x.lock' '@{-1}' 'HEAD' '%2e%2e' '..\\..\\w' 'q"uote' "q'uote" 'sp ace'; do
  printf -- "$GOOD" > "queue/$name.md"
done
git add -A && git commit -qm 'Names that lead elsewhere'
