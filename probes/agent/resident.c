/* The agent's and the hand's own memory is resident from their start on. */
#include "resident.h"
#include <sys/mman.h>
#include "output.h"
#include "requests.h"

/* All of it becomes resident now and stays: what the agent does later changes no counter of memory, and under
 * pressure it is not the instrument that is swapped. Not MCL_FUTURE: a mapping by which the hand looks at a file
 * would read the whole file in. Refused to an ordinary user: then it is only touched. */
void lock_own_memory(void)
{
    if (mlockall(MCL_CURRENT) < 0) {
        touch_requests();
        touch_output();
    }
}
