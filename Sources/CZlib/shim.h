#include <zlib.h>

/// Starts inflating a gzip member; inflateInit2 is a macro. 16 + 15: a gzip header, the largest window.
static inline int czlib_start_gzip(z_stream *stream) { return inflateInit2(stream, 16 + 15); }
