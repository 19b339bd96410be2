package sqlitefile

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// networkKind names the kind of network path. It is empty for a local path.
func networkKind(path string) (string, error) {
	volume := filepath.FromSlash(filepath.VolumeName(path))
	if strings.HasPrefix(volume, `\\`) && !strings.HasPrefix(volume, `\\?\`) && !strings.HasPrefix(volume, `\\.\`) ||
		strings.HasPrefix(strings.ToUpper(volume), `\\?\UNC`) {
		return "UNC path", nil
	}
	root, err := windows.UTF16PtrFromString(volume + `\`)
	if err != nil {
		return "", err
	}
	if windows.GetDriveType(root) == windows.DRIVE_REMOTE {
		return "network drive", nil
	}
	return "", nil
}
