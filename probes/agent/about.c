/* What the agent says of its machine. */
#include "about.h"
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "agent.h"
#include "pattern.h"

/* Found out once, before a snapshot is taken: a clone, which answers this first, would have to go through /sys for it with
 * all of the kernel's code cold. */
static char about[1024];
static size_t about_size;

void find_out(void)
{
    struct utsname name;
    uname(&name);
    about_size = (size_t)snprintf(about, sizeof about, "%s\n%s\n%s\n%zu\n%ld\n%d\n", name.release, name.version,
                                  name.machine, page_size(), sysconf(_SC_NPROCESSORS_ONLN), getpid());
}

void agent_hello(struct call *call)
{
    memcpy(call->out, about, call->out_size = about_size);
}
