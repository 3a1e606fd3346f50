// Package runtime keeps memory in place while the host reads or writes it.
package runtime

import (
	"runtime"
	"unsafe"
)

// What the host asked memory for and has not handed over yet.
var handed runtime.Pinner

// What is asked for without a size.
var nothing uint64

// Allocate gives zeroed memory that stays where it is until the pinner lets it go. The alignment is 8 at most, as
// everything of the contract's is.
func Allocate(pinner *runtime.Pinner, size, _ uintptr) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(&nothing)
	}
	memory := unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	pinner.Pin(memory)
	return memory
}

// Unpin is called at the beginning of a call, when everything that the host has written is held by Go values.
func Unpin() {
	handed.Unpin()
	var now uint64
	readClock(hostClock, 0, unsafe.Pointer(&now))
}

// The clock that sets the others by the host's. Between two calls they stand still but for a microsecond a reading:
// while the host writes, nothing may ask it for the time.
const hostClock = 1000

//go:wasmimport wasi_snapshot_preview1 clock_time_get
func readClock(clock uint32, precision uint64, at unsafe.Pointer) uint32

//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	memory := Allocate(&handed, size, align)
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(memory), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return memory
}
