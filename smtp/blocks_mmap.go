//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package smtp

import (
	"fmt"
	"syscall"
)

// allocateBlock maps memory of its own. It panics where there is none, as make does.
func allocateBlock() []byte {
	block, err := syscall.Mmap(-1, 0, blockSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("mapping memory for mail under way: %v", err))
	}
	return block
}

func freeBlock(block []byte) {
	if err := syscall.Munmap(block); err != nil {
		panic(fmt.Sprintf("unmapping memory of mail under way: %v", err)) // it was never mapped
	}
}
