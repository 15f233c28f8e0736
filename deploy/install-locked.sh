#!/bin/sh
# Installs what a requirements file locks, every package checked by its hash:
#   install-locked.sh FILE INSTALLER...    where INSTALLER is `python -m pip install` or `uv pip install`, with options
#
# pyvips comes as source only. Where its build finds the system's libvips and a C compiler, it compiles a module
# against that libvips, which goes over the module of pyvips-binary: images are then processed by a libvips that
# nobody tested. So pyvips is built without finding any libvips, and never taken from a cache, which may hold
# another build of it.
set -eu

file=$1
shift
export PKG_CONFIG=false # what pyvips asks for libvips

locked=$(mktemp -d)
trap 'rm -rf "$locked"' EXIT
for package in pyvips pyvips-binary; do
    sed -n "/^$package==/,/[^\\\\]\$/p" "$file" >"$locked/$package.txt"
done

# In this order: removing a pyvips that was compiled removes the module, and pyvips-binary brings its own back.
"$@" --require-hashes --no-deps --force-reinstall --no-cache-dir -r "$locked/pyvips.txt"
"$@" --require-hashes --no-deps --force-reinstall -r "$locked/pyvips-binary.txt"
"$@" --require-hashes -r "$file"
