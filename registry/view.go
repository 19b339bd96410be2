package registry

// View is a group as one read found it.
type View struct {
	Latest *Term     // the group's latest term; nil if the group never had one
	Holder *Instance // the record of that term's holder; nil if there is none, the term has ended, or that record was not asked for
	// Damage says what makes no sense in the holder's record; it is ErrCorrupt. Holder
	// then is what [Term.Remains] makes of the record. It is nil if the record is sound.
	Damage error
}

// Number returns the number of the latest term; 0 if the group never had one.
func (v View) Number() int64 {
	if v.Latest == nil {
		return 0
	}
	return v.Latest.Number
}
