#!/bin/bash
# Debian packages of the release binaries, in .build/deb.
# usage: packaging/deb.sh      (MAINTAINER='NAME <ADDRESS>' says who builds them)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source packaging/stage.sh
need_binaries
command -v dpkg-shlibdeps > /dev/null || scripts/bootstrap.sh deb

out=.build/deb
maintainer=${MAINTAINER:-imgadm developers <developers@imgadm.invalid>}
version=$(version imgadm)
[[ $(version imgapi-server) == "$version" ]] || {
    printf 'imgadm and imgapi-server are of different versions: run "make build"\n' >&2
    exit 1
}
# The same binaries give the same packages: dpkg-deb takes its times from this.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || date +%s)}
export SOURCE_DATE_EPOCH
architecture=$(dpkg --print-architecture)
rm -rf "$out"
mkdir -p "$out/debian"
# dpkg-shlibdeps wants to see one.
printf 'Source: imgadm\n\nPackage: imgadm\nArchitecture: any\n' > "$out/debian/control"

# depends PROGRAM: the libraries it is linked to, as packages of this Debian
depends() {
    local found
    # What it says is of interest only where it fails: it warns of each library that is linked and hardly used.
    if ! found=$(cd "$out" && dpkg-shlibdeps -O --ignore-missing-info "$1" 2> shlibdeps.log) ||
        [[ $found != shlibs:Depends=?* ]]; then
        cat "$out/shlibdeps.log" >&2
        printf 'the packages that %s depends on are not known\n' "$1" >&2
        return 1
    fi
    printf '%s\n' "${found#shlibs:Depends=}"
}

# package NAME PROGRAM RECOMMENDS SUMMARY: the description is standard input
package() {
    local root=$out/$1 documents=$out/$1/usr/share/doc/$1 dependencies script
    # In an argument of printf, its failure would go unnoticed.
    dependencies=$(depends "$1/$2")
    install -d "$documents" "$root/DEBIAN"
    printf '%s (%s) unstable; urgency=medium\n\n  * Release %s.\n\n -- %s  %s\n' \
        "$1" "$version" "$version" "$maintainer" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" |
        gzip -9n > "$documents/changelog.gz"
    cp packaging/copyright "$documents/copyright"
    install -d "$root/usr/share/lintian/overrides"
    # The runtime of Swift is linked in, and with it what it is made of.
    printf '%s: embedded-library zlib *\n' "$1" > "$root/usr/share/lintian/overrides/$1"
    {
        printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\n' \
            "$1" "$version" "$architecture" "$maintainer"
        printf 'Installed-Size: %s\nDepends: %s\nRecommends: %s\nSection: admin\nPriority: optional\nDescription: %s\n' \
            "$(du -sk "$root" | cut -f 1)" "$dependencies" "$3" "$4"
        sed 's/^$/./; s/^/ /'
    } > "$root/DEBIAN/control"
    if [[ -d $root/etc ]]; then (cd "$root" && find etc -type f -printf '/%p\n') > "$root/DEBIAN/conffiles"; fi
    (cd "$root" && find . \( -path ./DEBIAN -o -path ./etc \) -prune -o -type f -printf '%P\0' | sort -z) > "$out/$1.files"
    (cd "$root" && xargs -0 md5sum) < "$out/$1.files" > "$root/DEBIAN/md5sums"
    for script in postinst postrm; do
        if [[ -f $out/$1.$script ]]; then install -m 755 "$out/$1.$script" "$root/DEBIAN/$script"; fi
    done
    dpkg-deb --root-owner-group --build "$root" "$out/${1}_${version}_$architecture.deb" > /dev/null
    printf '%s\n' "$out/${1}_${version}_$architecture.deb"
}

stage_imgadm "$out/imgadm"
cat > "$out/imgadm.postrm" << 'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = purge ]; then
    rm -rf /var/cache/imgadm
fi
SCRIPT
package imgadm usr/sbin/imgadm 'zfsutils-linux | zfs-fuse, ca-certificates, squashfs-tools-ng' \
    'find, import, install, list, make and publish VM images' << 'TEXT'
imgadm manages virtual machine images that are kept as ZFS datasets: it finds
them on image servers and in Docker registries, imports them with the images
they build on, lists what is installed, makes images of virtual machines and
publishes them.

Its commands, options, files and exit statuses are those of imgadm of SmartOS.
TEXT

stage_server "$out/imgapi-server"
# The unit is known when it is there, and neither enabled nor started: what it is to serve is the operator's to say.
cat > "$out/imgapi-server.postinst" << 'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
fi
SCRIPT
cat > "$out/imgapi-server.postrm" << 'SCRIPT'
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
fi
SCRIPT
package imgapi-server usr/bin/imgapi-server ca-certificates 'serve virtual machine images by the IMGAPI protocol' << 'TEXT'
imgapi-server serves virtual machine images to imgadm and to every other
client of IMGAPI, from a folder of plain files or from a repository of an OCI
registry, and mirrors those of other servers.

The service is installed, but neither enabled nor started:
"systemctl enable --now imgapi-server" does both.
TEXT
