package registry

// Backend is all that a registry offers: the contract by which instances elect
// ([Registry]), and what people need besides ([Admin]). The packages
// registry/mongodb and registry/sqlite implement it. A new backend passes the
// tests of registry/registrytest, and asserts the interface where it is compiled:
//
//	var _ registry.Backend = (*Registry)(nil)
type Backend interface {
	Registry
	Admin
}
