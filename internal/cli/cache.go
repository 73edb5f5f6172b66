// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/view"
)

// cacheSizeVar names the environment variable with the limit of the image
// cache, and defaultCacheSize is the limit without it.
const (
	cacheSizeVar           = "KRATIX_CACHE_MAX_SIZE"
	defaultCacheSize int64 = 20 << 30
)

func newCacheCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cache",
		GroupID: groupProgram,
		Short:   "Show and clear the cache of images",
		Long: `Images of steps are fetched or built once, unpacked once, and kept in
$XDG_CACHE_HOME/kratix/images (~/.cache/kratix/images on Linux).

The cache keeps itself below 20 GiB: after a run that added something, the
images that were not used for the longest time go. KRATIX_CACHE_MAX_SIZE sets
another limit, such as 5GiB, or none. What a run is using is never removed.`,
	}
	cmd.AddCommand(newCacheListCmd(env), newCachePruneCmd(env))
	return cmd
}

func newCacheListCmd(env *Env) *cobra.Command {
	var format view.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the images in the cache, with the room that they take",
		Long: `List the images in the cache: what each takes on disk, packed and unpacked, when
it was last used, and whether it was fetched, built here or read from a file.
Images share layers, so that together they may take less.`,
		Example: `  kratix cache list`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runCacheList(env, format) },
	}
	cmd.Flags().VarP(newEnum(&format, view.Text, view.JSON, view.YAML, "name"), "output", "o", "format: text, json, yaml or name")
	return cmd
}

func runCacheList(env *Env, format view.Format) error {
	limit, err := cacheLimit(env)
	if err != nil {
		return err
	}
	store, err := openStore(env)
	if err != nil {
		return err
	}
	entries, err := store.List()
	if err != nil {
		return err
	}
	size, err := store.Size()
	if err != nil {
		return err
	}
	return view.Cache(env.out(), format, view.CacheList{
		Dir: store.Dir(), Size: size, MaxSize: limit, Images: cachedImages(entries),
	})
}

// cachedImages gives the images of a store as they are shown.
func cachedImages(entries []image.Entry) []view.CachedImage {
	images := make([]view.CachedImage, len(entries))
	for i, e := range entries {
		images[i] = view.CachedImage{
			Reference: strings.Replace(e.Reference, "index.docker.io/", "docker.io/", 1), Platform: e.Platform, Digest: e.Digest,
			From: origin(e), Packed: e.Packed, Unpacked: e.Unpacked, Used: e.Used.UTC(),
		}
	}
	return images
}

func origin(e image.Entry) string {
	switch {
	case e.Built:
		return "built"
	case strings.HasPrefix(e.Reference, "file:"):
		return "file"
	}
	return "registry"
}

type cachePruneOptions struct {
	all       bool
	olderThan ageFlag
	maxSize   sizeFlag
	dryRun    bool
	format    view.Format
}

