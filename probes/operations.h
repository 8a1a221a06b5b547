/* Every operation, once. From these lists come the numbers on the wire (wire.h), the prototypes, and the tables of those
 * who carry them out. Python's end is harness/agent/operations.py.
 *
 * X(name) must put the name beside ## at once: many are names of functions too, which a header may make a macro. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

/* The agent's own (target 0): agent_NAME, in agent/. */
#define AGENT_OPERATIONS(X) \
    X(hello) X(spawn) X(signal) X(watch) X(unwatch) X(sample) X(series) X(pages) X(trace) X(release) X(power_off)

/* What a probe and the hand carry out: op_NAME, in operations/, in the file of its family. */
#define OPERATIONS(X) \
    /* heap.c */ \
    X(malloc) X(calloc) X(realloc) X(free) X(malloc_trim) X(mallopt) X(brk) X(sbrk) X(malloc_many) X(free_many) \
    X(malloc_on_thread) \
    /* mapping.c */ \
    X(mmap) X(munmap) X(mprotect) X(madvise) X(mremap) X(msync) X(mincore) X(touch) X(fill) X(check) X(peek) X(poke) \
    X(mmap_many) \
    /* file.c */ \
    X(open) X(close) X(read) X(write) X(check_file) X(slurp) X(put) X(fsync) X(fadvise) X(ftruncate) X(fallocate) \
    X(unlink) X(mkdir) X(rmdir) X(stat) X(statfs) X(sync) X(memfd) X(list) X(populate_dir) X(chown) X(copy) X(fibmap) \
    X(sync_range) \
    /* shm.c */ \
    X(shmget) X(shmat) X(shmdt) X(shmctl) X(shm_open) X(shm_unlink) \
    /* ipc.c */ \
    X(mq_open) X(mq_send) X(mq_receive) X(mq_unlink) X(msgget) X(msgsnd) X(msgrcv) X(msgctl) X(semget) X(semop) \
    X(semctl) X(sem_open) X(sem_post) X(sem_trywait) X(sem_getvalue) X(sem_close) X(sem_unlink) \
    /* lock.c */ \
    X(mlock) X(mlock2) X(munlock) X(mlockall) X(munlockall) \
    /* process.c */ \
    X(pid) X(fork) X(fork_idle) X(wait) X(kill) X(exit) X(run) X(spin) X(sleep) X(nice) X(setuid) X(rlimit) X(threads) \
    X(mbind) X(latency) X(prctl) X(unshare) X(clone_idle) X(iopl) \
    /* system.c */ \
    X(mount) X(umount) X(swapon) X(swapoff) X(set_clock) X(reseed) X(insmod) X(link_up) \
    /* stream.c */ \
    X(pipe) X(socketpair) X(tcp_pair) X(setsockopt) X(send) X(receive) X(poll) X(epoll_create) X(eventfd) X(fcntl) \
    X(ioctl) \
    /* fuse.c */ \
    X(fuse_serve) \
    /* special.c */ \
    X(memfd_secret) X(userfaultfd) X(io_uring_setup) X(io_uring_register) X(pidfd_open) X(process_madvise) \
    /* segments.c */ \
    X(segments) X(deep_call) \
    /* yardstick.c */ \
    X(read_rounds)

#endif
