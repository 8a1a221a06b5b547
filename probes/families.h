/* The operations, family by family: the file that a name stands in, as in wire.h. */
#ifndef FAMILIES_H
#define FAMILIES_H
#include "operation.h"

/* heap.c */
operation op_malloc, op_calloc, op_realloc, op_free, op_malloc_trim, op_mallopt, op_brk, op_sbrk,
    op_malloc_many, op_free_many;
/* mapping.c */
operation op_mmap, op_munmap, op_mprotect, op_madvise, op_mremap, op_msync, op_mincore, op_touch, op_fill,
    op_check, op_peek, op_poke, op_mmap_many;
/* file.c */
operation op_open, op_close, op_read, op_write, op_check_file, op_slurp, op_put, op_fsync, op_fadvise,
    op_ftruncate, op_fallocate, op_unlink, op_mkdir, op_rmdir, op_stat, op_statfs, op_sync, op_memfd,
    op_list, op_populate_dir, op_chown, op_copy, op_fibmap, op_sync_range;
/* shm.c */
operation op_shmget, op_shmat, op_shmdt, op_shmctl, op_shm_open, op_shm_unlink;
/* ipc.c */
operation op_mq_open, op_mq_send, op_mq_receive, op_mq_unlink, op_msgget, op_msgsnd, op_msgrcv, op_msgctl,
    op_semget, op_semop, op_semctl, op_sem_open, op_sem_post, op_sem_trywait, op_sem_getvalue, op_sem_close,
    op_sem_unlink;
/* lock.c */
operation op_mlock, op_mlock2, op_munlock, op_mlockall, op_munlockall;
/* process.c */
operation op_pid, op_fork, op_fork_idle, op_wait, op_kill, op_exit, op_run, op_spin, op_sleep, op_nice,
    op_setuid, op_rlimit, op_threads, op_mbind, op_latency;
/* system.c */
operation op_mount, op_umount, op_swapon, op_swapoff, op_set_clock, op_reseed, op_insmod;
/* segments.c */
operation op_segments;
/* yardstick.c */
operation op_read_rounds;

#endif
