#!/bin/sh
# Fills the image's virtual environment, from the project's folder and in two steps, so that a change of
# our code leaves the large layer of the dependencies as it is:
#   install.sh dependencies VENV    what requirements.txt locks
#   install.sh icecube VENV         our own wheel
# Everything is pinned by hash, what wheels are built with too. A test runs this script as it is.
set -eu

step=$1
venv=$2
build_tools=deploy/docker/build-requirements.txt
export UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never # the cache is mounted from elsewhere; Python is the image's

case $step in
dependencies)
    uv venv --no-project "$venv"
    deploy/install-locked.sh requirements.txt \
        uv pip install --python "$venv" --compile-bytecode --build-constraints "$build_tools"
    ;;
icecube)
    wheels=$(mktemp -d)
    trap 'rm -rf "$wheels"' EXIT
    uv build --wheel --require-hashes --build-constraints "$build_tools" --out-dir "$wheels"
    uv pip install --python "$venv" --compile-bytecode --no-deps --no-index "$wheels"/icecube-*.whl
    uv pip check --python "$venv"
    ;;
*)
    echo "install.sh: the step must be dependencies or icecube, not $step" >&2
    exit 2
    ;;
esac
