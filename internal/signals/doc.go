// Package signals has what the program does about signals.
//
// SIGTERM, SIGINT, SIGQUIT and SIGHUP mean "stop". An instance obeys them by a
// [Handler]: the first one stops it in order, a later one ends its work at once.
// Other subcommands stop at the first one. SIGPIPE, which a process gets when nobody
// reads its output any more, ends nobody who writes a log, see [IgnorePipe].
package signals
