/* A file system in user space with one file in it, served by a thread of the process that is asked. */
#include "operation.h"
#include <linux/fuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, FILE_NODE = 2, MAX_WRITE = 1 << 17, KEPT_SECONDS = 3600, BYTE = 0x5a };
#define NAME "file"

struct server { int fd; uint64_t size; char request[MAX_WRITE + 4096], reply[MAX_WRITE + 4096]; };

/* Answers a request with `size` bytes that stand in the reply behind its head, or with an error. */
static void answer(struct server *server, const struct fuse_in_header *request, int error, size_t size)
{
    struct fuse_out_header head = { .len = (uint32_t)(sizeof head + (error ? 0 : size)), .error = -error,
                                    .unique = request->unique };
    memcpy(server->reply, &head, sizeof head);
    ssize_t sent = write(server->fd, server->reply, head.len);
    (void)sent; /* one that was interrupted meanwhile is nobody's any more */
}

static struct fuse_attr attributes(const struct server *server, uint64_t node)
{
    return (struct fuse_attr){ .ino = node, .size = node == ROOT ? 0 : server->size, .blksize = 4096, .nlink = 1,
                               .mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644 };
}

/* What is behind the head of a request that is known to be one of its kind. */
static size_t handle(struct server *server, const struct fuse_in_header *request, const void *asked, void *out, int *error)
{
    switch (request->opcode) {
    case FUSE_INIT: {
        const struct fuse_init_in *in = asked;
        struct fuse_init_out made = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
                                      .max_readahead = in->max_readahead, .flags = in->flags & FUSE_BIG_WRITES,
                                      .max_background = 16, .congestion_threshold = 12, .max_write = MAX_WRITE, .time_gran = 1 };
        memcpy(out, &made, sizeof made);
        return sizeof made;
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out entry = { .nodeid = FILE_NODE, .generation = 1, .entry_valid = KEPT_SECONDS,
                                        .attr_valid = KEPT_SECONDS, .attr = attributes(server, FILE_NODE) };
        if (strcmp(asked, NAME) != 0)
            *error = ENOENT;
        memcpy(out, &entry, sizeof entry);
        return sizeof entry;
    }
    case FUSE_SETATTR: {
        const struct fuse_setattr_in *in = asked;
        if (in->valid & FATTR_SIZE)
            server->size = in->size;
    } /* fall through */
    case FUSE_GETATTR: {
        struct fuse_attr_out found = { .attr_valid = KEPT_SECONDS, .attr = attributes(server, request->nodeid) };
        memcpy(out, &found, sizeof found);
        return sizeof found;
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
        struct fuse_open_out opened = { .open_flags = FOPEN_KEEP_CACHE };
        memcpy(out, &opened, sizeof opened);
        return sizeof opened;
    }
    case FUSE_READ: {
        const struct fuse_read_in *in = asked;
        uint64_t left = in->offset < server->size ? server->size - in->offset : 0;
        size_t size = in->size < left ? in->size : (size_t)left;
        size = size < MAX_WRITE ? size : MAX_WRITE;
        memset(out, BYTE, size);
        return size;
    }
    case FUSE_WRITE: {
        const struct fuse_write_in *in = asked;
        struct fuse_write_out written = { .size = in->size };
        if (in->offset + in->size > server->size)
            server->size = in->offset + in->size;
        memcpy(out, &written, sizeof written);
        return sizeof written;
    }
    case FUSE_STATFS: {
        struct fuse_statfs_out found = { .st = { .bsize = 4096, .frsize = 4096, .namelen = 255 } };
        memcpy(out, &found, sizeof found);
        return sizeof found;
    }
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_FSYNC:
    case FUSE_ACCESS:
        return 0;
    default:
        *error = ENOSYS;
        return 0;
    }
}

/* Ends when the file system is no more mounted: a read fails with ENODEV then. */
static void *serve(void *what)
{
    struct server *server = what;
    for (;;) {
        ssize_t size = read(server->fd, server->request, sizeof server->request);
        if (size < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
            continue;
        if (size < (ssize_t)sizeof(struct fuse_in_header))
            break;
        struct fuse_in_header request;
        memcpy(&request, server->request, sizeof request);
        if (request.opcode == FUSE_FORGET || request.opcode == FUSE_BATCH_FORGET || request.opcode == FUSE_INTERRUPT)
            continue; /* nobody waits for an answer */
        int error = 0;
        size_t out = handle(server, &request, server->request + sizeof request,
                            server->reply + sizeof(struct fuse_out_header), &error);
        answer(server, &request, error, out);
    }
    free(server);
    return NULL;
}

/* fd (of /dev/fuse, with which this process has mounted), size: serves a file of that size, called "file", full of one byte;
 * what is written to it is taken and forgotten. Until it is unmounted. */
void op_fuse_serve(struct call *call)
{
    struct server *server = calloc(1, sizeof *server);
    pthread_t thread;
    if (!server)
        return fail(call, ENOMEM);
    server->fd = (int)arg(call, 0);
    server->size = (uint64_t)arg(call, 1);
    int error = pthread_create(&thread, NULL, serve, server);
    if (error) {
        free(server);
        return fail(call, error);
    }
    pthread_detach(thread);
}
