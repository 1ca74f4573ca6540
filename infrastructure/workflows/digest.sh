#!/usr/bin/env bash
# Prints the SHA-256 of a file; where a digest is given too, only if the file has that one.
#
#     digest.sh FILE [SHA256]
#
# Exit codes: 0 printed, 1 the file cannot be read, 2 usage, 3 the file has another digest.
set -euo pipefail

if (( $# < 1 || $# > 2 )); then
  echo "usage: digest.sh FILE [SHA256]" >&2
  exit 2
fi
file="$1"
if (( $# == 2 )) && [[ ! "$2" =~ ^[0-9a-f]{64}$ ]]; then
  echo "digest.sh: '$2' is no SHA-256; wanted 64 hex digits, as the job before hands them on" >&2
  exit 2
fi

found="$(sha256sum < "$file")"
found="${found%% *}"
if (( $# == 2 )) && [[ "$found" != "$2" ]]; then
  echo "digest.sh: $file has the SHA-256 $found, and $2 was expected: it is not the file that was looked at before." \
    "Do not deploy it; run the whole pipeline again, and find out what changed it if this stays" >&2
  exit 3
fi
echo "$found"
