// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"bufio"
	"bytes"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine/kubelet"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// userOf gives who the program is, by name or number: as a kubelet, it asks
// for the user only, so that a group in the image's USER counts for nothing.
func userOf(config v1.Config, security workflow.Security) (string, error) {
	user, _, _ := strings.Cut(config.User, ":")
	if err := kubelet.CheckNonRoot(user, security); err != nil {
		return "", err
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
