#!/bin/bash
# Another user of the machine (uid 65534) plants things where imgadm and imgapi-server write as root, before and during
# a run: folders, links, FIFOs, files. What is root's must stay as it was, nothing of ours may come to lie in what is
# theirs, and the command works or says what is in the way.
# usage: Tests/Attacks/run.sh [PATTERN]
#
# IMGADM_BINARIES=FOLDER   takes imgadm and imgapi-server from there; default .build/release
# shellcheck disable=SC2154 # some variables are those of the files that it sources
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
pattern=${1:-*}
((EUID == 0)) || { echo 'test-attacks: this takes root' >&2; exit 1; }
scripts/bootstrap.sh test
binaries=$(realpath -e "${IMGADM_BINARIES:-.build/release}")
# shellcheck source=scripts/sandbox-pool.sh
source scripts/sandbox-pool.sh
# shellcheck source=Tests/Kills/world.sh
source Tests/Kills/world.sh

other=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# victim: what is root's, and how it is
make_victim() {
    rm -rf "$work/victim"
    mkdir -m 700 "$work/victim"
    echo secret > "$work/victim/file"
    chmod 600 "$work/victim/file"
}
victim() {
    find "$work/victim" -printf '%P %y %m %U %G %s %T@ %C@ %n\n' | sort
    sha1sum "$work/victim/file"
}

# plant KIND PATH: as the other user
plant() {
    case $1 in
        folder) "${other[@]}" mkdir -m 755 "$2" ;;
        open_folder) "${other[@]}" sh -c "umask 0; mkdir '$2'; echo theirs > '$2/theirs'" ;;
        link) "${other[@]}" ln -s "$work/victim" "$2" ;;
        file_link) "${other[@]}" ln -s "$work/victim/file" "$2" ;;
        new_link) "${other[@]}" ln -s "$work/victim/new" "$2" ;;
        fifo) "${other[@]}" mkfifo "$2" ;;
        file) "${other[@]}" sh -c "echo theirs > '$2'" ;;
    esac
}
kinds=(folder open_folder link file_link new_link fifo file)

# remove PATH: whatever is there
remove() { rm -rf --one-file-system "$1"; }

# run WORD…: the command, with a limit; sets $status
run() {
    status=0
    timeout -k 5 60 "$@" > "$work/out" 2> "$work/err" < /dev/null || status=$?
}

# unharmed PATH: how the run ended is right, and so is all that is root's
unharmed() {
    local found
    ((status < 124)) || { echo "it ended by status $status"; return 1; }
    if ((status != 0)) && ! grep -qE 'error \([A-Z][A-Za-z]+\): ' "$work/err"; then
        echo 'it failed without an error'
        return 1
    fi
    if grep -q '(InternalError)' "$work/err"; then echo 'it calls that an internal error'; return 1; fi
    [[ $(victim) == "$before" ]] || { diff <(echo "$before") <(victim); return 1; }
    # Ours, in a folder of theirs.
    found=$(find "$(dirname "$1")" -uid 65534 -type d -exec find {} -mindepth 1 -uid 0 \; 2> /dev/null | head -n 5)
    [[ -z $found ]] || { echo "ours in what is theirs: $found"; return 1; }
    # What was written into a file of theirs.
    found=$(find "$(dirname "$1")" -uid 65534 -type f -size +20c 2> /dev/null | head -n 5)
    [[ -z $found ]] || { echo "ours in a file of theirs: $found"; return 1; }
}

passed=0
failed=0
# verdict NAME PATH
verdict() {
    local said
    if said=$(unharmed "$2" 2>&1); then
        passed=$((passed + 1))
        printf 'ok      %s (status %d)\n' "$1" "$status"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s: %s\n' "$1" "$said"
        tail -n 5 "$work/err" | sed 's/^/        /'
    fi
}

# fresh: no images, a state root whose temporary folder is everybody's
fresh() {
    forget
    mkdir -p "$IMGADM_ROOT/var/run"
    mkdir -m 1777 "$IMGADM_ROOT/var/tmp"
    make_victim
    before=$(victim)
}

