#!/bin/bash
# Builds the release binaries, in .build/release. Arguments go to `swift build` (for one program: --product imgadm).
#
# All programs at once: while the last modules of one wait for each other, those of another are built. Without debug information,
# which takes a fifth of the compiler's time, and which no installed program has (`install -s`).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec "${SWIFT:-swift}" build -c release --static-swift-stdlib -debug-info-format none "$@"
