package pid1

// GuardName is what the kernel calls a guard, whose last words are waited for.
const GuardName = "work-guard"
