/* The first moments of a guest: mounts, modules, the serial port that is the channel. */
#include "init.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"
#define PORT_NAME "agent"

/* cgroup2 as systemd mounts it; a kernel that knows no memory_recursiveprot (before 5.7) gets the rest. */
static const struct { const char *type, *at, *options, *fewer; } systems[] = {
    { "proc", "/proc", NULL, NULL }, { "sysfs", "/sys", NULL, NULL }, { "devtmpfs", "/dev", NULL, NULL },
    { "cgroup2", "/sys/fs/cgroup", "nsdelegate,memory_recursiveprot", "nsdelegate" },
    { "tracefs", "/sys/kernel/tracing", NULL, NULL },
};

static void mount_systems(void)
{
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        mkdir(systems[i].at, 0755);
        if (mount(systems[i].type, systems[i].at, systems[i].type, 0, systems[i].options) < 0 &&
            mount(systems[i].type, systems[i].at, systems[i].type, 0, systems[i].fewer) < 0)
            printf("agent: %s on %s: %s\n", systems[i].type, systems[i].at, strerror(errno));
    }
    mkdir("/dev/shm", 01777);
}

static void insert_module(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
        printf("agent: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* The initramfs numbers them in the order in which they depend on each other. */
void insert_modules(void)
{
    struct dirent **names;
    int count = scandir("/modules", &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[300];
        snprintf(path, sizeof path, "/modules/%s", names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            insert_module(path);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

static int read_name(const char *port, char *name, int size)
{
    char path[300];
    snprintf(path, sizeof path, PORTS "/%s/name", port);
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    int got = fgets(name, size, file) ? 0 : -1;
    fclose(file);
    name[strcspn(name, "\n")] = 0;
    return got;
}

static int open_port(void)
{
    DIR *ports = opendir(PORTS);
    struct dirent *port;
    int fd = -1;
    while (ports && fd < 0 && (port = readdir(ports))) {
        char name[32], path[300];
        if (port->d_name[0] == '.' || read_name(port->d_name, name, sizeof name) < 0 || strcmp(name, PORT_NAME))
            continue;
        snprintf(path, sizeof path, "/dev/%s", port->d_name);
        fd = open(path, O_RDWR | O_CLOEXEC);
    }
    if (ports)
        closedir(ports);
    return fd;
}

int start_guest(void)
{
    struct timespec millisecond = { .tv_nsec = 1000000 };
    mount_systems();
    setvbuf(stdout, NULL, _IOLBF, 0);
    int console = open("/dev/console", O_RDWR);
    if (console >= 0) {
        dup2(console, 0), dup2(console, 1), dup2(console, 2);
        if (console > 2)
            close(console);
    }
    insert_modules();
    /* The port appears a moment after its driver; 5 s, then the machine lacks something: say so on the console. */
    for (int tries = 0; tries < 5000; tries++) {
        int fd = open_port();
        if (fd >= 0)
            return fd;
        nanosleep(&millisecond, NULL);
    }
    printf("agent: no port named " PORT_NAME "\n");
    return -1;
}
