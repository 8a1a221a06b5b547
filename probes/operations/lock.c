/* Locked memory. */
#include "operation.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void op_mlock(struct call *call)
{
    returned(call, mlock(address(call, 0), (size_t)arg(call, 1)));
}

void op_mlock2(struct call *call)
{
    returned(call, syscall(SYS_mlock2, address(call, 0), (size_t)arg(call, 1), (unsigned)arg(call, 2)));
}

void op_munlock(struct call *call)
{
    returned(call, munlock(address(call, 0), (size_t)arg(call, 1)));
}

void op_mlockall(struct call *call)
{
    returned(call, mlockall((int)arg(call, 0)));
}

void op_munlockall(struct call *call)
{
    returned(call, munlockall());
}
