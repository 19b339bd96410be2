package guard

import (
	"runtime"
	"sync"
)

// leftoversThreads is more than the number of threads that are busy in a process while
// killLeftovers runs.
const leftoversThreads = 6

// reserveThreads makes n threads, which the runtime then keeps idle. When the limit
// of processes is reached, as by the dead that killLeftovers has not reaped yet, no
// thread can be made any more, and Go would abort.
func reserveThreads(n int) {
	var have, gone sync.WaitGroup
	leave := make(chan struct{})
	have.Add(n)
	for range n {
		gone.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			have.Done()
			<-leave
		})
	}
	have.Wait()
	close(leave)
	gone.Wait()
}
