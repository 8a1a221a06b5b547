/* The first process of a whole system in the test bed: modules, its disk, then systemd takes over as PID 1. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "init.h"

/* The disk appears a moment after its driver; 5 s, then it is missing. */
static int mount_root(void)
{
    struct timespec millisecond = { .tv_nsec = 1000000 };
    for (int tries = 0; tries < 5000; tries++) {
        if (mount("/dev/vda", "/mnt", "ext4", MS_NOATIME, NULL) == 0)
            return 0;
        nanosleep(&millisecond, NULL);
    }
    return -1;
}

int main(void)
{
    mkdir("/dev", 0755);
    if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) < 0)
        perror("handover: /dev");
    insert_modules();
    if (mount_root() < 0 || chdir("/mnt") < 0 || mount("/dev", "dev", NULL, MS_MOVE, NULL) < 0 ||
        mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
        perror("handover: the root file system");
    else
        execl("/sbin/init", "/sbin/init", NULL);
    perror("handover: /sbin/init");
    return 1;
}
