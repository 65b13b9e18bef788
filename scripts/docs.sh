#!/bin/bash
# The manual pages as text and HTML, and the pages of the modules that others may use, by DocC. A warning is an error.
# usage: scripts/docs.sh      (everything goes to .build/docs)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh docs

documented=(ImageModel IMGAPI OCIRegistry Simplestreams Compression Tar SendStream ZFS)
out=$PWD/.build/docs
graphs=.build/symbols
rm -rf "$out" "$graphs"
mkdir -p "$out" "$graphs"

for page in docs/*.[58]; do
    name=$(basename "$page")
    mandoc -T utf8 "$page" > "$out/$name.txt"
    mandoc -T html -O style=mandoc.css "$page" > "$out/$name.html"
done

docc=$(dirname "$(readlink -f "$(command -v swift)")")/docc
[[ -x $docc ]] || docc=$(command -v docc)
swift build --product imgadm > "$graphs/build.log" || {
    cat "$graphs/build.log" >&2
    exit 1
}
modules=.build/debug/Modules
maps=()
for map in Sources/C*/module.modulemap Sources/C*/include/module.modulemap .build/debug/*.build/module.modulemap \
    .build/checkouts/*/Sources/*/include/module.modulemap; do
    [[ ! -f $map ]] || maps+=(-Xcc "-fmodule-map-file=$map")
done
for folder in .build/checkouts/*/Sources/*/include Sources/CHost/include; do
    [[ ! -d $folder ]] || maps+=(-Xcc "-I$folder")
done
for module in "${documented[@]}"; do
    mkdir "$graphs/$module"
    swift symbolgraph-extract -module-name "$module" -target "$(uname -m)-unknown-linux-gnu" -I "$modules" "${maps[@]}" \
        -minimum-access-level public -output-dir "$graphs/$module"
    # Of other modules only their own pages tell.
    rm -f "$graphs/$module/"*@*.symbols.json
    "$docc" convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$graphs/$module" --warnings-as-errors \
        --fallback-display-name "$module" --fallback-bundle-identifier "imgadm.$module" --output-path "$out/$module.doccarchive"
    printf 'ok      %s\n' "$module"
done
