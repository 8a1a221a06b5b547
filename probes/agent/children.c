/* The probes: how they are born, how Python hears of their end and the hand's. */
#include "children.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "agent.h"
#include "clock.h"
#include "output.h"
#include "targets.h"
#include "trace.h"

#define PROBE_CHANNEL 3
#define WORDS 64

void restore_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
}

/* oom_score_adj is inherited: a probe must not have what protects the agent, nor the hand what a probe has. */
void set_oom_score_adj(const char *value)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    /* On a host an ordinary user may not go below what a login or service gave him. */
    if (write(fd, value, strlen(value)) < 0 && *value != '-' && errno != EACCES)
        _exit(126);
    close(fd);
}

/* What a probe is born with. Its channel, the pipe on which it says why it failed, the pipe on which it is let go: a
 * descriptor is -1 while it isn't open. */
struct birth {
    char *group, *words[WORDS + 1], *environment[WORDS + 1];
    uid_t user;
    gid_t owner;
    int must_join;
    int channel[2], failed[2], go[2];
};

/* Text: cgroup directory (or nothing), the program's words, its environment; a zero behind each. */
static int parse_birth(const struct call *call, struct birth *birth)
{
    char *at = call->text, *end = call->text + call->request->text;
    int64_t words = arg(call, 4), environment = arg(call, 5);
    if (words < 1 || words > WORDS || environment < 0 || environment > WORDS)
        return -1;
    *birth = (struct birth){ .group = at, .user = (uid_t)arg(call, 2), .owner = (gid_t)arg(call, 3),
                             .channel = { -1, -1 }, .failed = { -1, -1 }, .go = { -1, -1 } };
    at += strlen(at) + 1;
    for (int64_t i = 0; i < words + environment; i++, at += strlen(at) + 1) {
        if (at >= end)
            return -1;
        *(i < words ? &birth->words[i] : &birth->environment[i - words]) = at;
    }
    return 0;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The ends that are the probe's. */
static void close_its_ends(struct birth *birth)
{
    close_end(&birth->channel[1]);
    close_end(&birth->failed[1]);
    close_end(&birth->go[0]);
}

static void close_our_ends(struct birth *birth)
{
    close_end(&birth->channel[0]);
    close_end(&birth->failed[0]);
    close_end(&birth->go[1]);
}

/* All of them, or none and an errno. */
static int open_ends(struct birth *birth)
{
    if (open_pair(birth->channel) == 0 && pipe2(birth->failed, O_CLOEXEC) == 0 && pipe2(birth->go, O_CLOEXEC) == 0)
        return 0;
    int error = errno;
    close_its_ends(birth);
    close_our_ends(birth);
    return error;
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
    if (fd < 0)
        return -1;
    ssize_t put = write(fd, "0", 1);
    int error = errno;
    close(fd);
    errno = error;
    return put < 0 ? -1 : 0;
}

static void be_born(struct birth *birth)
{
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    restore_signals();
    set_oom_score_adj("0");
    if ((!birth->must_join || join(birth->group) == 0) && dup2(birth->channel[1], PROBE_CHANNEL) == PROBE_CHANNEL &&
        (!birth->owner || (setgroups(0, NULL) == 0 && setresgid(birth->owner, birth->owner, birth->owner) == 0)) &&
        (!birth->user || setresuid(birth->user, birth->user, birth->user) == 0) &&
        read(birth->go[0], &byte, 1) == 1)
        execve(birth->words[0], birth->words, birth->environment);
    int error = errno;
    if (write(birth->failed[1], &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* Waits for the exec: 0, or the errno that the child met on its way there. */
static int await_exec(int failed)
{
    int error = 0;
    return read(failed, &error, sizeof error) == sizeof error ? error : 0;
}

/* The new probe's way to its exec: 0, or the errno that stopped it. One that was to be held and can't be never runs. */
static int let_go(struct target *target, const struct birth *birth)
{
    int error = target->held ? hold_at_exec(target) : 0;
    if (error) {
        kill(target->pid, SIGKILL);
        return error;
    }
    if (write(birth->go[1], "", 1) < 0)
        return errno;
    return target->held ? 0 : await_exec(birth->failed[0]);
}

/* target, enum spawn, uid, gid, number of words, number of environment strings. Value is the pid. */
void agent_spawn(struct call *call)
{
    struct birth birth;
    struct target *target = free_target(arg(call, 0));
    if (!target || parse_birth(call, &birth) < 0)
        return fail(call, EINVAL);
    int error = open_ends(&birth);
    if (error)
        return fail(call, error);
    pid_t pid = *birth.group ? clone_into(birth.group, &birth.must_join) : fork();
    if (pid < 0)
        error = errno;
    if (pid == 0)
        be_born(&birth);
    close_its_ends(&birth);
    if (pid > 0) {
        *target = (struct target){ .fd = birth.channel[0], .pid = pid, .held = (int)arg(call, 1) & SPAWN_HELD };
        birth.channel[0] = -1;   /* the target's */
        error = let_go(target, &birth);
    }
    close_our_ends(&birth);
    call->value = pid;
    if (error)
        fail(call, error);
}

/* target, signal. */
void agent_signal(struct call *call)
{
    const struct target *target = live_target(arg(call, 0));
    if (!target)
        return fail(call, ESRCH);
    returned(call, kill(target->pid, (int)arg(call, 1)));
}

static void announce_exit(unsigned number, int64_t status)
{
    struct reply reply = { .kind = KIND_EXIT, .target = (uint16_t)number, .sequence = targets[number].pending,
                           .value = status, .began = clock_ns() };
    close_target(&targets[number]);
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
