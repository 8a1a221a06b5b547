/* Message queues and semaphores, System V and POSIX. */
#include "operation.h"
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

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

/* queue, bytes of the largest message, messages: value is how many came, the reply's text the last one. */
void op_mq_receive(struct call *call)
{
    size_t size = (size_t)arg(call, 1);
    if (size > call->out_limit)
        return fail(call, E2BIG);
    for (int64_t got = 0; got < arg(call, 2); got++) {
        ssize_t length = mq_receive((mqd_t)arg(call, 0), call->out, size, NULL);
        if (length < 0)
            return fail(call, errno);
        call->out_size = (size_t)length;
        call->value = got + 1;
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

/* queue, bytes of the largest message, messages, flags: value is how many came, the reply's text the last one. */
void op_msgrcv(struct call *call)
{
    size_t size = (size_t)arg(call, 1);
    if (size + sizeof(long) > call->out_limit)
        return fail(call, E2BIG);
    for (int64_t got = 0; got < arg(call, 2); got++) {
        ssize_t length = msgrcv((int)arg(call, 0), call->out, size, 0, (int)arg(call, 3));
        if (length < 0)
            return fail(call, errno);
        call->out_size = (size_t)length;
        call->value = got + 1;
    }
    memmove(call->out, call->out + sizeof(long), call->out_size);     /* its type stands first */
}

/* id, command (IPC_RMID, IPC_STAT); after IPC_STAT the text is messages, bytes, most bytes as 64-bit numbers. */
void op_msgctl(struct call *call)
{
    struct msqid_ds state = { 0 };
    returned(call, msgctl((int)arg(call, 0), (int)arg(call, 1), &state));
    if (!call->error && arg(call, 1) == IPC_STAT) {
        uint64_t fields[] = { state.msg_qnum, state.__msg_cbytes, state.msg_qbytes };
        memcpy(call->out, fields, sizeof fields);
        call->out_size = sizeof fields;
    }
}

void op_semget(struct call *call)
{
    returned(call, semget((key_t)arg(call, 0), (int)arg(call, 1), (int)arg(call, 2)));
}

/* id, number, what is added to its value (0: waits until it is 0), flags. */
void op_semop(struct call *call)
{
    struct sembuf change = { .sem_num = (unsigned short)arg(call, 1), .sem_op = (short)arg(call, 2),
                             .sem_flg = (short)arg(call, 3) };
    returned(call, semop((int)arg(call, 0), &change, 1));
}

/* id, number, command (IPC_RMID, GETVAL, SETVAL), value. */
void op_semctl(struct call *call)
{
    returned(call, semctl((int)arg(call, 0), (int)arg(call, 1), (int)arg(call, 2), (int)arg(call, 3)));
}

/* Text: the semaphore's name. flags, mode, initial value; value is its address. */
void op_sem_open(struct call *call)
{
    sem_t *semaphore = sem_open(call->text, (int)arg(call, 0), (mode_t)arg(call, 1), (unsigned)arg(call, 2));
    returned(call, semaphore == SEM_FAILED ? -1 : (int64_t)(intptr_t)semaphore);
}

/* Each: address. */
void op_sem_post(struct call *call)
{
    returned(call, sem_post(address(call, 0)));
}

void op_sem_trywait(struct call *call)
{
    returned(call, sem_trywait(address(call, 0)));
}

void op_sem_getvalue(struct call *call)
{
    int value = 0;
    returned(call, sem_getvalue(address(call, 0), &value));
    if (!call->error)
        call->value = value;
}

void op_sem_close(struct call *call)
{
    returned(call, sem_close(address(call, 0)));
}

void op_sem_unlink(struct call *call)
{
    returned(call, sem_unlink(call->text));
}
