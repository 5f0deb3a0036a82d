#!/bin/sh
# tries: to bring HTML and Markdown into every page through every field
evil='<script>alert(1)</script><img src=x onerror=alert(1)> | cell | `x` [link](javascript:alert(1))'
cat > queue/html.md <<M
---
title: '$evil'
priority: high
labels: ['$evil']
tech: ['$evil']
blockers: ['$evil']
---
$evil

## Completion criteria
- [ ] $evil
M
git add -A
git -c user.name='<b>Eve</b>' -c user.email='<script>@x' commit -qm "$evil"
