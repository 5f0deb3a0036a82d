#!/bin/sh
# tries: to send the host a pack that is no pack, and a hostile buildq in front of the real one
# bare: blocked
echo work > work && git add work && git commit -qm work
find .git/objects -type f -exec sh -c 'chmod u+w "$1"; head -c 64 /dev/urandom > "$1"' _ {} \;
mkdir -p bin && printf '#!/bin/sh\ntouch %s/buildq\nhead -c 4096 /dev/urandom\n' "$LOOT" > bin/buildq && chmod +x bin/buildq
cp bin/buildq bin/git && ln -s "$PWD/bin/git" .git/git
