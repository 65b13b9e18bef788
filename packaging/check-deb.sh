#!/bin/bash
# Looks the Debian packages over, installs them on this machine, uses them, and removes them again.
# usage: packaging/check-deb.sh      (as root; after packaging/deb.sh)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v lintian > /dev/null || scripts/bootstrap.sh deb
packages=(imgadm imgapi-server)
for package in "${packages[@]}"; do
    if dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'install ok'; then
        printf '%s is installed here already: this is not the machine for it\n' "$package" >&2
        exit 1
    fi
done
work=$(mktemp -d)
server=''

take_down() {
    local status=$?
    trap - EXIT
    [[ -z $server ]] || kill "$server" 2> /dev/null || true
    dpkg --purge "${packages[@]}" > /dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap take_down EXIT

ok() { printf 'ok      %s\n' "$*"; }

# A name for the vendor, a start date, a license and a bug number are for Debian itself to give.
lintian --fail-on error --suppress-tags initial-upload-closes-no-bugs,statically-linked-binary .build/deb/*.deb
ok 'lintian has no errors'

dpkg --install .build/deb/*.deb > /dev/null
ok 'both are installed'
imgadm --version
imgadm help > /dev/null
IMGADM_ROOT=$work imgadm sources | grep -q https://images.smartos.org
ok 'imgadm runs'
for file in /usr/share/man/man8/imgadm.8.gz /usr/share/man/man5/imgadm.conf.5.gz /usr/share/man/man8/imgapi-server.8.gz \
    /usr/share/bash-completion/completions/imgadm /usr/share/zsh/vendor-completions/_imgadm \
    /usr/share/fish/vendor_completions.d/imgadm.fish /etc/imgapi-server/config.json; do
    [[ -s $file ]] || dpkg-query -L imgadm imgapi-server | grep -qx "$file"
done
ok 'manuals, completions and the config are there'

mkdir "$work/images"
sed "s,/var/lib/imgapi-server,$work,; s,127.0.0.1:8080,127.0.0.1:0," /etc/imgapi-server/config.json > "$work/config.json"
imgapi-server --config "$work/config.json" > "$work/out" &
server=$!
until grep -q listening "$work/out"; do
    kill -0 "$server"
    sleep 0.1
done
url=$(sed 's/^listening on //' "$work/out")
curl -sf "$url/ping" | grep -q pong
curl -sf "$url/images" | grep -q '\[\]'
kill "$server"
wait "$server"
server=''
ok 'imgapi-server serves, and ends by a signal'
if command -v systemd-analyze > /dev/null; then
    systemd-analyze verify /lib/systemd/system/imgapi-server.service
    ok 'systemd understands the unit'
fi

dpkg-query -L "${packages[@]}" | sort -u > "$work/files"
dpkg --purge "${packages[@]}" > /dev/null 2>&1
while read -r file; do
    [[ ! -f $file ]] || {
        printf '%s was left behind\n' "$file" >&2
        exit 1
    }
done < "$work/files"
[[ ! -e /etc/imgapi-server ]]
ok 'both are removed, and nothing is left'