# everybodys FOLDER: where users can make what they like, but take away only their own
everybodys() {
    mkdir -p "$1"
    chmod 1777 "$1"
}

# anew FOLDER: the same, with nothing in it
anew() {
    remove "$1"
    everybodys "$1"
}

# swap PATH: as fast as it can, the other user puts one thing after the other there
swap() {
    # shellcheck disable=SC2016 # for the other user's shell
    "${other[@]}" bash -c '
        while :; do
            ln -s "$2" "$1"; rm -f "$1"
            mkdir "$1"; ln -s "$2/file" "$1/theirs"; rm -rf "$1"
            ln -s "$2/new" "$1"; rm -f "$1"
        done' swap "$1" "$work/victim" > /dev/null 2>&1 &
    children=("$!")
}
end_swap() {
    end_child "${children[0]}"
    children=()
    # What it had just started ends by itself.
    sleep 0.2
}

# planted NAME PREPARE PATH COMMAND…: each kind of thing at the path, then the command
planted() {
    local name=$1 prepare=$2 path=$3 kind
    shift 3
    # shellcheck disable=SC2053 # a pattern it is
    [[ $name == $pattern ]] || return 0
    for kind in "${kinds[@]}"; do
        fresh
        "$prepare" "$(dirname "$path")"
        plant "$kind" "$path"
        run "$@"
        verdict "$name: $kind" "$path"
        remove "$path"
    done
}

# swapped NAME PREPARE PATH ROUNDS COMMAND…: the command, while the path is somebody else's plaything
swapped() {
    local name=$1 prepare=$2 path=$3 rounds=$4 round
    shift 4
    # shellcheck disable=SC2053 # a pattern it is
    [[ $name == $pattern ]] || return 0
    for ((round = 1; round <= rounds; round++)); do
        fresh
        "$prepare" "$(dirname "$path")"
        swap "$path"
        run "$@"
        end_swap
        verdict "$name: swapped, $round" "$path"
        remove "$path"
    done
}

world_open attacks "$binaries"
make_vm

state=$IMGADM_ROOT
fields=(name=web version=1.0.0 type=lx-dataset os=linux public=true)

planted downloads everybodys "$state/var/tmp/.imgadm-downloads" imgadm import -q "$top"
swapped downloads everybodys "$state/var/tmp/.imgadm-downloads" 5 imgadm import -q "$top"
# What begins so is cleared away as what a run has left that died; the folder of the run itself has a name that nobody can guess.
planted create-p everybodys "$state/var/tmp/.imgadm-create-$vm-x" imgadm create -q -c gzip -p "$url" "$vm" "${fields[@]}"
swapped create-p everybodys "$state/var/tmp/.imgadm-create-$vm-x" 3 imgadm create -q -c gzip -p "$url" "$vm" "${fields[@]}"
planted create-o anew "$work/out-folder/web-1.0.0.zfs.gz" \
    imgadm create -q -c gzip -o "$work/out-folder" "$vm" "${fields[@]}"
planted create-o-partial anew "$work/out-folder/web-1.0.0.zfs.gz.partial" \
    imgadm create -q -c gzip -o "$work/out-folder" "$vm" "${fields[@]}"
printf 'a disk' > "$work/disk.raw"
truncate -s 1M "$work/disk.raw"
planted convert-partial anew "$work/out-folder/web-1.0.0.zvol.gz.partial" \
    imgadm convert -q -o "$work/out-folder" "$work/disk.raw" "${fields[@]::2}" os=linux
planted export-partial anew "$work/out-folder/disk.qcow2.partial" imgadm export -q -o "$work/out-folder/disk.qcow2" "$work/disk.raw"
planted create-o-manifest anew "$work/out-folder/web-1.0.0.imgmanifest" \
    imgadm create -q -c gzip -o "$work/out-folder" "$vm" "${fields[@]}"
planted lock everybodys "$state/var/run/img.$base.import.lock" imgadm import -q "$base"
planted create-lock everybodys "$state/var/run/img.$vm.create.lock" \
    imgadm create -q -c gzip -o "$work/made" "$vm" "${fields[@]}"
