// How a process begins, and the signals that it hears.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "chost.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// A handler, not SIG_IGN, which children would inherit.
static void do_nothing(int number) { (void)number; }

static void handle(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

static int is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void keep_from_children(void) {
#ifdef SYS_close_range
    // 4 is CLOSE_RANGE_CLOEXEC, since Linux 5.11.
    if (syscall(SYS_close_range, 3u, ~0u, 4u) == 0) return;
#endif
    struct rlimit limit;
    long most = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (long)limit.rlim_cur : 65536;
    for (int fd = 3; fd < most; fd++) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Set once, before there is a second thread.
static mode_t user_mask = 022;

uint32_t chost_user_mask(void) { return user_mask; }

void chost_prepare_process(void) {
    for (int fd = 0; fd < 3; fd++) {
        // The lowest that is free: this one. What is written to a closed standard output is lost, and whoever writes is to be told.
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
    }
    keep_from_children();
    user_mask = umask(022);
    for (int number = 1; number < NSIG; number++) {
        if (number == SIGHUP && is_ignored(number)) continue;
        // Only what was ignored is left over after an exec; some numbers are the C library's own, and refused.
        if (is_ignored(number)) (void)signal(number, SIG_DFL);
    }
    handle(SIGPIPE, do_nothing);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int signal_pipe[2] = {-1, -1};
// When the first signal came, by the clock that only goes forward, in milliseconds; 0 before that.
static _Atomic int64_t caught_at = 0;

// Runs on whatever thread the signal comes to: of several at a time, one is the first.
static void catch_signal(int number) {
    struct timespec t = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1, first = 0;
    if (!atomic_compare_exchange_strong(&caught_at, &first, now)) {
        // A terminal that goes away sends several SIGHUPs, and a service manager others besides: nobody has typed these.
        if (number != SIGHUP && now - first >= 1000) _exit(128 + number);
        return;
    }
    int before = errno;
    char byte = (char)number;
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = before;
}

int chost_catch_signals(const int *signals, int count) {
    if (signal_pipe[0] < 0) {
        if (pipe(signal_pipe) != 0) return -1;
        for (int i = 0; i < 2; i++) {
            (void)fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
            chost_set_nonblocking(signal_pipe[i]);
        }
    }
    for (int i = 0; i < count; i++)
        if (!is_ignored(signals[i])) handle(signals[i], catch_signal);
    return signal_pipe[0];
}
