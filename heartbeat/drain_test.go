package heartbeat

import "testing"

func TestDrain_EndsOnceWithItsOrders(t *testing.T) {
	var d drain
	if d.is(0) {
		t.Error("goes on before it has begun")
	}
	first := d.begin()
	d.thenLeave()
	d.thenHandOver()
	if !d.is(first) || d.is(first+1) || !d.on {
		t.Errorf("%+v", d)
	}
	if then := d.end(); then != both || !then.any() {
		t.Errorf("then %+v", then)
	}
	if d.is(first) || d.on {
		t.Error("goes on after its end")
	}
	if then := d.end(); then.any() {
		t.Errorf("ended again, then %+v", then)
	}
	if second := d.begin(); second == first || d.is(first) || d.orders.any() {
		t.Errorf("the next is %+v", d)
	}
}
