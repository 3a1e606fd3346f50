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

// Unpin is called when everything that the host has written is held by Go values.
func Unpin() { handed.Unpin() }

//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	memory := Allocate(&handed, size, align)
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(memory), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return memory
}
