# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# A chain of file systems, three deep.

test_chain_import() {
    local vm
    served_chain
    status 0 imgadm sources -a "$url"
    status 0 imgadm sources -d https://images.smartos.org
    status 0 imgadm import "${chain[2]}"
    grep -qF "Imported image ${chain[2]} (step2@1.0.0)" out
    is_image "${chain[0]}"
    is_image "${chain[1]}"
    is_image "${chain[2]}"
    [[ $(zfs get -H -o value origin "$pool/${chain[2]}") == "$pool/${chain[1]}@final" ]]
    [[ $(zfs get -H -o value origin "$pool/${chain[1]}") == "$pool/${chain[0]}@final" ]]

    status 0 imgadm ancestry -H -o uuid "${chain[2]}"
    diff out - <<< "${chain[2]}"$'\n'"${chain[1]}"$'\n'"${chain[0]}"

    vm=$(uuid)
    zfs clone "$pool/${chain[2]}@final" "$pool/$vm"
    [[ $(folder_sum "/tmp/platform/$pool/$vm") == "$sum" ]]
    status 0 imgadm get -r "${chain[2]}"
    grep -q "\"$pool/$vm\"" out

    status 0 imgadm import -S "$url" "${chain[2]}"
    grep -qF "Image ${chain[2]} (step2 1.0.0) is already installed, skipping" out
}

test_chain_import_over_half_done_work() {
    served_chain
    # what a killed import can leave behind
    zfs create -o imgadm:own=true "$pool/${chain[0]}-partial"
    zfs create -o imgadm:own=true "$pool/${chain[2]}-partial"
    status 0 imgadm import -S "$url" "${chain[2]}"
    is_image "${chain[0]}"
    is_image "${chain[1]}"
    is_image "${chain[2]}"
}

test_chain_by_name_with_sizes_and_a_check() {
    local used unique referenced
    served_chain
    status 0 imgadm sources -a "$url"
    status 0 imgadm sources -d https://images.smartos.org
    status 0 imgadm import step2
    status 0 imgadm list --tree -Ho name,used,unique,referenced
    grep -q '^step0 ' out
    grep -q -- '- step1 ' out
    read -r _ used unique referenced < <(grep '^step0 ' out)
    [[ $used == "$(zfs get -Hpo value used "$pool/${chain[0]}")" ]]
    [[ $referenced == "$(zfs get -Hpo value referenced "$pool/${chain[0]}")" ]]
    ((unique <= used && unique > 0))
    status 0 imgadm check
    grep -qxF 'Everything is in order' out
    zfs create -o imgadm:own=true "$pool/$(uuid)-partial"
    status 1 imgadm check
    grep -q '(ProblemsFound)' err
    status 0 imgadm check --repair
    status 0 imgadm check
    is_image "${chain[0]}"
    status 0 imgadm get step1@1.0.0
    status 0 imgadm delete step2 "${chain[1]:0:13}" step0
    is_gone "${chain[0]}"
}

test_chain_delete_from_the_top() {
    local id
    served_chain
    imgadm import -q -S "$url" "${chain[2]}"
    status 1 imgadm delete "${chain[0]}"
    grep -q '(ImageHasDependentClones)' err
    for id in "${chain[2]}" "${chain[1]}" "${chain[0]}"; do
        status 0 imgadm delete "$id"
        is_gone "$id"
    done
    status 0 imgadm list
    [[ ! -s out ]]
}

test_chain_five_imports_at_once() {
    local n pids=()
    served_chain
    for n in 1 2 3 4 5; do
        imgadm import -q -S "$url" "${chain[2]}" > "out$n" 2>&1 &
        pids+=($!)
    done
    for n in "${pids[@]}"; do wait "$n"; done
    is_image "${chain[0]}"
    is_image "${chain[1]}"
    is_image "${chain[2]}"
}
