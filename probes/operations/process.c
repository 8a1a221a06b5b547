/* Processes: fork, exec, exit, threads, priorities, time. */
#include "operation.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>
#endif
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "channel.h"
#include "clock.h"
#include "pattern.h"

void op_pid(struct call *call)
{
    call->value = getpid();
}

/* Flags of clone(2) that a child with a channel of its own can't have: it answers beside its parent, out of the same
 * variables, or in another network, where the agent is not. */
#define NO_FORK (CLONE_VM | CLONE_VFORK | CLONE_THREAD | CLONE_NEWNET)

static pid_t fork_with(unsigned long flags)
{
    if (flags & NO_FORK) {
        errno = EINVAL;
        return -1;
    }
    return flags ? (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL) : fork();
}

/* The child becomes a target of its own (its number is the first argument), made with these flags of clone(2); value is its
 * pid. */
void op_fork(struct call *call)
{
    int joined[2], ready = 0;
    if (pipe2(joined, O_CLOEXEC) < 0)
        return fail(call, errno);
    pid_t child = fork_with((unsigned long)arg(call, 1));
    if (child == 0) {
        close(call->channel);
        close(joined[0]);
        int channel = join_agent((unsigned)arg(call, 0));
        ready = channel < 0 ? errno : 0;
        if (write(joined[1], &ready, sizeof ready) < 0 || ready)
            _exit(127);
        close(joined[1]);
        call->serve(channel);
        _exit(0);
    }
    int error = errno;
    close(joined[1]);
    if (child < 0)
        fail(call, error);
    else if (read(joined[0], &ready, sizeof ready) != sizeof ready || ready)
        fail(call, ready ? ready : ECHILD);
    else
        call->value = child;
    close(joined[0]);
}

/* Fills its memory, says so on the pipe and waits for its end, which comes with the probe's. */
static void idle(size_t size, int filled)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *memory = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;
    if (memory == MAP_FAILED)
        _exit(127);
    pattern_fill(memory, size, 7, 0);
    if (write(filled, "", 1) < 0)
        _exit(127);
    for (;;)
        pause();
}

/* count, bytes that each child fills: children that only wait, and die with the probe. */
void op_fork_idle(struct call *call)
{
    for (int64_t i = 0; i < arg(call, 0); i++) {
        int filled[2];
        char byte = 0;
        if (pipe2(filled, O_CLOEXEC) < 0)
            return fail(call, errno);
        pid_t child = fork();
        int error = errno;
        if (child == 0)
            idle((size_t)arg(call, 1), filled[1]);
        close(filled[1]);
        if (child > 0 && read(filled[0], &byte, 1) != 1)
            fail(call, ENOMEM);
        close(filled[0]);
        if (child < 0)
            return fail(call, error);
        call->value = i + 1;
    }
}

static int wait_on_own_stack(void *nothing)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        pause();
    return nothing != NULL;
}

/* flags of clone(2): a child that only waits and dies with the probe; with CLONE_VM it has the probe's memory. */
void op_clone_idle(struct call *call)
{
    size_t size = 65536;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return fail(call, errno);
    returned(call, clone(wait_on_own_stack, stack + size, (int)arg(call, 0) | SIGCHLD, NULL));
    if (call->error || !(arg(call, 0) & CLONE_VM))
        munmap(stack, size);
}

/* pid (-1: any), options. Value is the pid, the reply's text the wait status. */
void op_wait(struct call *call)
{
    int status = 0;
    returned(call, waitpid((pid_t)arg(call, 0), &status, (int)arg(call, 1)));
    memcpy(call->out, &status, sizeof status);
    call->out_size = sizeof status;
}

void op_kill(struct call *call)
{
    returned(call, kill((pid_t)arg(call, 0), (int)arg(call, 1)));
}

void op_exit(struct call *call)
{
    _exit((int)arg(call, 0));
}

#define FIRST_FREE 64

static void become(char *text, size_t size, int output)
{
    char *words[64];
    size_t count = 0;
    for (char *at = text; at < text + size && count < 63; at += strlen(at) + 1)
        words[count++] = at;
    words[count] = NULL;
    dup2(output, 1);
    dup2(output, 2);
    for (int fd = 3; fd < FIRST_FREE; fd++)     /* not the channel: a probe that is run as a program would serve it */
        close(fd);
    execv(words[0], words);
    _exit(127);
}

/* A program that is to be run, for the child that becomes it. */
struct start {
    char *text;
    size_t size;
    int output;
};

static int start(void *given)
{
    const struct start *program = given;
    become(program->text, program->size, program->output);
    return 127;
}

/* RUN_VFORK makes the system call that vfork makes (kernel/fork.c, sys_vfork: CLONE_VFORK | CLONE_VM), but the child has a
 * stack of its own: vfork's lends it ours, and what it leaves there we would find. */
static pid_t launch(struct call *call, int output)
{
    static char stack[16384] __attribute__((aligned(16)));
    struct start program = { .text = call->text, .size = call->request->text, .output = output };
    if (arg(call, 0) == RUN_VFORK)
        return clone(start, stack + sizeof stack, CLONE_VFORK | CLONE_VM | SIGCHLD, &program);
    pid_t child = fork();
    if (child == 0)
        start(&program);
    return child;
}

