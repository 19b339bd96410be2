package crontab

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/understudy-go/understudy/jobs"
)

// LocalZone returns the IANA name of the time zone of this machine, or "" if it cannot be
// found out.
func LocalZone() string {
	if tz, ok := os.LookupEnv("TZ"); ok {
		if tz == "" {
			return "UTC"
		}
		return known(strings.TrimPrefix(tz, ":"))
	}
	if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(filepath.ToSlash(target), "/zoneinfo/"); ok && known(name) != "" {
			return name
		}
	}
	if text, err := os.ReadFile("/etc/timezone"); err == nil && len(text) < 256 {
		return known(strings.TrimSpace(string(text)))
	}
	return ""
}

// known returns a name if it is that of a time zone, or else "".
func known(name string) string {
	if _, err := jobs.LoadZone(name); err != nil {
		return ""
	}
	return name
}
