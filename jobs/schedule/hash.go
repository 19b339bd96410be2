package schedule

import (
	"crypto/sha256"
	"encoding/binary"
)

// hashed returns the value from 0 to n-1 that H stands for: the first eight bytes of the
// SHA-256 of the seed, a zero byte and the field's name, as a big-endian number, modulo n.
// It must stay as it is: another value moves everybody's jobs.
func hashed(seed, field string, n int) int {
	sum := sha256.Sum256([]byte(seed + "\x00" + field))
	return int(binary.BigEndian.Uint64(sum[:8]) % uint64(n))
}
