#include <lzma.h>
#include <stdint.h>
#include <string.h>

/* What Swift cannot import: LZMA_STREAM_INIT and the flags are macros, and the decoder with threads is there only
   from liblzma 5.4 on. */

/// Starts a decoder of .xz files, streams that follow each other included. With threads where that fits into
/// `threading_memory`; `memory` bytes at most in any case.
static inline lzma_ret clzma_start(lzma_stream *stream, uint64_t memory, uint64_t threading_memory, uint32_t threads) {
    lzma_stream fresh = LZMA_STREAM_INIT;
    *stream = fresh;
    const uint32_t flags = LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK;
#if LZMA_VERSION >= 50040002
    lzma_mt options;
    memset(&options, 0, sizeof options);
    options.flags = flags;
    options.threads = threads ? threads : 1;
    options.memlimit_threading = threading_memory < memory ? threading_memory : memory;
    options.memlimit_stop = memory;
    return lzma_stream_decoder_mt(stream, &options);
#else
    (void)threading_memory, (void)threads;
    return lzma_stream_decoder(stream, memory, flags);
#endif
}
