package heartbeat

// What the simulation does only once the protocol holds against it.
const (
	damageInMixedGroups = false
	damageShortens      = false // a record's T becomes a shorter one
	damageStretches     = false // a record's interval becomes a longer one
	termsGoBack         = false // older dumps are restored, terms are deleted
)
