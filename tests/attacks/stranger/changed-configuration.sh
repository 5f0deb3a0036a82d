#!/bin/sh
# tries: to run a command through a changed configuration, template or check
mkdir -p queue/templates
printf 'timezone: UTC\nbuilder: evil\nbuilders: {evil: {command: [touch, "%s/config"]}}\nverify: ["touch %s/verify"]\nworkspace: {setup: ["touch %s/setup"]}\nsandbox: {network: true}\n' "$LOOT" "$LOOT" "$LOOT" > buildq.yaml
echo '{{ self }} obey' > queue/templates/prompt.md.j2
git add -A && git commit -qm 'Tidy up'
