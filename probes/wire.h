/* What Python, the agent and the probes say to each other.
 *
 * Declarations only: the compiler and cffi both read this text. All numbers are little endian, all
 * structures have a multiple of eight bytes and no padding, a frame is a structure and `text` bytes.
 */

/* Longest text of a frame, in bytes: a sample of some 60 files of 15 KiB. */
#define TEXT_LIMIT 1048576

/* Targets: 0 is the agent, 1 its hand (carries out operations outside any sandbox), the rest probes. */
#define TARGET_AGENT 0
#define TARGET_HAND 1
#define TARGET_FIRST_PROBE 2
#define TARGET_LIMIT 64

struct request {
    uint32_t text;         /* bytes that follow */
    uint16_t operation;    /* enum operation */
    uint16_t target;
    uint32_t sequence;     /* the reply carries it back */
    uint32_t reserved;
    int64_t argument[6];
};

struct reply {
    uint32_t text;         /* bytes that follow */
    uint16_t kind;         /* enum kind */
    uint16_t target;
    uint32_t sequence;     /* of the request; of the interrupted one in a KIND_EXIT, or 0 */
    int32_t error;         /* errno, 0 if it succeeded; value is only set then */
    int64_t value;
    uint64_t began;        /* CLOCK_MONOTONIC, ns */
    uint64_t nanoseconds;  /* elapsed */
    uint64_t minor_faults; /* of the process (RUSAGE_SELF) during the operation */
    uint64_t major_faults;
};

enum kind {
    KIND_REPLY = 1,
    KIND_SAMPLE = 2,       /* of a series: unasked */
    KIND_EXIT = 3          /* a target ended: value is its wait status, -1 if only its channel closed */
};

/* Part of a sample: `size` bytes of the watched file follow, padded to eight. */
struct section {
    uint32_t watch;        /* the number that WATCH gave it */
    int32_t error;         /* errno of the read; ESRCH once the process is gone */
    uint64_t size;
};

/* One page of a range, as PAGES returns it. */
struct page {
    uint64_t pagemap;      /* Documentation/admin-guide/mm/pagemap.rst */
    uint64_t flags;        /* /proc/kpageflags of its frame (and of its head's), 0 if it has none */
    uint64_t mapped;       /* /proc/kpagecount of its frame, 0 if it has none */
};

/* One system call of a traced probe. */
struct syscall {
    int64_t number;
    uint64_t argument[6];
    int64_t result;
    uint64_t sequence;     /* of the request during which it was made */
};

/* What a probe's memory is filled with: see pattern.c. */
enum access { ACCESS_READ = 0, ACCESS_WRITE = 1 };

/* Sets that a watched file belongs to. */
enum watch_set { WATCH_NAMED = 1, WATCH_SERIES = 2 };

enum trace { TRACE_STOP = 0, TRACE_START = 1 };

/* How a probe is started. HELD: stopped at its exec, before its first instruction, until RELEASE or TRACE. */
enum spawn { SPAWN_FREE = 0, SPAWN_HELD = 1 };

/* How a program is run: fork copies the caller's mappings first, vfork lends them to the child until its exec. */
enum run { RUN_FORK = 0, RUN_VFORK = 1 };

enum operation {
    OP_NONE = 0,
    /* The agent's own (target 0). */
    OP_HELLO, OP_SPAWN, OP_SIGNAL, OP_WATCH, OP_UNWATCH, OP_SAMPLE, OP_SERIES, OP_PAGES, OP_TRACE,
    OP_RELEASE, OP_POWER_OFF,
    /* heap.c */
    OP_MALLOC, OP_CALLOC, OP_REALLOC, OP_FREE, OP_MALLOC_TRIM, OP_MALLOPT, OP_BRK, OP_SBRK, OP_MALLOC_MANY,
    OP_FREE_MANY,
    /* mapping.c */
    OP_MMAP, OP_MUNMAP, OP_MPROTECT, OP_MADVISE, OP_MREMAP, OP_MSYNC, OP_MINCORE, OP_TOUCH, OP_FILL, OP_CHECK,
    OP_PEEK, OP_POKE, OP_MMAP_MANY,
    /* file.c */
    OP_OPEN, OP_CLOSE, OP_READ, OP_WRITE, OP_CHECK_FILE, OP_SLURP, OP_PUT, OP_FSYNC, OP_FADVISE, OP_FTRUNCATE,
    OP_FALLOCATE, OP_UNLINK, OP_MKDIR, OP_RMDIR, OP_STAT, OP_STATFS, OP_SYNC, OP_MEMFD, OP_LIST, OP_POPULATE_DIR,
    OP_CHOWN, OP_COPY, OP_FIBMAP, OP_SYNC_RANGE,
    /* shm.c */
    OP_SHMGET, OP_SHMAT, OP_SHMDT, OP_SHMCTL, OP_SHM_OPEN, OP_SHM_UNLINK,
    /* ipc.c */
    OP_MQ_OPEN, OP_MQ_SEND, OP_MQ_RECEIVE, OP_MQ_UNLINK, OP_MSGGET, OP_MSGSND, OP_MSGRCV, OP_MSGCTL, OP_SEMGET,
    OP_SEMOP, OP_SEMCTL, OP_SEM_OPEN, OP_SEM_POST, OP_SEM_TRYWAIT, OP_SEM_GETVALUE, OP_SEM_CLOSE, OP_SEM_UNLINK,
    /* lock.c */
    OP_MLOCK, OP_MLOCK2, OP_MUNLOCK, OP_MLOCKALL, OP_MUNLOCKALL,
    /* process.c */
    OP_PID, OP_FORK, OP_FORK_IDLE, OP_WAIT, OP_KILL, OP_EXIT, OP_RUN, OP_SPIN, OP_SLEEP, OP_NICE, OP_SETUID,
    OP_RLIMIT, OP_THREADS, OP_MBIND, OP_LATENCY,
    /* system.c */
    OP_MOUNT, OP_UMOUNT, OP_SWAPON, OP_SWAPOFF, OP_SET_CLOCK, OP_RESEED, OP_INSMOD,
    /* segments.c */
    OP_SEGMENTS,
    /* yardstick.c */
    OP_READ_ROUNDS,
    OP_LIMIT
};
