package guard

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOOMScoreOf_IsWorthMoreThanUnderstudyAndItsGuardUse(t *testing.T) {
	for _, tt := range []struct {
		memory uint64
		want   int
	}{
		{64 << 30, 1},
		{40 << 30, 1},
		{8 << 30, 5},
		{256 << 20, 157},
		{80 << 20, 500},
		{40 << 20, 1000},
		{1 << 20, 1000},
		{0, 1000},
	} {
		got := oomScoreOf(ourMemory, tt.memory)
		if got != tt.want {
			t.Errorf("of %d bytes: %d thousandths, want %d", tt.memory, got, tt.want)
		}
		if worth := uint64(got) * tt.memory / 1000; worth < ourMemory && got < maxOOMScore {
			t.Errorf("of %d bytes: worth %d, less than %d", tt.memory, worth, ourMemory)
		}
	}
}

func TestCgroupLimit_IsTheSmallestOfAllGroupsAbove(t *testing.T) {
	root := t.TempDir()
	for dir, text := range map[string]string{"": "max\n", "a": "300\n", "a/b": "1000\n", "a/c": "200\n"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, dir, "memory.max"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		group string
		want  uint64
	}{
		{"/a/b", 300},
		{"/a/c", 200},
		{"/a/only/on/the/host", 300},
		{"/../../a", 300}, // of another cgroup namespace
		{"/", 1<<64 - 1},
		{"", 1<<64 - 1},
	} {
		if got := cgroupLimit(root, tt.group, "memory.max"); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.group, got, tt.want)
		}
	}
}

func TestOOMScore_MemoryIsReadAgainOnlyAfterAWhile(t *testing.T) {
	o := openOOMScore()
	if o.fd < 0 {
		t.Skip("this process may not change its oom_score_adj")
	}
	defer unix.Close(o.fd)
	o.raise()()
	read := o.memory
	if read == 0 {
		t.Fatal("no memory was read")
	}
	o.memory = read + 1
	if o.raise()(); o.memory != read+1 {
		t.Error("the memory was read again at once")
	}
	o.readAt -= memoryLasts
	if o.raise()(); o.memory != read {
		t.Errorf("after %v the memory is still %d, want %d", memoryLasts, o.memory, read)
	}
}
