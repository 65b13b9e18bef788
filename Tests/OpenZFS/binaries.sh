# shellcheck shell=bash
# shellcheck disable=SC2034 # $runtime is for the scripts that source this
# The binaries under test, and a program of the tests, for the machine: built, unless IMGADM_BINARIES=FOLDER has them; .build/debug will do.

# show_binaries FOLDER: puts them there; sets $runtime, the options of ozvm with which they run
show_binaries() {
    local libraries
    if [[ -z ${IMGADM_BINARIES-} ]]; then
        make --no-print-directory build
    fi
    cp -L "${IMGADM_BINARIES:-.build/release}"/{imgadm,imgapi-server,volume-stream} "$1"
    # Every machine reads them anew.
    strip "$1"/{imgadm,imgapi-server,volume-stream}
    # A debug build is linked with the toolchain's own libraries.
    runtime=()
    libraries=$(ldd "$1"/{imgadm,imgapi-server,volume-stream} | sed -n 's,.*=> \(/.*\)/libswiftCore\.so .*,\1,p' | sort -u)
    [[ -z $libraries ]] || runtime=(-v "$libraries:$libraries:ro")
}
