#!/bin/sh
# pull: by ref
# tries: to leave the queue folder through entries that no honest git writes: `..`, `.git`, a slash in a name
command -v python3 > /dev/null || exit 0
blob=$(printf -- "$GOOD" | git hash-object -w --stdin)
queue=$({ git ls-tree HEAD:queue | git mktree | git cat-file --batch | tail -n +2 | head -c -1; python3 -c '
import sys
blob = bytes.fromhex(sys.argv[1])
for name in (b"..", b"../evil.md", b".git", b"a/b.md"):
    sys.stdout.buffer.write(b"100644 " + name + b"\0" + blob)
' "$blob"; } | git hash-object -w -t tree --literally --stdin)
top=$(git ls-tree HEAD | grep -v "	queue$" | { cat; printf '040000 tree %s\tqueue\n' "$queue"; } | git mktree)
git update-ref HEAD "$(git commit-tree "$top" -p HEAD -m 'A tree with hostile names')"
