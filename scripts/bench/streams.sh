# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# avail of a source of simplestreams with a list of 5 MB in the manner of LXC's: three versions of each product, half of the products
# for this machine's processors, and of each version what is read and what is not. Measured when the list is fetched, and when it has not
# changed since.

streams_bytes=5000000

# streams_payload FOLDER: lists of so many bytes
streams_payload() {
    mkdir -p "$1/streams/v1"
    printf '{"format":"index:1.0","index":{"images":{"datatype":"image-downloads","path":"streams/v1/images.json","format":"products:1.0","products":["a"]}}}' \
        > "$1/streams/v1/index.json"
    awk -v most="$streams_bytes" -v own="$(dpkg --print-architecture)" '
        function sum() { n++; return sprintf("%08x%08x%08x%08x%08x%08x%08x%08x", n, n * 7, n * 11, n * 13, n * 17, n * 19, n * 23, n * 29) }
        function item(key, type, more) {
            return sprintf("\"%s\":{\"ftype\":\"%s\",\"path\":\"images/%s/%s/%s\",\"size\":%d,\"sha256\":\"%s\"%s}",
                key, type, name, version, key, 1000000 + n, sum(), more)
        }
        function combined() {
            return ",\"combined_sha256\":\"" sum() "\",\"combined_rootxz_sha256\":\"" sum() "\",\"combined_squashfs_sha256\":\"" sum() \
                "\",\"combined_disk-kvm-img_sha256\":\"" sum() "\""
        }
        function put(text) { size += length(text); printf "%s", text }
        BEGIN {
            put("{\"format\":\"products:1.0\",\"datatype\":\"image-downloads\",\"content_id\":\"images\",\"products\":{")
            for (p = 0; size < most; p++) {
                architecture = p % 2 ? "other" : own
                os = "system" int(p / 2) % 40; release = int(p / 80)
                name = os "/" release "/" architecture "/default"
                put((p ? "," : "") "\"" os ":" release ":" architecture ":default\":{\"aliases\":\"" os "/" release "/default," os "/" release \
                    "\",\"arch\":\"" architecture "\",\"os\":\"" os "\",\"release\":\"" release "\",\"release_title\":\"" release \
                    "\",\"variant\":\"default\",\"requirements\":{},\"versions\":{")
                for (v = 1; v <= 3; v++) {
                    version = sprintf("202511%02d_05:24", v + p % 20)
                    put((v > 1 ? "," : "") "\"" version "\":{\"items\":{" item("incus.tar.xz", "incus.tar.xz", combined()) "," \
                        item("lxd.tar.xz", "lxd.tar.xz", combined()) "," item("rootfs.squashfs", "squashfs", "") "," \
                        item("rootfs.tar.xz", "root.tar.xz", "") "," item("disk.qcow2", "disk-kvm.img", "") "," \
                        item("rootfs.1.vcdiff", "squashfs.vcdiff", ",\"delta_base\":\"1\"") "}}")
                }
                put("}}")
            }
            put("}}")
        }' > "$1/streams/v1/images.json"
}

bench_streams() {
    local round root=$work/streams-root
    mkdir -p "$root/var/imgadm"
    printf '{"sources":[{"type":"simplestreams","url":"%s"}],"upgradedToVer":"3.0.0"}\n' "$nginx_url" > "$root/var/imgadm/imgadm.conf"
    streams_images=$(IMGADM_ROOT=$root imgadm avail -H | wc -l)
    printf 'bench: avail of a list of %d bytes with %d images\n' "$(stat -c %s "$1/streams/v1/images.json")" "$streams_images" >&2
    for ((round = 0; round < rounds; round++)); do
        rm -rf "$root/var/cache"
        measure streams-fetched "IMGADM_ROOT=$root imgadm avail"
        measure streams-kept "IMGADM_ROOT=$root imgadm avail"
    done
}

report_streams() {
    local how
    for how in fetched kept; do
        row "avail, simplestreams, 5 MB $how, $streams_images images: CPU" "$(ms "$(cpu "streams-$how")")" \
            "$(ms "$(wall "streams-$how")") wall" '' '≤ 0.2 s' "$(cpu "streams-$how") <= 200000"
        row "avail, simplestreams, $how: peak memory" "$(mib "$(peak "streams-$how")")" '' '' '' -
    done
}
