// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"time"

	"github.com/kratix-tools/kratix/internal/term"
)

// A CacheList is what "kratix cache list" shows. As JSON it is a public
// document: fields are only ever added.
type CacheList struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Dir        string        `json:"dir"`
	Size       int64         `json:"size"`    // of all files, in bytes
	MaxSize    int64         `json:"maxSize"` // after a run; 0 means no limit
	Images     []CachedImage `json:"images"`
}

// A CachedImage is one image in the cache.
type CachedImage struct {
	Reference string    `json:"reference"`
	Platform  string    `json:"platform"`
	Digest    string    `json:"digest"`
	From      string    `json:"from"` // "registry", "built" or "file"
	Packed    int64     `json:"packed"`
	Unpacked  int64     `json:"unpacked"`
	Used      time.Time `json:"used"`
}

// Pruned is what "kratix cache prune" removed, or would remove. As JSON it is a
// public document.
type Pruned struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	DryRun     bool          `json:"dryRun"`
	Images     []CachedImage `json:"images"`
	Freed      int64         `json:"freed"`   // bytes, also of what belonged to no image
	Size       int64         `json:"size"`    // bytes that are left
	MaxSize    int64         `json:"maxSize"` // of what may be left; 0 means no limit
}

// Cache shows the images in the cache.
func Cache(w term.Stream, format Format, c CacheList) error {
	c.APIVersion, c.Kind = apiVersion, "ImageCache"
	switch format {
	case Text:
		newViewer(w).cache(c)
		return nil
	case "name":
		for _, img := range c.Images {
			fmt.Fprintln(w, img.Reference)
		}
		return nil
	default:
		return Encode(w, format, c)
	}
}

func (v viewer) cache(c CacheList) {
	if len(c.Images) > 0 {
		t := table{}
		t.row("SIZE", "LAST USED", "FROM", "PLATFORM", "IMAGE")
		for _, img := range c.Images {
			t.row(size(img.Packed+img.Unpacked), img.Used.Local().Format("2006-01-02 15:04"), img.From, img.Platform, name(img.Reference))
		}
		t.print(v)
		fmt.Fprintln(v)
	}
	fmt.Fprintf(v, "%s, %s in %s (%s)\n", count(len(c.Images), "image"), size(c.Size), c.Dir, limit(c.MaxSize))
}

func limit(maxSize int64) string {
	if maxSize == 0 {
		return "no limit"
	}
	return "limit " + size(maxSize)
}

// CachePrune shows what was removed from the cache.
func CachePrune(w term.Stream, format Format, p Pruned) error {
	p.APIVersion, p.Kind = apiVersion, "ImageCachePrune"
	if format != Text {
		return Encode(w, format, p)
	}
	removed, freed := "removed", "freed"
	if p.DryRun {
		removed, freed = "would remove", "would free"
	}
	for _, img := range p.Images {
		fmt.Fprintf(w, "%s %s (%s)\n", removed, name(img.Reference), img.Platform)
	}
	fmt.Fprintf(w, "%s %s, %s %s; %s left (%s)\n", removed, count(len(p.Images), "image"), freed, size(p.Freed), size(p.Size), limit(p.MaxSize))
	return nil
}

// Trimmed tells that images had to leave the cache, and which variable sets
// the limit.
func Trimmed(w term.Stream, images int, freed, maxSize int64, variable string) {
	Note(w, fmt.Sprintf("image cache: removed %s not used lately, freed %s (limit %s: %s)", count(images, "image"), size(freed), size(maxSize), variable))
}
