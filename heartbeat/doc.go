// Package heartbeat
package heartbeat
