// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

// A bom is a software bill of materials, as CycloneDX 1.6 has it.
type bom struct {
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Serial       string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp,omitempty"`
	Component component `json:"component"`
}

type component struct {
	Ref        string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Licenses   []license  `json:"licenses,omitempty"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type license struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// writeSBOM writes what a program was built from, as the Go toolchain recorded
// it there, with the licences that the modules have.
func writeSBOM(ctx context.Context, program, file string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	modules, err := linkedModules(ctx)
	if err != nil {
		return err
	}
	sum, err := sha256Of(program)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(newBOM(info, sum, modules), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644) //nolint:gosec // for everybody
}

func sha256Of(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}

// newBOM describes a program with a sum. Its serial number comes from the sum
// and not from chance.
func newBOM(info *debug.BuildInfo, sum []byte, modules []module) bom {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	licenses := map[string][]license{info.Main.Path: spdx([]string{"Apache-2.0"})}
	for _, m := range modules {
		licenses[m.path] = spdx(m.licenses)
	}
	main := component{
		Ref: purl(&info.Main) + "?goos=" + settings["GOOS"] + "&goarch=" + settings["GOARCH"], Type: "application",
		Name: info.Main.Path, Version: info.Main.Version, Licenses: licenses[info.Main.Path],
		Hashes: []hash{{"SHA-256", hex.EncodeToString(sum)}},
		Properties: []property{
			{"vcs.revision", settings["vcs.revision"]}, {"vcs.modified", settings["vcs.modified"]},
		},
	}
	main.PURL = main.Ref
	std := debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}
	b := bom{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Serial: serial(sum),
		Metadata: metadata{Timestamp: settings["vcs.time"], Component: main},
	}
	needs := dependency{Ref: main.Ref}
	for _, dep := range append(info.Deps, &std) {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		c := component{
			Ref: purl(dep), Type: "library", Name: dep.Path, Version: dep.Version, PURL: purl(dep), Licenses: licenses[dep.Path],
		}
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(dep.Sum, "h1:")); err == nil && len(sum) == sha256.Size {
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
		}
		b.Components = append(b.Components, c)
		needs.DependsOn = append(needs.DependsOn, c.Ref)
	}
	b.Dependencies = []dependency{needs}
	return b
}

func spdx(ids []string) []license {
	licenses := make([]license, len(ids))
	for i, id := range ids {
		licenses[i].License.ID = id
	}
	return licenses
}

// purl names a module as package URLs do.
func purl(m *debug.Module) string {
	return "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(m.Version, "+", "%2B")
}

// serial makes a UUID, version 8, of a sum.
func serial(sum []byte) string {
	id := [16]byte(sum)
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
