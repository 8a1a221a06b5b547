/* What changes the whole machine: mounts, swap areas, clock, randomness, modules. */
#include "operation.h"
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Text: source, target, type, options. flags. */
void op_mount(struct call *call)
{
    const char *field[4] = { call->text, "", "", "" };
    const char *end = call->text + call->request->text;
    for (int i = 1; i < 4; i++) {
        const char *next = field[i - 1] + strlen(field[i - 1]) + 1;
        field[i] = next < end ? next : "";
    }
    returned(call, mount(field[0], field[1], field[2], (unsigned long)arg(call, 0), field[3]));
}

void op_umount(struct call *call)
{
    returned(call, umount2(call->text, (int)arg(call, 0)));
}

void op_swapon(struct call *call)
{
    returned(call, swapon(call->text, (int)arg(call, 0)));
}

void op_swapoff(struct call *call)
{
    returned(call, swapoff(call->text));
}

/* Nanoseconds since 1970: a restored guest's clock stands where its snapshot was taken. */
void op_set_clock(struct call *call)
{
    struct timespec now = { .tv_sec = arg(call, 0) / 1000000000, .tv_nsec = arg(call, 0) % 1000000000 };
    returned(call, clock_settime(CLOCK_REALTIME, &now));
}

/* Text: fresh random bytes. Writing them to /dev/urandom does not change what the clones of one snapshot
 * read; credited entropy and a reseed do (measured on 5.10, 6.1, 6.12 and 7.2). */
void op_reseed(struct call *call)
{
    struct { struct rand_pool_info info; char bytes[256]; } pool;
    size_t size = call->request->text < sizeof pool.bytes ? call->request->text : sizeof pool.bytes;
    int fd = open("/dev/random", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return fail(call, errno);
    pool.info.entropy_count = (int)size * 8;
    pool.info.buf_size = (int)size;
    memcpy(pool.info.buf, call->text, size);
    if (ioctl(fd, RNDADDENTROPY, &pool.info) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0)
        fail(call, errno);
    close(fd);
}

/* Text: name of a network interface, which is up afterwards. */
void op_link_up(struct call *call)
{
    struct ifreq link = { .ifr_flags = 0 };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(call, errno);
    strncpy(link.ifr_name, call->text, sizeof link.ifr_name - 1);
    if (ioctl(fd, SIOCGIFFLAGS, &link) < 0) {
        fail(call, errno);
    } else {
        link.ifr_flags |= IFF_UP;
        returned(call, ioctl(fd, SIOCSIFFLAGS, &link));
    }
    close(fd);
}

/* Text: path of a module. A module that is there already is no error. */
void op_insmod(struct call *call)
{
    int fd = open(call->text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(call, errno);
    if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
        fail(call, errno);
    close(fd);
}
