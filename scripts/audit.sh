#!/usr/bin/env bash
# Known faults and licences of everything the package needs, in an environment of their own: bash scripts/audit.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environment.sh

# What a BSD-licensed program may be used with, as the packages' own metadata name their licences.
REFUSED='AGPL;GNU Affero;SSPL;Server Side Public License;Proprietary'

install_package '.[demo]'
"$PYTHON" -m pip install --quiet --disable-pip-version-check --no-input pip-audit pip-licenses
"$PYTHON" -m piplicenses --partial-match --fail-on "$REFUSED" --summary
"$PYTHON" -m piplicenses --format=csv | tr -d '"' | { grep -E 'GPL|GNU|MPL|Mozilla|EPL|CDDL|UNKNOWN' || true; } |
    while IFS=, read -r name _ licence; do
        grep -qi "\b$name\b" README.md || { echo "$name is under $licence: name it in README.md, or do without it" >&2; exit 1; }
    done
# Strict: where the index knows no faults of a package, such as a mirror without PyPI's own data, nothing was audited.
pinned=$(mktemp)
trap 'rm -f "$pinned"' EXIT
"$PYTHON" -m pip freeze --disable-pip-version-check --exclude-editable >"$pinned"
"$PYTHON" -m pip_audit --strict --disable-pip --no-deps --requirement "$pinned" || {
    echo "The audit failed: a fault is listed above, or the index of packages does not tell of faults (pypi.org does)." >&2
    exit 1
}
