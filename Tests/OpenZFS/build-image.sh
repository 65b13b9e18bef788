#!/bin/bash
# build-image.sh - build a small Debian VM image with real OpenZFS in it
#
#   usage: build-image.sh [OUTDIR]          (default OUTDIR: ./ozvm-image)
#          build-image.sh --key             (print a cache key and exit)
#
# What it makes in OUTDIR (everything "ozvm" needs to boot the machine):
#   vmlinux     the Debian kernel, decompressed, to boot by PVH (-kernel)
#   initrd      a small initramfs: busybox and the modules to mount the root
#   root.ext4   the root file system, read-only for the machine
#   id          the SSH key that opens the machine (a throw-away, see below)
#   known_host  the machine's SSH host key
#   manifest    versions of every package that went in
#   key         the cache key this image was built for
#
# It uses only packages of the Debian archive (main and contrib) and three
# programs of the host: mmdebstrap, xz-utils and openssh-client. It needs root
# (or working user namespaces: mmdebstrap then uses its "unshare" mode) and
# about 1.5 GB in $TMPDIR while it runs. A tmpfs is by far the best place
# (dpkg calls fsync all the time), so /dev/shm is the default.
#
# Settings, by environment:
#   SUITE=bookworm     the Debian release of the guest
#   SOURCES=FILE       apt sources to use; by default the host's own
#                      debian.sources with the component contrib added, and on
#                      a host of another suite deb.debian.org
#   EXTRA_PKGS="a b"   more packages for the guest's root
#   JOBS=N             make -j, default: number of processors
#   STAGE1=FILE        keep the result of stage 1 (kernel and zfs modules, the
#                      slow part) in FILE, or take it from there if it exists
#
# The ssh key pair and the host key are made here and lie in OUTDIR. They only
# guard a port on 127.0.0.1 of a machine that has no network: whoever can read
# OUTDIR can enter it. Don't use them for anything else.

set -euo pipefail

SUITE=${SUITE:-bookworm}
EXTRA_PKGS=${EXTRA_PKGS:-}
JOBS=${JOBS:-$(nproc)}
FORMAT_VERSION=1

# Packages of the guest. Its tools are the real ones (coreutils and so on are
# "essential"), udev is there for /dev/zvol, the libraries are those that a
# typical Linux program (C++, Swift with a static standard library) wants.
GUEST_PKGS="zfsutils-linux kmod udev mount dropbear-bin busybox-static iproute2
	e2fsprogs attr acl fdisk zstd xz-utils bzip2 procps
	libstdc++6 libcurl4 libxml2 zlib1g $EXTRA_PKGS"

# Kernel modules of the guest, without their dependencies. initrd: what it
# takes to mount the root; the others are loaded by the root's own boot script
# or on demand.
INITRD_MODS="virtio_pci virtio_blk ext4 overlay"
ROOT_MODS="virtio_net virtio_console virtio_rng 9p 9pnet_virtio loop
	fuse virtiofs vfat nls_ascii nls_cp437 xfs squashfs nbd
	virtio_scsi sd_mod virtio_balloon dm_mod"

say() { printf '%s build-image: %s\n' "$(date +%T)" "$*" >&2; }
die() { say "$*"; exit 1; }

cache_key() {
	{ echo "$FORMAT_VERSION $SUITE $EXTRA_PKGS"
	  cat "$0"; } | sha256sum | cut -c1-20
}

if [ "${1:-}" = --key ]; then
	cache_key
	exit 0
fi

OUT=${1:-./ozvm-image}
for p in mmdebstrap xz ssh-keygen; do
	command -v $p >/dev/null || die "$p is missing (Debian packages: mmdebstrap xz-utils openssh-client)"
done
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

# ---------------------------------------------------------------- work folder
if [ -z "${TMPDIR:-}" ]; then
	TMPDIR=/tmp
	# a tmpfs with 2 GB free?
	if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] &&
	   [ "$(df -Pm /dev/shm | awk 'END { print $4 }')" -ge 2048 ] &&
	   [ "$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)" -ge 3072 ]; then
		TMPDIR=/dev/shm
	fi
