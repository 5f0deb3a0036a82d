#!/bin/sh
# tries: to exhaust memory with aliases of aliases, and with merge keys
{
  printf -- '---\na: &a [x,x,x,x,x,x,x,x,x,x]\n'
  last=a
  for next in b c d e f g h i j; do
    printf '%s: &%s [*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s]\n' $next $next $last $last $last $last $last $last $last $last $last $last
    last=$next
  done
  printf 'labels: *j\n---\nWrite it.\n'
} > queue/bomb.md
printf 'base: &x {title: y}\n<<: *x\ndescription: z\n' > queue/merge.yaml
git add -A && git commit -qm 'Aliases'
