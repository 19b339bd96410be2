package guard

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/lastwill"
)

// A run has a page of the ledger for each attempt whose end is not recorded: at first a
// record of what Understudy knows, and later, near the end of the page, one of how the
// command ended. That one is of the guard, which may serve other runs afterwards. A page
// gets to another run only after the guard has reported the end of this one, or is dead,
// so what a guard writes concerns the run of the page.
const (
	runPage     = 4096
	maxOpenRuns = 2048 // as a hole of the file, which takes no memory
	endAt       = runPage - 64
	endNumbers  = 5 // numbers of a record of an end
)

// runsAt returns where the pages of the runs begin, after an origin of n bytes.
func runsAt(n int) int64 {
	end := int64(maxSlots + recordHead + n)
	return (end + runPage - 1) / runPage * runPage
}

// keepRun writes down what is known of a run; nil erases the page. It does not touch what the
// guard may have written already. After an error nothing is written down.
func (l *ledger) keepRun(number int, r *lastwill.Run) error {
	if number >= maxOpenRuns {
		if r == nil {
			return nil
		}
		return fmt.Errorf("the last will has room for %d runs at a time", maxOpenRuns)
	}
	page := make([]byte, runPage)
	var failed error
	if r != nil {
		page = page[:endAt]
		data, err := json.Marshal(r)
		if most := endAt - recordHead; err == nil && len(data) > most {
			err = fmt.Errorf("the last will has room for %d bytes of a run: this one has %d", most, len(data))
		}
		if failed = err; err == nil {
			copy(page, record(data))
		}
	}
	return errors.Join(failed, l.write(page, l.runsAt+int64(number)*runPage))
}

// endOf returns where the guard writes how a run ended; 0: nowhere.
func (s slot) endOf(run int) int64 {
	if s.ledger == nil || run <= 0 || run > maxOpenRuns {
		return 0
	}
	return s.ledger.runsAt + int64(run-1)*runPage + endAt
}

// runEnded writes down how a run ended. It must be true that nothing is left of it: the
// kernel has said that this process has no child (ECHILD).
func (w *will) runEnded(at int64, e lastwill.RunEnd) {
	if w == nil || at == 0 {
		return
	}
	var data []byte
	for _, n := range [endNumbers]int64{int64(e.How), int64(e.Code), int64(e.Signal), int64(e.Left), int64(e.At)} {
		data = binary.LittleEndian.AppendUint64(data, uint64(n))
	}
	_, _ = unix.Pwrite(w.ledger, record(data), at)
}

// readRuns returns the runs whose ends are not recorded.
func readRuns(fd int) (list []lastwill.Run) {
	head, err := readAt(fd, maxSlots, recordHead)
	if err != nil || len(head) < recordHead {
		return nil
	}
	n := binary.LittleEndian.Uint32(head)
	if n == 0 || n > maxOrigin {
		return nil
	}
	for i := range int64(maxOpenRuns) {
		at := runsAt(int(n)) + i*runPage
		if head, err := readAt(fd, at, recordHead); err != nil || unused(head) {
			continue
		}
		page, err := readAt(fd, at, runPage)
		if err != nil || len(page) < runPage {
			continue
		}
		var r lastwill.Run
		if data := unrecord(page[:endAt]); data != nil && json.Unmarshal(data, &r) == nil {
			r.End = readEnd(page[endAt:])
			list = append(list, r)
		}
	}
	return list
}

// unused reports whether a record was never written, or erased.
func unused(head []byte) bool {
	return len(head) < recordHead || binary.LittleEndian.Uint64(head) == 0
}

// readEnd returns how a run ended; nil: nobody has written that down.
func readEnd(b []byte) *lastwill.RunEnd {
	data := unrecord(b)
	if len(data) != 8*endNumbers {
		return nil
	}
	var n [endNumbers]int64
	for i := range n {
		n[i] = int64(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return &lastwill.RunEnd{How: lastwill.How(n[0]), Code: int(n[1]), Signal: int(n[2]), Left: int(n[3]), At: time.Duration(n[4])}
}
