#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

/// The whole gzip member has been read and its checksum was right.
static inline int cisal_is_finished(const struct inflate_state *state) { return state->block_state == ISAL_BLOCK_FINISH; }

/// Starts after the header of a gzip member; its trailer is read and checked.
static inline void cisal_start_gzip(struct inflate_state *state) {
    isal_inflate_init(state);
    state->crc_flag = ISAL_GZIP_NO_HDR_VER;
}
