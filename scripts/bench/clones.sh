# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# The commands that look over a host, on one with 1,000 images and 10,000 clones of them. A userspace ZFS would need a quarter
# of an hour to make those, so that a `zfs` stands in that prints what there would be: what counts is what imgadm takes beside
# the calls that it makes, against what one `zfs list` of so many datasets takes on the real pool (bench_inventory).

clones_many=${CLONES_MANY:-10000}
clones_pool=bench-clones
clones_of=(list list-l vacuum get)

# clones_command LABEL
clones_command() {
    case $1 in
        list) echo 'imgadm list' ;;
        list-l) echo 'imgadm list -l' ;;
        vacuum) echo 'imgadm vacuum -n' ;;
        get) echo "imgadm get -r $clones_image" ;;
    esac
}

# fill_clones FOLDER: the records of the images below FOLDER/root, FOLDER/bin/zfs, and what it says
fill_clones() {
    local folder=$1 uuid manifest
    mkdir -p "$folder/bin" "$folder/told" "$folder/root/var/imgadm/images"
    uuids "$images_many" > "$folder/images"
    while IFS=$'\t' read -r uuid manifest; do
        printf '{\n  "manifest": %s,\n  "zpool": "%s",\n  "source": "https://images.example.com"\n}\n' \
            "$manifest" "$clones_pool" > "$folder/root/var/imgadm/images/$clones_pool-$uuid.json"
        clones_image=$uuid
    done < <(manifests < "$folder/images")
    {
        awk -v pool="$clones_pool" '{ printf "%s/%s\tfilesystem\t-\t%d\t/%s/%s\t-\t%s/%s\n", pool, $1, NR + 1, pool, $1, pool, $1 }' "$folder/images"
        uuids "$clones_many" | awk -v pool="$clones_pool" -v images="$folder/images" '
            BEGIN { while ((getline < images) > 0) image[n++] = $1 }
            # No image has that name.
            { $1 = "f" substr($1, 2); printf "%s/%s\tfilesystem\t%s/%s@final\t%d\t/%s/%s\t-\t%s/%s\n", \
                pool, $1, pool, image[NR % n], NR + 1000000, pool, $1, pool, $1 }'
    } | LC_ALL=C sort > "$folder/datasets"
    {
        printf '#!/bin/bash\nfolder=%q pool=%q\n' "$folder" "$clones_pool"
        cat << 'END'
# Says what it was asked before as quickly as it can; makes the answer the first time.
key="$folder/told/$#,${*:1:6},${*: -1}"
key="$folder/told/$(tr / , <<< "${key#"$folder/told/"}")"
if [[ ! -e $key ]]; then
    case " $* " in
        *' filesystem,volume '*) { printf '%s\tfilesystem\t-\t1\t/%s\t-\t%s\n' "$pool" "$pool" "$pool"; cat "$folder/datasets"; } > "$key" ;;
        *' -d 1 '*) printf '%s@final\t0\n' "${*: -1}" > "$key" ;;
        *' list '*)
            printf '%s\n' "${@:7}" | awk -v images="$folder/images" -v pool="$pool" -v errors="$key.errors" '
                BEGIN { while ((getline line < images) > 0) there[pool "/" line "@final"] }
                $0 in there { print; next }
                { printf "cannot open \047%s\047: dataset does not exist\n", $0 > errors }' > "$key"
            ;;
        *)
            printf '%s\n' "${@:6}" | awk -v columns="$4" -v asked="$5" -v errors="$key.errors" '
                BEGIN { columnsCount = split(columns, column, ","); count = split(asked, property, ",") }
                /-partial/ { printf "cannot open \047%s\047: dataset does not exist\n", $0 > errors; next }
                { for (i = 1; i <= count; i++) {
                    value = property[i] ~ /:/ || property[i] == "origin" ? "-" : "24576"
                    if (property[i] == "type") value = /@/ ? "snapshot" : "filesystem"
                    if (property[i] == "mounted") value = "yes"
                    if (property[i] == "mountpoint") value = "/" $0
                    line = ""
                    for (c = 1; c <= columnsCount; c++)
                        line = line (c > 1 ? "\t" : "") (column[c] == "name" ? $0 : column[c] == "property" ? property[i] : \
                            column[c] == "value" ? value : "-")
                    print line } }' > "$key"
            ;;
    esac
fi
cat "$key"
[[ -e $key.errors ]] || exit 0
cat "$key.errors" >&2
exit 1
END
    } > "$folder/bin/zfs"
    chmod +x "$folder/bin/zfs"
}

bench_clones() {
    local folder=$1 round label command
    fill_clones "$folder"
    for label in "${clones_of[@]}"; do
        command=$(clones_command "$label")
        # shellcheck disable=SC2086 # they are words
        IMGADM_ROOT=$folder/root IMGADM_POOL=$clones_pool PATH=$folder/bin:$PATH spy_on "clones-$label" $command
    done
    for ((round = 0; round < 2 * rounds; round++)); do
        for label in "${clones_of[@]}"; do
            IMGADM_ROOT=$folder/root IMGADM_POOL=$clones_pool PATH=$folder/bin:$PATH \
                measure "clones-$label" "$(clones_command "$label")"
            PATH=$folder/bin:$PATH measure "clones-$label-zfs" "bash $samples/.clones-$label.sh 2>/dev/null"
        done
    done
}

report_clones() {
    local label whole over share
    # Of so many datasets, by what those of the pool took.
    whole=$(awk "BEGIN { printf \"%d\", $(wall list-one) / (2 * $images_many + 1) * ($images_many + $clones_many + 1) }")
    for label in "${clones_of[@]}"; do
        over=$(($(wall "clones-$label") - $(wall "clones-$label-zfs")))
        share=$(ratio "$over" "$whole")
        row "$(clones_command "$label" | cut -d ' ' -f 2,3 | sed 's/ [0-9a-f-]\{36\}$//'), $clones_many clones: beside its calls" \
            "$(ms "$over")" "$(ms "$whole") one zfs list" "1 + ${share}×" '≤ 1.15×' "$share <= 0.15"
        row '  peak memory' "$(mib "$(peak "clones-$label")")" '' '' '≤ 48 MiB' "$(peak "clones-$label") <= 49152"
    done
}
