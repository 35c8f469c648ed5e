#!/bin/sh
# The second implementation against the first: vectors, a certificate verified, tampering, a wrong key.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python="${PYTHON:-python3} -B"
if ! $python -c 'from cryptography.hazmat.primitives.asymmetric import mldsa' 2>/dev/null; then
    echo "tests/spec: the Python package cryptography of version 47 or newer is missing; install it: ${PYTHON:-python3} -m pip install --upgrade cryptography" >&2
    exit 1
fi

# Fails unless the command ends with the given exit code.
expect() {
    wanted=$1
    shift
    code=0
    "$@" >"$work/out" 2>&1 || code=$?
    if [ "$code" -ne "$wanted" ]; then
        cat "$work/out" >&2
        echo "tests/spec: exit $code instead of $wanted: $*" >&2
        exit 1
    fi
}

$python "$here/colophon_spec.py" check
$python "$here/corridor_rules.py" check

# A checkpoint cosigned by both implementations with both types; the same with another line; and less than a quorum.
cosigned="$root/tests/testdata/cosigned"
expect 0 $python "$here/colophon_spec.py" cosigned "$cosigned/checkpoint.txt" --policy "$cosigned/policy.txt"
sed 's/^40$/41/' "$cosigned/checkpoint.txt" >"$work/altered"
expect 4 $python "$here/colophon_spec.py" cosigned "$work/altered" --policy "$cosigned/policy.txt"
grep -v '^— rust.example' "$cosigned/checkpoint.txt" >"$work/short"
expect 5 $python "$here/colophon_spec.py" cosigned "$work/short" --policy "$cosigned/policy.txt"

# Built with the whole workspace, as everything else is: with the features of one package alone, half of it would be built again.
(cd "$root" && ${CARGO:-cargo} build --quiet --workspace --example certificate)
vkey=$("${CARGO_TARGET_DIR:-$root/target}/debug/examples/certificate" "$work/certificate.json")
expect 0 $python "$here/colophon_spec.py" verify "$work/certificate.json" --vkey "$vkey"
cat "$work/out"
expect 0 $python "$here/colophon_spec.py" verify "$work/certificate.json" --vkey "$vkey" --json

# Another log's key of the same name, and no key at all.
other="registry.example/art+5e329088+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
expect 4 $python "$here/colophon_spec.py" verify "$work/certificate.json" --vkey "$other"
expect 2 $python "$here/colophon_spec.py" verify "$work/certificate.json" --vkey "$vkey="
$python "$here/tamper.py" "$work/certificate.json" "$vkey" "${COLOPHON_TAMPERINGS:-200}"
