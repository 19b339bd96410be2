package pid1

// Marker is the environment variable that the child finds set to "1". It is
// for this program alone: what it runs does not get it.
const Marker = "UNDERSTUDY_UNDER_INIT"

// GuardName is what the kernel calls a guard, whose last words are waited for.
const GuardName = "work-guard"
