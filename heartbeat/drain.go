package heartbeat

// drain is the time in which the work may finish, before an orderly end of its term. The
// instance is active as before, and the work is not told to stop yet.
//
// The machine writes it when it is ordered to leave or to hand over, and when the work is
// drained, told to stop, or gone.
type drain struct {
	number int64 // of the latest drain; 0: there was none
	on     bool  // it goes on
	orders orders
}

// orders is what this instance does once its work is drained.
type orders struct {
	handover bool
	leave    bool
}

// any reports whether there is an order.
func (o orders) any() bool { return o.handover || o.leave }

// begin begins the next drain, and returns its number.
func (d *drain) begin() int64 {
	d.number, d.on = d.number+1, true
	return d.number
}

// thenHandOver takes the order to hand over after the drain.
func (d *drain) thenHandOver() { d.orders.handover = true }

// thenLeave takes the order to leave after the drain.
func (d *drain) thenLeave() { d.orders.leave = true }

// is reports whether the drain of that number goes on.
func (d *drain) is(number int64) bool { return d.on && d.number == number }

// end ends the drain, and returns what follows.
func (d *drain) end() orders {
	then := d.orders
	d.on, d.orders = false, orders{}
	return then
}
