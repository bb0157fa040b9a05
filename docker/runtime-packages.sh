#!/bin/bash
# Prints the Debian packages whose shared libraries a program is linked with, a line each: runtime-packages.sh PROGRAM
# So the runtime images follow the program and the base image's release; nobody keeps a list of library versions.
set -euo pipefail
ldd "$1" | awk '/not found/ { exit 1 } $2 == "=>" { print $3 }' |
  while read -r library; do
    # dpkg knows a file by its name from before or after the merge of /lib into /usr/lib.
    dpkg-query --search "$library" 2>/dev/null || dpkg-query --search "${library#/usr}" 2>/dev/null ||
      dpkg-query --search "/usr$library"
  done | cut -d: -f1 | sort -u
