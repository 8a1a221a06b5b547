/* A frame for callgrind, which counts while `counted` runs (--toggle-collect=counted), and so what is called back.
 * It must be called from compiled code: libffi jumps into what it calls, and callgrind sees no call there. */
__attribute__((noinline)) void counted(void (*work)(void))
{
    work();
    __asm__ volatile("");       /* no jump instead of a call: it would not come back to here */
}

void measured(void (*work)(void))
{
    counted(work);
    __asm__ volatile("");
}
