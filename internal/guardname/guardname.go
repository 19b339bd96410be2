// Package guardname holds the name of the guard, the process that ends a command
// when its lease ends (package worker/internal/guard). A guard is started with it as
// argv[0], and gives it to the kernel as its comm, so that ps and /proc/PID/comm
// show it. The init of a container (package pid1) recognises a guard by it.
package guardname

// Name differs from the product's name, so that pkill, killall and pidof do not
// end a guard together with Understudy. The kernel cuts a comm off after 15 bytes.
const Name = "work-guard"

// Init is the comm of the init of a command's PID namespace. Its argv[0] is Name.
const Init = "work-init"
