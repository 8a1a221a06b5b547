/* Which function carries out which operation, and the loop around it. */
#include "operation.h"
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "families.h"

static operation *const operations[OP_LIMIT] = {
    [OP_MALLOC] = op_malloc, [OP_CALLOC] = op_calloc, [OP_REALLOC] = op_realloc, [OP_FREE] = op_free,
    [OP_MALLOC_TRIM] = op_malloc_trim, [OP_MALLOPT] = op_mallopt, [OP_BRK] = op_brk, [OP_SBRK] =
    op_sbrk, [OP_MALLOC_MANY] = op_malloc_many, [OP_FREE_MANY] = op_free_many,
    [OP_MMAP] = op_mmap, [OP_MUNMAP] = op_munmap, [OP_MPROTECT] = op_mprotect, [OP_MADVISE] =
    op_madvise, [OP_MREMAP] = op_mremap, [OP_MSYNC] = op_msync, [OP_MINCORE] = op_mincore, [OP_TOUCH] =
    op_touch, [OP_FILL] = op_fill, [OP_CHECK] = op_check, [OP_PEEK] = op_peek, [OP_POKE] = op_poke,
    [OP_MMAP_MANY] = op_mmap_many,
    [OP_OPEN] = op_open, [OP_CLOSE] = op_close, [OP_READ] = op_read, [OP_WRITE] = op_write,
    [OP_CHECK_FILE] = op_check_file, [OP_SLURP] = op_slurp, [OP_PUT] = op_put, [OP_FSYNC] = op_fsync,
    [OP_FADVISE] = op_fadvise, [OP_FTRUNCATE] = op_ftruncate, [OP_FALLOCATE] = op_fallocate, [OP_UNLINK]
    = op_unlink, [OP_MKDIR] = op_mkdir, [OP_RMDIR] = op_rmdir, [OP_STAT] = op_stat, [OP_STATFS] =
    op_statfs, [OP_SYNC] = op_sync, [OP_MEMFD] = op_memfd, [OP_LIST] = op_list, [OP_POPULATE_DIR] =
    op_populate_dir, [OP_CHOWN] = op_chown, [OP_COPY] = op_copy, [OP_FIBMAP] = op_fibmap,
    [OP_SYNC_RANGE] = op_sync_range,
    [OP_SHMGET] = op_shmget, [OP_SHMAT] = op_shmat, [OP_SHMDT] = op_shmdt, [OP_SHMCTL] = op_shmctl,
    [OP_SHM_OPEN] = op_shm_open, [OP_SHM_UNLINK] = op_shm_unlink,
    [OP_MQ_OPEN] = op_mq_open, [OP_MQ_SEND] = op_mq_send, [OP_MQ_RECEIVE] = op_mq_receive, [OP_MQ_UNLINK] =
    op_mq_unlink, [OP_MSGGET] = op_msgget, [OP_MSGSND] = op_msgsnd, [OP_MSGRCV] = op_msgrcv, [OP_MSGCTL] =
    op_msgctl, [OP_SEMGET] = op_semget, [OP_SEMOP] = op_semop, [OP_SEMCTL] = op_semctl, [OP_SEM_OPEN] =
    op_sem_open, [OP_SEM_POST] = op_sem_post, [OP_SEM_TRYWAIT] = op_sem_trywait, [OP_SEM_GETVALUE] =
    op_sem_getvalue, [OP_SEM_CLOSE] = op_sem_close, [OP_SEM_UNLINK] = op_sem_unlink,
    [OP_MLOCK] = op_mlock, [OP_MLOCK2] = op_mlock2, [OP_MUNLOCK] = op_munlock, [OP_MLOCKALL] =
    op_mlockall, [OP_MUNLOCKALL] = op_munlockall,
    [OP_PID] = op_pid, [OP_FORK] = op_fork, [OP_FORK_IDLE] = op_fork_idle, [OP_WAIT] = op_wait,
    [OP_KILL] = op_kill, [OP_EXIT] = op_exit, [OP_RUN] = op_run, [OP_SPIN] = op_spin, [OP_SLEEP] =
    op_sleep, [OP_NICE] = op_nice, [OP_SETUID] = op_setuid, [OP_RLIMIT] = op_rlimit, [OP_THREADS] =
    op_threads, [OP_MBIND] = op_mbind, [OP_LATENCY] = op_latency,
    [OP_MOUNT] = op_mount, [OP_UMOUNT] = op_umount, [OP_SWAPON] = op_swapon, [OP_SWAPOFF] = op_swapoff,
    [OP_SET_CLOCK] = op_set_clock, [OP_RESEED] = op_reseed, [OP_INSMOD] = op_insmod,
    [OP_SEGMENTS] = op_segments,
    [OP_READ_ROUNDS] = op_read_rounds,
};

