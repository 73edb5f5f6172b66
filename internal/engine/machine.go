package engine

// A Machine is what this machine has that containers can use, in words.
type Machine struct {
	Platform       string `json:"platform"`
	UserNamespaces string `json:"userNamespaces"`
	Cgroups        string `json:"cgroups"`
}
