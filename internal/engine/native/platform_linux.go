// SPDX-License-Identifier: Apache-2.0

package native

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
)

// binfmtDir is where the kernel tells which programs it has others run.
const binfmtDir = "/proc/sys/fs/binfmt_misc"

// Emulates tells that containers for a platform, such as "linux/arm64", run here
// only with an emulator that the kernel knows of. The error says why they do
// not run at all. The empty platform is this machine's.
func Emulates(platform string) (bool, error) {
	os, architecture, _ := strings.Cut(cmp.Or(platform, image.DefaultPlatform()), "/")
	architecture, _, _ = strings.Cut(architecture, "/")
	if runs(os, architecture, binfmtDir) {
		return !runsItself(architecture), nil
	}
	return false, diag.Hint(diag.Machinef("no container for %s/%s runs here: this machine is linux/%s", os, architecture, runtime.GOARCH), emulator(os, architecture, "leave out --platform"))
}

// checkPlatform refuses what this machine's kernel cannot run, neither itself
// nor with an emulator that it knows of.
func checkPlatform(img *image.Image, binfmt string) error {
	const here = runtime.GOARCH
	if runs(img.OS, img.Architecture, binfmt) {
		return nil
	}
	return diag.Hint(
		diag.Machinef("image %s is for %s/%s, and this machine is linux/%s", img.Reference, img.OS, img.Architecture, here),
		emulator(img.OS, img.Architecture, "build the image for linux/"+here+" as well"))
}

func runs(os, architecture, binfmt string) bool {
	return isLinux(os) && (runsItself(architecture) || emulated(architecture, binfmt))
}

func isLinux(os string) bool { return os == "linux" || os == "" }

// emulator adds to some advice how to run a foreign architecture, if there is
// a way.
func emulator(os, architecture, advice string) string {
	if _, known := elfHeader(architecture); known && isLinux(os) {
		advice += ", or install qemu-user-static, with which the kernel runs linux/" + architecture + " too"
	}
	return advice
}

func runsItself(architecture string) bool {
	switch architecture {
	case "", runtime.GOARCH:
		return true
	case "386":
		return runtime.GOARCH == "amd64"
	case "arm":
		return runtime.GOARCH == "arm64"
	default:
		return false
	}
}

// emulated tells that programs of an architecture are run by an emulator which
// the kernel has opened beforehand: a container has none.
func emulated(architecture, binfmt string) bool {
	header, known := elfHeader(architecture)
	if !known {
		return false
	}
	handlers, _ := filepath.Glob(filepath.Join(binfmt, "*"))
	for _, name := range handlers {
		text, err := os.ReadFile(name) //nolint:gosec // of the kernel's
		if err == nil && parseHandler(string(text)).runs(header) {
			return true
		}
	}
	return false
}

// A handler says which programs an emulator runs; see the kernel's
// admin-guide/binfmt-misc.rst.
type handler struct {
	enabled, opened bool
	offset          int
	magic, mask     []byte
}

func parseHandler(text string) handler {
	var h handler
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "enabled":
			h.enabled = true
		case "flags:":
			h.opened = strings.Contains(value, "F")
		case "offset":
			h.offset, _ = strconv.Atoi(value)
		case "magic":
			h.magic, _ = hex.DecodeString(value)
		case "mask":
			h.mask, _ = hex.DecodeString(value)
		}
	}
	return h
}

func (h handler) runs(header []byte) bool {
	if !h.enabled || !h.opened || len(h.magic) == 0 || h.offset < 0 || h.offset+len(h.magic) > len(header) {
		return false
	}
	for i, want := range h.magic {
		got := header[h.offset+i]
		if i < len(h.mask) {
			got, want = got&h.mask[i], want&h.mask[i]
		}
		if got != want {
			return false
		}
	}
	return true
}

// elfHeader gives the beginning of a program for an architecture.
func elfHeader(architecture string) ([]byte, bool) {
	class, order := elf.ELFCLASS64, elf.ELFDATA2LSB
	var machine elf.Machine
	switch architecture {
	case "386":
		class, machine = elf.ELFCLASS32, elf.EM_386
	case "amd64":
		machine = elf.EM_X86_64
	case "arm":
		class, machine = elf.ELFCLASS32, elf.EM_ARM
	case "arm64":
		machine = elf.EM_AARCH64
	case "loong64":
		machine = elf.EM_LOONGARCH
	case "ppc64le":
		machine = elf.EM_PPC64
	case "riscv64":
		machine = elf.EM_RISCV
	case "s390x":
		order, machine = elf.ELFDATA2MSB, elf.EM_S390
	default:
		return nil, false
	}
	header := make([]byte, 256) // as much as the kernel looks at
	copy(header, elf.ELFMAG)
	header[elf.EI_CLASS], header[elf.EI_DATA], header[elf.EI_VERSION] = byte(class), byte(order), byte(elf.EV_CURRENT)
	var bytes binary.ByteOrder = binary.LittleEndian
	if order == elf.ELFDATA2MSB {
		bytes = binary.BigEndian
	}
	bytes.PutUint16(header[16:], uint16(elf.ET_EXEC))
	bytes.PutUint16(header[18:], uint16(machine))
	bytes.PutUint32(header[20:], uint32(elf.EV_CURRENT))
	return header, true
}
