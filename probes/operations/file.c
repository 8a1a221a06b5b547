/* Files, by read and write; directories; what a file system says of itself. */
#include "operation.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "channel.h"
#include "pattern.h"

/* Whole pages, aligned so that direct I/O takes it. */
#define BLOCK 65536
#define SLURP_PIECE 8192
static char block[BLOCK] __attribute__((aligned(4096)));

/* Text: path. flags, mode. */
void op_open(struct call *call)
{
    returned(call, open(call->text, (int)arg(call, 0), (mode_t)arg(call, 1)));
}

void op_close(struct call *call)
{
    returned(call, close((int)arg(call, 0)));
}

typedef ssize_t transfer(int fd, void *data, size_t size, off_t offset);

static ssize_t put(int fd, void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

/* fd, length, offset, in blocks: value is the bytes moved, short at the end of a file. `each` sees a block. */
static void move(struct call *call, transfer *step, void (*each)(struct call *, size_t, int64_t))
{
    int fd = (int)arg(call, 0);
    int64_t length = arg(call, 1), offset = arg(call, 2), done = 0;
    while (done < length) {
        size_t size = length - done < BLOCK ? (size_t)(length - done) : BLOCK;
        if (each && step == put)
            each(call, size, offset + done);
        ssize_t moved = step(fd, block, size, offset + done);
        if (moved < 0)
            return fail(call, errno);
        if (!moved)
            break;
        if (each && step != put)
            each(call, (size_t)moved, offset + done);
        done += moved;
    }
    call->value = done;
}

void op_read(struct call *call)
{
    move(call, pread, NULL);
}

static void stamp_block(struct call *call, size_t size, int64_t offset)
{
    size_t whole = (size + page_size() - 1) / page_size() * page_size();
    pattern_fill(block, whole, (uint64_t)arg(call, 3), (uint64_t)offset / page_size());
}

/* In one call, at the offset; where there are no offsets (a pipe, a trigger of pressure) as it comes. */
static void write_text(struct call *call)
{
    int fd = (int)arg(call, 0);
    ssize_t put = pwrite(fd, call->text, call->request->text, arg(call, 2));
    returned(call, put < 0 && errno == ESPIPE ? write(fd, call->text, call->request->text) : put);
}

/* fd, length, offset, seed; or, where there is a text, that. */
void op_write(struct call *call)
{
    if (call->request->text)
        write_text(call);
    else
        move(call, put, stamp_block);
}

static int64_t matching;

static void check_block(struct call *call, size_t size, int64_t offset)
{
    size_t whole = size / page_size() * page_size();
    matching += (int64_t)pattern_count(block, whole, (uint64_t)arg(call, 3),
                                       (uint64_t)offset / page_size() + (uint64_t)arg(call, 4));
}

/* fd, length, offset, seed, pages by which the pattern lies ahead of the file: value is how many pages hold it. */
void op_check_file(struct call *call)
{
    matching = 0;
    move(call, pread, check_block);
    call->value = matching;
}

/* Text: path. limit, flags, offset: the file's content from there becomes the reply's text, all of it (limit 0) or
 * so much. */
void op_slurp(struct call *call)
{
    size_t limit = arg(call, 0) && (size_t)arg(call, 0) < call->out_limit ? (size_t)arg(call, 0) : call->out_limit;
    int fd = open(call->text, O_RDONLY | O_CLOEXEC | (int)arg(call, 1));
    ssize_t got = 0;
    if (fd < 0)
        return fail(call, errno);
    if (arg(call, 2) && lseek(fd, (off_t)arg(call, 2), SEEK_SET) < 0)
        got = -1;
    while (got >= 0 && call->out_size < limit) {
        /* Small pieces: for a sysctl the kernel allocates and clears as much as is asked for. */
        size_t room = limit - call->out_size, piece = room < SLURP_PIECE ? room : SLURP_PIECE;
        got = read(fd, call->out + call->out_size, piece);
        if (got <= 0)
            break;
        call->out_size += (size_t)got;
    }
    if (got < 0 && errno != EAGAIN)   /* the end of /dev/kmsg, opened without waiting */
        fail(call, errno);
    call->value = (int64_t)call->out_size;
    close(fd);
}

/* Text: path, zero, content: written in one call, as files below /proc and /sys want it. */
void op_put(struct call *call)
{
    char *content = second(call);
    size_t size = call->request->text - (size_t)(content - call->text);
    int fd = open(call->text, O_WRONLY | O_CLOEXEC | (int)arg(call, 0), 0644);
    if (fd < 0)
        return fail(call, errno);
    returned(call, write(fd, content, size));
    close(fd);
}

void op_fsync(struct call *call)
{
    returned(call, fsync((int)arg(call, 0)));
}

/* fd, offset, length: writes its dirty pages to the disk and waits for them; nothing of the file system's own. */
void op_sync_range(struct call *call)
{
    unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    returned(call, sync_file_range((int)arg(call, 0), arg(call, 1), arg(call, 2), all));
}

/* fd, offset, length, advice. */
void op_fadvise(struct call *call)
{
    int error = posix_fadvise((int)arg(call, 0), arg(call, 1), arg(call, 2), (int)arg(call, 3));
    if (error)
        fail(call, error);
}

void op_ftruncate(struct call *call)
{
    returned(call, ftruncate((int)arg(call, 0), arg(call, 1)));
}

/* fd, mode, offset, length. */
void op_fallocate(struct call *call)
{
    returned(call, fallocate((int)arg(call, 0), (int)arg(call, 1), arg(call, 2), arg(call, 3)));
}

void op_unlink(struct call *call)
{
    returned(call, unlink(call->text));
}

void op_mkdir(struct call *call)
{
    returned(call, mkdir(call->text, (mode_t)arg(call, 0)));
}

void op_rmdir(struct call *call)
{
    returned(call, rmdir(call->text));
}

/* Text: path, or none for the descriptor. Reply: device, inode, mode, links, size, blocks as 64-bit numbers. */
void op_stat(struct call *call)
{
    struct stat state;
    int result = call->request->text ? stat(call->text, &state) : fstat((int)arg(call, 0), &state);
    if (result < 0)
        return fail(call, errno);
    uint64_t fields[] = { state.st_dev, state.st_ino, state.st_mode, state.st_nlink, (uint64_t)state.st_size,
                          (uint64_t)state.st_blocks };
    memcpy(call->out, fields, sizeof fields);
    call->out_size = sizeof fields;
}

/* Text: path, or none for the descriptor. Reply: type, block size, blocks, free blocks, files, free files. */
void op_statfs(struct call *call)
{
    struct statfs state;
    int result = call->request->text ? statfs(call->text, &state) : fstatfs((int)arg(call, 0), &state);
    if (result < 0)
        return fail(call, errno);
    uint64_t fields[] = { (uint64_t)state.f_type, (uint64_t)state.f_bsize, state.f_blocks, state.f_bfree,
                          state.f_files, state.f_ffree };
    memcpy(call->out, fields, sizeof fields);
    call->out_size = sizeof fields;
    call->value = (int64_t)state.f_type;
}

void op_sync(struct call *call)
{
    (void)call;
    sync();
}

void op_memfd(struct call *call)
{
    returned(call, memfd_create(call->text, (unsigned)arg(call, 0)));
}

/* Text: path. The names in the directory, a zero behind each; value is how many. */
void op_list(struct call *call)
{
    DIR *directory = opendir(call->text);
    struct dirent *entry;
    if (!directory)
        return fail(call, errno);
    while ((entry = readdir(directory))) {
        size_t size = strlen(entry->d_name) + 1;
        if (entry->d_name[0] == '.' || call->out_size + size > call->out_limit)
            continue;
        memcpy(call->out + call->out_size, entry->d_name, size);
        call->out_size += size;
        call->value++;
    }
    closedir(directory);
}

/* Text: directory. Makes (1), looks up (0) or removes (-1) `count` empty files in it: f0, f1, … Value is how many it made,
 * found or removed; a name that is looked up need not be there. */
void op_populate_dir(struct call *call)
{
    char path[512];
    for (int64_t i = 0; i < arg(call, 0); i++) {
        struct stat state;
        snprintf(path, sizeof path, "%s/f%lld", call->text, (long long)i);
        int result = arg(call, 1) < 0 ? unlink(path) : arg(call, 1) ? mknod(path, S_IFREG | 0644, 0)
                                                                   : stat(path, &state);
        if (result < 0 && (arg(call, 1) || errno != ENOENT))
            return fail(call, errno);
        call->value += result == 0;
    }
}

/* Text: path. uid, gid, mode. */
void op_chown(struct call *call)
{
    if (chown(call->text, (uid_t)arg(call, 0), (gid_t)arg(call, 1)) < 0)
        return fail(call, errno);
    returned(call, chmod(call->text, (mode_t)arg(call, 2)));
}

/* Text: source, zero, target. A new executable file with the source's content; value is its size in bytes. */
void op_copy(struct call *call)
{
    int from = open(call->text, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fail(call, errno);
    int to = open(second(call), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    ssize_t got = -1;
    while (to >= 0 && (got = read(from, block, sizeof block)) > 0) {
        if (write_all(to, block, (size_t)got) < 0)
            break;
        call->value += got;
    }
    if (got)
        fail(call, errno);
    if (to >= 0)
        close(to);
    close(from);
}

/* fd, blocks: the reply's text is, for each of the file's first blocks, the device's block that it lies in (0: a hole). */
void op_fibmap(struct call *call)
{
    uint64_t *places = (uint64_t *)call->out;
    if ((size_t)arg(call, 1) * 8 > call->out_limit)
        return fail(call, E2BIG);
    for (int64_t i = 0; i < arg(call, 1); i++) {
        int number = (int)i;
        if (ioctl((int)arg(call, 0), FIBMAP, &number) < 0)
            return fail(call, errno);
        places[i] = (uint64_t)number;
        call->value = i + 1;
    }
    call->out_size = (size_t)call->value * 8;
}
