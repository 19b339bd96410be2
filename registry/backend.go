package registry

// Backend is all that a registry offers: the contract by which instances elect
// ([Registry]), and what people need besides ([Admin]). A backend asserts that it has
// all of it where it is compiled:
//
//	var _ registry.Backend = (*Registry)(nil)
//
// To write another backend, copy registry/sqlite, whose doc.go lists the files in the order
// in which to read them, and make it pass the suite in registry/registrytest.
type Backend interface {
	Registry
	Admin
}
