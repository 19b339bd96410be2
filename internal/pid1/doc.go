// Package pid1 is the init of a container whose entry point is this program.
//
// The first process of a PID namespace is special: the kernel ignores the
// SIGKILL that it sends itself, so that no timer can end it; signals without a
// handler do nothing; every orphan becomes its child; and when it exits, all
// others are killed, a guard with its last words unspoken included. So the
// program runs itself as a child, and the first process does nothing but what
// an init must: forward signals, reap, and exit last of all, with the child's
// exit code.
//
// No shell is there to resume a program that was stopped. So init does, after a
// terminal's Ctrl-Z at once, and else with a SIGCONT of its own or an order to
// stop, which the program would not hear otherwise.
//
// It is a third watcher, too. When the program was killed and no guard is left, or
// a guard was killed and the program is stopped or gone, nobody else is there to
// end what they left: init kills everybody at once.
//
// Last of all has a limit, for orphans of a process that was put into the
// container from outside (docker exec) become its children too and may live for
// ever. Once the program has ended by itself, a guard is waited for as long as it takes,
// anybody else for ten seconds, and nobody after another SIGTERM, SIGINT or SIGQUIT.
package pid1
