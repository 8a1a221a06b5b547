/* Descriptors of memory out of the ordinary: secret memory, io_uring, userfaultfd; other processes by descriptor. */
#include "operation.h"
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447   /* since 5.14, the same on every architecture */
#endif

/* flags. */
void op_memfd_secret(struct call *call)
{
    returned(call, syscall(SYS_memfd_secret, (unsigned)arg(call, 0)));
}

/* flags. */
void op_userfaultfd(struct call *call)
{
    returned(call, syscall(SYS_userfaultfd, (int)arg(call, 0)));
}

/* entries, flags. Text of the reply: struct io_uring_params. */
void op_io_uring_setup(struct call *call)
{
    struct io_uring_params made = { .flags = (uint32_t)arg(call, 1) };
    returned(call, syscall(SYS_io_uring_setup, (unsigned)arg(call, 0), &made));
    memcpy(call->out, &made, sizeof made);
    call->out_size = call->error ? 0 : sizeof made;
}

/* fd, opcode, number. Text: what is registered, as the opcode wants it. */
void op_io_uring_register(struct call *call)
{
    void *what = call->request->text ? call->text : NULL;
    returned(call, syscall(SYS_io_uring_register, (int)arg(call, 0), (unsigned)arg(call, 1), what, (unsigned)arg(call, 2)));
}

/* pid, flags. */
void op_pidfd_open(struct call *call)
{
    returned(call, syscall(SYS_pidfd_open, (pid_t)arg(call, 0), (unsigned)arg(call, 1)));
}

/* pidfd, address, length, advice: value is the bytes that were advised. */
void op_process_madvise(struct call *call)
{
    struct iovec range = { .iov_base = address(call, 1), .iov_len = (size_t)arg(call, 2) };
    returned(call, syscall(SYS_process_madvise, (int)arg(call, 0), &range, 1UL, (int)arg(call, 3), 0U));
}
