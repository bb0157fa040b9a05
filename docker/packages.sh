#!/bin/sh
# Prints the packages of one section of cmake/packages.txt, a line each: packages.sh FILE SECTION
set -eu
awk -v section="[$2]" '
  { sub(/#.*/, ""); gsub(/[ \t]/, "") }
  /^\[/ { inside = $0 == section; found = found || inside; next }
  inside && length { print }
  END { exit !found }
' "$1"
