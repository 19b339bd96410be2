package systemd

import (
	"os"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

func TestMain(m *testing.M) { os.Exit(part.Main(m)) }
