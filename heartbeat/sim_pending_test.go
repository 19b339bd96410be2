package heartbeat

// What the simulation does only once the protocol holds against it.
const (
	damageStretches   = false // a record's interval becomes a longer one
	takeoverOvertaken = false // the answer to a hint is acted upon although a view under way shows a later term
)
