package heartbeat

var kinds = [...]kind{kindRegister, kindBeat, kindUnregister, kindView, kindDeleteOrphan, kindBeginTerm, kindEndTerm, kindCandidate, kindClaimant, kindSilent, kindMark}
