package registry

// Backend is all that a registry offers: the contract by which instances elect
// ([Registry]), and what people need besides ([Admin]). A backend asserts that it has
// all of it where it is compiled:
//
//	var _ registry.Backend = (*Registry)(nil)
type Backend interface {
	Registry
	Admin
}