fi
export TMPDIR
WORK=$(mktemp -d "$TMPDIR/ozvm-build.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$WORK/out" "$WORK/files"
chmod 755 "$WORK"

# ---------------------------------------------------------------- apt sources
if [ -z "${SOURCES:-}" ]; then
	SOURCES=$WORK/guest.sources
	if [ -f /etc/apt/sources.list.d/debian.sources ] &&
	   grep -q "^Suites:.*\<$SUITE\>" /etc/apt/sources.list.d/debian.sources; then
		sed 's/^Components:.*/Components: main contrib/' \
			/etc/apt/sources.list.d/debian.sources > "$SOURCES"
	else
		keyring=/usr/share/keyrings/debian-archive-keyring.gpg
		[ -f "$keyring" ] || die "$keyring is missing (Debian package: debian-archive-keyring)"
		printf '%s\n' 'Types: deb' 'URIs: http://deb.debian.org/debian' \
			"Suites: $SUITE $SUITE-updates" 'Components: main contrib' "Signed-By: $keyring" '' \
			'Types: deb' 'URIs: http://deb.debian.org/debian-security' \
			"Suites: $SUITE-security" 'Components: main contrib' "Signed-By: $keyring" > "$SOURCES"
	fi
fi

# Check-Valid-Until: archives that are snapshots are older than they may be.
# path-exclude: documentation and translations are not wanted in the guest.
MM=(mmdebstrap --mode=auto
	--aptopt='Acquire::Check-Valid-Until "false"'
	--aptopt='Acquire::Check-Date "false"'
	--aptopt='APT::Install-Recommends "false"'
	--dpkgopt=force-unsafe-io
	--dpkgopt='path-exclude=/usr/share/doc/*'
	--dpkgopt='path-exclude=/usr/share/man/*'
	--dpkgopt='path-exclude=/usr/share/info/*'
	--dpkgopt='path-exclude=/usr/share/locale/*')

# ------------------------------------------------- stage 1: kernel and modules
# A throw-away root with a compiler and the kernel's headers. There is no
# package with ready-made modules in Debian; zfs-dkms has their source. dkms
# itself is left out: its PRE_BUILD and MAKE steps are the two commands below,
# and without debug information they take less time.
cat > "$WORK/files/stage1.sh" <<'EOS'
set -euo pipefail
cd /root
mkdir deb img out
# Kernels of Debian 13 have their modules in /usr/lib, older ones in /lib.
mkdir -p img/usr/lib
ln -s usr/lib img/lib
chown _apt deb
(cd deb && apt-get -qq download zfs-dkms >/dev/null)
dpkg-deb -x deb/zfs-dkms_*.deb /
KV=$(basename /lib/modules/*-amd64)
(cd deb && apt-get -qq download linux-image-$KV >/dev/null)
dpkg-deb --fsys-tarfile deb/linux-image-*.deb | tar -x --keep-directory-symlink -C img

# the kernel, decompressed: setup_sects is at 0x1f1, payload_offset and
# payload_length at 0x248 (Documentation/x86/boot.rst); the payload's last
# four bytes are its length unpacked
K=img/boot/vmlinuz-$KV
u() { od -An -t u$2 -j $1 -N $2 $K | tr -d ' '; }
off=$(( ($(u 497 1) + 1) * 512 + $(u 584 4) ))
len=$(( $(u 588 4) - 4 ))
head -c $((off + len)) $K | tail -c $len > payload
case $(od -An -t x1 -N 4 payload | tr -d ' ') in
fd377a58) xz -dc payload ;;
1f8b*)    gzip -dc payload ;;
28b52ffd) zstd -dqc payload ;;
02214c18) lz4 -dqc payload ;;
*)        echo "unknown kernel compression" >&2; exit 1 ;;
esac > out/vmlinux
rm payload

# the zfs modules
cd /usr/src/zfs-*/
echo "kernel $KV, $(basename "$PWD")"
export KCFLAGS=-g0
# Without debug information there is nothing that BTF could be made of (pahole fails, and with it every test of
# configure); kbuild makes none where the headers have no vmlinux. Those of Debian 13 have one.
rm -f "$(readlink -f /lib/modules/$KV/build)/vmlinux"
t0=$(date +%s)
./configure --prefix=/usr --with-config=kernel \
	--with-linux="$(readlink -f /lib/modules/$KV/source)" \
	--with-linux-obj="$(readlink -f /lib/modules/$KV/build)" \
	>/root/out/configure.log 2>&1 || { tail -40 /root/out/configure.log; exit 1; }
t1=$(date +%s)
echo "zfs: configure took $((t1 - t0)) s"
make -s -j$JOBS >/root/out/make.log 2>&1 || { tail -40 /root/out/make.log; exit 1; }
t2=$(date +%s)
echo "zfs: make took $((t2 - t1)) s"

# the modules' tree: zfs, and of Debian's those asked for and what they need
M=/root/img/lib/modules/$KV
mkdir -p $M/extra
find module -name '*.ko' -exec cp {} $M/extra/ \;
strip --strip-debug $M/extra/*.ko
depmod -b /root/img $KV
cd $M
need() {	# module names -> files in load order
	for m; do
		modprobe -d /root/img -S $KV --show-depends "$m" |
			awk '$1 == "insmod" { print $2 }'
	done | sed "s|^.*/lib/modules/$KV/||" | awk '!s[$0]++'
}
need $INITRD_MODS > /root/out/initrd.mods
need $INITRD_MODS $ROOT_MODS zfs > /root/out/root.mods
T=/root/out/tree/lib/modules/$KV
mkdir -p $T
tar cf - modules.order modules.builtin modules.builtin.modinfo \
	$(cat /root/out/root.mods) | tar xf - -C $T
# Those of Debian 13 are compressed; insmod of busybox takes them as they are.
find $T -name '*.ko.xz' -exec xz -d {} +
sed -i 's/\.xz$//' /root/out/initrd.mods /root/out/root.mods
depmod -b /root/out/tree $KV
echo $KV > /root/out/kver
dpkg-deb -W --showformat='${Package} ${Version}\n' /root/deb/*.deb > /root/out/manifest
cd /root/out && tar cf /root/out.tar .
EOS

# ------------------------------------------------------- stage 2: guest's root
# /sbin/init is busybox; it runs guest-boot once and then reaps orphans.
mkdir -p "$WORK/files/etc/dropbear" "$WORK/files/sbin" "$WORK/files/root/.ssh"
cat > "$WORK/files/etc/inittab" <<'EOS'
::sysinit:/sbin/guest-boot
::ctrlaltdel:/bin/busybox poweroff -f
EOS
cat > "$WORK/files/sbin/guest-boot" <<'EOS'
#!/bin/sh
# Boot of the guest, run by busybox init as the only start-up script.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mountpoint -q /dev || mount -t devtmpfs -o mode=755 dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 tmp /tmp
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
mkdir -p /run/lock /run/udev
hostname ozvm
(
	modprobe -a virtio_rng virtio_net 9pnet_virtio 9p
	ip link set lo up
	for n in /sys/class/net/*; do
		[ -e "$n/device" ] || continue
		n=${n##*/}
		ip addr add 10.0.2.15/24 dev "$n"
		ip link set "$n" up
	done
) &
modprobe zfs || echo "guest-boot: no zfs module" > /dev/console
# udev serves /dev/zvol; the devices that are there already need no coldplug
/lib/systemd/systemd-udevd --daemon > /dev/null 2>&1
wait
# sshd: it has bound its port when it goes to the background, so the line
# below means "ready"
/usr/sbin/dropbear -s -p 22
echo "OZVM-BOOTED $(cut -d' ' -f1 /proc/uptime)" > /dev/console
EOS
cat > "$WORK/files/sbin/guest-attach" <<'EOS'
#!/bin/sh
# guest-attach EPOCH DISKS [TAG:DIR:ro|rw]...
# Run by ozvm after it has plugged in what this machine is to have: sets the
# clock, waits for the disks, mounts the 9p shares, loads zfs.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
date -s "@$1" > /dev/null
disks=$2
shift 2
modprobe zfs &		# a machine saved by "ozvm warm" has it not
i=0
while :; do
	n=0
	for s in /sys/block/vd*/serial; do
		case $(cat "$s" 2>/dev/null) in disk*) n=$((n + 1)) ;; esac
	done
	[ "$n" -ge "$disks" ] && break
	i=$((i + 1))
	[ $i -le 200 ] || { echo "guest-attach: $n disks of $disks have come" >&2; exit 1; }
	sleep 0.05
