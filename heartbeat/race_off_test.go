//go:build !race

package heartbeat

const simulatedHours = 1000
