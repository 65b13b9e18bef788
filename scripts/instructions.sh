#!/bin/bash
# Counts the instructions of commands that scripts run all day, and holds them against those that are on record: unlike time they
# are the same on a busy machine, so that a few per cent show.
# usage: scripts/instructions.sh [--record | --comparable]      (--record writes scripts/instructions.txt; --comparable counts nothing: is the record
#                                                                of this system?)
#
# More than 5 % above the record is an error; more than 5 % below it is told, for the record to follow. On another system than the
# record's (Debian, processor, Swift) other code is chosen by the C library and others: then the figures are only shown.
# shellcheck disable=SC2154,SC2034 # it shares its variables with the files it sources
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
record=scripts/instructions.txt
system="$(. /etc/os-release && echo "$ID-$VERSION_ID") $(uname -m) $(awk -F ': ' '/^vendor_id/ { print $2; exit }' /proc/cpuinfo) $(
    swift --version 2>&1 | sed -n 's/.*Swift version \([0-9.]*\).*/swift-\1/p' | head -n 1)"
[[ ${1-} != --comparable ]] || exec test "$(sed -n 2p "$record")" = "$system"
if [[ -z ${INSTRUCTIONS_BUILT-} ]]; then
    scripts/bootstrap.sh instructions
    scripts/build.sh --product imgadm
fi

work=$(mktemp -d -t imgadm-instructions.XXXXXX)
server=''
# shellcheck disable=SC2317 # a trap calls it
take_down() {
    [[ -z $server ]] || kill "$server" 2> /dev/null || true
    rm -rf --one-file-system "$work"
}
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What valgrind reads of the symbols of a large program it does not survive.
mkdir "$work/bin"
strip -g -o "$work/bin/imgadm" "${INSTRUCTIONS_BINARY:-.build/release/imgadm}"

# shellcheck source=scripts/bench/inventory.sh
source scripts/bench/inventory.sh
# shellcheck source=scripts/bench/clones.sh
source scripts/bench/clones.sh
# The same ones each time: UUIDs count from 1.
uuids() { awk -v count="$1" 'BEGIN { for (n = 1; n <= count; n++) printf "%08x-0000-4000-a000-%012x\n", n, n }'; }

# serve_list FOLDER: a server whose list of images is a file; sets $url
serve_list() {
    python3 - "$1" > "$work/port" << 'END' &
import http.server, sys
body = open(sys.argv[1], 'rb').read()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
    server=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        [[ ! -s $work/port ]] || break
        sleep 0.05
    done
    url=http://127.0.0.1:$(< "$work/port")
}

images_many=200
clones_many=2000
fill_clones "$work/clones"
{
    echo '['
    uuids 2000 | manifests | cut -f 2 | sed '$!s/$/,/'
    echo ']'
} > "$work/list"
serve_list "$work/list"
seq 1200000 > "$work/disk.raw"
truncate -s 8M "$work/disk.raw"
export PATH=$work/bin:$PATH
(cd "$work" && IMGADM_ROOT=$work/root imgadm convert disk.raw -o stream -c gzip name=disk version=1 > /dev/null 2>&1)
mkdir -p "$work/root/var/imgadm"
IMGADM_ROOT=$work/root imgadm sources -f -a "$url" > /dev/null 2>&1
IMGADM_ROOT=$work/root imgadm sources -d https://images.smartos.org > /dev/null 2>&1

# count COMMAND…: millions of instructions, of the program alone; the second of two runs, which finds its files kept
count() {
    local round said
    for round in 1 2; do
        # Hashing of Swift is seeded anew in each process otherwise.
        said=$(SWIFT_DETERMINISTIC_HASHING=1 LC_ALL=C TZ=UTC valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 > /dev/null) || {
            printf '%s\n' "$said" >&2
            exit 1
        }
    done
    sed -n 's/^==[0-9]*== Collected : \([0-9]*\)$/\1/p' <<< "$said" | awk '{ printf "%.1f", $1 / 1000000 }'
}

printf 'instructions on %s\n' "$system"

declare -A figure=()
rows=(start-up list vacuum avail inspect)
figure[start-up]=$(count imgadm --version)
# What lists nothing takes few instructions.
there=$(PATH=$work/clones/bin:$PATH IMGADM_ROOT=$work/clones/root IMGADM_POOL=$clones_pool imgadm list -H -o uuid | wc -l)
((there == images_many)) || {
    printf 'imgadm list sees %d of %d images: scripts/bench/clones.sh answers other calls than imgadm makes\n' "$there" "$images_many" >&2
    exit 1
}
figure[list]=$(PATH=$work/clones/bin:$PATH IMGADM_ROOT=$work/clones/root IMGADM_POOL=$clones_pool count imgadm list)
figure[vacuum]=$(PATH=$work/clones/bin:$PATH IMGADM_ROOT=$work/clones/root IMGADM_POOL=$clones_pool count imgadm vacuum -n)
figure[avail]=$(IMGADM_ROOT=$work/root count imgadm avail -H -o uuid,name)
figure[inspect]=$(count imgadm inspect "$work/stream.zvol.gz")

if [[ ${1-} == --record ]]; then
    {
        echo '# Millions of instructions of imgadm, as scripts/instructions.sh --record counted them; first, where.'
        echo "$system"
        for row in "${rows[@]}"; do echo "$row ${figure[$row]}"; done
    } > "$record"
    cat "$record"
    exit
fi

judged=''
[[ $(sed -n 2p "$record") != "$system" ]] || judged=yes
[[ -n $judged ]] || printf 'the record is of another system (%s), so that these are only shown\n' "$(sed -n 2p "$record")"
failed=0
for row in "${rows[@]}"; do
    was=$(sed -n "s/^$row //p" "$record")
    [[ -n $was ]] || { printf 'nothing is on record of %s\n' "$row"; failed=1; continue; }
    verdict=$(awk -v now="${figure[$row]}" -v was="$was" 'BEGIN {
        if (now > was * 1.05) print "MORE"; else if (now < was * 0.95) print "less: record it" }')
    printf '%-10s %10.1f million, on record %10.1f  %+6.1f %%  %s\n' "$row" "${figure[$row]}" "$was" \
        "$(awk -v now="${figure[$row]}" -v was="$was" 'BEGIN { print (now / was - 1) * 100 }')" "$verdict"
    [[ $verdict != MORE || -z $judged ]] || failed=1
done
exit "$failed"
