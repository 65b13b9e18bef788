// zfs-fuse 0.7.0 tells the thread that serves file systems of a new mount in two writes to one pipe: 40 bytes, and the path.
// Nothing keeps two mounts apart, so that those of two commands at the same moment are read as garbage, and from then on every
// access to a new file system waits for ever. Preloaded by scripts/zfs-daemon.sh, this keeps the two writes of a mount together.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { head = 40 };

static pthread_mutex_t one_mount = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int in_mount;

static int is_pipe(int fd) {
    struct stat status;
    return fd > 2 && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (!in_mount && count == head && is_pipe(fd)) {
        pthread_mutex_lock(&one_mount);
        ssize_t written = real(fd, bytes, count);
        in_mount = written == head;
        if (!in_mount) pthread_mutex_unlock(&one_mount);
        return written;
    }
    ssize_t written = real(fd, bytes, count);
    if (in_mount && is_pipe(fd)) {
        in_mount = 0;
        pthread_mutex_unlock(&one_mount);
    }
    return written;
}
