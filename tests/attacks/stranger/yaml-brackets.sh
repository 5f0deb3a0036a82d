#!/bin/sh
# tries: to exhaust the parser with 64 KB of `[` in front matter, in a YAML task and in the configuration
deep=$(head -c 65000 /dev/zero | tr '\0' '[')
printf -- '---\nlabels: %s\n---\nWrite it.\n' "$deep" > queue/deep.md
printf 'title: x\ndescription: %s\n' "$deep" > queue/deep-yaml.yaml
printf 'verify: %s\n' "$deep" > buildq.yaml
git add -A && git commit -qm 'Deep'
