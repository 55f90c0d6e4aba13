#!/usr/bin/env bash
# Checks the code and runs the tests, in an environment of their own: bash scripts/test.sh [pytest's arguments]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environment.sh

has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null 2>&1

install_chromium() {
    local root=()
    if ! command -v apt-get >/dev/null; then
        echo "No Chromium, and no apt-get to install it with: the browser tests will be skipped." >&2
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "No Chromium, and no right to install it: the browser tests will be skipped" \
                "(sudo apt-get install chromium)." >&2
            return
        fi
        root=(sudo -n)
    fi
    echo "Installing Chromium ..."
    if ! { "${root[@]}" apt-get update -qq &&
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } \
        </dev/null >/dev/null; then
        echo "Chromium could not be installed; apt-get's message is above. The browser tests will be skipped." >&2
    fi
}

install_package '.[test]'
has_chromium || install_chromium

BIN=$(dirname "$PYTHON")
"$BIN/ruff" check .
"$BIN/ruff" format --check .
"$BIN/lint-imports"
"$BIN/mypy"

export TF_CPP_MIN_LOG_LEVEL=${TF_CPP_MIN_LOG_LEVEL:-2}
# Two processes, each with whole files, so that what a file prepares once is prepared once.
exec "$PYTHON" -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder "$@" </dev/null
