package sqlitefile

import (
	"bytes"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
)

// The file for notices says what changed, so that a program with many watches reads only
// the states that may be other ones. It is a table of slots. Whoever commits overwrites the
// slots of what it announces with something else, and whoever watches compares the table
// with the one that it read before. Slot 0 stands for everything. A version that does not
// know of the table writes a line break into its first byte.
const (
	slotSize = 8
	slots    = 512
)

// slotOf returns the slot of a topic. All versions have to agree on it.
func slotOf(topic string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(topic))
	return 1 + int(h.Sum32()%(slots-1))
}

// mark overwrites the slots of topics; without any, that of everything. The first byte is
// never left as a version without the table writes it.
func mark(file *os.File, topics []string) error {
	number := map[int]bool{}
	for _, topic := range topics {
		number[slotOf(topic)] = true
	}
	first := make([]byte, 1)
	if _, err := file.ReadAt(first, 0); err != nil || first[0] < 0x80 {
		number[0] = true // what it announced, if anything, is announced by this
	}
	if len(topics) == 0 {
		number[0] = true
	}
	for n := range number {
		value := make([]byte, slotSize)
		for i := range value {
			value[i] = 0x80 | byte(rand.N(0x80))
		}
		if _, err := file.WriteAt(value, int64(n)*slotSize); err != nil {
			return err
		}
	}
	return nil
}

// table is what the file for notices had in it when it was read last; nil: it was not read.
type table []byte

// readTable reads the table.
func readTable(path string) (table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t := make(table, slots*slotSize)
	n, err := file.ReadAt(t, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return t[:n], nil
}

// changed returns a function that says whether what a topic stands for may have changed
// since an earlier table.
func (t table) changed(before table) func(topic string) bool {
	if before == nil || len(t) < len(before) || !bytes.Equal(t.slot(0), before.slot(0)) || len(t) == 0 || t[0] < 0x80 {
		return func(string) bool { return true }
	}
	return func(topic string) bool {
		n := slotOf(topic)
		return !bytes.Equal(t.slot(n), before.slot(n))
	}
}

// slot returns what is in a slot. A part that was never written is missing or zero.
func (t table) slot(n int) []byte {
	s := make([]byte, slotSize)
	if from := n * slotSize; from < len(t) {
		copy(s, t[from:])
	}
	return s
}