/* enum run. Text: program and arguments, a zero behind each. Runs it to its end: value is its wait status, the reply's
 * text what it printed. */
void op_run(struct call *call)
{
    int output[2], status = 0;
    if (!call->request->text)
        return fail(call, EINVAL);
    if (pipe2(output, O_CLOEXEC) < 0)
        return fail(call, errno);
    pid_t child = launch(call, output[1]);
    int error = errno;
    close(output[1]);
    ssize_t got = 1;
    while (child > 0 && call->out_size < call->out_limit && got > 0) {
        got = read(output[0], call->out + call->out_size, call->out_limit - call->out_size);
        call->out_size += got > 0 ? (size_t)got : 0;
    }
    close(output[0]);
    if (child < 0)
        return fail(call, error);
    if (waitpid(child, &status, 0) < 0)
        return fail(call, errno);
    call->value = status;
}

/* Uses the processor for so many nanoseconds. */
void op_spin(struct call *call)
{
    uint64_t end = clock_ns() + (uint64_t)arg(call, 0);
    while (clock_ns() < end)
        call->value++;
}

/* Sleeps for so many nanoseconds, or until the next request. */
void op_sleep(struct call *call)
{
    struct pollfd next = { .fd = call->channel, .events = POLLIN };
    struct timespec time = { .tv_sec = arg(call, 0) / 1000000000, .tv_nsec = arg(call, 0) % 1000000000 };
    call->value = ppoll(&next, 1, &time, NULL);
}

void op_nice(struct call *call)
{
    returned(call, setpriority(PRIO_PROCESS, 0, (int)arg(call, 0)));
}

/* The C library's own functions change all threads, by signals. On i386 the old numbers take 16 bits. */
#ifdef SYS_setresuid32
enum { SET_UID = SYS_setresuid32, SET_GID = SYS_setresgid32 };
#else
enum { SET_UID = SYS_setresuid, SET_GID = SYS_setresgid };
#endif

/* uid, gid: for good. */
void op_setuid(struct call *call)
{
    uid_t user = (uid_t)arg(call, 0);
    gid_t group = (gid_t)arg(call, 1);
    if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SET_GID, group, group, group) < 0)
        return fail(call, errno);
    returned(call, syscall(SET_UID, user, user, user));
}

/* resource, soft, hard limit. */
void op_rlimit(struct call *call)
{
    struct rlimit limit = { .rlim_cur = (rlim_t)arg(call, 1), .rlim_max = (rlim_t)arg(call, 2) };
    returned(call, setrlimit((int)arg(call, 0), &limit));
}

/* option, its arguments. */
void op_prctl(struct call *call)
{
    returned(call, prctl((int)arg(call, 0), arg(call, 1), arg(call, 2), arg(call, 3), arg(call, 4)));
}

/* flags of unshare(2). */
void op_unshare(struct call *call)
{
    returned(call, unshare((int)arg(call, 0)));
}

/* level: the processor's I/O privilege. */
void op_iopl(struct call *call)
{
#if defined(__x86_64__) || defined(__i386__)
    returned(call, iopl((int)arg(call, 0)));
#else
    fail(call, ENOSYS);
#endif
}

static void *wait_for_ever(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

void op_threads(struct call *call)
{
    for (int64_t i = 0; i < arg(call, 0); i++) {
        pthread_t thread;
        int error = pthread_create(&thread, NULL, wait_for_ever, NULL);
        if (error)
            return fail(call, error);
        call->value = i + 1;
    }
}

/* address, length, policy (MPOL_*), mask of nodes. */
void op_mbind(struct call *call)
{
    unsigned long nodes = (unsigned long)arg(call, 3);
    returned(call, syscall(SYS_mbind, address(call, 0), (size_t)arg(call, 1), (int)arg(call, 2), &nodes, sizeof nodes * 8, 0U));
}

/* address, length, slice, period ns, wakes, ns after which there are no more (0: so many wakes, however long): at each
 * wake touches the next slice of the memory. The reply's text holds, for each wake, the ns from the moment it was due
 * until the slice had been touched. */
void op_latency(struct call *call)
{
    volatile char *memory = address(call, 0);
    size_t length = (size_t)arg(call, 1), slice = (size_t)arg(call, 2), at = 0, count = (size_t)arg(call, 4);
    uint64_t *late = (uint64_t *)call->out, due = clock_ns(), end = arg(call, 5) ? due + (uint64_t)arg(call, 5) : UINT64_MAX;
    if (count * 8 > call->out_limit || !slice || length < slice)
        return fail(call, EINVAL);
    for (size_t wake = 0; wake < count && due < end; wake++) {
        due += (uint64_t)arg(call, 3);
        struct timespec until = { .tv_sec = (time_t)(due / 1000000000), .tv_nsec = (long)(due % 1000000000) };
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        for (size_t byte = 0; byte < slice; byte += page_size())
            memory[at + byte] |= 1;
        at = at + 2 * slice > length ? 0 : at + slice;
        uint64_t now = clock_ns();
        late[wake] = now - due;
        due = now > due + (uint64_t)arg(call, 3) ? now : due;   /* a missed wake is one wait, not many */
        call->value = (int64_t)wake + 1;
    }
    call->out_size = (size_t)call->value * 8;
}
