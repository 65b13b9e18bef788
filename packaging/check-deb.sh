#!/bin/bash
# Looks the Debian packages over, installs them on this machine, uses them, and removes them again.
# usage: packaging/check-deb.sh      (as root; after packaging/deb.sh)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
packages=(imgadm imgapi-server)

die() {
    printf 'FAILED  %s\n' "$*" >&2
    exit 1
}

ok() { printf 'ok      %s\n' "$*"; }

((EUID == 0)) || die 'installing packages takes root'
for package in "${packages[@]}"; do
    # What is known to dpkg in any state, purge would take from its owner.
    if dpkg-query -W "$package" > /dev/null 2>&1; then
        die "$package is known to dpkg here already: this is not the machine for it"
    fi
done
debs=(.build/deb/*.deb)
((${#debs[@]} == 2)) || die 'the two packages are not in .build/deb: run "make deb" first'
scripts/bootstrap.sh deb
work=$(mktemp -d)
server=''
installing=''

take_down() {
    local status=$?
    trap - EXIT
    [[ -z $server ]] || kill -KILL "$server" 2> /dev/null || true
    [[ -z $installing ]] || dpkg --purge "${packages[@]}" > /dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# within SECONDS COMMAND…: whether it comes true in time
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

ended() { ! kill -0 "$server" 2> /dev/null; }
listening_or_ended() { grep -q '^listening on ' "$work/out" || ended; }

lintian --allow-root --fail-on error "${debs[@]}" || die 'lintian has errors'
ok 'lintian has no errors'

# What dpkg is told to leave out on this machine (manuals, say) must still be in the packages.
for deb in "${debs[@]}"; do
    dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's,^\.,,; s,/$,,; /^$/d'
    [[ -n $(dpkg-deb --field "$deb" Depends) ]] || die "$deb depends on nothing"
done | sort -u > "$work/contents"
for file in /usr/share/man/man8/imgadm.8.gz /usr/share/man/man5/imgadm.conf.5.gz /usr/share/man/man8/imgapi-server.8.gz \
    /usr/share/bash-completion/completions/imgadm /usr/share/zsh/vendor-completions/_imgadm \
    /usr/share/fish/vendor_completions.d/imgadm.fish /usr/share/bash-completion/completions/imgapi-server \
    /usr/share/zsh/vendor-completions/_imgapi-server /usr/share/fish/vendor_completions.d/imgapi-server.fish /etc/imgapi-server/config.json \
    /usr/lib/systemd/system/imgapi-server.service /usr/lib/systemd/system/imgapi-mirror.service \
    /usr/lib/systemd/system/imgapi-mirror.timer; do
    grep -qxF "$file" "$work/contents" || die "$file is in neither package"
done
ok 'manuals, completions, the config and the unit are there'
# Nor does dpkg know what was put there by hand, as by make install, and would take it, too.
while read -r file; do
    if [[ ! -e $file && ! -L $file ]]; then
        printf '%s\n' "$file"
    elif [[ ! -d $file || $file == /etc/imgapi-server ]]; then
        die "$file is here already: this is not the machine for it"
    fi
done < "$work/contents" > "$work/new"
[[ ! -e /var/cache/imgadm ]] || die '/var/cache/imgadm is here already: this is not the machine for it'

installing=yes
dpkg --force-confold --install "${debs[@]}" > "$work/log" 2>&1 < /dev/null || die "dpkg --install: $(cat "$work/log")"
ok 'both are installed'
[[ $(/usr/sbin/imgadm --version) == "imgadm $(dpkg-query -W -f '${Version}' imgadm)" ]] || die 'imgadm --version'
IMGADM_ROOT=$work /usr/sbin/imgadm sources > "$work/sources"
grep -q '^https://images.smartos.org' "$work/sources" || die 'imgadm sources'
ok 'imgadm runs'

[[ $(/usr/bin/imgapi-server --version) == "imgapi-server $(dpkg-query -W -f '${Version}' imgapi-server)" ]] ||
    die 'imgapi-server --version'
mkdir "$work/images"
sed "s,/var/lib/imgapi-server,$work/images,; s,127.0.0.1:8080,127.0.0.1:0," /etc/imgapi-server/config.json > "$work/config.json"
/usr/bin/imgapi-server --config "$work/config.json" > "$work/out" 2>&1 &
server=$!
within 20 listening_or_ended || die 'imgapi-server does not say where it listens'
url=$(sed -n 's/^listening on //p' "$work/out")
[[ -n $url ]] || die "imgapi-server: $(cat "$work/out")"
[[ $(curl -sf --max-time 10 "$url/ping") == *pong* ]] || die 'imgapi-server: /ping'
[[ $(curl -sf --max-time 10 "$url/images") == '[]'* ]] || die 'imgapi-server: /images'
kill -TERM "$server"
within 20 ended || die 'imgapi-server does not end by SIGTERM'
wait "$server" || die "imgapi-server ended with status $?"
server=''
ok 'imgapi-server serves, and ends by a signal'

if command -v systemd-analyze > /dev/null; then
    systemd-analyze --man=no verify /usr/lib/systemd/system/imgapi-server.service /usr/lib/systemd/system/imgapi-mirror.service \
        /usr/lib/systemd/system/imgapi-mirror.timer ||
        die 'systemd-analyze verify'
    ok 'systemd understands the units'
fi
for link in /etc/systemd/system/*.wants/imgapi-*; do
    [[ ! -L $link ]] || die "installing enabled the service: $link"
done
ok 'the service is not enabled'

dpkg --remove "${packages[@]}" > "$work/log" 2>&1 || die "dpkg --remove: $(cat "$work/log")"
[[ -s /etc/imgapi-server/config.json ]] || die 'the config is gone before it was purged'
[[ ! -e /usr/bin/imgapi-server && ! -e /usr/sbin/imgadm ]] || die 'a program was left behind'
ok 'both are removed, and the config is kept'
# What imgadm keeps of servers goes, and nothing else of /var.
install -d -m 700 /var/cache/imgadm
dpkg --purge "${packages[@]}" > "$work/log" 2>&1 || die "dpkg --purge: $(cat "$work/log")"
installing=''
[[ ! -e /var/cache/imgadm ]] || die '/var/cache/imgadm was left behind'
while read -r file; do
    [[ ! -e $file && ! -L $file ]] || die "$file was left behind"
done < "$work/new"
ok 'both are purged, and nothing is left'
