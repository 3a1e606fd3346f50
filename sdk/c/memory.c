// Memory of a call: everything that is asked for stays until the call has ended and the host has read what came of
// it, and nothing has to be given back. It stands in place of the C library's.
//
// Every function of a plugin is pure, so nothing outlives a call. A plugin that keeps memory in a variable finds it
// overwritten in the next one.

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "json.h"

enum { ALIGNMENT = 16, PAGE = 65536 };

extern unsigned char __heap_base;
static uintptr_t next;
static bool ended;

void call_ended(void) { ended = true; }

// The size stands before each piece, for realloc.
void *malloc(size_t size) {
  if (next == 0 || ended) {
    next = (uintptr_t)&__heap_base;
    ended = false;
  }
  if (size > INT32_MAX) return NULL;
  uintptr_t piece = ((next + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1)) + ALIGNMENT;
  uintptr_t end = piece + size;
  uintptr_t have = __builtin_wasm_memory_size(0) * PAGE;
  if (end > have && __builtin_wasm_memory_grow(0, (end - have + PAGE - 1) / PAGE) == SIZE_MAX) return NULL;
  next = end;
  *(size_t *)(piece - ALIGNMENT) = size;
  return (void *)piece;
}

void free(void *piece) { (void)piece; }

void *calloc(size_t count, size_t size) {
  size_t bytes;
  void *piece = __builtin_mul_overflow(count, size, &bytes) ? NULL : malloc(bytes);
  return piece ? memset(piece, 0, bytes) : NULL;
}

void *realloc(void *old, size_t size) {
  size_t had = old ? *(size_t *)((uintptr_t)old - ALIGNMENT) : 0;
  if (old && size <= had) return old;
  // The last piece grows where it is; another one doubles, so that what is appended to is seldom moved.
  bool last = old && (uintptr_t)old + had == next;
  if (last) next = (uintptr_t)old - ALIGNMENT;
  void *piece = malloc(last || size > 2 * had ? size : 2 * had);
  if (piece && old && piece != old) memcpy(piece, old, had);
  return piece;
}
