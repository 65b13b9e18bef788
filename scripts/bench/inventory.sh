# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# Start-up, and the commands that look at many images: list and get with 1,000 images, 1,000 clones and 20,000
# snapshots, avail with 20,000 images. Needs $pool, $rounds and IMGADM_ROOT.

images_many=${IMAGES_MANY:-1000}
snapshots_each=10
avail_many=${AVAIL_MANY:-20000}

bench_startup() {
    local round
    local settle=0
    for ((round = 0; round < 50; round++)); do measure startup 'exec imgadm --version'; done
    for ((round = 0; round < 50; round++)); do measure nothing 'exec true'; done
}

# uuids COUNT: quick, and good enough for names
uuids() {
    od -An -v -t x1 -N $((16 * $1)) /dev/urandom | tr -d ' \n' | fold -w 32 |
        sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-a\4-\5/'
}

# manifests: UUIDs on stdin, "UUID<tab>manifest" lines on stdout, of the size real ones have
manifests() {
    awk '{ when = sprintf("20%02d-%02d-%02dT%02d:%02d:%02d.000Z", 12 + NR % 14, 1 + NR % 12, 1 + NR % 28, NR % 24, NR % 60, NR % 59)
        printf "%s\t{\"v\":2,\"uuid\":\"%s\",\"owner\":\"930896af-bf8c-48d4-885c-6573a94b1853\",\"name\":\"image-%d\",", $1, $1, NR % 300
        printf "\"version\":\"%d.%d.%d\",\"state\":\"active\",\"disabled\":false,\"public\":true,\"published_at\":\"%s\",", NR / 1000, NR % 10, NR % 7, when
        printf "\"type\":\"zone-dataset\",\"os\":\"smartos\",\"files\":[{\"sha1\":\"97a4bc95ca4b2de1b4b1ff0dbbe8a6ae92a5c3f6\",\"size\":%d,", 1000000 + NR * 977
        printf "\"compression\":\"gzip\"}],\"description\":\"A 64-bit image with just essential packages installed. Ideal for users who are "
        printf "comfortable with setting up their own environment and tools, number %d of the many that are listed here.\",", NR
        printf "\"homepage\":\"https://docs.example.com/images/smartos/base\",\"urn\":\"sdc:sdc:image-%d:1.0.%d\",", NR % 300, NR
        printf "\"requirements\":{\"min_platform\":{\"7.0\":\"20141030T081701Z\"},\"networks\":[{\"name\":\"net0\",\"description\":\"public\"}]},"
        printf "\"tags\":{\"role\":\"os\",\"group\":\"base-64-lts\",\"build\":\"%d\"},\"acl\":[]}\n", NR }'
}

# fill_pool: the datasets and their records. Datasets are not mounted: only their names matter here.
fill_pool() {
    local uuid clone manifest n=0
    printf 'bench: making %d images, %d clones and %d snapshots\n' \
        "$images_many" "$images_many" $((2 * images_many * snapshots_each)) >&2
    zfs set mountpoint=none "$pool"
    mkdir -p "$IMGADM_ROOT/var/imgadm/images"
    uuids "$images_many" | manifests > "$samples/.manifests"
    uuids "$images_many" > "$samples/.clones"
    while IFS=$'\t' read -r uuid manifest <&3 && read -r clone <&4; do
        zfs create "$pool/$uuid"
        zfs snapshot "$pool/$uuid@final"
        zfs clone "$pool/$uuid@final" "$pool/$clone"
        printf '{\n  "manifest": %s,\n  "zpool": "%s",\n  "source": "https://images.example.com"\n}\n' \
            "$manifest" "$pool" > "$IMGADM_ROOT/var/imgadm/images/$pool-$uuid.json"
        one_of_many=$uuid
    done 3< "$samples/.manifests" 4< "$samples/.clones"
    for ((n = 0; n < snapshots_each; n++)); do zfs snapshot -r "$pool@daily-$n"; done
}

# spy_on LABEL COMMAND…: the zfs and zpool commands that it makes, as a shell script in $samples/.LABEL.sh
spy_on() {
    local script=$samples/.$1.sh spy=$samples/.spy program
    shift
    mkdir -p "$spy"
    for program in zfs zpool; do
        # "|| true": to be told that a dataset does not exist can be all that was asked
        # shellcheck disable=SC2016 # that script's own variables
        printf '#!/bin/bash\nprintf "%%s\\n" "%s ${*@Q} || true" >> "$SPY_LOG"\nexec %q "$@"\n' \
            "$program" "$(command -v "$program")" > "$spy/$program"
        chmod +x "$spy/$program"
    done
    : > "$script"
    SPY_LOG=$script PATH=$spy:$PATH "$@" > /dev/null
    printf 'bench: "%s" asks ZFS in %d calls:\n' "$*" "$(wc -l < "$script")" >&2
    cut -c 1-130 "$script" | sed 's/^/    /' >&2
}

bench_inventory() {
    local round
    fill_pool
    spy_on list imgadm list
    spy_on get imgadm get "$one_of_many"
    for ((round = 0; round < rounds; round++)); do
        measure list 'imgadm list'
        measure list-zfs "bash $samples/.list.sh 2>/dev/null"
        measure list-one 'zfs list -H -t filesystem,volume -o name,type,origin'
        measure get "imgadm get $one_of_many"
        measure get-zfs "bash $samples/.get.sh 2>/dev/null"
    done
}

bench_avail() {
    local images=$1 round uuid manifest
    printf 'bench: avail of %d images\n' "$avail_many" >&2
    while IFS=$'\t' read -r uuid manifest; do
        printf '%s\n' "$manifest" > "$images/$uuid.json"
    done < <(uuids "$avail_many" | manifests)
    serve "$(dirname "$images")"
    imgadm sources -q -f -a "$url" > /dev/null 2>&1 || imgadm sources -f -a "$url" > /dev/null
    imgadm sources -d https://images.smartos.org > /dev/null
    for ((round = 0; round < rounds; round++)); do measure avail 'imgadm avail'; done
    [[ $(imgadm avail -H | wc -l) == "$avail_many" ]] || {
        printf 'bench: avail lists %d images, not %d\n' "$(imgadm avail -H | wc -l)" "$avail_many" >&2
        return 1
    }
}

report_inventory() {
    local over
    row 'start-up (--version), fastest' "$(ms "$(fastest startup)")" "$(ms "$(fastest nothing)") true" '' '≤ 10 ms' \
        "$(fastest startup) <= 10000"
    over=$(ratio "$(wall list)" "$(wall list-zfs)")
    row "list, $images_many images" "$(ms "$(wall list)")" "$(ms "$(wall list-zfs)") the zfs calls it makes" \
        "${over}×" '≤ 1.2×' "$over <= 1.2"
    row '' '' "$(ms "$(wall list-one)") one zfs list of all datasets" "$(ratio "$(wall list)" "$(wall list-one)")×" '' -
    row "list: peak memory" "$(mib "$(peak list)")" '' '' '≤ 64 MiB' "$(peak list) <= 65536"
    over=$(($(wall get) - $(wall get-zfs)))
    row "get, one of them" "$(ms "$(wall get)")" "$(ms "$(wall get-zfs)") the zfs calls it makes" \
        "+$(ms "$over")" '≤ 20 ms above' "$over <= 20000"
    row "avail, $avail_many images: CPU" "$(ms "$(cpu avail)")" "$(ms "$(wall avail)") wall, server included" '' \
        '≤ 0.25 s' "$(cpu avail) <= 250000"
    row "avail: peak memory" "$(mib "$(peak avail)")" '' '' '' -
}
