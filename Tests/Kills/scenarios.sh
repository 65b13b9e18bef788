# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # world.sh's variables; $command is for the script that sources this
# The commands that are broken off. Each is a family of functions:
#
#   NAME_begin   (optional) makes, once, what is needed besides
#   NAME_ready   makes the state that it begins with, and sets $command
#   NAME_again   (optional) is exit status $1 right for the same command typed again? Without it, 0 is.
#   NAME_right   (optional) looks at what `world` does not see

import_ready() {
    forget
    command=(imgadm import -q "$top")
}

docker_begin() { start_registry; }
docker_ready() {
    forget
    command=(imgadm import -q "$registry/kills/image:1")
}

install_ready() {
    forget
    command=(imgadm install -q -m "$work/files/$base.json" -f "$work/files/$base.file")
}
# One that had come to its end leaves nothing to install.
install_again() { (($1 == 0)) || grep -q '(ImageAlreadyInstalled)' "$work/again.err"; }

delete_ready() {
    forget
    imgadm import -q "$top" > /dev/null
    command=(imgadm delete "$base" "$middle" "$top")
}
# Those that are gone already are the only complaint.
delete_again() {
    (($1 == 0)) || {
        (($1 == 1 || $1 == 3)) && grep -q ImageNotInstalled "$work/again.err" &&
            ! grep -oE '[A-Z][A-Za-z]+: image "|\([A-Z][A-Za-z]+\)' "$work/again.err" | grep -qvE 'ImageNotInstalled|MultiError'
    }
}

vacuum_ready() {
    forget
    imgadm import -q "$top" > /dev/null
    command=(imgadm vacuum -f)
}

# Records that are lost come back.
update_ready() {
    forget
    imgadm import -q "$top" > /dev/null
    find "$IMGADM_ROOT/var/imgadm/images" -name '*.json' -delete
    command=(imgadm update)
}

create_begin() { [[ -n $vm ]] || make_vm; }
create_ready() {
    forget
    rm -rf "$work/made"
    mkdir "$work/made"
    command=(imgadm create -f -q -c gzip -o "$work/made" "$vm" name=web version=1.0.0 type=lx-dataset os=linux)
}
create_right() {
    [[ $(ls "$work/made") == $'web-1.0.0.imgmanifest\nweb-1.0.0.zfs.gz' ]] || { ls -a "$work/made"; return 1; }
    gzip -t "$work/made/web-1.0.0.zfs.gz"
    grep -q "\"$(sha1sum < "$work/made/web-1.0.0.zfs.gz" | cut -d ' ' -f 1)\"" "$work/made/web-1.0.0.imgmanifest"
}

script_begin() { create_begin; }
script_ready() {
    create_ready
    command=(imgadm create -f -q -s "$work/script" -c gzip -o "$work/made" "$vm" name=web version=1.0.0 type=lx-dataset os=linux)
}
script_right() { create_right; }

# An image of its own, with a file of another's.
publish_begin() {
    published=$(uuid)
    sed "s/\"uuid\": \"[^\"]*\"/\"uuid\": \"$published\"/" "$work/files/$base.json" > "$work/published.json"
}
publish_ready() {
    forget
    curl -s -o /dev/null -X DELETE "$url/images/$published"
    command=(imgadm publish -q -m "$work/published.json" -f "$work/files/$base.file" "$url")
}
publish_again() { (($1 == 0)) || grep -q '(ImageUuidAlreadyExists)' "$work/again.err"; }
publish_right() {
    local sum
    sum=$(sha1sum < "$work/files/$base.file")
    [[ $(curl -sS "$url/images/$published/file" | sha1sum) == "$sum" ]] || { echo "not what was published"; return 1; }
    curl -sS "$url/images/$published" | grep -q '"state": *"active"' || { echo "not active"; return 1; }
    served_whole
}

# served_whole: the server's folder has files of images, all of them whole, and nothing else but its locks. The next start of a
# server takes away what one that was killed was writing, once that is a minute old; here it is so at once, so that the next look finds it.
served_whole() {
    local file name
    while read -r file; do
        name=${file##*/}
        [[ ! $name =~ ^[0-9a-f-]{36}\.(json|file)$ ]] || continue
        if [[ ! $name =~ ^[0-9a-f-]{36}\.json-[0-9a-f-]{36}\.tmp$ ]] || (($(date +%s) - $(stat -c %Y "$file") > 60)); then
            echo "left on the server: $name"
            return 1
        fi
        touch -d '2 minutes ago' "$file"
    done < <(find "$work/server" -mindepth 2 ! -type d ! -path "$work/server/.locks/*")
}
