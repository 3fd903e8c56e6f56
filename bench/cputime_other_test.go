//go:build !unix

package bench

import (
	"testing"
	"time"
)

// cpuTime is known on Unix only.
func cpuTime(b *testing.B) time.Duration {
	b.Skip("what the process has used of the processors is not known here")
	return 0
}
