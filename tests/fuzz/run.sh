#!/usr/bin/env bash
# Fuzzes every target, or those named: run.sh [TARGET...]. FUZZ_SECONDS (600) says how long each, FUZZ_JOBS (all cores) how
# many at once. Needs cargo-fuzz, and says how to get it.
set -euo pipefail
cd "$(dirname "$0")"

export FUZZ_SECONDS=${FUZZ_SECONDS:-600}
jobs=${FUZZ_JOBS:-$(nproc)}
cargo fuzz --version >/dev/null 2>&1 || {
    echo "fuzzing needs \`cargo fuzz\` to work: run \`cargo install --locked cargo-fuzz\`, then this again" >&2
    exit 1
}

cargo run --quiet --manifest-path ../../Cargo.toml -p fuzzing --bin seeds -- corpus/seeds
# Sanitizers are an unstable option of the compiler. This lets the stable one take it, so that what is fuzzed is compiled by
# the compiler that everything else is.
export RUSTC_BOOTSTRAP=1
cargo fuzz build

one() {
    local name=$1 log=artifacts/$1.log
    mkdir -p "corpus/$name" artifacts
    if cargo fuzz run "$name" "corpus/$name" "corpus/seeds/$name" -- -dict="corpus/seeds/$name.dict" \
        -max_total_time="$FUZZ_SECONDS" -max_len=65536 -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 >"$log" 2>&1; then
        echo "$name: $(grep -o 'number_of_executed_units: *[0-9]*' "$log" | grep -o '[0-9]*$') inputs in $FUZZ_SECONDS s, no finding"
    else
        echo "$name: A FINDING, see tests/fuzz/$log:"
        grep -E 'panicked at|ERROR: |Test unit written' -A 1 "$log" | head -12
        return 1
    fi
}
export -f one

[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | grep -v '^fuzz$')
printf '%s\n' "$@" | xargs -P "$jobs" -I NAME bash -c 'one NAME'
