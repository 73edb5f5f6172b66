// SPDX-License-Identifier: Apache-2.0

package tfmodule

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
)

// target is what the module is called in the configuration that asks for it.
const target = "kratix_target"

// ask lets terraform or tofu get the module for a configuration that has
// nothing else.
func (s Source) ask(ctx context.Context, dir string) (string, error) {
	program, err := find()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf.json"), s.configuration(), 0o600); err != nil {
		return "", diag.Machine(err)
	}
	cmd := exec.CommandContext(ctx, program, "get", "-no-color")
	cmd.Env = append(os.Environ(), "TF_INPUT=0", "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_DATA_DIR=", "TF_CLI_ARGS=", "TF_CLI_ARGS_get=")
	// It also says no when it has the module and dislikes how it is called: not
	// all that the module requires is given to it.
	refused := run(cmd, dir)
	found, err := installed(dir)
	if err != nil && refused != nil {
		return "", refused
	}
	return found, err
}

// find gives the program that knows all sources.
func find() (string, error) {
	for _, name := range []string{"terraform", "tofu"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	err := diag.Machinef("a source of this form needs terraform or tofu, and there is neither on the PATH")
	return "", diag.Hint(err, byHand)
}

// configuration calls the module. In JSON no text needs quoting but that which
// would be a template.
func (s Source) configuration() []byte {
	literal := strings.NewReplacer("${", "$${", "%{", "%%{")
	module := map[string]string{"source": literal.Replace(s.Address)}
	if s.Version != "" {
		module["version"] = literal.Replace(s.Version)
	}
	data, err := json.Marshal(map[string]any{"module": map[string]any{target: module}})
	if err != nil {
		panic(err) // it is made of texts
	}
	return data
}

// installed tells where the module was put, as the program noted it.
func installed(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, ".terraform", "modules", "modules.json"))
	if err != nil {
		return "", diag.Machinef("the module was not installed: %w", err)
	}
	var manifest struct {
		Modules []struct{ Key, Dir string }
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return "", diag.Machinef("reading where the module was installed: %w", err)
	}
	for _, m := range manifest.Modules {
		if m.Key == target && filepath.IsLocal(filepath.FromSlash(m.Dir)) {
			return below(dir, m.Dir)
		}
	}
	return "", diag.Machinef("the module was not installed")
}
