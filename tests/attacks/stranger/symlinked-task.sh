#!/bin/sh
# tries: to have a file of the user's read as a task, through a symbolic link
ln -s /etc/passwd queue/passwd.md
ln -s ../../home/.ssh/id_ed25519 queue/key.md
ln -s ../a.txt queue/inner.md
ln -s . queue/loop
git add -A && git commit -qm 'Links for tasks'
