package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/jobs/store"
)

// NewRun returns the document of a run, for a benchmark that inserts many.
func NewRun(r store.Run) bson.D { return newRun(r) }