func newCachePruneCmd(env *Env) *cobra.Command {
	var opts cachePruneOptions
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove images from the cache",
		Long: `Remove images from the cache, and say which they were and how much room that
made. Without a flag it removes what is beyond the limit of the cache, what
belongs to no image, and what killed processes left.

While another kratix runs, nothing is removed and the exit code is 3.`,
		Example: `  # what was not used for a month
  kratix cache prune --older-than 30d

  # would this help?
  kratix cache prune --max-size 5GiB --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runCachePrune(cmd.Context(), env, opts)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&opts.all, "all", false, "remove every image")
	flags.Var(&opts.olderThan, "older-than", "remove images not used for `TIME`, such as 12h, 30d or 2w")
	flags.Var(&opts.maxSize, "max-size", "remove the images not used for the longest time until `SIZE` is enough for the rest, such as 5GiB (default "+cacheSizeVar+", or 20GiB)")
	flags.BoolVar(&opts.dryRun, "dry-run", false, "remove nothing, and say what would be removed")
	flags.VarP(newEnum(&opts.format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runCachePrune(ctx context.Context, env *Env, opts cachePruneOptions) error {
	if opts.all && (opts.olderThan > 0 || opts.maxSize > 0) {
		return diag.Inputf("--all removes everything: --older-than and --max-size have nothing to add")
	}
	limit, err := cacheLimit(env)
	if err != nil {
		return err
	}
	if opts.maxSize > 0 {
		limit = int64(opts.maxSize)
	}
	options := image.PruneOptions{All: opts.all, MaxSize: limit, DryRun: opts.dryRun}
	if opts.olderThan > 0 {
		options.Before = time.Now().Add(-time.Duration(opts.olderThan))
	}
	store, err := openStore(env)
	if err != nil {
		return err
	}
	pruned, err := store.Prune(ctx, options)
	if err != nil {
		return err
	}
	return view.CachePrune(env.out(), opts.format, view.Pruned{
		DryRun: opts.dryRun, Images: cachedImages(pruned.Images), Freed: pruned.Freed, Size: pruned.Size, MaxSize: limit,
	})
}

// cacheLimit gives the bytes that the image cache may hold after a run; 0 means
// any.
func cacheLimit(env *Env) (int64, error) {
	text := env.Getenv(cacheSizeVar)
	switch text {
	case "":
		return defaultCacheSize, nil
	case "none":
		return 0, nil
	}
	var limit sizeFlag
	if err := limit.Set(text); err != nil {
		return 0, diag.Hint(diag.Inputf("%s is %q: %w", cacheSizeVar, text, err), "export "+cacheSizeVar+"=20GiB, or none for no limit")
	}
	return int64(limit), nil
}

// closeStore ends a run's use of the image cache and keeps the cache below its
// limit. What came out of the run does not depend on it.
func closeStore(ctx context.Context, env *Env, store *image.Store) {
	limit, err := cacheLimit(env)
	if err != nil || ctx.Err() != nil {
		_ = store.Close() // the next run trims
		return
	}
	pruned, err := store.Trim(ctx, limit)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		view.Note(env.err(), fmt.Errorf("keeping the image cache below its limit: %w", err))
	case len(pruned.Images) > 0:
		view.Trimmed(env.err(), len(pruned.Images), pruned.Freed, limit, cacheSizeVar)
	}
}

// A sizeFlag is a number of bytes, 0 until it is set.
type sizeFlag int64

func (f *sizeFlag) Type() string { return "size" }

func (f *sizeFlag) String() string {
	if *f == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*f), 10)
}

// Set reads a size as Kubernetes does, with a B behind it if one likes.
func (f *sizeFlag) Set(text string) error {
	number := strings.TrimSuffix(text, "B")
	if thousands, ok := strings.CutSuffix(number, "K"); ok {
		number = thousands + "k"
	}
	quantity, err := resource.ParseQuantity(number)
	if err != nil || quantity.Value() <= 0 {
		return errors.New("want a size above 0, such as 500MiB or 20GiB")
	}
	*f = sizeFlag(quantity.Value())
	return nil
}

// An ageFlag is a time that passed, 0 until it is set.
type ageFlag time.Duration

func (f *ageFlag) Type() string { return "duration" }

func (f *ageFlag) String() string {
	if *f == 0 {
		return ""
	}
	return time.Duration(*f).String()
}

// Set reads a time as Go does, or a number of days or weeks.
func (f *ageFlag) Set(text string) error {
	age, err := time.ParseDuration(text)
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			var n uint16
			n, err = parseCount(number)
			age = time.Duration(n) * length
		}
	}
	if err != nil || age <= 0 {
		return errors.New("want a time above 0 with a unit, such as 12h, 30d or 2w")
	}
	*f = ageFlag(age)
	return nil
}

// parseCount reads a number that times a week is still a time.
func parseCount(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 14)
	return uint16(n), err
}
