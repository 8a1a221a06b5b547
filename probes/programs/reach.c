/* How much address space a process can get: maps what is granted, of ever smaller pieces, up to 16 GiB, and prints
 * the pages that it then has (the first number of /proc/self/statm). Built for 32 and for 64 bits without a C
 * library: a compiler for x86-64 makes both, the 32-bit library need not be installed. */

#define CHUNK (1ul << 30)
#define PAGE 4096ul
#define MOST 16
/* PROT_NONE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE: addresses only, no memory is promised. */
#define FLAGS (0x02 | 0x20 | 0x4000)

#ifdef __i386__
enum { SYS_exit = 1, SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_mmap = 192 };   /* mmap2: offset in pages */
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

/* The sixth argument is in ebp, which the compiler may need: it is 0 at the start and here. */
static long map(unsigned long size)
{
    long result;
    __asm__ volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp" : "=a"(result)
                     : "a"(SYS_mmap), "b"(0), "c"(size), "d"(0), "S"(FLAGS), "D"(-1) : "memory");
    return result;
}
#else
enum { SYS_read = 0, SYS_write = 1, SYS_open = 2, SYS_mmap = 9, SYS_exit = 60 };
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static long map(unsigned long size)
{
    long result;
    register long flags __asm__("r10") = FLAGS, fd __asm__("r8") = -1, offset __asm__("r9") = 0;
    __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_mmap), "D"(0), "S"(size), "d"(0), "r"(flags), "r"(fd),
                     "r"(offset) : "rcx", "r11", "memory");
    return result;
}
#endif

/* The kernel's errors are -1 to -4095: what a 32-bit process gets at its upper end is no error though negative. */
static int granted(long result)
{
    return (unsigned long)result < -PAGE + 1;
}

void start(void)
{
    char text[128];
    int left = MOST;
    for (unsigned long size = CHUNK; size >= PAGE; size /= 2)
        while (left && granted(map(size)))
            left -= size == CHUNK;
    long fd = call(SYS_open, (long)"/proc/self/statm", 0, 0);
    long got = fd < 0 ? fd : call(SYS_read, fd, (long)text, sizeof text);
    if (got > 0)
        call(SYS_write, 1, (long)text, got);
    call(SYS_exit, got <= 0, 0, 0);
    __builtin_unreachable();
}
