#!/bin/sh
# Makes tests/cli/verify.in anew: a work sold from China to France, its certificate, and what does not pass for them.
# Run it from the top of the project after `cargo build`, then look at the differences before they are accepted.
set -eu
bin=$PWD/target/debug
into=$PWD/tests/cli/verify.in
desk=$(mktemp -d)
trap 'kill "$node" 2>/dev/null || true; rm -rf "$desk"' EXIT
cd "$desk"
export COLOPHON_TEST_TIME=2026-11-20T20:43:00Z NO_COLOR=1
"$bin/colophon-node" init register --origin demo.example/art >init.out
"$bin/colophon-node" serve register --listen 127.0.0.1:0 >serve.out 2>serve.err &
node=$!
until grep -q '^Listening on ' serve.out; do sleep 0.1; done
COLOPHON_NODE=$(sed -n 's/^Listening on //p' serve.out)
export COLOPHON_NODE
ana() { COLOPHON_HOME=$desk/ana "$bin/colophon" "$@" --yes; }
rive() { COLOPHON_HOME=$desk/rive "$bin/colophon" "$@" --yes; }
json() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
COLOPHON_HOME=$desk/ana "$bin/colophon" key new --no-passphrase ana
COLOPHON_HOME=$desk/rive "$bin/colophon" key new --no-passphrase rive
ana profile set --name 'Ana Lu' --country CN
rive profile set --name 'Galerie Rive' --country FR
# The smallest picture there is: one pixel, in the portable greymap format.
printf 'P2 1 1 1 0\n' >river.pgm
printf 'P2 1 1 1 1\n' >almost.pgm
printf 'certificate of origin\n' >paper.txt
work=$(ana mint river.pgm --title 'en:Crossing the River' --title 'zh:渡江' --country CN --editions 3 --json | json work)
buyer=$(COLOPHON_HOME=$desk/rive "$bin/colophon" key show --json | json account)
draft=$(ana transfer "$work" --to "$buyer" --to-country FR --price '1250.00 EUR' \
    --document EXPORT_CERT_ORIGIN=paper.txt --json | json id)
rive accept "$draft"
COLOPHON_HOME=$desk/rive "$bin/colophon" certificate "$work" -o river.certificate
sed 's/"amount\\":125000/"amount\\":100/' river.certificate >forged.certificate
! cmp -s river.certificate forged.certificate
mkdir -p "$into"
cp river.pgm almost.pgm river.certificate forged.certificate register/log.vkey "$into"
# The key that the cases have pinned.
printf 'log %s\nquorum none\n' "$(cat register/log.vkey)" >"$into/home/policy"