operation *find_operation(unsigned number)
{
    return number < OP_LIMIT ? operations[number] : NULL;
}

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int read_all(int fd, void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)data + done, size - done);
        if (got == 0)
            errno = EPIPE;
        if (got > 0)
            done += (size_t)got;
        else if (got == 0 || errno != EINTR)
            return -1;
    }
    return 0;
}

int write_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = write(fd, (const char *)data + done, size - done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

void carry_out(const struct request *request, char *text, char *out, size_t limit, int channel,
               struct reply *reply)
{
    struct call call = { .request = request, .text = text, .out = out, .out_limit = limit, .channel = channel };
    struct rusage before, after;
    operation *function = find_operation(request->operation);
    text[request->text] = 0;
    getrusage(RUSAGE_SELF, &before);
    uint64_t began = clock_ns();
    errno = 0;
    if (function)
        function(&call);
    else
        call.error = ENOSYS;
    uint64_t ended = clock_ns();
    getrusage(RUSAGE_SELF, &after);
    *reply = (struct reply){
        .text = (uint32_t)call.out_size, .kind = KIND_REPLY, .target = request->target,
        .sequence = request->sequence, .error = call.error, .value = call.error ? 0 : call.value,
        .began = began, .nanoseconds = ended - began,
        .minor_faults = (uint64_t)(after.ru_minflt - before.ru_minflt),
        .major_faults = (uint64_t)(after.ru_majflt - before.ru_majflt),
    };
}

/* In bss: a page of it becomes resident only when it is used. */
static char text[TEXT_LIMIT + 8] __attribute__((aligned(4096)));
static char out[TEXT_LIMIT] __attribute__((aligned(4096)));

/* Head and text in one call: between two, a traced probe would stop while the agent waits for the rest. */
static int send_reply(int channel, const struct reply *reply)
{
    struct iovec parts[] = { { .iov_base = (void *)reply, .iov_len = sizeof *reply },
                             { .iov_base = out, .iov_len = reply->text } };
    ssize_t sent = writev(channel, parts, 2);
    if (sent < (ssize_t)sizeof *reply)
        return -1;
    size_t of_text = (size_t)sent - sizeof *reply;
    return write_all(channel, out + of_text, reply->text - of_text);
}

void serve(int channel)
{
    struct request request;
    struct reply reply;
    while (read_all(channel, &request, sizeof request) == 0) {
        if (request.text > TEXT_LIMIT || read_all(channel, text, request.text) < 0)
            return;
        carry_out(&request, text, out, sizeof out, channel, &reply);
        if (send_reply(channel, &reply) < 0)
            return;
    }
}

int agent_pid = 1;

unsigned agent_address(struct sockaddr_un *address, int agent)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int size = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "folklab-agent-%d", agent);
    return (unsigned)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
}

int join_agent(unsigned target)
{
    struct sockaddr_un address;
    unsigned size = agent_address(&address, agent_pid);
    uint64_t hello = target;
    int channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (channel < 0)
        return -1;
    if (connect(channel, (struct sockaddr *)&address, size) == 0 && write_all(channel, &hello, sizeof hello) == 0)
        return channel;
    int error = errno;
    close(channel);
    errno = error;
    return -1;
}
