package heartbeat

var kinds = [...]kind{callRegister, callBeat, callUnregister, callView, callDeleteOrphan, callBeginTerm, callEndTerm, callCandidate, callClaimant, callSilent}
