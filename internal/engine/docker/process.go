package docker

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// arguments gives the program and its arguments, as Kubernetes defines them:
// a command replaces entrypoint and cmd of the image, args only its cmd.
func arguments(config v1.Config, c workflow.Container) ([]string, error) {
	entrypoint, cmd := config.Entrypoint, config.Cmd
	if len(c.Command) > 0 {
		entrypoint, cmd = c.Command, nil
	}
	if len(c.Args) > 0 {
		cmd = c.Args
	}
	args := slices.Concat(entrypoint, cmd)
	if len(args) == 0 {
		return nil, diag.Hint(diag.Inputf("no command: image %s has neither entrypoint nor cmd", c.Image),
			"set command in the Pipeline, or ENTRYPOINT in the image")
	}
	return args, nil
}

// environment gives the variables of the image, then those of the container. A
// name keeps its first place and has its last value. All of them are given to
// the daemon: left to itself it puts the image's last.
func environment(config v1.Config, c workflow.Container) []string {
	var env []string
	at := map[string]int{}
	set := func(name, value string) {
		i, ok := at[name]
		if !ok {
			i = len(env)
			at[name], env = i, append(env, "")
		}
		env[i] = name + "=" + value
	}
	for _, e := range config.Env {
		if name, value, ok := strings.Cut(e, "="); ok {
			set(name, value)
		}
	}
	for _, e := range c.Env {
		set(e.Name, e.Value)
	}
	return env
}

// userOf gives who the program is, by name or number: as a kubelet, it asks
// for the user only, so that a group in the image's USER counts for nothing.
func userOf(config v1.Config, security workflow.Security) (string, error) {
	user, _, _ := strings.Cut(config.User, ":")
	if err := checkNonRoot(user, security); err != nil {
		return "", diag.Input(err)
	}
	if security.RunAsUser != nil {
		user = strconv.FormatInt(*security.RunAsUser, 10)
	}
	if uid, err := strconv.Atoi(user); err == nil && (uid < 0 || uid > 1<<31-1) {
		return "", diag.Inputf("user %s: not between 0 and %d", user, 1<<31-1)
	}
	if user == "" {
		return "0", nil
	}
	return user, nil
}

// checkNonRoot refuses what a kubelet refuses, in its words.
func checkNonRoot(imageUser string, security workflow.Security) error {
	if !security.RunAsNonRoot {
		return nil
	}
	if security.RunAsUser != nil {
		if *security.RunAsUser == 0 {
			return errors.New("container's runAsUser breaks non-root policy")
		}
		return nil
	}
	uid, err := strconv.Atoi(imageUser)
	switch {
	case imageUser == "" || err == nil && uid == 0:
		return errors.New("container has runAsNonRoot and image will run as root")
	case err != nil:
		return fmt.Errorf("container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root", imageUser)
	}
	return nil
}

// supplementary lists the groups that have the user as a member. A daemon finds
// them by itself, unless it is told the primary group.
func supplementary(user string, passwd, group []byte) []string {
	for _, e := range entries(passwd, 4) {
		if e[2] == user {
			user = e[0]
			break
		}
	}
	var groups []string
	for _, e := range entries(group, 4) {
		if slices.Contains(strings.Split(e[3], ","), user) {
			groups = append(groups, e[2])
		}
	}
	return groups
}

// entries gives the lines with at least n fields of a file of lines with
// colons.
func entries(data []byte, n int) [][]string {
	var list [][]string
	for scanner := bufio.NewScanner(bytes.NewReader(data)); scanner.Scan(); {
		if fields := strings.Split(strings.TrimSpace(scanner.Text()), ":"); len(fields) >= n {
			list = append(list, fields)
		}
	}
	return list
}
