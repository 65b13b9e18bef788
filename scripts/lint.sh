#!/bin/bash
# What no compiler checks: format, shell scripts, file sizes, imports, modules, manual pages, programs that are called. Reports everything, then fails.
# usage: scripts/lint.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh lint

faults=0

check() {
    local title=$1
    shift
    if "$@"; then
        printf 'ok      %s\n' "$title"
    else
        printf 'FAILED  %s\n' "$title"
        faults=$((faults + 1))
    fi
}

swift_format() {
    swift format lint --strict --parallel -r Sources Tests Package.swift
}

# Every script git knows of, or would know of: by name or by its first line.
shell_scripts() {
    git ls-files --cached --others --exclude-standard | while read -r file; do
        [[ -f $file ]] || continue
        if [[ $file == *.sh ]] || head -n 1 "$file" | grep -qaE '^#!.*[/ ](ba|da)?sh( |$)'; then
            printf '%s\n' "$file"
        fi
    done
}

shell_check() {
    local scripts
    mapfile -t scripts < <(shell_scripts)
    shellcheck --external-sources "${scripts[@]}"
}

file_sizes() {
    find Sources -type f -exec awk 'FNR == 401 { print FILENAME ": more than 400 lines"; found = 1 }
        END { exit found }' {} +
}

# Foundation drags in 59 MB of ICU and start-up time; FoundationEssentials does not.
no_foundation() {
    ! grep -rnE '^[^/]*\bimport +((struct|class|enum|protocol|func|typealias|let|var) +)?Foundation(\.|[[:space:]]|$)' Sources
}

# What makes a whole number of a fraction traps on infinity, on what is no number and on what is too large: the line says
# ("bounds:") why it cannot be that. Numbers from the environment come in by OutsideNumber, which knows all three.
outside_numbers() {
    ! grep -rnP '\bU?Int(8|16|32|64)?\((?!exactly|clamping|truncatingIfNeeded|bitPattern)[^/]*(\.rounded\(|\bDouble\b|\bshare \*)|seconds\(U?Int(64)?\(|environment\[[^]]*\].*\b(Int|Double)\b' \
        --include='*.swift' Sources | grep -v '// bounds: '
}

# Codes are for people and their programs; who acts on an error names its type (CodedError).
errors_by_type() {
    ! grep -rnE '\b(failure|error|refusal)\.code *[!=]=|contains\((failure|error)\.code|\bcause (as|is)\b|\bstatusCode *[!=<>]=? *[0-9]|contains\(\w+\.statusCode' --include='*.swift' Sources
}

# A test that hangs is told by its name: its time is over before its runner loses patience (scripts/test.sh).
time_limits() {
    local patience
    patience=$(sed -n 's/^patience=\([0-9]*\)$/\1/p' scripts/test.sh)
    ! grep -rnoE 'timeLimit\(\.minutes\([0-9]+' Tests | awk -F '(' -v most="$patience" '$NF * 60 >= most' | grep .
}

manual_pages() { mandoc -T lint -W warning docs/*.[58]; }

# Every code has its paragraph, and every paragraph its code.
error_page() {
    diff <(sed -n 's/.*static let [A-Za-z]*: Self = "\(.*\)"/\1/p' Sources/Failure/FailureCode.swift | sort) \
        <(sed -n 's/^### //p' docs/errors.md | sort)
}

# Links between the pages lead to files, and to headings that are there.
doc_links() {
    local page target file anchor bad=0
    for page in README.md docs/*.md docs/*/*.md; do
        [[ -f $page ]] || continue
        while read -r target; do
            case $target in
                http://* | https://* | mailto:* | '') continue ;;
            esac
            file=${target%%#*}
            anchor=''
            [[ $target != *'#'* ]] || anchor=${target#*#}
            file=${file:+$(dirname "$page")/$file}
            file=${file:-$page}
            if [[ ! -e $file ]]; then
                printf '%s: nothing is at %s\n' "$page" "$target"
                bad=1
            elif [[ -n $anchor ]] && ! slugs "$file" | grep -qxF -- "$anchor"; then
                printf '%s: no heading at %s\n' "$page" "$target"
                bad=1
            fi
        done < <(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//')
    done
    return "$bad"
}

# The headings of a page as anchors.
slugs() { sed -n 's/^#\{1,6\} //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'; }

check 'swift format (make format mends most of it)' swift_format
check 'shellcheck' shell_check
check 'no file in Sources over 400 lines' file_sizes
check 'no import Foundation in Sources' no_foundation
check 'whole numbers of fractions have their bounds' outside_numbers
check 'imports, Package.swift and the table of modules agree' scripts/modules.py
check 'errors are told apart by their types' errors_by_type
check 'tests end before their runner does' time_limits
check 'manual pages' manual_pages
check 'every error is explained' error_page
check 'programs that scripts and tests call come with packages of the bootstrap' scripts/programs.py
check 'links of the documentation' doc_links

if ((faults > 0)); then
    printf 'lint: %d of the checks failed\n' "$faults" >&2
    exit 1
fi
