#!/usr/bin/env bash
# Installs what a build of Tegula needs and this machine lacks (Debian 12):
#   distribution packages, a Python environment in build/venv, NVIDIA's ptxas,
#   and ONNX's C++ library in build/deps (built once, 3 minutes on 2 cores).
# Does nothing, quickly, when all is there. TEGULA_DEPS may name a folder that
# holds an onnx-<version> built before.
set -euo pipefail
cd "$(dirname "$0")/../.."

llvm=22
onnx=1.23.2
nvcc=13.0.88
packages=(
  ca-certificates clang-$llvm lld-$llvm llvm-$llvm-dev llvm-$llvm-tools
  libmlir-$llvm-dev mlir-$llvm-tools liblld-$llvm-dev libclang-rt-$llvm-dev
  clang-format-$llvm clang-tidy-$llvm libprotobuf-dev protobuf-compiler
  libsqlite3-dev libzstd-dev zlib1g-dev libgtest-dev ninja-build ccache cmake git python3 python3-venv
  # The runtime for AArch64 and the emulator of its tests.
  libstdc++-12-dev-arm64-cross qemu-user
)

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "Installing packages: ${missing[*]}"
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  if ! "${sudo[@]}" true; then
    echo "Cannot become root. Run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  "${sudo[@]}" apt-get update -q
  "${sudo[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

wanted=tools/dev/requirements.txt
if ! cmp -s $wanted build/venv/tegula-requirements.txt; then
  have=$(build/venv/bin/python -m pip freeze 2>/dev/null || true)
  lacking=0
  while read -r line; do
    [ -z "$line" ] || grep -qixF "${line//_/-}" <<<"${have//_/-}" || lacking=1
  done < <(sed 's/ *#.*//' $wanted)
  if [ $lacking = 1 ]; then
    say "Python environment in build/venv"
    mkdir -p build
    python3 -m venv build/venv
    build/venv/bin/python -m pip install --quiet -r $wanted
    cp $wanted build/venv/tegula-requirements.txt
  fi
fi

# NVIDIA's assembler, for --target=cuda:...; without it PTX still works.
if ! command -v ptxas >/dev/null && [ ! -x /usr/local/cuda/bin/ptxas ] &&
  [ ! -e build/venv/bin/ptxas ]; then
  say "ptxas in build/venv/bin"
  if build/venv/bin/python -m pip install --quiet --no-deps nvidia-cuda-nvcc==$nvcc; then
    ln -sr build/venv/lib/python3*/site-packages/nvidia/cu13/bin/ptxas build/venv/bin/ptxas
  else
    echo "No ptxas: tests that need it are skipped." >&2
  fi
fi

if [ -d "${TEGULA_DEPS:-build/deps}/onnx-$onnx/lib/cmake/ONNX" ]; then
  exit 0
fi
say "ONNX's C++ library $onnx in build/deps (once, about 3 minutes)"
deps=$PWD/build/deps
build/venv/bin/python tools/dev/fetch_onnx.py "$deps/src"
rm -rf "$deps/src/onnx-$onnx" "$deps/src/build"
tar -xzf "$deps/src/onnx-$onnx.tar.gz" -C "$deps/src"
PATH=$PWD/build/venv/bin:$PATH
cmake -G Ninja -S "$deps/src/onnx-$onnx" -B "$deps/src/build" \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$deps/src/install" \
  -DCMAKE_C_COMPILER=clang-$llvm -DCMAKE_CXX_COMPILER=clang++-$llvm \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DONNX_ML=ON -DONNX_BUILD_PYTHON=OFF \
  -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DONNX_GEN_PB_TYPE_STUBS=OFF \
  >"$deps/src/configure.log" 2>&1 || { tail -30 "$deps/src/configure.log" >&2; exit 1; }
ninja -C "$deps/src/build" install
# Only a complete library gets the name that is looked for above.
rm -rf "$deps/onnx-$onnx"
mv "$deps/src/install" "$deps/onnx-$onnx"
rm -rf "$deps/src/build" "$deps/src/onnx-$onnx"
