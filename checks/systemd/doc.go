// Package systemd checks deploy/understudy@.service: by its text, in
// systemd-analyze, and under a systemd of its own.
package systemd
