# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# The image of about 400 MB that import is measured with: a ZFS stream of this machine's own /usr (programs, libraries,
# texts, pictures), in five compressions. Made once and cached: bzip2 and xz take their minute.

compressions=(gzip bzip2 xz zstd none)
payload_mb=400

# payload FOLDER POOL: makes FOLDER/stream.{gzip,bzip2,xz,zstd,none} if they are not there
payload() {
    local folder=$1 pool=$2 tool dataset=$2/payload
    mkdir -p "$folder"
    if [[ ! -s $folder/stream.none ]]; then
        zfs create "$dataset"
        # Shuffled, so that there are files of every kind, but the same ones each time.
        find /usr/bin /usr/lib /usr/share -xdev -type f -size -20480k -printf '%s %p\n' |
            sort -R --random-source=/dev/zero |
            awk -v most=$((payload_mb * 1000000)) '(sum += $1) <= most { sub(/^[0-9]+ /, ""); print }' > "$folder/files"
        tar --create --files-from "$folder/files" --file - 2>/dev/null |
            tar --extract --directory "$(zfs get -H -o value mountpoint "$dataset")"
        zfs snapshot "$dataset@final"
        zfs send "$dataset@final" > "$folder/stream.new"
        mv "$folder/stream.new" "$folder/stream.none"
        discard "$dataset"
        rm -f "$folder"/stream.{gzip,bzip2,xz,zstd}
    fi
    for tool in gzip bzip2 xz zstd; do
        [[ ! -s $folder/stream.$tool ]] || continue
        printf 'bench: compressing the payload with %s (once)\n' "$tool" >&2
        case $tool in
            gzip) pigz -c "$folder/stream.none" ;;
            xz) xz -T 0 -c "$folder/stream.none" ;;
            *) "$tool" -q -c "$folder/stream.none" ;;
        esac > "$folder/stream.new"
        mv "$folder/stream.new" "$folder/stream.$tool"
    done
}

# discard DATASET: a dataset that was just mounted or received can be busy for a moment
discard() {
    local tries
    for ((tries = 0; tries < 50; tries++)); do
        zfs destroy -r "$1" 2>/dev/null && return
        sleep 0.2
    done
    zfs destroy -r "$1"
}

new_uuid() { cat /proc/sys/kernel/random/uuid; }

# serve_payload FOLDER IMAGES: an image for each compression, in the server's folder; sets the table image[COMPRESSION]
serve_payload() {
    local folder=$1 images=$2 tool uuid sum
    for tool in "${compressions[@]}"; do
        uuid=$(new_uuid)
        image["$tool"]=$uuid
        # The server follows no links.
        ln "$folder/stream.$tool" "$images/$uuid.file" 2>/dev/null || cp "$folder/stream.$tool" "$images/$uuid.file"
        sum=$(sha1sum < "$folder/stream.$tool")
        cat > "$images/$uuid.json" <<MANIFEST
{
  "v": 2,
  "uuid": "$uuid",
  "owner": "00000000-0000-0000-0000-000000000000",
  "name": "payload-$tool",
  "version": "1.0.0",
  "state": "active",
  "disabled": false,
  "public": true,
  "published_at": "2026-01-01T00:00:00.000Z",
  "type": "zone-dataset",
  "os": "other",
  "files": [{"sha1": "${sum%% *}", "size": $(stat -L -c %s "$folder/stream.$tool"), "compression": "$tool"}]
}
MANIFEST
    done
}
