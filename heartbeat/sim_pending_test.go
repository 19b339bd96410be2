package heartbeat

// What the simulation does only once the protocol holds against it.
const (
	damageStretches = false // a record's interval becomes a longer one
)
