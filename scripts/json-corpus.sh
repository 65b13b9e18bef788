#!/bin/sh
# Fetches the public JSON test suite (test_parsing/{y,n,i}_*.json) into a folder that git ignores.
# usage: scripts/json-corpus.sh [DIR]        (default: .build/corpus/json)
#
# It comes out of a source package on PyPI that carries the files. Nothing of that package is built:
# pip insists on asking a package's build backend for its name, so it is given one that only says that.
set -eu

package=orjson version=3.8.3
here=$(cd "$(dirname "$0")/.." && pwd)
target=${1:-$here/.build/corpus/json}

if [ -n "$(find "$target" -name 'y_*.json' 2>/dev/null | head -n 1)" ]; then
    echo "already there: $target"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/backend"
cat > "$work/backend/maturin.py" <<PYTHON
import os

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = "$package-$version.dist-info"
    os.makedirs(os.path.join(folder, info))
    with open(os.path.join(folder, info, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\nName: $package\nVersion: $version\n")
    return info
PYTHON
PYTHONPATH="$work/backend" python3 -m pip --quiet --disable-pip-version-check download --no-deps --no-build-isolation \
    --no-binary "$package" --dest "$work" "$package==$version"

mkdir -p "$target"
tar -xzf "$work/$package-$version.tar.gz" -C "$work"
cp "$work/$package-$version"/data/parsing/*.json "$target"
for folder in transform roundtrip; do
    mkdir -p "$target/$folder"
    cp "$work/$package-$version/data/$folder"/*.json "$target/$folder"
done
echo "$(find "$target" -name '*.json' | wc -l) files in $target"
