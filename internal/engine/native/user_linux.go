// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine/kubelet"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// identity is who a container's program is.
type identity struct {
	uid, gid int
	groups   []int // with gid
	home     string
}

// resolveUser finds who the program is, as a kubelet and containerd do: the
// image's USER or runAsUser says the user, /etc/passwd of the image its group
// and home, /etc/group its other groups. A group in the image's USER counts
// for nothing in Kubernetes, which asks a runtime for the user only.
func resolveUser(imageUser string, security workflow.Security, layers []string) (identity, error) {
	spec, _, _ := strings.Cut(imageUser, ":")
	if err := kubelet.CheckNonRoot(spec, security); err != nil {
		return identity{}, err
	}
	if security.RunAsUser != nil {
		spec = strconv.FormatInt(*security.RunAsUser, 10)
	}
	user, name, err := lookUpUser(spec, layers)
	if err != nil {
		return identity{}, err
	}
	if security.RunAsGroup != nil {
		user.gid = int(*security.RunAsGroup)
	}
	user.groups, err = lookUpGroups(name, user.gid, layers)
	return user, err
}

// lookUpUser finds a user by name or number. A number need not be in the
// image's /etc/passwd, a name must.
func lookUpUser(spec string, layers []string) (user identity, name string, err error) {
	uid, err := strconv.Atoi(spec)
	numeric := err == nil || spec == ""
	if numeric && (uid < 0 || uid > 1<<31-1) {
		return user, "", diag.Inputf("user %s: not between 0 and %d", spec, 1<<31-1)
	}
	entries, err := readEntries(layers, "etc/passwd", 6)
	if err != nil {
		return user, "", err
	}
	for _, e := range entries {
		entryUID, uidErr := strconv.Atoi(e[2])
		gid, gidErr := strconv.Atoi(e[3])
		if uidErr == nil && gidErr == nil && (numeric && entryUID == uid || !numeric && e[0] == spec) {
			return identity{uid: entryUID, gid: gid, home: e[5]}, e[0], nil
		}
	}
	if !numeric {
		return user, "", diag.Inputf("user %q is not in /etc/passwd of the image", spec)
	}
	return identity{uid: uid, home: "/"}, "", nil
}

// lookUpGroups lists gid and the groups that have the user as a member.
func lookUpGroups(name string, gid int, layers []string) ([]int, error) {
	groups := []int{gid}
	if name == "" {
		return groups, nil
	}
	entries, err := readEntries(layers, "etc/group", 4)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		id, err := strconv.Atoi(e[2])
		if err == nil && id >= 0 && id < lastID && slices.Contains(strings.Split(e[3], ","), name) && !slices.Contains(groups, id) {
			groups = append(groups, id)
		}
	}
	return groups, nil
}

// readEntries reads a file of lines with colons, leaving out lines with fewer
// than n fields.
func readEntries(layers []string, name string, n int) ([][]string, error) {
	data, err := readImageFile(layers, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("reading /%s of the image: %w", name, err))
	}
	var entries [][]string
	for scanner := bufio.NewScanner(bytes.NewReader(data)); scanner.Scan(); {
		if fields := strings.Split(strings.TrimSpace(scanner.Text()), ":"); len(fields) >= n {
			entries = append(entries, fields)
		}
	}
	return entries, nil
}