planted record everybodys "$state/var/imgadm/images/$pool-$base.json" imgadm import -q "$base"
planted records everybodys "$state/var/imgadm/images" imgadm import -q "$base"
planted records-listed everybodys "$state/var/imgadm/images/$pool-$base.json" imgadm list
planted intent everybodys "$state/var/imgadm/create/$vm.json" imgadm list
planted intents everybodys "$state/var/imgadm/create" imgadm list
planted bare everybodys "$state/var/imgadm/bare" \
    imgadm create -q -s "$work/script" -c gzip -o "$work/made" "$vm" "${fields[@]}"
planted config everybodys "$state/var/imgadm/imgadm.conf.tmp" imgadm sources -f -a http://127.0.0.1:1

# The whole state root, somebody else's.
whole_root() {
    local kind
    # shellcheck disable=SC2053 # a pattern it is
    [[ state-root == $pattern ]] || return 0
    for kind in folder open_folder link fifo file; do
        fresh
        everybodys "$work/everybody"
        plant "$kind" "$work/everybody/root"
        run env IMGADM_ROOT="$work/everybody/root" imgadm import -q -S "$url" "$base"
        verdict "state-root: $kind" "$work/everybody/root"
        remove "$work/everybody/root"
    done
}
whole_root

# The folder that is served, where everybody may write, with images that are somebody else's.
served_root() {
    local kind
    # shellcheck disable=SC2053 # a pattern it is
    [[ served-root == $pattern ]] || return 0
    for kind in folder open_folder link; do
        fresh
        anew "$work/everybody"
        plant "$kind" "$work/everybody/images"
        run timeout 3 imgapi-server --root "$work/everybody" --listen 127.0.0.1:0
        verdict "served-root: $kind" "$work/everybody/images"
        grep -q '(UnsafeFolder)' "$work/err" || { failed=$((failed + 1)); echo "FAILED  served-root: $kind: it is served"; }
        remove "$work/everybody"
    done
}
served_root

# The image server: uploads, manifests, files.
published() {
    local id kind path
    # shellcheck disable=SC2053 # a pattern it is
    [[ server == $pattern ]] || return 0
    chmod 1777 "$work/server/images"
    for path in json file; do
        for kind in "${kinds[@]}"; do
            fresh
            id=$(uuid)
            sed "s/\"uuid\": \"[^\"]*\"/\"uuid\": \"$id\"/" "$work/files/$base.json" > "$work/published.json"
            plant "$kind" "$work/server/images/$id.$path"
            run imgadm publish -q -m "$work/published.json" -f "$work/files/$base.file" "$url"
            verdict "server: $kind at UUID.$path" "$work/server/images/$id.$path"
            run timeout 10 curl -sS -o /dev/null "$url/images"
            ((status == 0)) || { failed=$((failed + 1)); echo "FAILED  server: $kind at UUID.$path: it lists no images"; }
            remove "$work/server/images/$id.$path"
            find "$work/server/images" -name "*$id*" -delete
        done
    done
}
published

# What a server that starts takes for its own, which died while it wrote: it is cleared away, or stays, and all that is served is there.
begun() {
    local kind name path
    # shellcheck disable=SC2053 # a pattern it is
    [[ server-start == $pattern ]] || return 0
    chmod 1777 "$work/server/images"
    for name in .upload-x "$base.json-$base.tmp"; do
        path=$work/server/images/$name
        for kind in "${kinds[@]}"; do
            fresh
            plant "$kind" "$path"
            "${other[@]}" touch -h -d '2 minutes ago' "$path"
            end_child "$server_pid"
            status=0
            start_server "$work/server" 2> "$work/err" || status=$?
            : > "$work/out"
            verdict "server-start: $kind at $name" "$path"
            ((status == 0)) || { failed=$((failed + 1)); echo "FAILED  server-start: $kind at $name: it does not start"; start_server "$work/server"; }
            run timeout 10 curl -sSf -o /dev/null "$url/images/$base/file"
            ((status == 0)) || { failed=$((failed + 1)); echo "FAILED  server-start: $kind at $name: it serves no image"; }
            remove "$path"
        done
    done
}
begun

printf '%d passed, %d failed\n' "$passed" "$failed"
((passed > 0 && failed == 0))
