#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "chost.h"
#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#endif
#include <time.h>
#include <unistd.h>

int chost_stream_pair(int *reader, int *writer, int bytes) {
    int ends[2];
    int type = SOCK_STREAM;
#ifdef SOCK_CLOEXEC
    type |= SOCK_CLOEXEC;
#endif
    if (socketpair(AF_UNIX, type, 0, ends) != 0) return errno;
    for (int i = 0; i < 2; i++) (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    (void)shutdown(ends[1], SHUT_RD);
    // Beyond the system's limit (net.core.wmem_max) it takes privilege; without it, as much as that allows.
#ifdef SO_SNDBUFFORCE
    if (setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
#endif
        (void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

int chost_connect_local(const char *path, int *out) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path) return ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    int type = SOCK_STREAM;
#ifdef SOCK_CLOEXEC
    type |= SOCK_CLOEXEC;
#endif
    int fd = socket(AF_UNIX, type, 0);
    if (fd < 0) return errno;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        (void)close(fd);
        return error;
    }
    *out = fd;
    return 0;
}

void chost_set_nonblocking(int fd) { (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

int chost_try_lock(int fd) {
    int result;
    do result = flock(fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

int chost_share_lock(int fd) {
    int result;
    do result = flock(fd, LOCK_SH | LOCK_NB);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

int chost_range_lock(int fd, int kind, int64_t offset) {
#ifdef F_OFD_SETLK
    struct flock range = {
        .l_type = kind == 2 ? F_WRLCK : kind == 1 ? F_RDLCK : F_UNLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    int result;
    do result = fcntl(fd, F_OFD_SETLK, &range);
    while (result != 0 && errno == EINTR);
    if (result == 0) return 0;
    return errno == EACCES || errno == EAGAIN ? EWOULDBLOCK : errno;
#else
    (void)fd, (void)kind, (void)offset;
    return ENOTSUP;
#endif
}

int chost_range_holder(int fd, int64_t offset) {
#ifdef F_OFD_GETLK
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    if (fcntl(fd, F_OFD_GETLK, &range) != 0) return -errno;
    return range.l_type == F_UNLCK ? 0 : range.l_type == F_RDLCK ? 1 : 2;
#else
    (void)fd, (void)offset;
    return -ENOTSUP;
#endif
}

int chost_wait_writable(int fd, int milliseconds) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, milliseconds) > 0;
}

int chost_wait_readable(int fd, int milliseconds) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, milliseconds) > 0;
}

void chost_wait_in_calls(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0) (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

void chost_close_on_exec(int fd) { (void)fcntl(fd, F_SETFD, FD_CLOEXEC); }

void chost_enlarge_pipe(int fd, int bytes) {
#ifdef F_SETPIPE_SZ
    (void)fcntl(fd, F_SETPIPE_SZ, bytes);
#else
    (void)fd, (void)bytes;
#endif
}

int chost_sync(int fd) { return fsync(fd) == 0 ? 0 : errno; }

uint32_t chost_file_system(const char *path) {
#ifdef __linux__
    struct statfs facts;
    return statfs(path, &facts) == 0 ? (uint32_t)facts.f_type : 0;
#else
    (void)path;
    return 0;
#endif
}

int chost_keep_room(int fd, int64_t offset, int64_t bytes) {
#ifdef FALLOC_FL_KEEP_SIZE
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, bytes) == 0 ? 0 : errno;
#else
    (void)fd, (void)offset, (void)bytes;
    return ENOTSUP;
#endif
}

int chost_free_space(const char *path, uint64_t *bytes) {
    struct statvfs s;
    if (statvfs(path, &s) != 0) return errno;
    *bytes = (uint64_t)s.f_bavail * s.f_frsize;
    return 0;
}

int64_t chost_wall_milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void chost_share_heap(void) {
#ifdef __GLIBC__
    (void)mallopt(M_ARENA_MAX, 1);
#endif
}

static pthread_barrier_t all_there;

static void *wait_for_all(void *unused) {
    (void)unused;
    (void)pthread_barrier_wait(&all_there);
    return NULL;
}

static int try_threads(int count) {
    enum { MOST = 64 };
    pthread_t made[MOST];
    if (count > MOST) count = MOST;
    // All at a time, or none would be missing. Where one is, the others wait for the end of the process, which is near.
    int error = 0, number = 0;
    if (pthread_barrier_init(&all_there, NULL, (unsigned)count + 1) != 0) return EAGAIN;
    for (; number < count; number++)
        if ((error = pthread_create(&made[number], NULL, wait_for_all, NULL)) != 0) break;
    if (error != 0) return error;
    (void)pthread_barrier_wait(&all_there);
    for (int i = 0; i < number; i++) (void)pthread_join(made[i], NULL);
    (void)pthread_barrier_destroy(&all_there);
    return 0;
}

static int try_files(int count) {
    enum { MOST = 256 };
    int made[MOST];
    if (count > MOST) count = MOST;
    int error = 0, number = 0;
    for (; number < count; number++)
        if ((made[number] = fcntl(2, F_DUPFD_CLOEXEC, 3)) < 0) {
            error = errno == EINVAL ? EMFILE : errno;
            break;
        }
    for (int i = 0; i < number; i++) (void)close(made[i]);
    return error;
}

int chost_try_resources(int threads, int files, size_t bytes) {
    int error = try_files(files);
    if (error != 0) return error;
    void *space = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) return ENOMEM;
    (void)munmap(space, bytes);
    return try_threads(threads);
}

int chost_is_terminal(int fd) { return isatty(fd); }

int chost_terminal_width(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void chost_write_error(const char *text) {
    ssize_t ignored = write(2, text, strlen(text));
    (void)ignored;
}

int chost_openat(int folder, const char *name, int flags, unsigned mode) { return openat(folder, name, flags, mode); }

int chost_open_place(const char *path, int follow) {
    int flags = O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
#ifdef O_PATH
    return open(path, flags | O_PATH);
#else
    return open(path, flags | O_RDONLY);
#endif
}

int chost_open_nameless(int folder) {
#ifdef O_TMPFILE
    return openat(folder, ".", O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
#else
    (void)folder;
    errno = ENOTSUP;
    return -1;
#endif
}

int chost_file_number(const char *path, uint64_t *device, uint64_t *inode) {
#ifdef STATX_TYPE
    struct statx found;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &found) != 0) return errno;
    *device = makedev(found.stx_dev_major, found.stx_dev_minor);
    *inode = found.stx_ino;
#else
    struct stat found;
    if (stat(path, &found) != 0) return errno;
    *device = found.st_dev;
    *inode = found.st_ino;
#endif
    return 0;
}

int chost_devices(const char *path, uint64_t *on, uint64_t *is) {
#ifdef STATX_TYPE
    struct statx found;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &found) != 0) return errno;
    *on = makedev(found.stx_dev_major, found.stx_dev_minor);
    *is = S_ISBLK(found.stx_mode) ? makedev(found.stx_rdev_major, found.stx_rdev_minor) : 0;
#else
    struct stat found;
    if (stat(path, &found) != 0) return errno;
    *on = found.st_dev;
    *is = S_ISBLK(found.st_mode) ? found.st_rdev : 0;
#endif
    return 0;
}

