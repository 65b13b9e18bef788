#pragma once
#include <stddef.h>
#include <stdint.h>

/* What the C library has only as macros or variadic functions, which Swift cannot import, or in a form
   that needs unsafe pointers to use. Results are 0 or an errno unless said otherwise. */

/// Two ends of a stream within this machine that holds `bytes` on the way, or as many as the system grants. Neither end
/// outlives an exec.
int chost_stream_pair(int *reader, int *writer, int bytes);

/// Connects to a socket of this machine by its path, without waiting for its server; calls on it do not wait either.
int chost_connect_local(const char *path, int *out);

/// Lets writes return EAGAIN instead of waiting.
void chost_set_nonblocking(int fd);

/// Takes a whole-file lock that goes with the open file. EWOULDBLOCK if another holds it.
int chost_try_lock(int fd);
/// Takes one that others may have at the same time. EWOULDBLOCK if one holds it alone.
int chost_share_lock(int fd);

/// Locks the byte at an offset of an open file, for this opening of it: `kind` 1 shared, 2 exclusive, 0 gives it back.
/// EWOULDBLOCK if another opening has it; ENOTSUP where the system has no such locks (fcntl(2), open file description locks).
int chost_range_lock(int fd, int kind, int64_t offset);

/// How another opening of the file has the byte at an offset locked: 0 not at all, 1 shared, 2 exclusive; else -errno.
int chost_range_holder(int fd, int64_t offset);

/// Waits until the descriptor takes bytes (or its reader is gone), `milliseconds` at most: 1 ready, 0 not yet.
int chost_wait_writable(int fd, int milliseconds);

/// Waits until something can be read from a descriptor, or its other end is closed; 0 if the time is over before.
int chost_wait_readable(int fd, int milliseconds);

/// Calls on a descriptor that was opened without waiting wait from now on.
void chost_wait_in_calls(int fd);

/// Keeps a descriptor from children.
void chost_close_on_exec(int fd);

/// Makes a pipe larger, where the system can and grants it.
void chost_enlarge_pipe(int fd, int bytes);

/// Flushes a file, or a folder's entries, to the disk.
int chost_sync(int fd);

/// Bytes free for this user on the file system of the path.
int chost_free_space(const char *path, uint64_t *bytes);

/// The kind of the file system that the path lies on, a number of statfs(2); 0 where it cannot be told.
uint32_t chost_file_system(const char *path);

/// Has the file system keep room in an open file from an offset on, without making it longer. ENOTSUP where it keeps none.
int chost_keep_room(int fd, int64_t offset, int64_t bytes);

/// Milliseconds since 1970.
int64_t chost_wall_milliseconds(void);

/// Puts what a process inherits into a known state: descriptors 0 to 2 are open (`/dev/null` where they were not), all others
/// are closed for children, the umask is 022, no signal is blocked, and all have their usual effect but these: SIGPIPE does
/// nothing, so that a write to a closed pipe is an error, and SIGHUP stays ignored if it was (nohup(1)). To be
/// called before anything else is opened and before there is a second thread.
void chost_prepare_process(void);

/// All threads take memory from one heap, where the C library has one for each otherwise (glibc): what one thread gave back, another
/// gets. To be called before there is a second thread.
void chost_share_heap(void);

/// The umask that the process was started with.
uint32_t chost_user_mask(void);

/// Whether there is room for so many threads, open files and bytes of address space: 0, or an errno: EAGAIN for the
/// threads, EMFILE or ENFILE for the files, ENOMEM for the space. Nothing of it is kept.
int chost_try_resources(int threads, int files, size_t bytes);

/// From now on the first of these signals writes its number, a byte, to a pipe, whose reading end is the result (-1 and errno
/// where there can be none). Another one that comes a second later or more ends the process at once with status 128 and its
/// number; what comes sooner, and SIGHUP, does nothing more. A signal that is ignored stays so.
int chost_catch_signals(const int *signals, int count);

/// Whether a descriptor is a terminal, and how many columns it has (0: unknown).
int chost_is_terminal(int fd);
int chost_terminal_width(int fd);

/// Writes text to standard error in one go, as far as it takes it.
void chost_write_error(const char *text);

/// openat(2), which is variadic.
int chost_openat(int folder, const char *name, int flags, unsigned mode);

/// Opens a folder only to name what is in it, which takes no permission to read it. A link in its place is followed or
/// not. -1 and errno where that fails.
int chost_open_place(const char *path, int follow);

/// Opens a new file in an open folder that has no name and gets none, to be read and written by this user. -1 and errno where that
/// fails: ENOTSUP (which is EOPNOTSUPP), EISDIR or EINVAL where there are no such files.
int chost_open_nameless(int folder);

/// Which file it is, of all of the host; no server is asked about it. 0 or an errno.
int chost_file_number(const char *path, uint64_t *device, uint64_t *inode);

/// The device that a file lies on, and the one that it is; no server is asked about it. 0 or an errno.
int chost_devices(const char *path, uint64_t *on, uint64_t *is);

/// A device's number of its two parts, and the other way round.
uint64_t chost_device(unsigned major, unsigned minor);
unsigned chost_device_major(uint64_t device);
unsigned chost_device_minor(uint64_t device);

/// mknodat(2) for a device of these numbers.
int chost_make_node(int folder, const char *name, unsigned mode, unsigned major, unsigned minor);

/// Sets an extended attribute of an open file; of what a path names, be it a link. -1 and errno where that fails, ENOTSUP
/// where the system has none.
int chost_set_attribute(int fd, const char *name, const void *value, size_t size);
int chost_set_link_attribute(const char *path, const char *name, const void *value, size_t size);

/// The names of an open file's attributes, each with a NUL behind it: the bytes there are, or with `size` 0, the bytes
/// there would be.
long chost_list_attributes(int fd, char *names, size_t size);

int chost_remove_attribute(int fd, const char *name);
