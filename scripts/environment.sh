# Sourced by demo.sh and test.sh, from the top of the repository: makes .venv with the package in it.
#   install_package '.[demo]'  the package, with what the Hub on this machine needs
#   install_package '.[test]'  with what the tests need, too
# Sets PYTHON to the environment's interpreter. An environment made from the same pyproject.toml is used again.

newer_python() { # the first interpreter that is new enough
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed, and python3 is $(python3 --version 2>&1 || true)." \
        "Install one, or name it: PYTHON=/path/to/python3.12 bash $0" >&2
    return 1
}

install_package() {
    local wanted=$1 base made kind
    # An editable installation knows its folder by name, so a moved clone needs a new one.
    made="$PWD $(cksum <pyproject.toml)"
    for kind in "$wanted" '.[test]'; do
        if [ "$(cat ".venv/made-for-$kind" 2>/dev/null)" = "$made" ] && .venv/bin/python -c '' 2>/dev/null; then
            PYTHON=$PWD/.venv/bin/python
            return
        fi
    done
    base=$(newer_python) || return 1
    echo "Installing into .venv (a few minutes the first time) ..."
    rm -f .venv/made-for-*
    if ! "$base" -m venv --clear .venv; then
        echo "No virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv" >&2
        return 1
    fi
    PYTHON=$PWD/.venv/bin/python
    local pip=("$PYTHON" -m pip install --quiet --disable-pip-version-check --no-input)
    # uv finds versions that fit in seconds, where pip takes minutes; where it can't (it reads no pip.conf), pip can.
    if ! { "${pip[@]}" uv && "$PYTHON" -m uv pip install --system-certs --quiet --python "$PYTHON" -e "$wanted"; }; then
        "${pip[@]}" -e "$wanted" || {
            echo "The installation failed; pip's message is above. Is the network there?" >&2
            return 1
        }
    fi
    echo "$made" >".venv/made-for-$wanted"
}
