#!/bin/sh
# Colophon against others' programs: Go's note and tlog read a register and ask a witness; a foreign witness cosigns a register;
# Tessera's fsck goes over its log.
#
# Fetches nothing; needs curl. What is not there is skipped, and that is said:
#   go                       with COLOPHON_XMOD, a folder with golang.org/x/mod
#   COLOPHON_LITEWITNESS     a folder with the programs litewitness and witnessctl of filippo.io/torchwood; needs OpenSSH's ssh-agent
#   COLOPHON_FOREIGN_WITNESS instead of it, a program that takes DATABASE NAME LOG-KEY ADDRESS, prints its verifier key and its URL in
#                            one line, and serves add-checkpoint
#   COLOPHON_TESSERA_FSCK    the program fsck of github.com/transparency-dev/tessera (cmd/fsck)
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

# Registers enough works for several tiles and a second level of them.
mint_many() {
    mkdir "$work/many"
    for number in $(seq 1 600); do echo "many $number" >"$work/many/$number.txt"; done
    "$bin/colophon" mint "$work/many" --country SE --no-input --yes >"$work/mint.log" 2>&1 || { cat "$work/mint.log" >&2; exit 1; }
}

# Starts litewitness with a key of its own in an ssh-agent of its own, and writes its verifier key and its address in one line.
litewitness() {
    socket="$work/agent" port=$((20000 + ($$ + 7) % 20000))
    ssh-keygen -q -t ed25519 -N '' -f "$work/foreign.pem"
    ssh-agent -D -a "$socket" >/dev/null 2>&1 &
    started="$started $!"
    tries=0
    until SSH_AUTH_SOCK="$socket" ssh-add -q "$work/foreign.pem" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { echo "tests/interop: ssh-agent takes no key" >&2; exit 1; }
        sleep 0.1
    done
    key=$(ssh-keygen -l -E sha256 -f "$work/foreign.pem.pub" | cut -d ' ' -f 2)
    "$COLOPHON_LITEWITNESS/witnessctl" add-log -db "$work/db" -origin interop.example/log 2>>"$work/foreign.log"
    "$COLOPHON_LITEWITNESS/witnessctl" add-key -db "$work/db" -origin interop.example/log -key "$vkey" 2>>"$work/foreign.log"
    "$COLOPHON_LITEWITNESS/litewitness" -db "$work/db" -name foreign.example/witness -key "$key" -ssh-agent "$socket" \
        -listen "127.0.0.1:$port" >"$work/foreign.out" 2>"$work/lite.log" &
    started="$started $!"
    tries=0
    until grep -q 'msg=listening' "$work/lite.log"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { cat "$work/lite.log" >&2; exit 1; }
        sleep 0.1
    done
    echo "$(sed -n 's/.*vkey="*\([^" ]*\).*/\1/p' "$work/lite.log" | head -n 1) http://127.0.0.1:$port" >"$work/foreign"
}

if [ -x "${COLOPHON_LITEWITNESS:-}/litewitness" ] || [ -x "${COLOPHON_FOREIGN_WITNESS:-}" ]; then
    if [ -x "${COLOPHON_LITEWITNESS:-}/litewitness" ]; then
        litewitness
    else
        "$COLOPHON_FOREIGN_WITNESS" "$work/db" foreign.example/witness "$vkey" 127.0.0.1:0 >"$work/foreign" 2>"$work/foreign.log" &
        started="$started $!"
    fi
    line=$(first_line "$work/foreign")
    printf 'log %s\nwitness foreign %s\nquorum foreign\n' "$vkey" "$line" >"$work/policy"
    serve serve "$work/register" --witnesses "$work/policy"
    mint 1 2 3
    mint_many
    curl -sf "$url/checkpoint" | grep -q '^— foreign.example/witness ' || { echo "tests/interop: not cosigned" >&2; exit 1; }
    # What readers make of its lines, by a policy that asks for it.
    "$bin/colophon" trust import "$work/policy" >/dev/null 2>&1
    "$bin/colophon" verify "$work/1.txt" --max-age "1 hour" >"$work/verified" || { cat "$work/verified" >&2; exit 1; }
    echo "cosigned: by a foreign witness, at every size, and it counts"
else
    skip "COLOPHON_LITEWITNESS and COLOPHON_FOREIGN_WITNESS name no program: no foreign witness was asked"
    serve serve "$work/register"
    mint 1 2 3
    mint_many
fi

if [ -x "${COLOPHON_TESSERA_FSCK:-}" ]; then
    "$COLOPHON_TESSERA_FSCK" --storage_url "$url/" --public_key "$work/register/log.vkey" --ui=false 2>"$work/fsck.log" ||
        { cat "$work/fsck.log" >&2; exit 1; }
    grep -o "Successfully fsck'd log.* size=[0-9]*" "$work/fsck.log"
else
    skip "COLOPHON_TESSERA_FSCK names no program: Tessera's fsck did not go over the log"
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

[ $skipped -eq 0 ] || echo "tests/interop: $skipped of 3 parts SKIPPED" >&2
