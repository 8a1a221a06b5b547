/* What Python, the agent and the probes say to each other.
 *
 * Declarations only: the compiler and cffi both read this text, cffi after the preprocessor (numbers are enumerators, since
 * that leaves no #define). All numbers are little endian, all structures have a multiple of eight bytes and no padding, a
 * frame is a structure and `text` bytes. */
#ifndef WIRE_H
#define WIRE_H
#include "operations.h"

/* Longest text of a frame, in bytes: a sample of some 60 files of 15 KiB. */
enum { TEXT_LIMIT = 1048576 };

/* Targets: the agent, its hand (carries out operations outside any sandbox), then the probes. */
enum { TARGET_AGENT = 0, TARGET_HAND = 1, TARGET_FIRST_PROBE = 2, TARGET_LIMIT = 1024 };

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

/* How memory is touched. */
enum access { ACCESS_READ = 0, ACCESS_WRITE = 1 };

/* Sets that a watched file belongs to. */
enum watch_set { WATCH_NAMED = 1, WATCH_SERIES = 2 };

enum trace { TRACE_STOP = 0, TRACE_START = 1 };

/* How a probe is started. HELD: stopped at its exec, before its first instruction, until RELEASE or TRACE. */
enum spawn { SPAWN_FREE = 0, SPAWN_HELD = 1 };

/* How a program is run: fork copies the caller's mappings first, vfork lends them to the child until its exec. */
enum run { RUN_FORK = 0, RUN_VFORK = 1 };

/* OP_hello, OP_spawn, …: each name of operations.h. */
#define NUMBER(name) OP_##name,
enum operation {
    OP_NONE,
    AGENT_OPERATIONS(NUMBER)
    OPERATIONS(NUMBER)
    OP_LIMIT
};
#undef NUMBER

#endif
