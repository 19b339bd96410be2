package heartbeat

// bell is whether this instance listens to the bell.
//
// The machine writes it when it begins or ends to listen, and when a notice comes.
type bell struct {
	number int64  // of the present listening; 0: it does not listen
	count  int64  // how often it began to
	wakes  budget // views that notices cause
}

// begin begins to listen, and returns the number of that.
func (b *bell) begin() int64 {
	b.count++
	b.number = b.count
	return b.number
}

// end ends to listen.
func (b *bell) end() { b.number = 0 }

// listens reports whether this instance listens.
func (b *bell) listens() bool { return b.number > 0 }
