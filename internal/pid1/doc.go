// Package pid1 is the init of a container whose entry point is this program.
//
// The first process of a PID namespace is special. The kernel ignores a SIGKILL
// that it sends to itself, so no timer can end it. Signals that it does not handle
// have no effect. Every orphan becomes its child. When it exits, the kernel kills
// all others, also a guard that has not ended its command in order yet. So this
// program runs itself as a child, and the first process does only what an init
// must: it forwards signals, reaps, and exits last, with the child's exit code.
//
// There is no shell that could resume the program when it was stopped, so init does:
// at once after Ctrl-Z on a terminal, and otherwise after a SIGCONT to init or an
// order to stop, which a stopped program does not handle.
//
// Init is also a third watcher, besides the program and its guard. When the program
// was killed and no guard is left, or when a guard was killed while the program is
// stopped or gone, nobody else can end what they left: init kills everybody at once.
//
// It does not wait for the others without a limit. The orphans of a process that
// entered the container from outside (docker exec) become its children too, and may
// live for ever. Once the program has ended, init waits for guards as long as there are
// any, which may carry out its last will, and ten seconds for other processes. Another
// SIGTERM, SIGINT or SIGQUIT ends the wait at once.
package pid1
