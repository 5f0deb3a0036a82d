#!/bin/sh
# tries: to slip options to git, ssh or a shell through the names of task files
for name in --upload-pack=touch -x --exec=touch --force -- '-oProxyCommand=touch'; do
  printf -- "$GOOD" > "./queue/$name.md"
done
git add -A && git commit -qm 'Names that look like options'
