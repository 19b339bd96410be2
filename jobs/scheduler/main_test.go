package scheduler_test

import (
	"os"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }
