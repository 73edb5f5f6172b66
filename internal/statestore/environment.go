// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"os"
	"slices"
	"strings"
)

// The variables that hand the helper below what git is to answer with.
const (
	usernameVariable = "KRATIX_STORE_USERNAME"
	passwordVariable = "KRATIX_STORE_PASSWORD"
)

// helper is a credential helper in git's own notation: a shell's function that
// gives what stands in its environment, and keeps nothing.
const helper = `!f() { test "$1" != get || printf 'username=%s\npassword=%s\n' "$` + usernameVariable + `" "$` + passwordVariable + `"; }; f`

// environment is what every git process here gets: this process' own, less
// what would lead git elsewhere or make it talk. Nothing may ask questions.
func (r *repository) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return !r.passes(name)
	})
	env = append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS_REQUIRE=never")
	if !r.access.own {
		env = append(env, "HOME="+r.dir.Path, "GIT_CONFIG_GLOBAL="+os.DevNull)
	}
	return env
}

// passes tells which variables git may see.
func (r *repository) passes(name string) bool {
	switch {
	case name == "SSH_ASKPASS", name == "LANGUAGE", strings.HasPrefix(name, "LC_"):
		return false
	case r.tunnel != nil && strings.HasSuffix(strings.ToLower(name), "_proxy"):
		return false // above all no_proxy, by which git would not use the tunnel
	case name == "HOME", name == "XDG_CONFIG_HOME":
		return r.access.own
	case !strings.HasPrefix(name, "GIT_"), strings.HasPrefix(name, "GIT_SSL_CA"), name == "GIT_EXEC_PATH":
		return true
	}
	return r.access.own && (strings.HasPrefix(name, "GIT_SS") || strings.HasPrefix(name, "GIT_CONFIG") || strings.HasPrefix(name, "GIT_PROXY"))
}

// fetchEnvironment is what git gets in addition where it fetches.
func (r *repository) fetchEnvironment() []string {
	env := []string{"GIT_ALLOW_PROTOCOL=" + r.access.protocols}
	if r.access.unasked() {
		env = append(env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader", "GIT_CONFIG_VALUE_0="+r.access.header())
	}
	if r.access.asked() {
		env = append(env, usernameVariable+"="+r.access.username, passwordVariable+"="+r.access.password)
	}
	if r.caFile != "" {
		env = append(env, "GIT_SSL_CAINFO="+r.caFile)
	}
	if command := r.sshCommand(); command != "" {
		env = append(env, "GIT_SSH_COMMAND="+command, "GIT_SSH_VARIANT=ssh")
	}
	return env
}

// sshCommand is what git runs as ssh; nothing where the user's ssh will do.
func (r *repository) sshCommand() string {
	words := []string{"ssh"}
	if r.access.files != nil {
		words = append(words, "-F", os.DevNull, "-i", r.path(keyFile), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
			"-o", "UserKnownHostsFile="+sshQuoted(r.path(knownHostsFile)), "-o", "GlobalKnownHostsFile="+os.DevNull,
			"-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30")
	}
	if r.tunnel != nil && !isHTTPS(r.access.url) {
		words = append(words, r.throughTunnel()...)
	}
	if len(words) == 1 {
		return ""
	}
	for i, word := range words {
		words[i] = shellQuoted(word)
	}
	return strings.Join(words, " ")
}

// throughTunnel leads ssh to the tunnel, and lets it look for the host's own
// name among the known hosts.
func (r *repository) throughTunnel() []string {
	host, port := split(r.tunnel.local())
	name, at := split(r.access.address)
	if at != "22" {
		name = "[" + name + "]:" + at
	}
	return []string{"-o", "HostName=" + host, "-o", "Port=" + port, "-o", "HostKeyAlias=" + name, "-o", "ProxyCommand=none"}
}

// shellQuoted is a word for the shell that git hands its command to.
func shellQuoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// sshQuoted is a file for ssh, which takes a list of them.
func sshQuoted(path string) string { return `"` + path + `"` }

// configuration is the part of fetch.git's configuration that is ours. It is a
// file and no list of arguments, so that nobody reads it, and every git knows
// files.
func (r *repository) configuration() string {
	var c config
	c.set("remote", "origin", "url", r.access.url)
	c.set("core", "", "hooksPath", os.DevNull)
	c.set("gc", "", "auto", "0")
	c.set("maintenance", "", "auto", "false")
	if !r.access.own {
		c.set("credential", "", "helper", "") // forgets those of the machine
	}
	if r.access.unasked() {
		c.set("http", "", "followRedirects", "false") // or the header would follow too
	}
	if r.access.asked() {
		https, host, _ := authority(r.access.url)
		c.set("credential", https+host, "helper", helper)
	}
	if r.insecure {
		c.set("http", "", "sslVerify", "false")
	}
	if r.tunnel != nil && isHTTPS(r.access.url) {
		c.set("http", "", "proxy", r.tunnel.proxyURL())
		c.set("http", "", "proxyAuthMethod", "basic")
	}
	return c.String()
}

// A config is text as git's configuration files have it.
type config struct{ strings.Builder }

func (c *config) set(section, subsection, key, value string) {
	c.WriteString("[" + section)
	if subsection != "" {
		c.WriteString(" " + configQuoted(subsection))
	}
	c.WriteString("]\n\t" + key + " = " + configQuoted(value) + "\n")
}

func configQuoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}
