/* Shared memory: System V segments and POSIX objects. */
#include "operation.h"
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

void op_shmget(struct call *call)
{
    if (!too_long(call, arg(call, 1)))
        returned(call, shmget((key_t)arg(call, 0), (size_t)arg(call, 1), (int)arg(call, 2)));
}

void op_shmat(struct call *call)
{
    returned_address(call, shmat((int)arg(call, 0), address(call, 1), (int)arg(call, 2)));
}

void op_shmdt(struct call *call)
{
    returned(call, shmdt(address(call, 0)));
}

/* id, command (IPC_RMID, SHM_LOCK, SHM_UNLOCK, IPC_STAT); after IPC_STAT the text is shmid_ds. */
void op_shmctl(struct call *call)
{
    struct shmid_ds state = { 0 };
    returned(call, shmctl((int)arg(call, 0), (int)arg(call, 1), &state));
    if (!call->error && arg(call, 1) == IPC_STAT) {
        memcpy(call->out, &state, sizeof state);
        call->out_size = sizeof state;
    }
}

void op_shm_open(struct call *call)
{
    returned(call, shm_open(call->text, (int)arg(call, 0), (mode_t)arg(call, 1)));
}

void op_shm_unlink(struct call *call)
{
    returned(call, shm_unlink(call->text));
}
