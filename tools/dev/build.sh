#!/usr/bin/env bash
# Configures and builds Tegula, installing first what is missing.
#
#   tools/dev/build.sh                  release, into build/release
#   tools/dev/build.sh asan             another preset, into build/asan
#   tools/dev/build.sh release tegula   chosen targets only
#
# Binaries are in build/<preset>/bin; the Python package is imported with
# PYTHONPATH=build/<preset>/python.
set -euo pipefail
cd "$(dirname "$0")/../.."

preset=${1:-release}
shift || true
tools/dev/install_deps.sh

PATH=$PWD/build/venv/bin:$PATH
for deps in "${TEGULA_DEPS:-}" "$PWD/build/deps"; do
  onnx=$(echo "$deps"/onnx-*/lib/cmake/ONNX)
  [ ! -d "$onnx" ] || break
done
if [ ! -f "build/$preset/build.ninja" ]; then
  cmake --preset "$preset" -DONNX_DIR="$onnx" -DTEGULA_CCACHE_PCH=ON
fi
# What ccache must be told to serve files that use a precompiled header.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
exec ninja -C "build/$preset" "$@"
