package sqlitefile

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// announced sets x in a commit that announces topics.
func announced(t *testing.T, f *File, n int64, topics ...string) {
	t.Helper()
	_, err := Commit(t.Context(), f, Durable, func(c *Conn) (struct{}, error) {
		for _, topic := range topics {
			c.Announce(topic)
		}
		_, err := c.Change(`INSERT INTO numbers VALUES (?, ?) ON CONFLICT DO UPDATE SET n = excluded.n`, "x", n)
		return struct{}{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// counting returns a state that is another one each time, and how often it was read.
func counting() (StateFunc, *atomic.Int64) {
	var n atomic.Int64
	return func(*Conn) (string, error) { return fmt.Sprint(n.Add(1)), nil }, &n
}

// A program with many watches reads the states of those alone that are concerned.
func TestWatch_ReadsTheStatesOfTheTopicsThatWereAnnounced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	f, other := open(t, path), open(t, path)
	announced(t, other, 1) // so that the table is there
	mineState, mineRead := counting()
	mine, err := f.Watch(t.Context(), "mine", mineState)
	if err != nil {
		t.Fatal(err)
	}
	theirsState, theirsRead := counting()
	theirs, err := f.Watch(t.Context(), "theirs", theirsState)
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(5) {
		announced(t, other, n, "mine")
		await(t, mine, "its topic")
	}
	if n := theirsRead.Load(); n != 0 {
		t.Errorf("the state of the other topic was read %d times", n)
	}
	announced(t, other, 7, "mine", "theirs")
	await(t, mine, "one of two topics")
	await(t, theirs, "one of two topics")
	before := mineRead.Load()
	announced(t, other, 8)
	await(t, mine, "no topic, which stands for all")
	await(t, theirs, "no topic, which stands for all")
	if mineRead.Load() == before {
		t.Error("its state was not read again")
	}
}

// A version that does not know of topics writes a line break.
func TestWatch_NoticeOfAnEarlierVersionConcernsAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	f := open(t, path)
	announced(t, f, 1, "mine")
	state, _ := counting()
	mine, err := f.Watch(t.Context(), "mine", state)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		file, err := os.OpenFile(f.NoticePath(), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = file.WriteAt([]byte("\n"), 0)
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		await(t, mine, fmt.Sprint("notice ", i))
	}
	announced(t, f, 2, "theirs") // the first byte is taken back, which wakes all once more
	await(t, mine, "the first notice of this version after that")
	for quiet := false; !quiet; {
		select {
		case <-mine:
		case <-time.After(100 * time.Millisecond):
			quiet = true
		}
	}
	announced(t, f, 3, "theirs")
	announced(t, f, 4, "mine")
	await(t, mine, "its topic")
}

func TestTable_TellsWhichTopicsChanged(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "notices"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	read := func() table {
		t.Helper()
		now, err := readTable(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	note := func(topics ...string) {
		t.Helper()
		if err := mark(file, topics); err != nil {
			t.Fatal(err)
		}
	}
	note("a")
	before := read()
	if c := before.changed(nil); !c("a") || !c("b") {
		t.Error("without an earlier table, something is no concern")
	}
	if c := read().changed(before); c("a") || c("b") {
		t.Error("nothing happened, and something is a concern")
	}
	note("a")
	if c := read().changed(before); !c("a") || c("b") {
		t.Errorf("a: %v, b: %v; want a alone", c("a"), c("b"))
	}
	before = read()
	note()
	if c := read().changed(before); !c("a") || !c("b") {
		t.Error("a notice without topics is not about all")
	}
	before = read()
	if err := file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if c := read().changed(before); !c("a") || !c("b") {
		t.Error("after the table was emptied, something is no concern")
	}
}
