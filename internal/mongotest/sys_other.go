//go:build !unix

package mongotest

import (
	"errors"
	"syscall"
)

const unix = false

func ownSession() *syscall.SysProcAttr { return nil }

func freeze(int) error { return errors.ErrUnsupported }
func thaw(int) error   { return errors.ErrUnsupported }

func lock(string) (func(), error) { return nil, errors.ErrUnsupported }
