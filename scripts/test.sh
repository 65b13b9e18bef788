#!/bin/bash
# Runs all tests. Arguments go to `swift test` (for one suite: scripts/test.sh --filter JSONTests).
# usage: scripts/test.sh [ARGUMENT…]
#
# Without arguments, by root, several runners share the tests: those of EndToEnd wait for ZFS most of the time, and one
# userspace ZFS takes one of them at a time, so each runner has a ZFS of its own, with mounts and PIDs of its own.
# The programs are built as for a release, but in a folder of their own (.build/test). Ends with the closing line of each runner and one
# for all.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
built=''
if [[ ${1-} == --built ]]; then
    built=yes
    shift
else
    scripts/bootstrap.sh test
    if [[ -x scripts/json-corpus.sh ]]; then
        # Without it, its tests are skipped.
        scripts/json-corpus.sh >/dev/null || printf 'test: no corpus of JSON\n' >&2
    fi
fi
export PATH=$PWD/.build/tools:$PATH

# All tests of a runner at once would keep each other waiting for minutes, and whatever has a patience would lose it: as many
# as keep the processors busy while most of them wait for a disk or a connection.
# A toolchain that does not know the variable starts all at once.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$((4 * $(nproc)))

# Tested is what is shipped, optimized code: it takes half the time, too, most of all that of packages. It has a folder of its own,
# so that neither a debug build nor that of a release is in the way.
options=(-c release -Xswiftc -enable-testing -debug-info-format none --scratch-path .build/test)
alone=(unshare --mount --pid --fork --kill-child --mount-proc)
# Pools take root; compiling does not.
if (($# == 0 && EUID != 0)) && command -v sudo > /dev/null; then
    swift build "${options[@]}" --build-tests
    exec sudo env PATH="$PATH" "$PWD/scripts/test.sh" --built
fi

# What the runners say, and in logs/tmp whatever the tests make: all of it goes, however they end. Tests play other users, who come to
# what is theirs by its name.
logs=$(mktemp -d -t imgadm-test.XXXXXX)
chmod 711 "$logs"
install -d -m 1777 "$logs/tmp"
export TMPDIR=$logs/tmp
pids=()
zfs=''
# shellcheck disable=SC2317 # a trap calls it
clean_up() {
    local pid tries
    # unshare heeds no signal but this one, and all that is behind it ends with it; where it has no part, timeout hands on what it is sent.
    for pid in ${pids[@]+"${pids[@]}"}; do
        pkill -TERM -P "$pid" || true
        kill -KILL "$pid" 2> /dev/null || true
        wait "$pid" 2> /dev/null || true
    done
    [[ $zfs != started* ]] || scripts/zfs-daemon.sh stop "${zfs#started }" || true
    # Who is being killed may still be writing.
    for ((tries = 0; tries < 50; tries++)); do
        ! rm -rf --one-file-system "$logs" 2> /dev/null || return 0
        sleep 0.2
    done
    printf 'left behind: %s\n' "$logs" >&2
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if (($# > 0 || EUID != 0)) || ! "${alone[@]}" true 2>/dev/null; then
    # The tests make pools of their own on sparse files; only root may.
    if ((EUID == 0)); then
        zfs=$(scripts/zfs-daemon.sh start)
    else
        printf 'test: not run by root, so whatever needs a pool fails\n' >&2
    fi
    swift test "$@"
    exit
fi

# What each runner does; together that is every test, whatever its name. The longest come first.
runners=(
    "--filter ImageServerTests\.(?![A-Za-z]*KillTests)"
    "--skip EndToEnd/|^(ImageServer|SendStream|DiskImage)Tests\."
    "--filter ^(SendStream|DiskImage)Tests\."
    "--filter ImageServerTests\.[A-Za-z]*KillTests"
    "--filter EndToEnd/[AB]"
    "--filter EndToEnd/C(?!r)"
    "--filter EndToEnd/Cr"
    "--filter EndToEnd/D(?!ocker[A-J])"
    "--filter EndToEnd/Docker[A-J]"
    "--filter EndToEnd/[E-H]"
    "--filter EndToEnd/I(?!m)|EndToEnd/[J-O]"
    "--filter EndToEnd/Im"
    "--filter EndToEnd/P(?!u)|EndToEnd/[QS]"
    "--filter EndToEnd/Pu"
    "--filter EndToEnd/RoadFault"
    "--filter EndToEnd/R(?!oadFault)"
    "--filter EndToEnd/[^A-S]"
)

[[ -n $built ]] || swift build "${options[@]}" --build-tests
# More than any test has (scripts/lint.sh looks).
patience=1260
# A kernel's ZFS is one for all, and pools are told apart by PIDs: one runner has all tests then, among the PIDs of the machine.
if scripts/zfs-daemon.sh kernel; then
    runners=("--filter .")
    alone=()
    patience=10800
fi

bundle=$(printf '%s\n' "$PWD"/.build/test/release/*.xctest)
[[ -f $bundle ]] || { printf 'test: no test bundle in .build/test/release\n' >&2; exit 1; }

# shellcheck disable=SC2016 # expanded by the inner shell
for index in "${!runners[@]}"; do
    read -r option pattern <<< "${runners[index]}"
    # Whatever the runner leaves behind, its ZFS, too, ends with the shell, which is the first of its PIDs.
    ${alone[@]+"${alone[@]}"} bash -euc '
        if ! scripts/zfs-daemon.sh kernel; then
            mount --make-rprivate /
            for folder in /run/zfs /run/lock/zfs /var/lib/zfs /run/imgadm; do
                mkdir -p -m 755 "$folder"
                mount -t tmpfs -o mode=755 tmpfs "$folder"
            done
            chmod 700 /run/imgadm
        fi
        scripts/zfs-daemon.sh start >/dev/null
        # A userspace ZFS may come to a standstill, and nothing that waits for it would end.
        timeout -k 30 "$@" && exit
    ' runner "$patience" "$bundle" --testing-library swift-testing "$option" "$pattern" < /dev/null > >(tee "$logs/$index") 2>&1 &
    pids+=($!)
done

failed=0
for pid in "${pids[@]}"; do
    wait "$pid" || failed=1
done
pids=()
# The last lines may still be on their way through tee, for which nobody can wait.
for index in "${!runners[@]}"; do
    for ((tries = 0; tries < 100; tries++)); do
        ! grep -qa 'Test run with [0-9]* test.* after' "$logs/$index" || break
        sleep 0.1
    done
done

echo
all=0
for index in "${!runners[@]}"; do
    if line=$(grep -a 'Test run with [0-9]* test' "$logs/$index" | tail -n 1) && [[ $line =~ with\ ([0-9]+)\ test ]]; then
        printf '%s\n' "$line"
        all=$((all + BASH_REMATCH[1]))
    else
        printf 'test: a runner has not come to its end: %s\n' "${runners[index]}"
        failed=1
    fi
done
bad=$(cat "$logs"/[0-9]* | grep -av ' Test run with ' | grep -ac ' Test .* failed after [0-9]' || true)
((bad > 0 || failed == 0)) || bad=1
printf '%d passed, %d failed\n' "$((all - bad))" "$bad"
exit "$failed"
