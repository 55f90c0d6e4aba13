#!/usr/bin/env bash
# Trains, publishes and predicts on this machine: bash scripts/demo.sh
# The same without a person, and with an exit status: bash scripts/demo.sh --check
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environment.sh

install_package '.[demo]'
exec "$PYTHON" scripts/demo/demo.py "$@"
