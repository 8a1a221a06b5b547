/* The hand and the probes: how they are born, how Python hears of their end. */
#include "agent.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_CHANNEL 3
#define WORDS 64

static void restore_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
}

/* oom_score_adj is inherited: a probe must not have what protects the agent, nor the hand what a probe has. */
static void set_oom_score_adj(const char *value)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    /* On a host an ordinary user may not go below what a login or service gave him. */
    if (write(fd, value, strlen(value)) < 0 && *value != '-' && errno != EACCES)
        _exit(126);
    close(fd);
}

int start_hand(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "hand");
        restore_signals();
        close(pair[0]);
        lock_own_memory();
        set_oom_score_adj("-1000");   /* a system-wide OOM takes the workload, not the instrument */
        serve(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    targets[TARGET_HAND] = (struct target){ .fd = pair[0], .pid = pid };
    return 0;
}

struct birth {
    char *group, *words[WORDS + 1], *environment[WORDS + 1];
    uid_t user;
    gid_t owner;
    int channel, failed, go;
};

/* Text: cgroup directory (or nothing), the program's words, its environment; a zero behind each. */
static int parse_birth(struct call *call, struct birth *birth)
{
    char *at = call->text, *end = call->text + call->request->text;
    int64_t words = arg(call, 4), environment = arg(call, 5);
    if (words < 1 || words > WORDS || environment < 0 || environment > WORDS)
        return -1;
    birth->group = at;
    at += strlen(at) + 1;
    for (int64_t i = 0; i < words + environment; i++, at += strlen(at) + 1) {
        if (at >= end)
            return -1;
        *(i < words ? &birth->words[i] : &birth->environment[i - words]) = at;
    }
    return 0;
}

/* Born inside the group where the kernel can (clone3, since 5.7); else the child joins before its exec. */
static pid_t clone_into(const char *group, int *must_join)
{
    struct clone_args arguments = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
    int fd = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *must_join = 0;
    if (fd < 0)
        return -1;
    arguments.cgroup = (uint64_t)fd;
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    int error = errno;
    if (pid)
        close(fd);
    if (pid < 0 && (error == ENOSYS || error == EINVAL || error == E2BIG)) {
        *must_join = 1;
        return fork();
    }
    errno = error;
    return pid;
}

static int join(const char *group)
{
    char path[512];
    snprintf(path, sizeof path, "%s/cgroup.procs", group);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, "0", 1) < 0 ? -1 : 0;
}

static void be_born(struct birth *birth, int must_join)
{
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    restore_signals();
    set_oom_score_adj("0");
    if ((!must_join || join(birth->group) == 0) && dup2(birth->channel, PROBE_CHANNEL) == PROBE_CHANNEL &&
        (!birth->owner || (setgroups(0, NULL) == 0 && setresgid(birth->owner, birth->owner, birth->owner) == 0)) &&
        (!birth->user || setresuid(birth->user, birth->user, birth->user) == 0) &&
        read(birth->go, &byte, 1) == 1)
        execve(birth->words[0], birth->words, birth->environment);
    int error = errno;
    if (write(birth->failed, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* Waits for the exec: 0, or the errno that the child met on its way there. */
static int await_exec(int failed)
{
    int error = 0;
    return read(failed, &error, sizeof error) == sizeof error ? error : 0;
}

/* target, enum spawn, uid, gid, number of words, number of environment strings. Value is the pid. */
void spawn(struct call *call)
{
    int pair[2], failed[2], go[2], must_join = 0, held = (int)arg(call, 1) & SPAWN_HELD;
    struct birth birth = { .user = (uid_t)arg(call, 2), .owner = (gid_t)arg(call, 3) };
    struct target *target = arg(call, 0) >= TARGET_FIRST_PROBE && arg(call, 0) < TARGET_LIMIT
                                ? &targets[arg(call, 0)] : NULL;
    if (!target || target->pid || parse_birth(call, &birth) < 0)
        return fail(call, EINVAL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || pipe2(failed, O_CLOEXEC) < 0 ||
        pipe2(go, O_CLOEXEC) < 0)
        return fail(call, errno);
    birth.channel = pair[1], birth.failed = failed[1], birth.go = go[0];
    pid_t pid = *birth.group ? clone_into(birth.group, &must_join) : fork();
    int error = errno;
    if (pid == 0)
        be_born(&birth, must_join);
    close(pair[1]), close(failed[1]), close(go[0]);
    if (pid > 0) {
        *target = (struct target){ .fd = pair[0], .pid = pid, .held = held };
        error = held ? hold_at_exec(target) : 0;
        if (write(go[1], "", 1) < 0)
            error = errno;
        error = error ? error : held ? 0 : await_exec(failed[0]);
    } else {
        close(pair[0]);
    }
    close(go[1]), close(failed[0]);
    call->value = pid;
    if (error)
        fail(call, error);
}

/* target, signal. */
void signal_target(struct call *call)
{
    int64_t number = arg(call, 0);
    if (number < 0 || number >= TARGET_LIMIT || targets[number].pid <= 0)
        return fail(call, ESRCH);
    returned(call, kill(targets[number].pid, (int)arg(call, 1)));
}

static void announce_exit(unsigned number, int64_t status)
{
    struct reply reply = { .kind = KIND_EXIT, .target = (uint16_t)number, .sequence = targets[number].pending,
                           .value = status, .began = clock_ns() };
    if (targets[number].fd >= 0)
        close(targets[number].fd);
    targets[number] = (struct target){ .fd = -1 };
    to_python(&reply);
}

/* A child's end is told by its wait status; a probe's fork is no child of the agent's, its channel tells. */
void target_closed(unsigned number)
{
    struct target *target = &targets[number];
    int status;
    if (target->pid > 0 && waitpid(target->pid, &status, 0) == target->pid)
        announce_exit(number, status);
    else
        announce_exit(number, -1);
}

void reap(void)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
        for (unsigned i = 0; i < TARGET_LIMIT; i++) {
            if (targets[i].pid != pid)
                continue;
            if (WIFSTOPPED(status))
                traced_stop(&targets[i], status);
            else
                announce_exit(i, status);
        }
    }
}

int listen_for_forks(void)
{
    struct sockaddr_un address;
    unsigned size = agent_address(&address, getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 8) < 0)
        return -1;
    return listener;
}

void accept_fork(int listener)
{
    uint64_t number;
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || read_all(fd, &number, sizeof number) < 0 ||
        number < TARGET_FIRST_PROBE || number >= TARGET_LIMIT || targets[number].fd >= 0) {
        close(fd);
        return;
    }
    targets[number] = (struct target){ .fd = fd, .pid = peer.pid };
}