done
for a; do
	tag=${a%%:*} a=${a#*:}
	dir=${a%:*} mode=${a##*:}
	mkdir -p "$dir" || exit 1
	i=0
	until mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,cache=mmap,$mode" "$tag" "$dir" 2> /run/mount.err; do
		i=$((i + 1))
		[ $i -le 100 ] || { cat /run/mount.err >&2; exit 1; }
		sleep 0.05
	done
done
wait
udevadm settle -t 10
EOS
chmod 755 "$WORK"/files/sbin/*

cat > "$WORK/files/stage2.sh" <<'EOS'
# runs in the guest's root
set -eu
cd /
cp -a /stage/etc/. /etc/
cp -a /stage/sbin/. /usr/sbin/
cp -a /stage/root/. /root/
chown -R root:root /root /etc/inittab /etc/dropbear /usr/sbin/guest-*
chmod 700 /root /root/.ssh
chmod 600 /root/.ssh/* /etc/dropbear/*
ln -s /bin/busybox /sbin/init
for a in poweroff reboot halt ping nc wget vi less; do
	[ -e /bin/$a ] || [ -e /sbin/$a ] || [ -e /usr/bin/$a ] || ln -s /bin/busybox /bin/$a
done
tar xf /stage/out.tar -C /usr --strip-components=2 ./tree/lib
echo ozvm > /etc/hostname
echo '127.0.0.1 localhost ozvm' > /etc/hosts
: > /etc/fstab
sed -i 's|^root:[^:]*:|root:*:|' /etc/shadow
printf '\x01\x02\x03\x04' > /etc/hostid
echo 'options zfs zfs_arc_max=268435456' > /etc/modprobe.d/zfs.conf
# udev: only what disks and zvols need
cd /usr/lib/udev
mkdir keep
for r in 50-udev-default 60-block 60-persistent-storage 60-zvol 69-vdev 80-debian-compat; do
	mv rules.d/$r.rules keep/
done
rm -rf rules.d hwdb.d hwdb.bin
mv keep rules.d
rm -rf /usr/lib/systemd/network
dpkg-query -W > /var/lib/ozvm-manifest
# not needed to run anything
rm -rf /usr/lib/python3* /usr/share/python3 /usr/bin/python3* /usr/bin/perl5* \
	/usr/share/perl /usr/share/perl5 /usr/lib/x86_64-linux-gnu/perl \
	/usr/lib/x86_64-linux-gnu/gconv /usr/share/zoneinfo /usr/share/i18n \
	/usr/share/common-licenses /usr/share/lintian /usr/share/bash-completion \
	/usr/share/doc /usr/share/man /usr/share/info /usr/share/locale \
	/usr/share/gdb /usr/share/gcc /usr/share/pixmaps /usr/share/menu \
	/var/lib/apt /var/lib/dpkg/info /var/cache/* /var/log/* /boot/*
EOS

ssh-keygen -q -t ed25519 -N '' -C ozvm -f "$WORK/id"
cp "$WORK/id.pub" "$WORK/files/root/.ssh/authorized_keys"

# ------------------------------------------------------------------- go
T0=$(date +%s)
if [ -n "${STAGE1:-}" ] && [ -s "$STAGE1" ]; then
	say "stage 1: taken from $STAGE1"
	cp "$STAGE1" "$WORK/out.tar"
else
say "stage 1: kernel and zfs modules (work folder $WORK)"
"${MM[@]}" --variant=apt --format=null \
	--include="gcc make libc6-dev linux-headers-amd64 kmod xz-utils zstd lz4" \
	--customize-hook="upload '$WORK/files/stage1.sh' /root/stage1.sh" \
	--customize-hook="JOBS='$JOBS' INITRD_MODS='$INITRD_MODS' ROOT_MODS='${ROOT_MODS//[$'\n\t']/ }' chroot \"\$1\" bash /root/stage1.sh >&2" \
	--customize-hook="download /root/out.tar '$WORK/out.tar'" \
	"$SUITE" - "$SOURCES" > "$WORK/stage1.log" 2>&1 ||
	{ tail -50 "$WORK/stage1.log" >&2; die "stage 1 failed"; }
grep -E '^(kernel|zfs:)' "$WORK/stage1.log" | while read -r l; do say "  $l"; done
[ -z "${STAGE1:-}" ] || { cp "$WORK/out.tar" "$STAGE1.new"; mv "$STAGE1.new" "$STAGE1"; }
fi
T1=$(date +%s)
say "stage 1 took $((T1 - T0)) s"

say "stage 2: the guest's root"
cat > "$WORK/init" <<'EOS'
#!/bin/busybox sh
# First process, in the initramfs: load what the root needs, go there. The root
# is the read-only disk with a tmpfs over it that takes the writes.
b=/bin/busybox
$b mount -t devtmpfs -o mode=755 dev /dev
for m in /m/*.ko; do $b insmod $m; done
n=0
until $b mount -t ext4 -o ro,noatime /dev/vda /lower; do
	n=$((n + 1))
	[ $n -gt 50 ] && $b poweroff -f
	$b usleep 100000
done
$b mount -t tmpfs -o mode=755 rw /rw
$b mkdir /rw/upper /rw/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work root /root
$b mount --move /dev /root/dev
exec $b switch_root /root /sbin/init
EOS
# This hook runs outside of the chroot, but with its owners in view (mode
# unshare), so mke2fs -d copies them right.
cat > "$WORK/mkroot.sh" <<'EOS'
set -eu
root=$1
PATH=$PATH:/usr/sbin:/sbin
rm -rf "$root/stage"
# /proc, /sys and /dev are mounted in there now: leave out what is in them
mkdir "$WORK/tree"
tar -C "$root" --one-file-system --exclude='./proc/*' --exclude='./sys/*' \
	--exclude='./dev/*' --exclude='./tmp/*' --exclude='./run/*' -cf - . |
	tar -C "$WORK/tree" -xpf -
mb=$(du -sm "$WORK/tree" | cut -f1)
echo "root: $mb MB of files" >&2
truncate -s $((mb + mb / 10 + 16))M "$WORK/out/root.ext4"
mke2fs -q -F -t ext4 -b 4096 -m 0 -O '^has_journal,^metadata_csum,^64bit,^resize_inode' \
	-E lazy_itable_init=0 -L ozvm-root -d "$WORK/tree" "$WORK/out/root.ext4"
# the initramfs
i=$WORK/initrd
mkdir -p "$i/bin" "$i/m" "$i/dev" "$i/lower" "$i/rw" "$i/root"
cp "$root/bin/busybox" "$i/bin/busybox"
install -m 755 "$WORK/init" "$i/init"
tar xf "$WORK/out.tar" -C "$WORK" ./initrd.mods ./kver
n=10
while read -r m; do
	cp "$root/usr/lib/modules/$(cat "$WORK/kver")/$m" "$i/m/$n.ko"
	n=$((n + 1))
done < "$WORK/initrd.mods"
(cd "$i" && find . | "$i/bin/busybox" cpio -o -H newc 2>/dev/null) > "$WORK/out/initrd"
EOS
"${MM[@]}" --variant=essential --format=null \
	--include="${GUEST_PKGS//[$'\n\t']/ }" \
	--customize-hook="mkdir -p \"\$1/stage\"" \
	--customize-hook="sync-in '$WORK/files' /stage" \
	--customize-hook="upload '$WORK/out.tar' /stage/out.tar" \
	--customize-hook="chroot \"\$1\" dropbearkey -t ed25519 -f /stage/etc/dropbear/dropbear_ed25519_host_key >&2" \
	--customize-hook="chroot \"\$1\" dropbearkey -y -f /stage/etc/dropbear/dropbear_ed25519_host_key > '$WORK/hostkey.txt'" \
	--customize-hook="chroot \"\$1\" sh /stage/stage2.sh >&2" \
	--customize-hook="download /var/lib/ozvm-manifest '$WORK/guest-manifest'" \
	--customize-hook="WORK='$WORK' sh '$WORK/mkroot.sh' \"\$1\"" \
	"$SUITE" - "$SOURCES" > "$WORK/stage2.log" 2>&1 ||
	{ tail -50 "$WORK/stage2.log" >&2; die "stage 2 failed"; }
grep -E '^root:' "$WORK/stage2.log" | while read -r l; do say "  $l"; done
T2=$(date +%s)
say "stage 2 took $((T2 - T1)) s"

tar xf "$WORK/out.tar" -C "$WORK/out" ./vmlinux ./kver ./configure.log ./make.log ./manifest
tr '\t' ' ' < "$WORK/guest-manifest" >> "$WORK/out/manifest"
printf 'ozvm %s\n' "$(awk '/^ssh-/ { print $1, $2 }' "$WORK/hostkey.txt")" > "$WORK/out/known_host"
cp "$WORK/id" "$WORK/out/id"
cache_key > "$WORK/out/key"
chmod 600 "$WORK/out/id"
rm -f "$OUT/key"
cp --sparse=always "$WORK"/out/* "$OUT/"
say "done in $(($(date +%s) - T0)) s: $OUT, $(du -sm "$OUT" | cut -f1) MB"
