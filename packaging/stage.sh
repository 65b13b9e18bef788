# shellcheck shell=bash
# shellcheck disable=SC2034 # for the scripts that source it
# What is in a package, put below a folder. Sourced by deb.sh and dist.sh.

release=.build/release
# Whoever builds it, everyone may read it.
umask 022

# version PROGRAM: as it says itself
version() { "$release/$1" --version | awk '{ print $NF }'; }

need_binaries() {
    local program
    for program in imgadm imgapi-server; do
        [[ -x $release/$program ]] || {
            printf 'there is no %s yet: run "make build" first\n' "$release/$program" >&2
            exit 1
        }
    done
}

# stage_imgadm ROOT
stage_imgadm() {
    local share=$1/usr/share
    install -d "$1/usr/sbin" "$share/man/man8" "$share/man/man5"
    install -s -m 755 "$release/imgadm" "$1/usr/sbin/imgadm"
    gzip -9n < docs/imgadm.8 > "$share/man/man8/imgadm.8.gz"
    gzip -9n < docs/imgadm.conf.5 > "$share/man/man5/imgadm.conf.5.gz"
    stage_completions "$1" imgadm
}

# stage_completions ROOT PROGRAM
stage_completions() {
    local share=$1/usr/share
    "$release/$2" completion bash > /dev/null || {
        printf '%s has no completions: run "make build"\n' "$release/$2" >&2
        exit 1
    }
    install -d "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
    "$release/$2" completion bash | sed '1{/^#!/d}' > "$share/bash-completion/completions/$2"
    "$release/$2" completion zsh > "$share/zsh/vendor-completions/_$2"
    "$release/$2" completion fish > "$share/fish/vendor_completions.d/$2.fish"
}

# stage_server ROOT
stage_server() {
    install -d "$1/usr/bin" "$1/usr/share/man/man8" "$1/usr/lib/systemd/system" "$1/etc/imgapi-server"
    install -s -m 755 "$release/imgapi-server" "$1/usr/bin/imgapi-server"
    gzip -9n < docs/imgapi-server.8 > "$1/usr/share/man/man8/imgapi-server.8.gz"
    for unit in imgapi-server.service imgapi-mirror.service imgapi-mirror.timer; do
        install -m 644 "packaging/$unit" "$1/usr/lib/systemd/system/$unit"
    done
    install -m 644 packaging/config.json "$1/etc/imgapi-server/config.json"
    stage_completions "$1" imgapi-server
}
