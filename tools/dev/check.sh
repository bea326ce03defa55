#!/usr/bin/env bash
# The checks of the tree, each alone or all of them:
#
#   tools/dev/check.sh                          everything
#   tools/dev/check.sh lit                      one part
#   tools/dev/check.sh conformance --only Conv  one part with options of its own
#
# Parts: format layers build lit unit execution conformance models gpu arm python evaluate
# (in this order). The last line is `N passed, N failed`; the exit status is 1
# if anything failed.
set -uo pipefail
cd "$(dirname "$0")/../.."

all=(format layers build lit unit execution conformance models gpu arm python evaluate)
build=build/release
python=build/venv/bin/python
logs=build/check
mkdir -p $logs
passed=0
failed=0
summary=()

title() { printf '\033[1m== %s\033[0m\n' "$*"; }

# count NAME PASSED FAILED: adds to the totals.
count() {
  passed=$((passed + $2))
  failed=$((failed + $3))
  summary+=("$(printf '%-12s %5d passed %5d failed %5d s' "$1" "$2" "$3" "$SECONDS")")
  SECONDS=0
}

# driver NAME COMMAND...: runs a driver whose last line is `N passed, N failed`.
driver() {
  local name=$1 line
  shift
  "$@" 2>&1 | tee "$logs/$name.log"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$logs/$name.log" | tail -1)
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    count "$name" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  else
    echo "$name ended without a result" >&2
    count "$name" 0 1
  fi
}

# step NAME COMMAND...: one check, passed when the command succeeds.
step() {
  local name=$1
  shift
  if "$@" >"$logs/$name.log" 2>&1; then
    count "$name" 1 0
  else
    tail -40 "$logs/$name.log"
    count "$name" 0 1
  fi
}

sources() { # C and C++ files of the tree, generated ones and build folders not
  find include lib tools cost-model test -name build -prune -o -type f \
    \( -name '*.h' -o -name '*.cpp' -o -name '*.c' \) -print 2>/dev/null
}

part_format() { step format clang-format-22 --dry-run -Werror $(sources); }
part_layers() { step layers python3 tools/dev/check_layers.py; }

part_build() { # a warning fails the check, but the other parts still run
  local warnings
  if tools/dev/build.sh release all 2>&1 | tee $logs/build.log; then
    warnings=$(grep -cE '(warning|error): ' $logs/build.log)
    [ "$warnings" = 0 ] || echo "$warnings warnings, see $logs/build.log"
    count build $((warnings == 0)) $((warnings != 0))
  else
    count build 0 1
  fi
}

part_lit() {
  local log=$logs/lit.log
  LIT_OPTS="$*" ninja -C $build check-tegula 2>&1 | tee $log
  local good bad
  good=$(sed -nE 's/^ +(Passed|Expectedly Failed) *: +([0-9]+).*/\2/p' $log | paste -sd+ | bc_)
  bad=$(sed -nE 's/^ +(Failed|Unresolved|Timed Out|Unexpectedly Passed) *: +([0-9]+).*/\2/p' $log | paste -sd+ | bc_)
  [ "$good$bad" != 00 ] || bad=1
  count lit "$good" "$bad"
}
bc_() { read -r sum && echo $((sum)) || echo 0; }

part_unit() {
  local test
  for test in $build/bin/*[Tt]ests; do
    [ -x "$test" ] || continue
    title "unit: $(basename "$test")"
    "$test" 2>&1 | tee $logs/unit.log | grep -vE '^\[( RUN|       OK|---)' || true
    local good bad
    good=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) tests?.*/\1/p' $logs/unit.log | tail -1)
    bad=$(sed -nE 's/^\[  FAILED  \] ([0-9]+) tests?, listed.*/\1/p' $logs/unit.log | tail -1)
    # A binary that crashed printed no verdict.
    [ -n "$good" ] || bad=$((${bad:-0} + 1))
    count "unit" "${good:-0}" "${bad:-0}"
  done
}

part_execution() { driver execution $python test/Execution/run.py "$@"; }
part_conformance() {
  local mode
  if [ $# -gt 0 ] && [[ " $* " == *" --mode "* ]]; then
    driver conformance $python test/Conformance/run.py "$@"
    return
  fi
  for mode in static dynamic O0; do
    driver "conformance-$mode" $python test/Conformance/run.py --mode $mode "$@"
  done
}
part_models() { driver models $python test/Models/run.py "$@"; }
part_gpu() { driver gpu $python test/Gpu/run.py "$@"; }
part_arm() { # a few of each family; by hand everything, by the same drivers without --only
  local ops='MatMul|Gemm|Conv|MaxPool|Softmax|ReduceSum|Exp|Erf|Cast|Pow|Transpose|Gather|QLinear|LSTM|GRU'
  driver arm-execution $python test/Execution/run.py --emulate aarch64 --only "/($ops)/.*O3$"
  driver arm-conformance $python test/Conformance/run.py --mode aarch64 \
    --only 'test_(attention_3d|topk|resize_.*sizes|dequantizelinear|cast_BFLOAT16|layer_norm.*3d)'
}
part_python() { driver python $python test/python/run.py "$@"; }
part_evaluate() { step evaluate $python cost-model/eval/evaluate.py --smoke "$@"; }

SECONDS=0
if [ $# -gt 0 ]; then
  part=$1
  shift
  if [[ " ${all[*]} " != *" $part "* ]]; then
    echo "no part named $part; there are: ${all[*]}" >&2
    exit 2
  fi
  case $part in format | layers | build) ;; *) tools/dev/build.sh release all >$logs/build.log 2>&1 || {
    tail -40 $logs/build.log
    echo "0 passed, 1 failed"
    exit 1
  } ;; esac
  title "$part"
  SECONDS=0
  part_"$part" "$@"
else
  tools/dev/install_deps.sh || {
    echo "0 passed, 1 failed"
    exit 1
  }
  SECONDS=0
  for part in "${all[@]}"; do
    title "$part"
    part_"$part"
  done
fi

echo
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
