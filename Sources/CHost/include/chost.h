#pragma once
#include <stdint.h>

/* What the C library has only as macros or variadic functions, which Swift cannot import, or in a form
   that needs unsafe pointers to use. Results are 0 or an errno unless said otherwise. */

/// Two ends of a stream within this machine that holds `bytes` on the way, or as many as the system grants. Neither end
/// outlives an exec.
int chost_stream_pair(int *reader, int *writer, int bytes);

/// Lets writes return EAGAIN instead of waiting.
void chost_set_nonblocking(int fd);

/// Takes a whole-file lock that goes with the open file. EWOULDBLOCK if another holds it.
int chost_try_lock(int fd);

/// Waits until the descriptor takes bytes (or its reader is gone), `milliseconds` at most: 1 ready, 0 not yet.
int chost_wait_writable(int fd, int milliseconds);

/// Flushes a file, or a folder's entries, to the disk.
int chost_sync(int fd);

/// Bytes free for this user on the file system of the path.
int chost_free_space(const char *path, uint64_t *bytes);

/// Milliseconds since 1970.
int64_t chost_wall_milliseconds(void);

/// Lets a write to a closed pipe be an error instead of a signal.
void chost_ignore_sigpipe(void);

/// Whether a descriptor is a terminal, and how many columns it has (0: unknown).
int chost_is_terminal(int fd);
int chost_terminal_width(int fd);

/// Writes text to standard error in one go, as far as it takes it.
void chost_write_error(const char *text);
