/* Message queues and semaphores, System V and POSIX. */
#include "operation.h"
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include "families.h"

/* Text: the queue's name. flags, mode, most messages, bytes a message. */
void op_mq_open(struct call *call)
{
    struct mq_attr attributes = { .mq_maxmsg = arg(call, 2), .mq_msgsize = arg(call, 3) };
    returned(call, mq_open(call->text, (int)arg(call, 0), (mode_t)arg(call, 1), &attributes));
}

/* queue, bytes a message, messages: value is how many were sent. */
void op_mq_send(struct call *call)
{
    size_t size = (size_t)arg(call, 1);
    if (size > call->out_limit)
        return fail(call, E2BIG);
    memset(call->out, 0x5a, size);
    for (int64_t sent = 0; sent < arg(call, 2); sent++) {
        if (mq_send((mqd_t)arg(call, 0), call->out, size, 0) < 0)
            return fail(call, errno);
        call->value = sent + 1;
    }
}

void op_mq_unlink(struct call *call)
{
    returned(call, mq_unlink(call->text));
}

void op_msgget(struct call *call)
{
    returned(call, msgget((key_t)arg(call, 0), (int)arg(call, 1)));
}

/* queue, bytes a message, messages, flags: value is how many were sent. */
void op_msgsnd(struct call *call)
{
    size_t size = (size_t)arg(call, 1);
    if (size + sizeof(long) > call->out_limit)
        return fail(call, E2BIG);
    memset(call->out, 0x5a, size + sizeof(long));
    for (int64_t sent = 0; sent < arg(call, 2); sent++) {
        if (msgsnd((int)arg(call, 0), call->out, size, (int)arg(call, 3)) < 0)
            return fail(call, errno);
        call->value = sent + 1;
    }
}

/* id, command (IPC_RMID, IPC_STAT). */
void op_msgctl(struct call *call)
{
    struct msqid_ds state;
    returned(call, msgctl((int)arg(call, 0), (int)arg(call, 1), &state));
}

void op_semget(struct call *call)
{
    returned(call, semget((key_t)arg(call, 0), (int)arg(call, 1), (int)arg(call, 2)));
}

/* id, number, command (IPC_RMID, GETVAL). */
void op_semctl(struct call *call)
{
    returned(call, semctl((int)arg(call, 0), (int)arg(call, 1), (int)arg(call, 2)));
}

/* Text: the semaphore's name. flags, mode, initial value; value is its address. */
void op_sem_open(struct call *call)
{
    sem_t *semaphore = sem_open(call->text, (int)arg(call, 0), (mode_t)arg(call, 1), (unsigned)arg(call, 2));
    returned(call, semaphore == SEM_FAILED ? -1 : (int64_t)(intptr_t)semaphore);
}

void op_sem_unlink(struct call *call)
{
    returned(call, sem_unlink(call->text));
}
