#!/bin/sh
# Colophon against others' programs: Go's note and tlog read a register and ask a witness; a foreign witness cosigns a register.
#
# Fetches nothing; needs curl. What is not there is skipped, and that is said:
#   go                       with COLOPHON_XMOD, a folder with golang.org/x/mod
#   COLOPHON_FOREIGN_WITNESS a program that takes DATABASE NAME LOG-KEY ADDRESS, prints its verifier key and its URL in one line, and
#                            serves add-checkpoint (filippo.io/torchwood's witness with thirty lines around it, for one)
#   COLOPHON_BIN_DIR         where colophon-node and colophon are; else target/debug
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${COLOPHON_BIN_DIR:-$root/target/debug}
work=$(mktemp -d)
started=""
trap 'for id in $started; do kill "$id" 2>/dev/null || true; done; rm -rf "$work"' EXIT
skipped=0

skip() {
    echo "SKIPPED: $*" >&2
    skipped=$((skipped + 1))
}

# Waits for the first line of a file.
first_line() {
    tries=0
    until [ -s "$1" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { echo "tests/interop: nothing comes in $1" >&2; cat "$work"/*.log >&2; exit 1; }
        sleep 0.1
    done
    head -n 1 "$1"
}

serve() {
    "$bin/colophon-node" "$@" --listen 127.0.0.1:0 >"$work/out" 2>>"$work/node.log" &
    started="$started $!"
    url=$(first_line "$work/out" | sed 's/Listening on //')
}

mint() {
    export COLOPHON_NODE="$url" HOME="$work/home" XDG_CONFIG_HOME="$work/home" XDG_DATA_HOME="$work/home" XDG_STATE_HOME="$work/home"
    mkdir -p "$work/home"
    [ -e "$work/home/made" ] || "$bin/colophon" key new --no-passphrase >"$work/home/made" 2>&1
    for number in "$@"; do
        echo "$number" >"$work/$number.txt"
        "$bin/colophon" mint "$work/$number.txt" --title "Number $number" --country SE --no-input >"$work/mint.log" 2>&1 ||
            { cat "$work/mint.log" >&2; exit 1; }
    done
}

"$bin/colophon-node" init "$work/register" --origin interop.example/log >/dev/null
vkey=$(cat "$work/register/log.vkey")

if [ -x "${COLOPHON_FOREIGN_WITNESS:-}" ]; then
    "$COLOPHON_FOREIGN_WITNESS" "$work/db" foreign.example/witness "$vkey" 127.0.0.1:0 >"$work/foreign" 2>"$work/foreign.log" &
    started="$started $!"
    line=$(first_line "$work/foreign")
    printf 'log %s\nwitness foreign %s\nquorum foreign\n' "$vkey" "$line" >"$work/policy"
    serve serve "$work/register" --witnesses "$work/policy"
    mint 1 2 3
    curl -sf "$url/checkpoint" | grep -q '^— foreign.example/witness ' || { echo "tests/interop: not cosigned" >&2; exit 1; }
    echo "cosigned: by a foreign witness, at every size"
else
    skip "COLOPHON_FOREIGN_WITNESS names no program: no foreign witness was asked"
    serve serve "$work/register"
    mint 1 2 3
fi

if command -v go >/dev/null && [ -d "${COLOPHON_XMOD:-}" ]; then
    mkdir "$work/go"
    cp "$here/main.go" "$work/go"
    printf 'module interop\n\ngo 1.24\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => %s\n' "$COLOPHON_XMOD" >"$work/go/go.mod"
    (cd "$work/go" && GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local go build -o "$work/interop" .)
    "$work/interop" read "$url" "$vkey"
    mkfifo "$work/go.in"
    port=$((20000 + $$ % 20000))
    "$work/interop" ask "http://127.0.0.1:$port" go.example/log >"$work/asked" 2>"$work/asked.log" <"$work/go.in" &
    asking=$!
    started="$started $asking"
    exec 3>"$work/go.in"
    printf 'log %s\nquorum none\n' "$(first_line "$work/asked")" >"$work/logs"
    "$bin/colophon-node" witness-key "$work/witness" --name own.example/witness --type ed25519 --type ml-dsa-44 >/dev/null
    "$bin/colophon-node" witness "$work/witness" --policy "$work/logs" --listen "127.0.0.1:$port" >"$work/own" 2>"$work/own.log" &
    started="$started $!"
    first_line "$work/own" >/dev/null
    echo go >&3
    wait $asking || { cat "$work/asked.log" >&2; exit 1; }
    tail -n 1 "$work/asked"
else
    skip "no Go, or COLOPHON_XMOD is no folder with golang.org/x/mod: nothing was read with others' packages"
fi

[ $skipped -eq 0 ] || echo "tests/interop: $skipped of 2 parts SKIPPED" >&2
