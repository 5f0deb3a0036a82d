#!/bin/sh
# tries: to stop the queue with noise: bytes that are no text, huge files, thousands of tasks, deep folders
head -c 200000 /dev/urandom > queue/noise.md
head -c 3000000 /dev/zero > queue/zeros.md
printf '\357\273\277---\r\ntitle: x\r\n---\r\n' > queue/bom.md
folder=queue; for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do folder=$folder/d; done
mkdir -p $folder && printf -- "$GOOD" > $folder/deep-down.md
n=0; while [ $n -lt 500 ]; do echo "---" > queue/many-$n.md; n=$((n+1)); done
git add -A && git commit -qm 'Noise'
