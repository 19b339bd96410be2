package finding

import "github.com/understudy-go/understudy/internal/openlimit"

// OpenCure returns what to do about an error of opening something, see
// [openlimit.Cure].
func OpenCure(err error, cure string) string { return openlimit.Cure(err, cure) }
