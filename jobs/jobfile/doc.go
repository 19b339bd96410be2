// Package jobfile reads the jobs file: which jobs there are, when they are due, by which
// rules they run, and which command each of them is.
//
// [Parse] turns YAML into jobs, and reports all problems of a file at once, as [Problems]:
// each with its line and column, the line itself, and what would be right. keys.go has all
// keys of the file, their defaults and their meaning, document.go refuses what YAML allows
// and no jobs file needs, such as aliases, and syntax.go words the errors of YAML.
//
// The file is trusted less than code. Its size, its depth and the number of jobs are
// bounded. Values of env and on_finish may be secrets: they are never in a problem, and a
// line that is shown is cut off before them.
package jobfile
