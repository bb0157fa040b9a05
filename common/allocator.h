// How the C library's allocator gives memory back to the system.
#ifndef ANTEROOM_COMMON_ALLOCATOR_H_
#define ANTEROOM_COMMON_ALLOCATOR_H_

namespace anteroom {

// The process keeps a few MiB of what it has freed, each of the allocator's arenas for itself,
// instead of 128 KiB: bodies of that size come and go, and to give each one's pages back and have
// them zeroed again costs a server up to a tenth of its CPU time. An environment that says how
// (MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_, GLIBC_TUNABLES) is left its way. Holds for
// what is freed from then on; from any thread.
void KeepFreedMemory();

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_ALLOCATOR_H_