uint64_t chost_device(unsigned major, unsigned minor) { return makedev(major, minor); }
unsigned chost_device_major(uint64_t device) { return major(device); }
unsigned chost_device_minor(uint64_t device) { return minor(device); }

int chost_make_node(int folder, const char *name, unsigned mode, unsigned major, unsigned minor) {
    return mknodat(folder, name, mode, makedev(major, minor));
}

#ifdef __linux__
int chost_set_attribute(int fd, const char *name, const void *value, size_t size) {
    return fsetxattr(fd, name, value, size, 0);
}

int chost_set_link_attribute(const char *path, const char *name, const void *value, size_t size) {
    return lsetxattr(path, name, value, size, 0);
}

long chost_list_attributes(int fd, char *names, size_t size) { return flistxattr(fd, names, size); }

int chost_remove_attribute(int fd, const char *name) { return fremovexattr(fd, name); }
#else
static int without_attributes(void) {
    errno = ENOTSUP;
    return -1;
}

int chost_set_attribute(int fd, const char *name, const void *value, size_t size) { return without_attributes(); }
int chost_set_link_attribute(const char *path, const char *name, const void *value, size_t size) {
    return without_attributes();
}
long chost_list_attributes(int fd, char *names, size_t size) { return 0; }
int chost_remove_attribute(int fd, const char *name) { return without_attributes(); }
#endif
