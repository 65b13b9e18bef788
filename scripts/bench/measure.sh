# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# Measuring and reporting. A measurement is a line "wall-µs cpu-µs rss-KiB" in $samples/LABEL; labels have no spaces.
# The CPU is that of the commands and of the userspace ZFS, where there is one ($zfs_pid).

samples=''          # a folder, set by bench.sh
settle=0.3          # seconds; what ZFS still has to write after a command belongs to the command, too
ticks=$(getconf CLK_TCK)

now() { printf '%s' "${EPOCHREALTIME/./}"; }

# zfs_cpu: µs the ZFS daemon has used so far. The kernel's ZFS does its work in threads nobody can be billed for.
zfs_cpu() {
    local stat
    if [[ -z $zfs_pid ]]; then
        echo 0
        return
    fi
    read -r -a stat <<< "$(sed 's/.*) //' "/proc/$zfs_pid/stat")"
    echo $(((stat[11] + stat[12]) * 1000000 / ticks))
}

# measure LABEL SHELL-COMMAND: runs it, in a shell of its own with pipefail, and keeps what it took
measure() {
    local label=$1 command=$2 begin end before after user system rss
    before=$(zfs_cpu)
    begin=$(now)
    if ! /usr/bin/time -q -f '%U %S %M' -o "$samples/.time" bash -o pipefail -c "$command" > "$samples/.out" 2> "$samples/.err"; then
        cat "$samples/.out" "$samples/.err" >&2
        printf 'bench: %s failed: %s\n' "$label" "$command" >&2
        return 1
    fi
    end=$(now)
    sleep "$settle"
    after=$(zfs_cpu)
    read -r user system rss < "$samples/.time"
    printf '%d %d %d\n' $((end - begin)) $((after - before + $(microseconds "$user") + $(microseconds "$system"))) \
        "$rss" >> "$samples/$label"
}

# microseconds SECONDS: 1.25 -> 1250000
microseconds() { printf '%d' $((10#${1/./} * 10000)); }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

wall() { cut -d ' ' -f 1 "$samples/$1" | median; }
cpu() { cut -d ' ' -f 2 "$samples/$1" | median; }
fastest() { cut -d ' ' -f 1 "$samples/$1" | sort -n | head -n 1; }
peak() { cut -d ' ' -f 3 "$samples/$1" | sort -n | tail -n 1; }

rows=()
missed=0

# row WHAT OURS OTHER FIGURE TARGET MET: MET is an awk condition, "-" for a row that is only told
row() {
    local verdict=''
    if [[ $6 != - ]]; then
        if awk "BEGIN { exit !($6) }"; then
            verdict=met
        else
            verdict=MISSED
            missed=$((missed + 1))
        fi
    fi
    rows+=("$(printf '%s\t%s\t%s\t%s\t%s\t%s' "$1" "$2" "$3" "$4" "$5" "$verdict")")
}

ms() { awk "BEGIN { printf \"%.1f ms\", $1 / 1000 }"; }
seconds() { awk "BEGIN { printf \"%.2f s\", $1 / 1000000 }"; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
mib() { awk "BEGIN { printf \"%.0f MiB\", $1 / 1024 }"; }

report() {
    {
        printf 'WHAT\tIMGADM\tAGAINST\tFIGURE\tTARGET\t\n'
        printf '%s\n' "${rows[@]}"
    } | LC_ALL=C awk -F '\t' '
        function shown(text) { gsub(/[\200-\277]/, "", text); return length(text) }     # characters, not bytes
        { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (shown($i) > width[i]) width[i] = shown($i) } }
        END { for (r = 1; r <= NR; r++) { line = ""
            for (i = 1; i <= 6; i++) line = line cell[r, i] sprintf("%" (width[i] - shown(cell[r, i]) + 2) "s", "")
            sub(/ +$/, "", line); print line } }'
    if ((missed > 0)); then
        printf '%d targets missed\n' "$missed"
    else
        printf 'all targets met\n'
    fi
}
