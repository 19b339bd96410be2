package heartbeat

// What the simulation does only where the protocol holds against it.
const (
	damageStretches   = true // a record's interval becomes a longer one
	takeoverOvertaken = true // the answer to a hint is acted upon although a view under way shows a later term
	oneCallHangs      = true // one request hangs during a handover, a stop or a crash
)
