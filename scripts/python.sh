#!/bin/sh
# Run a script with the first Python on PATH that is new enough for ipy_sessions.
for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$name" "$@"
    fi
done
echo "ipy_sessions needs Python 3.11 or newer, and none was found on PATH. Install one (python.org/downloads, or: sudo apt install python3 python3-venv; brew install python), then run the same command again." >&2
exit 1
