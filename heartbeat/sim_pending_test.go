package heartbeat

// What the simulation does only once the protocol holds against it.
const (
	damageStretches   = true // a record's interval becomes a longer one
	takeoverOvertaken = true // the answer to a hint is acted upon although a view under way shows a later term
	oneCallHangs      = true // one call hangs during a hand-over, a stop or a crash
)
